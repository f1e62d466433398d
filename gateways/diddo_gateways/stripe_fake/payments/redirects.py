"""Methods that the shopper authorises or pays elsewhere: a bank, a wallet, a lender, a shop. One way for all of them.

The sandbox's page stands for theirs: it authorises the payment or fails it, as Stripe's page of test mode does.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.attempts import make_payment
from diddo_gateways.stripe_fake.payments.authentication import OFF_SESSION_REFUSED, open_challenge
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.payments.next_actions import own_action
from diddo_gateways.stripe_fake.payments.outcomes import failed, future_usage, is_manual, refuse_action, succeed
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.resources.payment_methods import keep_for, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["authorised", "confirm_redirect"]


async def confirm_redirect(work: Work, intent: JsonObject, method: JsonObject, past: JsonObject, terms: Terms) -> None:
    """Send the shopper to where the payment is authorised; what was authorised for good is charged at once.

    Raises:
        InvalidRequest: there is no URL to come back to.
        PaymentDeclined: the shopper is needed, and not there.
    """
    kind = type_of(method["type"])
    if terms.off_session:
        if past.get("set_up") and kind.reusable:
            return await authorised(work, intent, method, "confirm")
        raise failed(work, intent, "confirm", OFF_SESSION_REFUSED.error_fields(), method)
    if terms.error_on_requires_action:
        raise refuse_action(work, intent, method)
    if kind.comes_back and terms.return_url is None and not terms.by_customer:
        raise InvalidRequest(
            "A `return_url` must be specified because this Payment Intent is confirmed with a payment method of type"
            f" `{method['type']}`, which redirects the customer.",
            param="return_url",
            extra={"payment_intent": intent},
        )
    INTENTS.move(intent, "confirm", "requires_action")
    action = open_challenge(
        work, intent, return_url=terms.return_url, use_stripe_sdk=terms.use_stripe_sdk, session=terms.session
    )
    if kind.action is not None:
        url = action["redirect_to_url"]["url"] if "redirect_to_url" in action else action["use_stripe_sdk"]["stripe_js"]
        action = own_action(kind.action, url=url, return_url=terms.return_url, now=work.now)
    intent["next_action"] = action
    work.save(intent)
    work.emit("payment_intent.requires_action", intent)
    return None


async def authorised(work: Work, intent: JsonObject, method: JsonObject, action: str) -> None:
    """Charge a method that the shopper has authorised; `action` is the edge that the intent takes."""
    manual = is_manual(intent, method["type"])
    charge = make_payment(work, intent, method, status="succeeded", manual=manual)
    intent["latest_charge"] = charge["id"]
    usage = future_usage(intent, method["type"])
    reusable = type_of(method["type"]).reusable
    if method["customer"] is None and not (usage and reusable):
        (await past_of(work, method))["used_up"] = True
    succeed(work, intent, action, manual=manual)
    if usage == "off_session" and reusable:
        (await past_of(work, method))["set_up"] = True
    if usage and reusable:
        await keep_for(work, method, intent["customer"])
