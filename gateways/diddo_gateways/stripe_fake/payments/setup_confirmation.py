"""Confirming a setup intent: from its payment method to one that may be charged later.

Each confirmation makes an attempt (`setup_attempt`), which ends with the method saved, with a decline, or with a
challenge that the customer has to answer first. Whoever confirms commits: also after a decline, which stays on record.
"""

from collections.abc import Mapping
from typing import Any, Literal

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.payments.authentication import authenticated, judge, open_challenge
from diddo_gateways.stripe_fake.payments.cards import Card, Decline
from diddo_gateways.stripe_fake.payments.confirmation import DOCS, Terms
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined, PaymentMethodUsedUp
from diddo_gateways.stripe_fake.payments.mandates import make_mandate
from diddo_gateways.stripe_fake.payments.setup_errors import MandateMissing, SetupMethodOwned
from diddo_gateways.stripe_fake.payments.setup_states import ATTEMPTS, SETUPS
from diddo_gateways.stripe_fake.resources.payment_methods import attach_to, card_of, named, past_of, verify_card
from diddo_gateways.stripe_fake.shapes import blank, blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["abandon_attempt", "check_setup_owner", "confirm_setup", "finish_setup", "keep_agreement"]

ATTEMPT = "setup_attempt"
# What the customer agreed to, kept beside the intent under its id until a mandate is made of it.
AGREEMENT = "setup_intent_agreement"
# Bank accounts that may only be debited with a mandate.
DEBITS = frozenset({"acss_debit", "au_becs_debit", "bacs_debit", "nz_bank_account", "sepa_debit", "us_bank_account"})
FAILED_AUTHENTICATION = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
    " to attempt to fulfill this SetupIntent again."
)
AttemptAction = Literal["ask", "process", "succeed", "fail"]


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
        PaymentDeclined: the attempt failed; what it changed is to be kept.
    """
    SETUPS.check(intent, "confirm")
    method = await named(work, intent["payment_method"])
    check_setup_owner(method, intent["customer"], intent)
    past = await work.get("payment_method_past", method["id"])
    if past is not None and past["used_up"]:
        raise PaymentMethodUsedUp
    if mandate_data:
        await keep_agreement(work, intent, customer_acceptance=mandate_data["customer_acceptance"])
    if method["type"] in DEBITS and not mandate_data:
        raise MandateMissing(method["type"], intent)
    await abandon_attempt(work, intent)
    _begin_attempt(work, intent, method)
    if method["type"] == "card":
        return await _confirm_card(work, intent, method, terms)
    return await _succeed(work, intent, method, "confirm")


async def _confirm_card(work: Work, intent: JsonObject, method: JsonObject, terms: Terms) -> None:
    card = card_of(work, method)
    requested = intent["payment_method_options"]["card"]["request_three_d_secure"]
    verdict = judge(card, off_session=False, set_up=False, requested=requested or "automatic")
    if verdict.challenge:
        return await _ask(work, intent, terms)
    decline = verdict.decline or _declined(card, method)
    if decline is not None:
        raise await _declines(work, intent, method, decline, verdict.three_d_secure)
    return await _succeed(work, intent, method, "confirm", three_d_secure=verdict.three_d_secure)


async def _ask(work: Work, intent: JsonObject, terms: Terms) -> None:
    SETUPS.move(intent, "confirm", "requires_action")
    intent["next_action"] = open_challenge(
        work, intent, return_url=terms.return_url, use_stripe_sdk=terms.use_stripe_sdk, session=terms.session
    )
    await _end_attempt(work, intent, "ask")
    work.save(intent)
    work.emit("setup_intent.requires_action", intent)


async def finish_setup(work: Work, intent: JsonObject, *, passed: bool) -> None:
    """Carry on with an intent whose challenge the customer has answered."""
    method = await named(work, intent["payment_method"])
    card = card_of(work, method)
    three_d_secure = authenticated(card, flow="challenge")
    if passed:
        return await _succeed(work, intent, method, "authenticate", three_d_secure=three_d_secure)
    fields = {
        "code": "setup_intent_authentication_failure",
        "message": FAILED_AUTHENTICATION,
        "type": "invalid_request_error",
    }
    shown = three_d_secure | {
        "electronic_commerce_indicator": "07",
        "result": "failed",
        "result_reason": "rejected",
    }
    return await _fail(work, intent, method, "authenticate", fields, shown)


def _declined(card: Card, method: JsonObject) -> Decline | None:
    """Say why the issuer refuses the setup: cards that only fail when charged can be set up."""
    if not card.refuses_attachment:
        return None
    return card.declined(cvc_sent=method["card"]["checks"]["cvc_check"] is not None)


async def _succeed(
    work: Work, intent: JsonObject, method: JsonObject, action: str, *, three_d_secure: JsonObject | None = None
) -> None:
    await _save_method(work, intent, method, authenticated=three_d_secure is not None)
    await _make_mandates(work, intent, method)
    await _end_attempt(work, intent, "succeed", method=method, three_d_secure=three_d_secure)
    SETUPS.move(intent, action, "succeeded")
    intent |= {"last_setup_error": None, "next_action": None}
    work.save(intent)
    work.emit("setup_intent.succeeded", intent)


async def _save_method(work: Work, intent: JsonObject, method: JsonObject, *, authenticated: bool) -> None:
    """Attach the method to the intent's customer; without one it can still be attached, and nothing else."""
    if intent["customer"] is not None and method["customer"] is None:
        await attach_to(work, method, intent["customer"])
    elif method["customer"] is None:
        (await past_of(work, method))["used_up"] = "until_attached"
        if method["type"] == "card":
            verify_card(work, method)
    once = method["type"] == "card" and card_of(work, method).off_session == "once_set_up"
    if once and authenticated and intent["usage"] == "off_session":
        (await past_of(work, method))["set_up"] = True


