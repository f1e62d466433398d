"""Revisions: a draft made from an open invoice, which replaces that invoice when it is finalized.

Events: `invoice.created`; later those of voiding the invoice that is replaced.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.drafting import draft
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, lines_of, rates_of
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["revise"]

COPIED = (
    "account_tax_ids",
    "custom_fields",
    "default_payment_method",
    "default_tax_rates",
    "description",
    "discounts",
    "due_date",
    "footer",
    "payment_settings",
    "period_end",
    "period_start",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
)


async def revise(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Make the draft of a revision, a copy of the invoice that `from_invoice` names; it is edited like any draft.

    Raises:
        StripeError: there is no such invoice, it is not open, or it is being revised already.
    """
    name = "from_invoice[invoice]"
    original = await work.fetch("invoice", params["from_invoice"]["invoice"], param=name, status=400)
    if original["status"] != "open":
        raise InvalidRequest("You can only revise invoices that are open.", param=name)
    rates = await rates_of(work, original)
    return await draft(
        work,
        customer=original["customer"],
        currency=original["currency"],
        lines=[await _copy(work, line, rates.get(line["id"], ())) for line in await lines_of(work, original)],
        billing_reason="manual",
        collection_method=original["collection_method"],
        auto_advance=params.get("auto_advance", False),
        metadata=merged(original["metadata"], params.get("metadata", {})),
        fields={field: original[field] for field in COPIED}
        | {"from_invoice": {"action": "revision", "invoice": original["id"]}},
    )


async def _copy(work: Work, line: JsonObject, rates: Any) -> Line:
    details = (line["pricing"] or {}).get("price_details")
    parent = line["parent"] or {}
    owner = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return Line(
        amount=line["amount"],
        currency=line["currency"],
        description=line["description"],
        price=details and await work.get("price", details["price"]),
        quantity=line["quantity"],
        period=(line["period"]["start"], line["period"]["end"]),
        discountable=line["discountable"],
        discounts=tuple(line["discounts"]),
        tax_rates=tuple(rates),
        subscription=owner.get("subscription"),
        metadata=line["metadata"],
    )
