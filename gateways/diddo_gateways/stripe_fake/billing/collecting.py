"""Collecting invoices: an attempt with a payment method, its outcome, and further attempts by the customer's clock.

Events: `invoice.paid`, `invoice.payment_succeeded`, `invoice.payment_failed`, `invoice.payment_action_required`,
`invoice.updated`, beside those of the payment.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.clocks import later_for, now_for
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph, tell_followers
from diddo_gateways.stripe_fake.billing.invoice_payments import (
    cancel_payment,
    cancel_payments,
    default_intent,
    payment_of,
    settle_payment,
)
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.authentication import OFF_SESSION_REFUSED, judge
from diddo_gateways.stripe_fake.payments.confirmation import Terms, confirm
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.owners import on_payment
from diddo_gateways.stripe_fake.resources.payment_intents import provide
from diddo_gateways.stripe_fake.resources.payment_methods import card_of, named
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "NoPaymentMethod",
    "attempt_failed",
    "collect",
    "collect_by_itself",
    "credit_payment",
    "default_of",
    "schedule",
    "settle",
]

DAY = 86_400
# How long after a failed attempt the next one is made. Stripe's own times are learnt from its customers' payments;
# these are the ones that it proposes for a schedule of one's own.
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)


class NoPaymentMethod(InvalidRequest):
    """An invoice is to be charged, and neither it nor its customer has anything to charge."""

    code = "resource_missing"

    def __init__(self) -> None:
        super().__init__(
            "This customer has no attached payment source or default payment method. Please consider adding a default"
            " payment method. For more information, visit"
            " https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
        )


async def collect(
    work: Work,
    invoice: JsonObject,
    *,
    payment_method: str | None = None,
    off_session: bool = True,
    again: bool = False,
    return_url: str | None = None,
) -> JsonObject:
    """Attempt to collect what remains of a final invoice, and return the payment intent.

    Args:
        work: the unit of work.
        invoice: open, or given up.
        payment_method: its id; by default the invoice's, the subscription's or the customer's.
        off_session: the shopper is not there. A card that asks for the shopper nevertheless leaves the intent waiting.
        again: a further attempt of the schedule.
        return_url: where the shopper goes after a challenge.

    Raises:
        PaymentDeclined: the attempt failed and is on record.
        NoPaymentMethod: there is nothing to charge.
    """
    method_id = payment_method or await _method(work, invoice)
    if method_id is None:
        raise NoPaymentMethod
    intent = await default_intent(work, invoice)
    method = await named(work, method_id)
    provide(intent, method)
    work.save(intent)
    absent = off_session and not await _asks_for_shopper(work, method)
    terms = Terms(off_session=absent, return_url=return_url)
    try:
        await confirm(work, intent, terms)
    except PaymentDeclined:
        await attempt_failed(work, invoice, again=again)
        raise
    if intent["status"] == "succeeded":
        await credit_payment(work, invoice, intent, again=again)
    else:
        await _waits(work, invoice, intent, again=again)
    return intent


async def _method(work: Work, invoice: JsonObject) -> str | None:
    """Return the id of what an invoice is charged to unless another is named."""
    details = (invoice["parent"] or {}).get("subscription_details")
    subscription = details and await work.get("subscription", details["subscription"])
    customer = await work.get("customer", invoice["customer"]) or {}
    candidates = (
        invoice["default_payment_method"],
        (subscription or {}).get("default_payment_method"),
        await default_of(work, customer),
    )
    return next((candidate for candidate in candidates if candidate), None)


async def default_of(work: Work, customer: JsonObject) -> str | None:
    """Return the id of what a customer's invoices are charged to: its default payment method, or else its card."""
    method: str | None = (customer.get("invoice_settings") or {}).get("default_payment_method")
    source = customer.get("default_source")
    if method is None and source is not None and await work.get("payment_method", source) is not None:
        method = source
    return method


async def _asks_for_shopper(work: Work, method: JsonObject) -> bool:
    """Say whether a card is refused off session: then the invoice waits for the shopper instead of being declined."""
    if method["type"] != "card":
        return False
    past = await work.get("payment_method_past", method["id"]) or {}
    verdict = judge(card_of(work, method), off_session=True, set_up=bool(past.get("set_up")), requested="automatic")
    return verdict.decline is OFF_SESSION_REFUSED


async def credit_payment(work: Work, invoice: JsonObject, intent: JsonObject, *, again: bool = False) -> None:
    """Count what an intent has brought in for an invoice, which is paid when nothing remains."""
    payment = await payment_of(work, invoice["id"], intent["id"])
    if payment is None or payment["status"] != "open":
        return
    amount = min(intent["amount_received"], invoice["amount_remaining"])
    settle_payment(work, payment, amount)
    before = photograph(invoice)
    _count(invoice, again=again)
    invoice["amount_paid"] += amount
    invoice["amount_remaining"] -= amount
    if invoice["amount_remaining"]:
        # The default intent is to bring in what is left.
        await default_intent(work, invoice)
        announce_change(work, invoice, before)
    else:
        await settle(work, invoice, before=before)


