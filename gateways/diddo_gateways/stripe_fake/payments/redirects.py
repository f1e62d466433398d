"""Methods that the shopper authorises elsewhere: at a bank, in a wallet, at a lender. One implementation for all.

The sandbox's page stands for theirs: it authorises the payment or fails it, as Stripe's page of test mode does.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.attempts import make_payment
from diddo_gateways.stripe_fake.payments.authentication import OFF_SESSION_REFUSED, open_challenge
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.payments.outcomes import failed, future_usage, is_manual, refuse_action, succeed
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.resources.payment_methods import attach_to, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["authorised", "confirm_redirect"]

# A code to be scanned is shown as a picture of nothing.
PICTURE = {"image_url_png": "https://qr.stripe.com/test.png", "image_url_svg": "https://qr.stripe.com/test.svg"}
SCANNED_FOR = 3600


async def confirm_redirect(work: Work, intent: JsonObject, method: JsonObject, past: JsonObject, terms: Terms) -> None:
    """Send the shopper to where the payment is authorised; what was authorised for good is charged at once.

    Raises:
        InvalidRequest: there is no URL to come back to.
        PaymentDeclined: the shopper is needed, and not there.
    """
    if terms.off_session:
        if past.get("set_up") and type_of(method["type"]).reusable:
            return await authorised(work, intent, method, "confirm")
        refused = OFF_SESSION_REFUSED
        fields = {"code": refused.code, "decline_code": refused.decline_code, "message": refused.message}
        raise failed(work, intent, "confirm", fields, method)
    if terms.error_on_requires_action:
        raise refuse_action(work, intent, method)
    if terms.return_url is None and not terms.by_customer:
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
    intent["next_action"] = _of_type(work, method["type"], action, return_url=terms.return_url)
    work.save(intent)
    work.emit("payment_intent.requires_action", intent)
    return None


def _of_type(work: Work, kind: str, action: JsonObject, *, return_url: str | None) -> JsonObject:
    """Return a `next_action` as the type has it, of which some have one of their own."""
    if action["type"] != "redirect_to_url":
        return action
    url = action["redirect_to_url"]["url"]
    if kind == "alipay":
        details = {"native_data": None, "native_url": None, "return_url": return_url, "url": url}
        return {"type": "alipay_handle_redirect", "alipay_handle_redirect": details}
    if kind in ("cashapp", "swish"):
        code = {"expires_at": work.now + SCANNED_FOR, **({"data": url} if kind == "swish" else {}), **PICTURE}
        shown = {"hosted_instructions_url": url, "mobile_auth_url": url, "qr_code": code}
        name = f"{kind}_handle_redirect_or_display_qr_code"
        return {"type": name, name: shown}
    return action


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
    if usage and reusable and intent["customer"] is not None and method["customer"] is None:
        await attach_to(work, method, intent["customer"])
