"""Customers: `/v1/customers`.

Events: `customer.created`, `customer.updated`, `customer.deleted`. A deleted customer is still found by its id, as
`{"id", "object", "deleted": true}`, and is in no list.
"""

from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing import clocks
from diddo_gateways.stripe_fake.billing.balances import note_change
from diddo_gateways.stripe_fake.billing.ending import end_all
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.billing.tax_ids import make_tax_id
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ResourceMissing
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS
from diddo_gateways.stripe_fake.payments.sources import change_default, make_source
from diddo_gateways.stripe_fake.resources.payment_methods import attach_to, detach_all, named
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "customer"
TOMBSTONE = "deleted"
PLAIN = ("balance", "description", "email", "invoice_prefix", "name", "next_invoice_sequence", "phone", "metadata")
# The server takes these and acts on them; the sandbox does not yet, and says so rather than dropping them.
NOT_MODELLED = ("cash_balance", "tax")

SHOWN = 10
# A customer's subscriptions are those that have not ended.
GOING_ON = [f"status={status}" for status in SUBSCRIPTIONS.edges if status not in ENDED]
# What a customer's lists hold, by field.
OWNED = {
    "sources": ("card", "bank_account", "source"),
    "subscriptions": ("subscription",),
    "tax_ids": ("tax_id",),
}

filtered_by(KIND, "email", "test_clock")


@operation("POST /v1/customers")
async def create(call: Call) -> Answer:
    """Make a customer, with a saved payment method if one is given."""
    work, params = call.work, call.params
    customer = blank(KIND)
    customer_id = work.new_id("cus_", 14)
    customer |= {
        "id": customer_id,
        "balance": 0,
        "created": work.now,
        "delinquent": False,
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": blank_invoice_settings(),
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
    method = await named(work, params["payment_method"]) if "payment_method" in params else None
    if method is not None:
        _name_default(params, method)
    _write(customer, params)
    if "test_clock" in params:
        await clocks.join(work, customer, params["test_clock"])
    if customer["balance"]:
        note_change(work, customer, customer["balance"], reason="initial", now=customer["created"])
    work.insert(customer)
    if "source" in params:
        customer["default_source"] = (await make_source(work, customer, params["source"]))["id"]
    work.emit("customer.created", customer)
    if method is not None:
        await attach_to(work, method, customer["id"])
    for tax_id in params.get("tax_id_data", ()):
        make_tax_id(work, customer, tax_id)
    await _check_default_method(work, customer, params)
    return customer


@operation("GET /v1/customers/{customer}")
async def retrieve(call: Call) -> Answer:
    """Return a customer, or what is left of a deleted one."""
    object_id = call.path["customer"]
    try:
        return await call.work.stored(KIND, object_id)
    except ResourceMissing:
        tombstone = await call.work.get(TOMBSTONE, object_id)
        if tombstone is None or tombstone["as"]["object"] != KIND:
            raise
        return dict(tombstone["as"])


@operation("POST /v1/customers/{customer}")
async def update(call: Call) -> Answer:
    """Change a customer."""
    customer = await call.work.fetch(KIND, call.path["customer"])
    await _check_default_method(call.work, customer, call.params)
    before = _write(customer, call.params)
    if "balance" in before:
        now = await clocks.now_for(call.work, customer["id"])
        note_change(call.work, customer, customer["balance"] - before["balance"], reason="adjustment", now=now)
    before |= await change_default(call.work, customer, call.params)
    call.work.save(customer)
    if before:
        call.work.emit("customer.updated", customer, before)
    return customer


@operation("DELETE /v1/customers/{customer}")
async def delete(call: Call) -> Answer:
    """Delete a customer; the saved payment methods are detached with it."""
    return await remove(call.work, await call.work.fetch(KIND, call.path["customer"]))


@operation("GET /v1/customers")
async def list_(call: Call) -> Answer:
    """List customers."""
    return await listed(call, KIND)


@operation("GET /v1/customers/{customer}/payment_methods")
async def list_payment_methods(call: Call) -> Answer:
    """List what is saved to a customer."""
    customer = await call.work.fetch(KIND, call.path["customer"])
    return await listed(call, "payment_method", terms=[[f"customer={customer['id']}"]])


@operation("GET /v1/customers/{customer}/payment_methods/{payment_method}")
async def retrieve_payment_method(call: Call) -> Answer:
    """Return one payment method of a customer."""
    customer = await call.work.fetch(KIND, call.path["customer"])
    method_id = call.path["payment_method"]
    method = await call.work.fetch("payment_method", method_id, param="payment_method", noun="PaymentMethod")
    if method["customer"] != customer["id"]:
        raise ResourceMissing("PaymentMethod", method_id, param="payment_method")
    return method


async def remove(work: Work, customer: JsonObject) -> JsonObject:
    """Delete a customer, and return what is left of it."""
    await end_all(work, customer["id"], await clocks.now_for(work, customer["id"]))
    await detach_all(work, customer["id"])
    work.emit("customer.deleted", customer)
    work.remove(customer)
    left: JsonObject = {"id": customer["id"], "object": KIND, "deleted": True}
    work.insert({"id": customer["id"], "object": TOMBSTONE, "as": left})
    return left


def blank_invoice_settings() -> JsonObject:
    """Return the invoice settings of a new customer."""
    return {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}


def _name_default(params: JsonObject, method: JsonObject) -> None:
    """Make a test method that is named as the default too, as `pm_card_visa` is, the very one that is attached."""
    settings = params.get("invoice_settings", {})
    if settings.get("default_payment_method") == params["payment_method"]:
        params["invoice_settings"] = {**settings, "default_payment_method": method["id"]}


async def _check_default_method(work: Work, customer: JsonObject, params: JsonObject) -> None:
    method_id = params.get("invoice_settings", {}).get("default_payment_method")
    method = await work.get("payment_method", method_id) if method_id else None
    if method_id and (method is None or method["customer"] != customer["id"]):
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached"
            " to the customer.",
            code="resource_missing",
            param="invoice_settings[default_payment_method]",
        )


