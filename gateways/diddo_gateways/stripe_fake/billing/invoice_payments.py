"""Invoice payments: which payment intents pay an invoice, and how much of it each has paid.

Events: `invoice_payment.paid`.
"""

from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.payments.owners import own
from diddo_gateways.stripe_fake.resources.payment_intents import abandon, make_intent
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "KIND",
    "PAYMENTS",
    "add_payment",
    "cancel_payment",
    "cancel_payments",
    "default_intent",
    "payment_of",
    "payments_of",
    "settle_payment",
]

KIND = "invoice_payment"
# Kept beside the invoice under the same id: `{"payments": [ids]}`, the default one first.
PAID_BY = "invoice_paid_by"
LONGEST_REFERENCE = 25
DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}

PAYMENTS = StateTable(
    kind=KIND,
    start=("open",),
    edges={"open": {"pay": ("paid",), "cancel": ("canceled",)}, "paid": {}, "canceled": {}},
)

filtered_by(KIND, "invoice", "status", "payment.payment_intent", "payment.type")


async def payments_of(work: Work, invoice_id: str) -> list[JsonObject]:
    """Return an invoice's payments, the default one first."""
    kept = await work.get(PAID_BY, invoice_id)
    return [] if kept is None else [await work.fetch(KIND, payment) for payment in kept["payments"]]


async def payment_of(work: Work, invoice_id: str, intent_id: str) -> JsonObject | None:
    """Return what of an invoice an intent pays, or None when it pays nothing of it."""
    found = (one for one in await payments_of(work, invoice_id) if one["payment"]["payment_intent"] == intent_id)
    return next(found, None)


async def default_intent(work: Work, invoice: JsonObject) -> JsonObject:
    """Return the intent that is to pay what remains of an invoice; a new one when there is none that could."""
    for payment in await payments_of(work, invoice["id"]):
        if payment["is_default"] and payment["status"] == "open":
            intent = await work.fetch("payment_intent", payment["payment"]["payment_intent"])
            if intent["amount"] != invoice["amount_remaining"]:
                intent["amount"] = payment["amount_requested"] = invoice["amount_remaining"]
                work.save(intent)
                work.save(payment)
            return intent
    intent = await make_intent(work, await _intent_params(work, invoice))
    own(work, intent["id"], "invoice", invoice["id"])
    work.emit("payment_intent.created", intent)
    await add_payment(work, invoice, intent, amount=invoice["amount_remaining"], default=True)
    return intent


async def _intent_params(work: Work, invoice: JsonObject) -> JsonObject:
    params: JsonObject = {
        "amount": invoice["amount_remaining"],
        "automatic_payment_methods": {"enabled": False},
        "capture_method": "automatic",
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": DESCRIPTIONS.get(invoice["billing_reason"], "Payment for Invoice"),
        "payment_details": {"order_reference": invoice["id"][:LONGEST_REFERENCE]},
    }
    if await work.get("customer", invoice["customer"] or "") is None:
        del params["customer"]
    if (invoice["parent"] or {}).get("subscription_details"):
        # What pays a subscription is to pay its renewals too.
        params["setup_future_usage"] = "off_session"
    if invoice["statement_descriptor"]:
        params["statement_descriptor_suffix"] = invoice["statement_descriptor"]
    allowed = invoice["payment_settings"]["payment_method_types"]
    return params | ({"allowed_payment_method_types": allowed} if allowed else {})


async def add_payment(
    work: Work, invoice: JsonObject, intent: JsonObject, *, amount: int, default: bool = False
) -> JsonObject:
    """Make an intent one of those that pay an invoice; `amount` is how much of the invoice it is to pay."""
    payment = blank(KIND) | {
        "id": work.new_id("inpay_1", 23),
        "amount_requested": amount,
        "created": work.now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": default,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    work.insert(payment)
    kept = await work.get(PAID_BY, invoice["id"])
    if kept is None:
        work.insert({"object": PAID_BY, "id": invoice["id"], "payments": [payment["id"]]})
    else:
        kept["payments"] = [payment["id"], *kept["payments"]] if default else [*kept["payments"], payment["id"]]
        work.save(kept)
    return payment


def settle_payment(work: Work, payment: JsonObject, amount: int) -> None:
    """Note that a payment has paid its part, `amount` of the invoice."""
    PAYMENTS.move(payment, "pay")
    payment["amount_paid"] = amount
    payment["status_transitions"]["paid_at"] = work.now
    work.save(payment)
    work.emit("invoice_payment.paid", payment)


async def cancel_payments(work: Work, invoice: JsonObject, *, reason: str) -> None:
    """Give up what was to pay an invoice and has not; its intent is canceled for that reason."""
    for payment in await payments_of(work, invoice["id"]):
        if payment["status"] != "open":
            continue
        cancel_payment(work, payment)
        if payment["is_default"]:
            await abandon(work, payment["payment"]["payment_intent"], reason=reason)


def cancel_payment(work: Work, payment: JsonObject) -> None:
    """Note that a payment will pay nothing any more."""
    PAYMENTS.move(payment, "cancel")
    payment["status_transitions"]["canceled_at"] = work.now
    work.save(payment)


@includes("invoice", "payments")
async def _payments(work: Work, invoice: JsonObject, _field: str) -> JsonObject:
    payments = await payments_of(work, invoice["id"])
    url = "/v1/invoices/payments"
    return {"object": "list", "data": payments[:10], "has_more": len(payments) > 10, "url": url}


@includes("invoice", "confirmation_secret")
async def _confirmation_secret(work: Work, invoice: JsonObject, _field: str) -> JsonObject | None:
    """Return what a shopper's browser confirms the payment with, while there is something to pay."""
    for payment in await payments_of(work, invoice["id"]):
        if payment["is_default"] and payment["status"] != "canceled":
            intent = await work.fetch("payment_intent", payment["payment"]["payment_intent"])
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None