async def _declines(
    work: Work, intent: JsonObject, method: JsonObject, decline: Decline, three_d_secure: JsonObject | None
) -> PaymentDeclined:
    """Put the intent back to where it needs another payment method, and return the error to raise."""
    names = ("advice_code", "code", "decline_code", "message", "network_decline_code", "param")
    fields = {name: value for name in names if (value := getattr(decline, name)) is not None}
    # Unlike a payment, a setup tells the code itself where the issuer's is not known.
    fields.setdefault("decline_code", decline.code)
    await _fail(work, intent, method, "confirm", {**fields, "type": "card_error"}, three_d_secure)
    return PaymentDeclined(fields, {"setup_intent": intent, "payment_method": method})


async def _fail(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    action: str,
    fields: JsonObject,
    three_d_secure: JsonObject | None,
) -> None:
    fields["doc_url"] = DOCS + fields["code"].replace("_", "-")
    error = dict(sorted({**fields, "payment_method": method}.items()))
    await _end_attempt(work, intent, "fail", method=method, three_d_secure=three_d_secure, error=error)
    SETUPS.move(intent, action, "requires_payment_method")
    intent |= {"last_setup_error": error, "next_action": None, "payment_method": None}
    work.save(intent)
    work.emit("setup_intent.setup_failed", intent)


def _begin_attempt(work: Work, intent: JsonObject, method: JsonObject) -> None:
    shared = ("application", "attach_to_self", "customer", "customer_account", "flow_directions", "on_behalf_of")
    attempt = (
        blank(ATTEMPT)
        | {name: intent[name] for name in (*shared, "usage")}
        | {
            "id": work.new_id("setatt_1", 23),
            "created": work.now,
            "payment_method": method["id"],
            "payment_method_details": _details(method, None),
            "setup_intent": intent["id"],
            "status": "requires_confirmation",
        }
    )
    work.insert(attempt)
    intent["latest_attempt"] = attempt["id"]


async def _end_attempt(
    work: Work,
    intent: JsonObject,
    action: AttemptAction,
    *,
    method: JsonObject | None = None,
    three_d_secure: JsonObject | None = None,
    error: JsonObject | None = None,
) -> None:
    attempt = await work.fetch(ATTEMPT, intent["latest_attempt"])
    ATTEMPTS.move(attempt, action)
    attempt["setup_error"] = error
    if method is not None:
        attempt["payment_method_details"] = _details(method, three_d_secure)
    work.save(attempt)


async def abandon_attempt(work: Work, intent: JsonObject) -> None:
    """End the attempt that waits for the customer, if there is one: the intent goes another way."""
    attempt = None if intent["latest_attempt"] is None else await work.get(ATTEMPT, intent["latest_attempt"])
    if attempt is not None and attempt["status"] in ATTEMPTS.allowed("abandon"):
        ATTEMPTS.move(attempt, "abandon")
        work.save(attempt)


def _details(method: JsonObject, three_d_secure: JsonObject | None) -> JsonObject:
    """Return how the method looked in an attempt."""
    if method["type"] != "card":
        definition = catalogue.load().definitions["setup_attempt.payment_method_details"]["fields"].get(method["type"])
        details = {} if definition is None else blank_fields(catalogue.load().resolve(definition))
        return {"type": method["type"], method["type"]: details}
    card = method["card"]
    shown = blank_fields(catalogue.load().definitions["setup_attempt.payment_method_details.card"])
    shown |= {name: card[name] for name in shown if name in card}
    network = card["networks"]["available"][-1] if card["networks"] else None
    if three_d_secure is not None:
        three_d_secure = {name: value for name, value in three_d_secure.items() if name != "exemption_indicator"}
    return {"type": "card", "card": shown | {"network": network, "three_d_secure": three_d_secure}}


async def keep_agreement(work: Work, intent: JsonObject, **agreed: Mapping[str, Any]) -> None:
    """Note what a mandate is to be made of: `customer_acceptance`, or `single_use` with an amount and a currency."""
    kept = await work.get(AGREEMENT, intent["id"])
    if kept is None:
        kept = {"object": AGREEMENT, "id": intent["id"], "customer_acceptance": None, "single_use": None}
        work.insert(kept)
    kept |= agreed
    work.save(kept)


async def _make_mandates(work: Work, intent: JsonObject, method: JsonObject) -> None:
    agreed = await work.get(AGREEMENT, intent["id"])
    if agreed is None or agreed["customer_acceptance"] is None:
        return
    mandate = make_mandate(work, method, agreed["customer_acceptance"], single_use=agreed["single_use"])
    intent["mandate" if agreed["single_use"] is None else "single_use_mandate"] = mandate["id"]


def check_setup_owner(method: JsonObject, customer: str | None, intent: JsonObject | None) -> None:
    """Hold the owner of a payment method against the customer of the intent, None while that is being made.

    Raises:
        SetupMethodOwned: it is another's.
    """
    if method["customer"] not in (None, customer):
        raise SetupMethodOwned(method, customer, intent)
