"""Invoices from draft to end: drafted from lines, finalized, paid, voided or given up.

Events: `invoice.created`, `invoice.updated`, `invoice.finalized`, `invoice.voided`, `invoice.marked_uncollectible`,
beside those of `collecting`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.balances import move_balance
from diddo_gateways.stripe_fake.billing.clocks import later_for, now_for
from diddo_gateways.stripe_fake.billing.collecting import collect, collect_by_itself, schedule, settle
from diddo_gateways.stripe_fake.billing.invoice_items import keep_item, line_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, line_item, lines_of, put_lines, rates_of
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, on_invoice, photograph, tell_followers
from diddo_gateways.stripe_fake.billing.invoice_payments import cancel_payments, default_intent
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.currencies import check_amount, minimum
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "COLLECTED_AFTER",
    "Line",
    "draft",
    "finalize",
    "mark_uncollectible",
    "new_invoice",
    "on_invoice",
    "pay",
    "reckon_again",
    "set_due",
    "set_window",
    "void",
]

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
        **_addressed(owner),
    }


def _addressed(customer: JsonObject) -> JsonObject:
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


async def finalize(work: Work, invoice: JsonObject, *, auto_advance: bool | None = None) -> None:
    """Make a draft final: it gets its number, the customer's balance is applied, and an intent waits to be paid.

    One on which nothing is due is paid at once. Nothing is collected here.

    Raises:
        InvalidRequest: it is no draft.
        StripeError: the amount cannot be charged, or the customer is gone.
    """
    INVOICES.check(invoice, "finalize")
    customer = await work.fetch("customer", invoice["customer"], param="customer", status=400)
    invoice["starting_balance"] = customer["balance"]
    set_due(invoice)
    if invoice["amount_due"]:
        check_amount(invoice["amount_due"], invoice["currency"])
    INVOICES.move(invoice, "finalize")
    now = await now_for(work, customer["id"])
    invoice |= _addressed(customer) | {
        "auto_advance": bool(invoice["auto_advance"] if auto_advance is None else auto_advance),
        "automatically_finalizes_at": None,
        "effective_at": invoice["effective_at"] or now,
        "next_payment_attempt": None,
        "number": invoice["number"] or _number(work, customer),
        **_addresses(work, invoice),
    }
    invoice["status_transitions"]["finalized_at"] = now
    _apply_balance(work, invoice, customer, now)
    work.save(invoice)
    if invoice["amount_due"]:
        await default_intent(work, invoice)
        if auto_advance and invoice["collection_method"] == "charge_automatically":
            await schedule(work, invoice, now + COLLECTED_AFTER)
    work.emit("invoice.finalized", invoice)
    await tell_followers(work, invoice, "finalized")
    if invoice["from_invoice"]:
        await _replace(work, invoice)
    if not invoice["amount_due"]:
        invoice["attempted"] = True
        await settle(work, invoice)


async def _replace(work: Work, revision: JsonObject) -> None:
    """Void the invoice that a revision takes the place of."""
    original = await work.get(KIND, revision["from_invoice"]["invoice"])
    if original is not None and original["status"] == "open":
        original["latest_revision"] = revision["id"]
        await void(work, original)


def _number(work: Work, customer: JsonObject) -> str:
    sequence = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = sequence + 1
    work.save(customer)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def _addresses(work: Work, invoice: JsonObject) -> JsonObject:
    page = f"{work.fake.pages_url}/invoice/{invoice['id']}"
    return {"hosted_invoice_url": page, "invoice_pdf": f"{page}/pdf"}


def _apply_balance(work: Work, invoice: JsonObject, customer: JsonObject, now: int) -> None:
    """Settle a final invoice with its customer's balance, which keeps what is too little to be charged."""
    starting: int = customer["balance"]
    ending = invoice["total"] + starting - invoice["amount_due"]
    invoice["ending_balance"] = ending
    if ending != starting:
        reason = "invoice_too_small" if ending > max(starting, 0) else "applied_to_invoice"
        about = {"currency": invoice["currency"], "now": now, "invoice": invoice["id"]}
        move_balance(work, customer, ending - starting, reason=reason, **about)
    elif customer["currency"] is None:
        customer["currency"] = invoice["currency"]
        work.save(customer)


@on_due("finalize_invoice")
async def finalize_by_itself(work: Work, message: Message, data: JsonObject) -> None:
    """Finalize a draft whose time has come, and collect it if it is one to be charged."""
    invoice = await work.get(KIND, data["invoice"])
    if invoice is not None and invoice["status"] == "draft" and invoice["automatically_finalizes_at"] == data["due"]:
        try:
            await finalize(work, invoice)
        except StripeError as error:
            _note_failure(work, invoice, error)
        if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
            await collect_by_itself(work, invoice)
    await work.commit(Settle(message.id))


def _note_failure(work: Work, invoice: JsonObject, error: StripeError) -> None:
    """Note why a draft could not be finalized; finalizing refuses before it changes anything."""
    invoice["last_finalization_error"] = error.body(request_log_url=None)
    invoice |= {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
    work.save(invoice)
    work.emit("invoice.finalization_failed", invoice)


async def pay(
    work: Work,
    invoice: JsonObject,
    *,
    payment_method: str | None = None,
    off_session: bool = True,
) -> JsonObject | None:
    """Collect what remains of an invoice; a draft is finalized first.

    Returns:
        The payment intent, or None when there was nothing to pay. While the invoice stays open the intent's status
        says what it waits for: `requires_action` for the shopper, `processing` for the bank.

    Raises:
        PaymentDeclined: the attempt failed and is on record.
        InvalidRequest: the invoice cannot be paid now, or there is nothing to pay it with.
    """
    if invoice["status"] == "draft":
        await finalize(work, invoice)
        if invoice["status"] == "paid":
            return None
    INVOICES.check(invoice, "pay")
    return await collect(work, invoice, payment_method=payment_method, off_session=off_session)


async def void(work: Work, invoice: JsonObject) -> None:
    """Declare an open invoice a mistake: nothing is due any more, and what the balance gave goes back to it.

    Raises:
        InvalidRequest: it is not open.
    """
    before = photograph(invoice)
    INVOICES.move(invoice, "void")
    now = await now_for(work, invoice["customer"])
    invoice["status_transitions"]["voided_at"] = now
    invoice |= {"auto_advance": False, "next_payment_attempt": None}
    await cancel_payments(work, invoice, reason="void_invoice")
    customer = await work.get("customer", invoice["customer"])
    applied = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if customer is not None and applied:
        about = {"currency": invoice["currency"], "now": now, "invoice": invoice["id"]}
        move_balance(work, customer, -applied, reason="unapplied_from_invoice", **about)
    announce_change(work, invoice, before)
    work.emit("invoice.voided", invoice)
    await tell_followers(work, invoice, "voided")


async def mark_uncollectible(work: Work, invoice: JsonObject) -> None:
    """Give up an open invoice that nobody will pay; it can be paid nevertheless.

    Raises:
        InvalidRequest: it is not open.
    """
    before = photograph(invoice)
    INVOICES.move(invoice, "give_up")
    invoice["status_transitions"]["marked_uncollectible_at"] = await now_for(work, invoice["customer"])
    invoice |= {"auto_advance": False, "next_payment_attempt": None}
    announce_change(work, invoice, before)
    work.emit("invoice.marked_uncollectible", invoice)
    await tell_followers(work, invoice, "marked_uncollectible")
