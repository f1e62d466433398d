"""Confirming a setup intent: from its payment method to one that may be charged later.

Each confirmation makes an attempt (`setup_attempt`), which ends with the method saved, with a decline, or with
something that the customer has to do first. Whoever confirms commits: also after a decline, which stays on record.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.authentication import (
    Verdict,
    authenticated_elsewhere,
    judge,
    open_challenge,
    passed_challenge,
)
from diddo_gateways.stripe_fake.payments.cards import Card, Decline
from diddo_gateways.stripe_fake.payments.errors import PaymentMethodUsedUp
from diddo_gateways.stripe_fake.payments.mandates import AGREED_IN_BROWSER
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.payments.setup_attempts import begin_attempt, end_attempt
from diddo_gateways.stripe_fake.payments.setup_debits import set_up_account
from diddo_gateways.stripe_fake.payments.setup_errors import MandateMissing, SetupMethodOwned
from diddo_gateways.stripe_fake.payments.setup_outcomes import fail, keep_agreement, refuse, succeed
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.resources.payment_methods import card_of, named
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["check_setup_owner", "confirm_setup", "finish_setup"]

FAILED_AUTHENTICATION = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
    " to attempt to fulfill this SetupIntent again."
)
REJECTED = {"electronic_commerce_indicator": "07", "result": "failed", "result_reason": "rejected"}


async def confirm_setup(
    work: Work, intent: JsonObject, terms: Terms, *, mandate_data: Mapping[str, Any] | None = None
) -> None:
    """Attempt to set the intent's payment method up.

    Args:
        work: the unit of work.
        intent: the setup intent, with its payment method.
        terms: where the customer goes for a challenge; a setup is always on session.
        mandate_data: `{"customer_acceptance": …}`, from which a mandate is made.

    Raises:
        UnexpectedState: the intent cannot be confirmed now.
        PaymentMethodUsedUp: the method can be set up no more.
        MandateMissing: a bank account without `mandate_data`.
        InvalidRequest: the method is for one payment only.
        PaymentDeclined: the attempt failed; what it changed is to be kept.
    """
    SETUPS.check(intent, "confirm")
    method = await named(work, intent["payment_method"])
    check_setup_owner(method, intent["customer"], intent)
    past = await work.get("payment_method_past", method["id"]) or {}
    if past.get("used_up"):
        raise PaymentMethodUsedUp
    await _agree(work, intent, method, terms, mandate_data or terms.mandate_data)
    if method["type"] == "card":
        await begin_attempt(work, intent, method)
        return await _confirm_card(work, intent, method, terms)
    kind = type_of(method["type"])
    if not kind.attachable:
        raise InvalidRequest(
            f"The payment method type `{kind.name}` cannot be set up for future payments.",
            code="payment_method_unsupported_type",
            param="payment_method",
            extra={"setup_intent": intent},
        )
    await begin_attempt(work, intent, method)
    if kind.flow == "debit":
        return await set_up_account(work, intent, method, verified=bool(past.get("verified")))
    return await _ask(work, intent, method, terms)


async def _agree(
    work: Work, intent: JsonObject, method: JsonObject, terms: Terms, mandate_data: Mapping[str, Any] | None
) -> None:
    is_debit = method["type"] != "card" and type_of(method["type"]).flow == "debit"
    if mandate_data:
        await keep_agreement(work, intent, customer_acceptance=mandate_data["customer_acceptance"])
    elif is_debit and terms.by_customer:
        await keep_agreement(work, intent, customer_acceptance=AGREED_IN_BROWSER)
    elif is_debit:
        raise MandateMissing(method["type"], intent)


async def _confirm_card(work: Work, intent: JsonObject, method: JsonObject, terms: Terms) -> None:
    card = card_of(work, method)
    verdict = _judged(card, intent, terms)
    if verdict.challenge:
        return await _ask(work, intent, method, terms)
    shown = verdict.three_d_secure
    decline = verdict.decline or _declined(card, method)
    if decline is None:
        return await succeed(work, intent, method, "confirm", three_d_secure=shown)
    # Unlike a payment, a setup tells the code itself where the issuer's is not known.
    fields = {"decline_code": decline.code, **decline.error_fields()}
    raise await refuse(work, intent, method, "confirm", fields, three_d_secure=shown)


def _judged(card: Card, intent: JsonObject, terms: Terms) -> Verdict:
    if terms.three_d_secure is not None:
        return authenticated_elsewhere(card, terms.three_d_secure)
    if terms.moto:
        return Verdict()
    requested = intent["payment_method_options"]["card"]["request_three_d_secure"]
    return judge(card, off_session=False, set_up=False, requested=requested or "automatic")


def _declined(card: Card, method: JsonObject) -> Decline | None:
    """Say why the issuer refuses the setup: cards that only fail when charged can be set up."""
    if not card.refuses_attachment:
        return None
    return card.declined(cvc_sent=method["card"]["checks"]["cvc_check"] is not None)


async def _ask(work: Work, intent: JsonObject, method: JsonObject, terms: Terms) -> None:
    SETUPS.move(intent, "confirm", "requires_action")
    intent["next_action"] = open_challenge(
        work, intent, return_url=terms.return_url, use_stripe_sdk=terms.use_stripe_sdk, session=terms.session
    )
    await end_attempt(work, intent, method, "ask")
    work.save(intent)
    work.emit("setup_intent.requires_action", intent)


async def finish_setup(work: Work, intent: JsonObject, *, passed: bool) -> None:
    """Carry on with an intent whose challenge the customer has answered."""
    method = await named(work, intent["payment_method"])
    shown = passed_challenge(card_of(work, method)).three_d_secure if method["type"] == "card" else None
    if passed:
        return await succeed(work, intent, method, "authenticate", three_d_secure=shown)
    fields = {
        "code": "setup_intent_authentication_failure",
        "message": FAILED_AUTHENTICATION,
        "type": "invalid_request_error",
    }
    failed = None if shown is None else shown | REJECTED
    return await fail(work, intent, method, "authenticate", fields, three_d_secure=failed)


def check_setup_owner(method: JsonObject, customer: str | None, intent: JsonObject | None) -> None:
    """Hold the owner of a payment method against the customer of the intent, None while that is being made.

    Raises:
        SetupMethodOwned: it is another's.
    """
    if method["customer"] not in (None, customer):
        raise SetupMethodOwned(method, customer, intent)
