"""Confirming a payment intent: from its payment method to an outcome.

An attempt ends in a charge that went through, a charge that was declined, or a challenge that the shopper has to
answer first. Whoever confirms commits: also after a decline, which leaves the failed charge on record.
"""

from dataclasses import dataclass

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.authentication import (
    OFF_SESSION_REFUSED,
    authenticated_by_challenge,
    judge,
    open_challenge,
)
from diddo_gateways.stripe_fake.payments.cards import Card, Decline
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined, PaymentMethodUsedUp
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.resources.charges import make_charge
from diddo_gateways.stripe_fake.resources.payment_methods import attach_to, card_of, named, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Terms", "charge", "confirm", "fail_authentication"]

FAILED_AUTHENTICATION = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
    " to attempt to fulfill this PaymentIntent again."
)
ACTION_REFUSED = (
    "This payment required an authentication action to complete, but `error_on_requires_action` was set. When you're"
    " ready, you can upgrade your integration to handle actions at"
    " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
)
DOCS = "https://stripe.com/docs/error-codes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one confirmation is meant.

    Attributes:
        return_url: where the shopper goes after a challenge.
        off_session: the shopper is not there.
        error_on_requires_action: fail rather than ask the shopper for anything.
        use_stripe_sdk: Stripe.js takes the shopper to the challenge.
        session: the checkout session that is being paid, when it is.
    """

    return_url: str | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    use_stripe_sdk: bool = False
    session: str | None = None


async def confirm(work: Work, intent: JsonObject, terms: Terms) -> None:
    """Attempt the payment with the intent's payment method.

    Raises:
        UnexpectedState: the intent cannot be confirmed now.
        PaymentMethodUsedUp: the method can pay no more.
        PaymentDeclined: the attempt failed; what it changed is to be kept.
    """
    INTENTS.check(intent, "confirm")
    method = await named(work, intent["payment_method"])
    check_owner(method, intent)
    card = card_of(work, method)
    past = await _past(work, method)
    if past.get("used_up"):
        raise PaymentMethodUsedUp
    passed = await authenticated_by_challenge(work, intent, card)
    if passed is not None:
        return await charge(work, intent, "confirm", three_d_secure=passed)
    requested = intent["payment_method_options"]["card"]["request_three_d_secure"]
    verdict = judge(
        card, off_session=terms.off_session, set_up=bool(past.get("set_up")), requested=requested or "automatic"
    )
    if verdict.decline is OFF_SESSION_REFUSED:
        # The issuer was never asked: there is no charge.
        raise _failed(work, intent, "confirm", decline_fields(OFF_SESSION_REFUSED), method)
    if not verdict.challenge:
        return await charge(work, intent, "confirm", decline=verdict.decline, three_d_secure=verdict.three_d_secure)
    if terms.error_on_requires_action:
        fields = {"code": "authentication_required", "decline_code": "authentication_not_handled"}
        raise _failed(work, intent, "confirm", {**fields, "message": ACTION_REFUSED}, method)
    INTENTS.move(intent, "confirm", "requires_action")
    intent["next_action"] = open_challenge(
        work, intent, return_url=terms.return_url, use_stripe_sdk=terms.use_stripe_sdk, session=terms.session
    )
    work.save(intent)
    work.emit("payment_intent.requires_action", intent)
    return None


async def _past(work: Work, method: JsonObject) -> JsonObject:
    """Return what the method went through without noting anything, since most went through nothing."""
    return await work.get("payment_method_past", method["id"]) or {}


async def charge(
    work: Work,
    intent: JsonObject,
    action: str,
    *,
    decline: Decline | None = None,
    three_d_secure: JsonObject | None = None,
) -> None:
    """Charge the intent's payment method.

    Args:
        work: the unit of work.
        intent: the intent.
        action: what led here, `confirm` or `authenticate`: the edge that the intent takes.
        decline: a reason to fail that is not the card's own.
        three_d_secure: how the shopper was authenticated, as the charge shows it.

    Raises:
        PaymentDeclined: the charge failed.
    """
    method = await named(work, intent["payment_method"])
    card = card_of(work, method)
    why = decline or card.declined(cvc_sent=method["card"]["checks"]["cvc_check"] is not None)
    manual = is_manual(intent)
    made = make_charge(work, intent, method, card, decline=why, three_d_secure=three_d_secure, manual=manual)
    intent["latest_charge"] = made["id"]
    if method["customer"] is None and not intent["setup_future_usage"]:
        (await past_of(work, method))["used_up"] = True
    if why is not None:
        verified = made["payment_method_details"]["card"]["checks"]
        shown = {**method, "card": {**method["card"], "checks": verified}}
        raise _failed(work, intent, action, decline_fields(why) | {"charge": made["id"]}, shown)
    await _succeed(work, intent, action, manual=manual)
    await _save_for_later(work, intent, method, card, authenticated=three_d_secure is not None)


async def _succeed(work: Work, intent: JsonObject, action: str, *, manual: bool) -> None:
    intent |= {"next_action": None, "last_payment_error": None}
    intent["amount_capturable" if manual else "amount_received"] = intent["amount"]
    INTENTS.move(intent, action, "requires_capture" if manual else "succeeded")
    work.save(intent)
    work.emit("payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", intent)


async def _save_for_later(
    work: Work, intent: JsonObject, method: JsonObject, card: Card, *, authenticated: bool
) -> None:
    """Attach the method to the intent's customer when it is to be used again."""
    if not intent["setup_future_usage"]:
        return
    if card.off_session == "once_set_up" and authenticated and intent["setup_future_usage"] == "off_session":
        (await past_of(work, method))["set_up"] = True
    # The payment has gone through: a method that cannot be saved does not undo it.
    if intent["customer"] is not None and method["customer"] is None and not card.refuses_attachment:
        await attach_to(work, method, intent["customer"])


