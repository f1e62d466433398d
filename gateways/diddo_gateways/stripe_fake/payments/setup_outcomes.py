"""How an attempt at a setup ends: the payment method is saved, or refused, which the setup intent then shows."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.mandates import make_mandate
from diddo_gateways.stripe_fake.payments.outcomes import DOCS
from diddo_gateways.stripe_fake.payments.setup_attempts import end_attempt
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.resources.payment_methods import card_of, keep_for, past_of, verify_card
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["fail", "keep_agreement", "refuse", "succeed"]

# What the customer agreed to, kept beside the intent under its id until a mandate is made of it.
AGREEMENT = "setup_intent_agreement"


async def succeed(
    work: Work, intent: JsonObject, method: JsonObject, action: str, *, three_d_secure: JsonObject | None = None
) -> None:
    """Save the intent's payment method; `action` is the edge that the intent takes."""
    await _save(work, intent, method, authorised=action == "authenticate" or three_d_secure is not None)
    await _make_mandate(work, intent, method)
    await end_attempt(work, intent, method, "succeed", three_d_secure=three_d_secure)
    SETUPS.move(intent, action, "succeeded")
    intent |= {"last_setup_error": None, "next_action": None}
    work.save(intent)
    work.emit("setup_intent.succeeded", intent)


async def _save(work: Work, intent: JsonObject, method: JsonObject, *, authorised: bool) -> None:
    """Attach the method to the intent's customer; without one it can still be attached, and nothing else."""
    await keep_for(work, method, intent["customer"])
    if method["customer"] is None:
        (await past_of(work, method))["used_up"] = "until_attached"
        if method["type"] == "card":
            verify_card(work, method)
    counts = method["type"] != "card" or card_of(work, method).off_session == "once_set_up"
    if counts and authorised and intent["usage"] == "off_session":
        (await past_of(work, method))["set_up"] = True


async def refuse(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    action: str,
    fields: JsonObject,
    *,
    three_d_secure: JsonObject | None = None,
) -> PaymentDeclined:
    """Put the intent back to where it needs another payment method, and return the error to raise."""
    given = dict(fields)
    await fail(work, intent, method, action, {**fields, "type": "card_error"}, three_d_secure=three_d_secure)
    return PaymentDeclined(given, {"setup_intent": intent, "payment_method": method})


async def fail(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    action: str,
    fields: JsonObject,
    *,
    three_d_secure: JsonObject | None = None,
) -> None:
    """Put the intent back to where it needs another payment method; `fields` are those of its error."""
    error = {**fields, "doc_url": DOCS + fields["code"].replace("_", "-"), "payment_method": method}
    error = dict(sorted(error.items()))
    await end_attempt(work, intent, method, "fail", three_d_secure=three_d_secure, error=error)
    SETUPS.move(intent, action, "requires_payment_method")
    intent |= {"last_setup_error": error, "next_action": None, "payment_method": None}
    work.save(intent)
    work.emit("setup_intent.setup_failed", intent)


async def keep_agreement(work: Work, intent: JsonObject, **agreed: Mapping[str, Any]) -> None:
    """Note what a mandate is to be made of: `customer_acceptance`, or `single_use` with an amount and a currency."""
    kept = await work.get(AGREEMENT, intent["id"])
    if kept is None:
        kept = {"object": AGREEMENT, "id": intent["id"], "customer_acceptance": None, "single_use": None}
        work.insert(kept)
    kept |= agreed
    work.save(kept)


async def _make_mandate(work: Work, intent: JsonObject, method: JsonObject) -> None:
    agreed = await work.get(AGREEMENT, intent["id"])
    if agreed is None or agreed["customer_acceptance"] is None:
        return
    mandate = make_mandate(work, method, agreed["customer_acceptance"], single_use=agreed["single_use"])
    intent["mandate" if agreed["single_use"] is None else "single_use_mandate"] = mandate["id"]
