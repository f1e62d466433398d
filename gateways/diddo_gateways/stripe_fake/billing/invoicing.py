"""Invoices after drafting: finalized, paid, voided or given up.

Events: `invoice.updated`, `invoice.finalized`, `invoice.finalization_failed`, `invoice.voided`,
`invoice.marked_uncollectible`, beside those of `collecting`.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.automatic_tax import check_location
from diddo_gateways.stripe_fake.billing.balances import move_balance
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.collecting import collect, collect_by_itself, schedule, settle
from diddo_gateways.stripe_fake.billing.drafting import COLLECTED_AFTER, of_customer, set_due
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph, tell_followers
from diddo_gateways.stripe_fake.billing.invoice_payments import cancel_payments, default_intent
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.currencies import check_amount
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["finalize", "mark_uncollectible", "pay", "void"]

KIND = "invoice"


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
    if invoice["automatic_tax"]["enabled"]:
        check_location(customer)
        invoice["automatic_tax"]["status"] = "complete"
    if invoice["amount_due"]:
        check_amount(invoice["amount_due"], invoice["currency"])
    INVOICES.move(invoice, "finalize")
    now = await now_for(work, customer["id"])
    invoice |= of_customer(customer) | {
        "auto_advance": bool(invoice["auto_advance"] if auto_advance is None else auto_advance),
        "automatically_finalizes_at": None,
        "effective_at": invoice["effective_at"] or now,
        "next_payment_attempt": None,
        "number": invoice["number"] or _number(work, customer),
        **_addresses(work, invoice),
        "rendering": _on_paper(invoice["rendering"]),
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


def _on_paper(rendering: JsonObject | None) -> JsonObject | None:
    """Settle what paper an invoice is for: letters, in the account's country."""
    if rendering is None or (rendering["pdf"] or {}).get("page_size") != "auto":
        return rendering
    return {**rendering, "pdf": {"page_size": "letter"}}


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