def is_manual(intent: JsonObject) -> bool:
    """Say whether the intent's charge is only authorised, to be captured later."""
    card_options = intent["payment_method_options"]["card"]
    return "manual" in (intent["capture_method"], card_options.get("capture_method"))


def decline_fields(decline: Decline) -> JsonObject:
    """Return a decline as an error's fields."""
    names = ("advice_code", "code", "decline_code", "message", "network_decline_code", "param")
    return {name: value for name in names if (value := getattr(decline, name)) is not None}


def _failed(work: Work, intent: JsonObject, action: str, fields: JsonObject, method: JsonObject) -> PaymentDeclined:
    """Put the intent back to where it needs another payment method, and return the error to raise."""
    _end_attempt(work, intent, action, {**fields, "type": "card_error"}, method)
    return PaymentDeclined(fields, {"payment_intent": intent, "payment_method": method})


def fail_authentication(work: Work, intent: JsonObject, method: JsonObject) -> None:
    """Put the intent back to where it needs another payment method, since the shopper failed the challenge."""
    fields = {
        "code": "payment_intent_authentication_failure",
        "message": FAILED_AUTHENTICATION,
        "type": "invalid_request_error",
    }
    _end_attempt(work, intent, "authenticate", fields, method)


def _end_attempt(work: Work, intent: JsonObject, action: str, fields: JsonObject, method: JsonObject) -> None:
    fields["doc_url"] = DOCS + fields["code"].replace("_", "-")
    fields |= {"payment_method": method, "payment_method_type": method["type"]}
    intent |= {
        "last_payment_error": dict(sorted(fields.items())),
        "next_action": None,
        "payment_method": None,
    }
    INTENTS.move(intent, action, "requires_payment_method")
    work.save(intent)
    work.emit("payment_intent.payment_failed", intent)


def check_owner(method: JsonObject, intent: JsonObject) -> None:
    """Hold the owner of a payment method against the customer of the intent.

    Raises:
        InvalidRequest: it is another's; the error carries the intent.
    """
    owner, customer = method["customer"], intent["customer"]
    if owner is None or owner == customer:
        return
    extra = {"payment_intent": intent}
    if customer is None:
        raise InvalidRequest(
            f"The `payment_method` parameter supplied {method['id']} belongs to the Customer {owner}. Please include"
            " the Customer in the `customer` parameter on the PaymentIntent.",
            code="parameter_missing",
            param="source",
            extra=extra,
        )
    raise InvalidRequest(
        f"The PaymentMethod {method['id']} does not belong to the Customer you supplied {customer}. Please use this"
        " PaymentMethod with the Customer that it belongs to instead.",
        param="payment_method",
        extra=extra,
    )
