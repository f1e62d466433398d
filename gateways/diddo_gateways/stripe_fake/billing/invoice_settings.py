"""What a request says of an invoice as a whole, turned into the invoice's fields."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing import automatic_tax
from diddo_gateways.stripe_fake.billing.discounts import discount_for
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS
from diddo_gateways.stripe_fake.resources.shipping_rates import new_rate, shipping_amount
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["PLAIN_RENDERING", "due_date", "invoice_fields"]

DAY = 86_400
CONNECT = ("application_fee_amount", "on_behalf_of", "transfer_data")
# The empty string unsets these.
PLAIN = (
    "account_tax_ids",
    "custom_fields",
    "default_source",
    "description",
    "effective_at",
    "footer",
    "number",
    "statement_descriptor",
)
# How an invoice is rendered that its merchant has made; those of subscriptions say nothing of it.
PLAIN_RENDERING: JsonObject = {
    "amount_tax_display": None,
    "pdf": {"page_size": "auto"},
    "template": None,
    "template_version": None,
}


async def invoice_fields(work: Work, invoice: Mapping[str, Any], params: Mapping[str, Any]) -> JsonObject:
    """Return the fields that parameters of create and update give an invoice.

    Args:
        work: the unit of work; discounts are redeemed in it.
        invoice: the invoice, or of a new one `id`, `customer`, `currency` and `payment_settings`.
        params: the request's.

    Raises:
        StripeError: a parameter does not hold, or its effect is not modelled.
    """
    _check_modelled(params)
    fields = {name: params[name] or None for name in PLAIN if name in params}
    if "default_payment_method" in params:
        fields["default_payment_method"] = await _method(work, invoice, params["default_payment_method"])
    if "default_tax_rates" in params:
        fields["default_tax_rates"] = [
            await work.fetch("tax_rate", rate, param=f"default_tax_rates[{position}]", status=400)
            for position, rate in enumerate(params["default_tax_rates"] or ())
        ]
    if "automatic_tax" in params:
        fields["automatic_tax"] = await automatic_tax.of_invoice(work, invoice["customer"], params["automatic_tax"])
    if "discounts" in params:
        fields["discounts"] = await _discounts(work, invoice, params["discounts"] or ())
    if "payment_settings" in params:
        given = {name: value or None for name, value in params["payment_settings"].items()}
        fields["payment_settings"] = {**invoice["payment_settings"], **given}
    if "rendering" in params:
        fields["rendering"] = params["rendering"] and _rendering(params["rendering"])
    if "shipping_details" in params:
        fields["shipping_details"] = params["shipping_details"] and _shipping(params["shipping_details"])
    if "shipping_cost" in params:
        fields["shipping_cost"] = await _shipping_cost(work, invoice, params["shipping_cost"])
    return fields


def _check_modelled(params: Mapping[str, Any]) -> None:
    for name in CONNECT:
        if params.get(name):
            raise NotModelled(f"The parameter {name} of invoices")
    if ((params.get("automatic_tax") or {}).get("liability") or {}).get("type") == "account":
        raise NotModelled("Tax that a connected account owes")
    if (params.get("issuer") or {}).get("type") == "account":
        raise NotModelled("An invoice that a connected account issues")


async def _method(work: Work, invoice: Mapping[str, Any], method_id: str) -> str | None:
    if not method_id:
        return None
    method = await work.get("payment_method", method_id)
    if method is None or method["customer"] != invoice["customer"]:
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached"
            " to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    return method_id


async def _discounts(work: Work, invoice: Mapping[str, Any], given: Any) -> list[str]:
    owner = {"customer": invoice["customer"], "invoice": invoice["id"]}
    found = [
        await discount_for(work, one, param=f"discounts[{position}]", **owner) for position, one in enumerate(given)
    ]
    return [discount["id"] for discount in found]


def _rendering(given: JsonObject) -> JsonObject:
    pdf = given.get("pdf")
    return {
        "amount_tax_display": given.get("amount_tax_display") or None,
        "pdf": {"page_size": (pdf or {}).get("page_size", "auto")},
        "template": given.get("template"),
        "template_version": given.get("template_version") or None,
    }


def _shipping(given: JsonObject) -> JsonObject:
    return {
        "address": {field: given["address"].get(field) for field in ADDRESS},
        "name": given["name"],
        "phone": given.get("phone") or None,
    }


async def _shipping_cost(work: Work, invoice: Mapping[str, Any], given: JsonObject | None) -> JsonObject | None:
    if not given:
        return None
    if "shipping_rate_data" in given:
        rate = new_rate(work, given["shipping_rate_data"], param="shipping_cost[shipping_rate_data]", active=False)
    elif "shipping_rate" in given:
        name = "shipping_cost[shipping_rate]"
        rate = await work.fetch("shipping_rate", given["shipping_rate"], param=name, status=400)
    else:
        raise MissingParameter("shipping_cost[shipping_rate]")
    amount = shipping_amount(rate, invoice["currency"], param="shipping_cost")
    return {"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": rate["id"]}


def due_date(params: Mapping[str, Any], *, collection_method: str, created: int) -> int | None:
    """Return when an invoice is due, in Unix seconds, or None for one that is charged.

    Raises:
        InvalidRequest: an invoice that is charged is given a date, or one that is sent has none.
    """
    given = params.get("due_date"), params.get("days_until_due")
    if collection_method == "charge_automatically":
        if any(given):
            raise InvalidRequest(
                "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
            )
        return None
    at, days = given
    if at is None and days is None:
        raise InvalidRequest(
            "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
        )
    if at is not None and days is not None:
        raise InvalidRequest("You may only specify one of these parameters: due_date, days_until_due.")
    return at if at is not None else created + (days or 0) * DAY