async def settle(
    work: Work, invoice: JsonObject, *, before: JsonObject | None = None, out_of_band: bool = False
) -> None:
    """Declare an invoice paid, by money that was counted already or that went elsewhere; no intent waits any more.

    Args:
        work: the unit of work.
        invoice: open, or given up.
        before: the invoice before the payment was counted, for its event.
        out_of_band: the merchant got the money another way.
    """
    before = before or photograph(invoice)
    INVOICES.move(invoice, "pay")
    await cancel_payments(work, invoice, reason="abandoned")
    invoice["amount_paid"] += invoice["amount_remaining"]
    invoice |= {"amount_remaining": 0, "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["paid_at"] = await now_for(work, invoice["customer"])
    announce_change(work, invoice, before)
    work.emit("invoice.paid", invoice)
    if not out_of_band:
        work.emit("invoice.payment_succeeded", invoice)
    await tell_followers(work, invoice, "paid")


def _count(invoice: JsonObject, *, again: bool) -> None:
    """Count an attempt: the first one however it came about, and those of the schedule."""
    invoice["attempted"] = True
    if again or not invoice["attempt_count"]:
        invoice["attempt_count"] += 1


async def _waits(work: Work, invoice: JsonObject, intent: JsonObject, *, again: bool) -> None:
    before = photograph(invoice)
    if intent["status"] == "requires_action" and not again:
        # It counts when its shopper has answered.
        invoice["attempted"] = True
    else:
        _count(invoice, again=again)
    announce_change(work, invoice, before)
    if intent["status"] == "requires_action":
        work.emit("invoice.payment_action_required", invoice)
        await tell_followers(work, invoice, "payment_action_required")


async def attempt_failed(work: Work, invoice: JsonObject, *, again: bool = False) -> None:
    """Put a failed attempt on record; the next one follows by the schedule when the invoice is collected by itself."""
    before = photograph(invoice)
    counted = again or not invoice["attempt_count"]
    _count(invoice, again=again)
    if counted:
        await _next_attempt(work, invoice)
    announce_change(work, invoice, before)
    work.emit("invoice.payment_failed", invoice)
    await tell_followers(work, invoice, "payment_failed")


async def _next_attempt(work: Work, invoice: JsonObject) -> None:
    tried = invoice["attempt_count"]
    by_itself = invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically"
    # The first invoice of a subscription is its customer's to pay.
    if not by_itself or invoice["billing_reason"] == "subscription_create" or tried > len(RETRIES):
        invoice["next_payment_attempt"] = None
        return
    now = await now_for(work, invoice["customer"])
    await schedule(work, invoice, now + RETRIES[tried - 1])


async def schedule(work: Work, invoice: JsonObject, at: int) -> None:
    """Have an invoice collected at a time in Unix seconds on its customer's clock."""
    invoice["next_payment_attempt"] = at
    work.save(invoice)
    message = f"collect>{invoice['id']}>{work.new_id('', 8)}"
    await later_for(work, invoice["customer"], "collect_invoice", at, message_id=message, invoice=invoice["id"], due=at)


@on_due("collect_invoice")
async def collect_again(work: Work, message: Message, data: JsonObject) -> None:
    """Make the attempt that was scheduled, unless the invoice has gone another way meanwhile."""
    invoice = await work.get("invoice", data["invoice"])
    if invoice is not None and invoice["status"] == "open" and invoice["next_payment_attempt"] == data["due"]:
        await collect_by_itself(work, invoice, again=bool(invoice["attempt_count"]))
    await work.commit(Settle(message.id))


async def collect_by_itself(work: Work, invoice: JsonObject, *, again: bool = False) -> None:
    """Attempt to collect an invoice when nobody waits for the outcome: that it fails is one like any other."""
    try:
        await collect(work, invoice, again=again)
    except PaymentDeclined:
        return
    except InvalidRequest:
        # There is nothing to charge, or nothing that can be charged any more.
        await attempt_failed(work, invoice, again=again)


@on_payment("invoice")
async def hear_of_payment(work: Work, intent: JsonObject, invoice_id: str) -> None:
    """Take note of a payment that came to its end while nobody waited for it."""
    invoice = await work.get("invoice", invoice_id)
    if invoice is None or "pay" not in INVOICES.edges[invoice["status"]]:
        return
    if intent["status"] == "succeeded":
        await credit_payment(work, invoice, intent)
    elif intent["status"] == "requires_payment_method":
        await attempt_failed(work, invoice)
    elif intent["status"] in ("requires_action", "processing"):
        await _waits(work, invoice, intent, again=False)
    elif intent["status"] == "canceled":
        payment = await payment_of(work, invoice_id, intent["id"])
        if payment is not None and payment["status"] == "open":
            cancel_payment(work, payment)
