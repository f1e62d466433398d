"""The lines of an invoice: what is billed, kept beside the invoice, which shows the first ten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.billing.discounts import coupon_of
from diddo_gateways.stripe_fake.billing.totals import Discount, Reckoned, reckon
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Line", "Rates", "line_item", "lines_of", "pricing", "put_lines", "rates_of", "show_lines"]

# Kept beside the invoice under the same id: `{"lines": [line items], "rates": {line's id: [tax rates of its own]}}`.
KIND = "invoice_lines"
SHOWN = 10

Rates = dict[str, Sequence[JsonObject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line bills.

    Attributes:
        amount: minor units of `currency`, before discounts and exclusive taxes; negative for a credit.
        currency: lower case.
        description: what the customer reads.
        price: the price, in full.
        quantity: how many of it; None for metered use without any.
        period: start and end in Unix seconds; the invoice's own by default.
        proration: whether it settles a change within a period.
        discountable: whether the invoice's discounts apply to it.
        discounts: the ids of discounts of its own.
        tax_rates: the tax rates of its own, in full; the invoice's default ones apply when there is none.
        subscription: the id of the subscription that it is for.
        subscription_item: the id of the subscription's item.
        invoice_item: the id of the invoice item that it came from.
        metadata: what the line keeps for the merchant.
        credited: `{"invoice": …, "invoice_line_items": […]}` of what a proration gives back.
    """

    amount: int
    currency: str
    description: str | None = None
    price: JsonObject | None = None
    quantity: int | None = 1
    period: tuple[int, int] | None = None
    proration: bool = False
    discountable: bool = True
    discounts: Sequence[str] = ()
    tax_rates: Sequence[JsonObject] = ()
    subscription: str | None = None
    subscription_item: str | None = None
    invoice_item: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    credited: JsonObject | None = None


def line_item(work: Work, invoice: JsonObject, line: Line, *, line_id: str | None = None) -> JsonObject:
    """Return the line item of a line, its discounts and taxes not reckoned yet."""
    start, end = line.period or (invoice["period_start"], invoice["period_end"])
    return blank("line_item") | {
        "id": line_id or work.new_id("il_1", 23),
        "amount": line.amount,
        "currency": line.currency,
        "description": line.description,
        "discountable": line.discountable,
        "discounts": list(line.discounts),
        "invoice": invoice["id"],
        "metadata": dict(line.metadata),
        "parent": _parent(line),
        "period": {"end": end, "start": start},
        "pricing": pricing(line.price),
        "quantity": line.quantity,
        "quantity_decimal": None if line.quantity is None else str(line.quantity),
        "subtotal": line.amount,
    }


def pricing(price: JsonObject | None) -> JsonObject | None:
    """Return what lines and invoice items say of their price."""
    return price and {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def _parent(line: Line) -> JsonObject | None:
    shared: JsonObject = {
        "proration": line.proration,
        "proration_details": {"credited_items": line.credited},
        "subscription": line.subscription,
    }
    if line.subscription_item is not None:
        details = {"invoice_item": line.invoice_item, **shared, "subscription_item": line.subscription_item}
        return {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    if line.invoice_item is None:
        return None
    return {
        "invoice_item_details": {"invoice_item": line.invoice_item, **shared},
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


async def lines_of(work: Work, invoice: JsonObject) -> list[JsonObject]:
    """Return all line items of an invoice."""
    kept = await work.get(KIND, invoice["id"])
    # An invoice that only documentation knows has none but those that it shows.
    lines: list[JsonObject] = invoice["lines"]["data"] if kept is None else kept["lines"]
    return lines


async def rates_of(work: Work, invoice: JsonObject) -> Rates:
    """Return the tax rates that lines have of their own, by the line's id."""
    kept = await work.get(KIND, invoice["id"])
    return {} if kept is None else dict(kept["rates"])


async def put_lines(work: Work, invoice: JsonObject, lines: Sequence[JsonObject], rates: Rates) -> None:
    """Set the lines of an invoice as `show_lines` does, and keep them; the invoice is the caller's to save."""
    await show_lines(work, invoice, lines, rates)
    values: dict[str, Any] = {"lines": list(lines), "rates": {key: value for key, value in rates.items() if value}}
    kept = await work.get(KIND, invoice["id"])
    if kept is None:
        work.insert({"object": KIND, "id": invoice["id"], **values})
    else:
        kept |= values
        work.save(kept)


async def show_lines(work: Work, invoice: JsonObject, lines: Sequence[JsonObject], rates: Rates) -> None:
    """Reckon what lines come to, and write the first of them and the sums into the invoice.

    Args:
        work: the unit of work.
        invoice: a draft, or a preview of one.
        lines: the line items, in the order in which they are shown.
        rates: the tax rates that lines have of their own, by the line's id.
    """
    defaults = invoice["default_tax_rates"]
    reckoned = [
        Reckoned(line, await _discounts(work, line["discounts"]), rates.get(line["id"]) or defaults) for line in lines
    ]
    discounts = await _discounts(work, invoice["discounts"])
    sums = reckon(
        reckoned, discounts, currency=invoice["currency"], tax_exempt=invoice["customer_tax_exempt"] or "none"
    )
    shipping = (invoice["shipping_cost"] or {}).get("amount_total", 0)
    for name in ("total", "total_excluding_tax"):
        sums[name] += shipping
    invoice |= sums | {"amount_shipping": shipping}
    invoice["lines"] = {
        "object": "list",
        "data": list(lines[:SHOWN]),
        "has_more": len(lines) > SHOWN,
        "total_count": len(lines),
        "url": f"/v1/invoices/{invoice['id']}/lines",
    }


async def _discounts(work: Work, ids: Sequence[str]) -> list[Discount]:
    found = []
    for discount_id in ids:
        discount = await work.get("discount", discount_id)
        # One that only documentation knows has no coupon.
        if discount is not None and discount["source"].get("coupon"):
            found.append(Discount(discount_id, await coupon_of(work, discount)))
    return found
