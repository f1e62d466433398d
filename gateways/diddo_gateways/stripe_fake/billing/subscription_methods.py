"""How a subscription comes to its payment method: from a payment that went through, or from a setup intent.

While a subscription has nothing to pay and nothing to pay with, `pending_setup_intent` asks the customer for a payment
method.
"""

from diddo_gateways.stripe_fake.billing.collecting import default_of
from diddo_gateways.stripe_fake.billing.invoice_payments import payments_of
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.payments.owners import on_payment, own
from diddo_gateways.stripe_fake.payments.setup import make_setup_intent
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["ask_for_method", "has_method", "remember_method"]


async def has_method(work: Work, subscription: JsonObject) -> bool:
    """Say whether there is something that a subscription's invoices are charged to."""
    customer = await work.get("customer", subscription["customer"]) or {}
    return bool(subscription["default_payment_method"] or await default_of(work, customer))


async def ask_for_method(work: Work, subscription: JsonObject) -> None:
    """Make the setup intent by which the customer can give a payment method, unless there is one."""
    if await has_method(work, subscription):
        return
    params = {"customer": subscription["customer"], "usage": "off_session"}
    intent = await make_setup_intent(work, params)
    work.emit("setup_intent.created", intent)
    own(work, intent["id"], "subscription", subscription["id"])
    subscription["pending_setup_intent"] = intent["id"]


async def remember_method(work: Work, subscription: JsonObject, invoice: JsonObject) -> None:
    """Make what has paid an invoice the subscription's payment method, where its settings say so."""
    if (
        invoice["status"] != "paid"
        or subscription["payment_settings"]["save_default_payment_method"] != "on_subscription"
    ):
        return
    for payment in await payments_of(work, invoice["id"]):
        intent_id = payment["payment"].get("payment_intent")
        intent = await work.get("payment_intent", intent_id) if payment["status"] == "paid" and intent_id else None
        method = intent and await work.get("payment_method", intent["payment_method"] or "")
        if method and method["customer"] == subscription["customer"]:
            subscription["default_payment_method"] = method["id"]


@on_payment("subscription")
async def take_method(work: Work, intent: JsonObject, subscription_id: str) -> None:
    """Charge a subscription from now on to what its customer has set up."""
    subscription = await work.get("subscription", subscription_id)
    if subscription is None or subscription["pending_setup_intent"] != intent["id"]:
        return
    if intent["status"] != "succeeded":
        return
    before = snapshot(subscription)
    subscription |= {"default_payment_method": intent["payment_method"], "pending_setup_intent": None}
    tell(work, subscription, before)
