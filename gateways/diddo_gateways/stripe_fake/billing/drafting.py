"""Drafting invoices: from lines and pending items, reckoned, and finalized by the customer's clock if it advances.

Events: `invoice.created`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.billing.clocks import later_for, now_for
from diddo_gateways.stripe_fake.billing.invoice_items import keep_item, line_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, line_item, lines_of, put_lines, rates_of
from diddo_gateways.stripe_fake.currencies import minimum
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["COLLECTED_AFTER", "draft", "new_invoice", "of_customer", "reckon_again", "set_due", "set_window"]

KIND = "invoice"
DAY = 86_400
# How long a draft stays one, as Stripe's answers show it; and when collection is announced for.
FINALIZED_AFTER = 3601
COLLECTED_AFTER = 3600


async def draft(  # noqa: PLR0913  invoices differ in as many ways
    work: Work,
    *,
    customer: str,
    currency: str,
    lines: Sequence[Line],
    items: Sequence[JsonObject] = (),
    billing_reason: str,
    collection_method: str = "charge_automatically",
    auto_advance: bool = True,
    subscription: str | None = None,
    discounts: Sequence[str] = (),
    default_tax_rates: Sequence[JsonObject] = (),
    days_until_due: int | None = None,
    metadata: Mapping[str, str] | None = None,
    default_payment_method: str | None = None,
    now: int | None = None,
    period: tuple[int, int] | None = None,
    finalizes_at: int | None = None,
    fields: Mapping[str, Any] | None = None,
) -> JsonObject:
    """Make an invoice in draft.

    Args:
        work: the unit of work.
        customer: the customer's id.
        currency: lower case.
        lines: what is billed, in the order in which it is shown.
        items: pending invoice items, shown before the lines; they are on this invoice from now on.
        billing_reason: why, such as `subscription_cycle` or `manual`.
        collection_method: `charge_automatically` or `send_invoice`.
        auto_advance: finalize and collect it by the customer's clock.
        subscription: the id of the subscription that it is for; already in the work.
        discounts: the ids of discounts that apply to the whole invoice.
        default_tax_rates: in full; for lines without rates of their own.
        days_until_due: of an invoice that is sent.
        metadata: the invoice's own.
        default_payment_method: its id; else the subscription's or the customer's is charged.
        now: the time of drafting in Unix seconds; by default the customer's.
        period: what the invoice covers; by default the moment of drafting.
        finalizes_at: when it advances, in Unix seconds; by default about an hour after it is made.
        fields: further fields, as the invoice shows them.
    """
    at = await now_for(work, customer) if now is None else now
    start, end = period or (at, at)
    invoice = await new_invoice(work, customer=customer, currency=currency, subscription=subscription, now=at)
    invoice |= {
        "auto_advance": auto_advance,
        "billing_reason": billing_reason,
        "collection_method": collection_method,
        "default_payment_method": default_payment_method,
        "default_tax_rates": list(default_tax_rates),
        "discounts": list(discounts),
        "due_date": None if days_until_due is None else at + days_until_due * DAY,
        "metadata": dict(metadata or {}),
        "period_end": end,
        "period_start": start,
        **(fields or {}),
    }
    rated = [(line_item(work, invoice, line), line.tax_rates) for line in [*await _swept(work, invoice, items), *lines]]
    await put_lines(work, invoice, [item for item, _ in rated], {item["id"]: rates for item, rates in rated})
    set_due(invoice)
    work.insert(invoice)
    await set_window(work, invoice, at=finalizes_at)
    work.emit("invoice.created", invoice)
    return invoice


async def _swept(work: Work, invoice: JsonObject, items: Sequence[JsonObject]) -> list[Line]:
    """Put items on an invoice, and return the lines that they make."""
    for item in items:
        item["invoice"] = invoice["id"]
        keep_item(work, item)
    return [await line_for(work, item) for item in items]


async def new_invoice(
    work: Work, *, customer: str | None, currency: str, now: int, subscription: str | None = None
) -> JsonObject:
    """Return a draft without lines, which is not in the work: the beginning of an invoice and of a preview."""
    owner = await work.get("customer", customer or "") or {}
    return blank(KIND) | {
        "id": work.new_id("in_1", 23),
        "account_country": "US",
        "account_name": f"{work.world.name} sandbox",
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "created": now,
        "currency": currency,
        "customer": customer,
        "issuer": {"type": "self"},
        "parent": await _parent(work, subscription),
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": owner.get("balance", 0),
        "status": "draft",
        "test_clock": owner.get("test_clock"),
        "webhooks_delivered_at": now,
        **of_customer(owner),
    }


def of_customer(customer: JsonObject) -> JsonObject:
    """Return what an invoice copies of its customer; it is copied once more when it is finalized."""
    shipping = customer.get("shipping")
    return {
        **{f"customer_{name}": customer.get(name) for name in ("address", "email", "name", "phone")},
        "customer_shipping": shipping
        and {"address": shipping["address"], "name": shipping["name"], "phone": shipping["phone"]},
        "customer_tax_exempt": customer.get("tax_exempt", "none"),
        "customer_tax_ids": [],
    }


async def _parent(work: Work, subscription: str | None) -> JsonObject | None:
    if subscription is None:
        return None
    found = await work.get("subscription", subscription) or {}
    return {
        "quote_details": None,
        "subscription_details": {"metadata": dict(found.get("metadata") or {}), "subscription": subscription},
        "type": "subscription_details",
    }


def set_due(invoice: JsonObject) -> None:
    """Write what is due of a draft, after the balance of its customer; a sum below the least charge waits there."""
    due = invoice["total"] + invoice["starting_balance"]
    due = due if due >= minimum(invoice["currency"]) else 0
    invoice |= {"amount_due": due, "amount_remaining": due}


async def reckon_again(work: Work, invoice: JsonObject) -> None:
    """Reckon a draft anew after something about it has changed; saving it is the caller's to do."""
    await put_lines(work, invoice, await lines_of(work, invoice), await rates_of(work, invoice))
    set_due(invoice)


async def set_window(work: Work, invoice: JsonObject, *, at: int | None = None) -> None:
    """Say when a draft that advances by itself is finalized, and see to it; one that does not waits for its merchant.

    `at` is in Unix seconds; by default about an hour after the draft was made.
    """
    advances = bool(invoice["auto_advance"])
    charged = invoice["collection_method"] == "charge_automatically"
    at = invoice["created"] + FINALIZED_AFTER if at is None else at
    invoice |= {
        "automatically_finalizes_at": at if advances else None,
        "next_payment_attempt": invoice["created"] + COLLECTED_AFTER if advances and charged else None,
    }
    work.save(invoice)
    if advances:
        message = f"finalize>{invoice['id']}>{work.new_id('', 8)}"
        await later_for(
            work, invoice["customer"], "finalize_invoice", at, message_id=message, invoice=invoice["id"], due=at
        )
