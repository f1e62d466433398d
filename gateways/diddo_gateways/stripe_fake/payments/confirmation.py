"""Confirming a payment intent: from its payment method to an outcome.

An attempt ends in a charge that went through, a charge that was declined, a debit that the bank is still to answer, or
something that the shopper has to do first. Whoever confirms commits: also after a decline, which stays on record.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.authentication import (
    OFF_SESSION_REFUSED,
    Verdict,
    authenticated_by_challenge,
    authenticated_elsewhere,
    judge,
    open_challenge,
    passed_challenge,
)
from diddo_gateways.stripe_fake.payments.cards import Card, Decline
from diddo_gateways.stripe_fake.payments.debits import check_usable, mandate_for, start_debit
from diddo_gateways.stripe_fake.payments.errors import PaymentMethodUsedUp
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import MethodType, check_paying, type_of
from diddo_gateways.stripe_fake.payments.microdeposits import await_microdeposits
from diddo_gateways.stripe_fake.payments.outcomes import (
    failed,
    future_usage,
    is_manual,
    refuse_action,
    succeed,
)
from diddo_gateways.stripe_fake.payments.redirects import authorised, confirm_redirect
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.resources.charges import make_charge
from diddo_gateways.stripe_fake.resources.payment_methods import card_of, keep_for, named, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Terms", "charge", "check_owner", "confirm", "resume"]


async def confirm(work: Work, intent: JsonObject, terms: Terms) -> None:
    """Attempt the payment with the intent's payment method.

    Raises:
        UnexpectedState: the intent cannot be confirmed now.
        PaymentMethodUsedUp: the method can pay no more.
        InvalidRequest: the method cannot pay this, or lacks a mandate.
        PaymentDeclined: the attempt failed; what it changed is to be kept.
    """
    INTENTS.check(intent, "confirm")
    method = await named(work, intent["payment_method"])
    check_owner(method, intent)
    past = await _past(work, method)
    if past.get("used_up"):
        raise PaymentMethodUsedUp
    if method["type"] == "card":
        return await _confirm_card(work, intent, method, past, terms)
    kind = type_of(method["type"])
    check_paying(kind, intent, manual=is_manual(intent, kind.name))
    if kind.flow == "debit":
        return await _confirm_debit(work, intent, method, past, terms, kind=kind)
    return await confirm_redirect(work, intent, method, past, terms)


async def _confirm_card(work: Work, intent: JsonObject, method: JsonObject, past: JsonObject, terms: Terms) -> None:
    if intent["statement_descriptor"]:
        raise InvalidRequest(
            "The `statement_descriptor` parameter is not supported for the payment method type `card`. Use"
            " `statement_descriptor_suffix` instead.",
            param="statement_descriptor",
        )
    card = card_of(work, method)
    verdict = await authenticated_by_challenge(work, intent, card)
    if verdict is None:
        verdict = _judged(card, intent, past, terms)
    if verdict.decline is OFF_SESSION_REFUSED:
        # The issuer was never asked: there is no charge.
        raise failed(work, intent, "confirm", OFF_SESSION_REFUSED.error_fields(), method)
    if not verdict.challenge:
        return await charge(work, intent, "confirm", decline=verdict.decline, three_d_secure=verdict.three_d_secure)
    if terms.error_on_requires_action:
        raise refuse_action(work, intent, method)
    INTENTS.move(intent, "confirm", "requires_action")
    intent["next_action"] = open_challenge(
        work, intent, return_url=terms.return_url, use_stripe_sdk=terms.use_stripe_sdk, session=terms.session
    )
    work.save(intent)
    work.emit("payment_intent.requires_action", intent)
    return None


def _judged(card: Card, intent: JsonObject, past: JsonObject, terms: Terms) -> Verdict:
    if terms.three_d_secure is not None:
        return authenticated_elsewhere(card, terms.three_d_secure)
    if terms.moto:
        return Verdict()
    requested = intent["payment_method_options"]["card"]["request_three_d_secure"]
    return judge(
        card, off_session=terms.off_session, set_up=bool(past.get("set_up")), requested=requested or "automatic"
    )


async def _confirm_debit(
    work: Work, intent: JsonObject, method: JsonObject, past: JsonObject, terms: Terms, *, kind: MethodType
) -> None:
    check_usable(method, intent)
    mandate = await mandate_for(work, intent, method, terms)
    if not kind.verified or past.get("verified"):
        return await start_debit(work, intent, method, "confirm", mandate)
    if terms.off_session or terms.error_on_requires_action:
        raise refuse_action(work, intent, method)
    return await await_microdeposits(work, intent, method, mandate)


async def _past(work: Work, method: JsonObject) -> JsonObject:
    """Return what the method went through without noting anything, since most went through nothing."""
    return await work.get("payment_method_past", method["id"]) or {}


async def resume(work: Work, intent: JsonObject, method: JsonObject) -> None:
    """Carry on with an intent whose challenge the shopper has passed.

    Raises:
        PaymentDeclined: the charge failed nevertheless.
    """
    if method["type"] != "card":
        return await authorised(work, intent, method, "authenticate")
    passed = passed_challenge(card_of(work, method))
    return await charge(work, intent, "authenticate", three_d_secure=passed.three_d_secure)


async def charge(
    work: Work,
    intent: JsonObject,
    action: str,
    *,
    decline: Decline | None = None,
    three_d_secure: JsonObject | None = None,
) -> None:
    """Charge the intent's card.

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
    usage = future_usage(intent, "card")
    if method["customer"] is None and usage is None:
        (await past_of(work, method))["used_up"] = True
    if why is not None:
        verified = made["payment_method_details"]["card"]["checks"]
        shown = {**method, "card": {**method["card"], "checks": verified}}
        raise failed(work, intent, action, why.error_fields() | {"charge": made["id"]}, shown)
    succeed(work, intent, action, manual=manual)
    if usage is not None:
        await _save_for_later(work, intent, method, card, ready=usage == "off_session" and three_d_secure is not None)


async def _save_for_later(work: Work, intent: JsonObject, method: JsonObject, card: Card, *, ready: bool) -> None:
    """Attach the method to the intent's customer; `ready` once the shopper was authenticated for off-session use."""
    if card.off_session == "once_set_up" and ready:
        (await past_of(work, method))["set_up"] = True
    # The payment has gone through: a method that cannot be saved does not undo it.
    if not card.refuses_attachment:
        await keep_for(work, method, intent["customer"])


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