@includes(KIND, "sources")
@includes(KIND, "subscriptions")
@includes(KIND, "tax_ids")
async def _what_it_has(work: Work, customer: JsonObject, field: str) -> JsonObject:
    """Return the first ten of what a customer has of a kind."""
    found = []
    for kind in OWNED[field]:
        terms = [[f"customer={customer['id']}"], *([GOING_ON] if kind == "subscription" else [])]
        found += [orjson.loads(document.body) for document in await work.world.page(kind, limit=SHOWN + 1, terms=terms)]
    url = f"/v1/customers/{customer['id']}/{field}"
    return {"object": "list", "data": found[:SHOWN], "has_more": len(found) > SHOWN, "url": url}


@includes(KIND, "tax")
async def _tax(work: Work, customer: JsonObject, field: str) -> JsonObject:  # noqa: ARG001  as every include
    """Return what automatic tax makes of a customer: the sandbox collects nothing anywhere."""
    known = bool((customer["address"] or {}).get("country"))
    status = "not_collecting" if known else "unrecognized_location"
    return {"automatic_tax": status, "ip_address": None, "location": None, "provider": "stripe"}


@includes(KIND, "invoice_credit_balance")
async def _credit(work: Work, customer: JsonObject, field: str) -> JsonObject:  # noqa: ARG001  as every include
    """Return a customer's balance by currency, which is empty when there is none."""
    return {customer["currency"]: customer["balance"]} if customer["balance"] and customer["currency"] else {}


def _write(customer: JsonObject, params: dict[str, Any]) -> JsonObject:
    """Write a request's parameters over a customer and return the former values of what changed."""
    for field in NOT_MODELLED:
        if field in params:
            raise NotModelled(f"The parameter {field} of customers")
    if "email" in params:
        check_email(params["email"])
    before = overwrite(customer, params, PLAIN)
    values: dict[str, Any] = {}
    if "address" in params:
        values["address"] = params["address"] and {field: params["address"].get(field) for field in ADDRESS}
    if "shipping" in params:
        values["shipping"] = params["shipping"] and _shipping(params["shipping"])
    for field in ("business_name", "individual_name", "preferred_locales"):
        if field in params:
            values[field] = params[field]
    if "tax_exempt" in params:
        values["tax_exempt"] = params["tax_exempt"] or "none"
    if "invoice_settings" in params:
        given = {field: value or None for field, value in params["invoice_settings"].items()}
        values["invoice_settings"] = {**customer["invoice_settings"], **given}
    return before | overwrite(customer, values, values)


def _shipping(given: JsonObject) -> JsonObject:
    return {
        "address": {field: given["address"].get(field) for field in ADDRESS},
        "name": given["name"],
        "phone": given.get("phone"),
    }
