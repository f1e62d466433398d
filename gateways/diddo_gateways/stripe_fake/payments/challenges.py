"""The page of a 3-D Secure challenge: what it shows, and what the shopper's answer does. No HTML here."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from diddo_gateways.stripe_fake.checkout.paying import after_challenge, is_payable
from diddo_gateways.stripe_fake.payments.authentication import (
    CHALLENGE,
    CHALLENGES,
    is_current,
    keep_passed,
)
from diddo_gateways.stripe_fake.payments.confirmation import resume
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.outcomes import fail_authentication
from diddo_gateways.stripe_fake.payments.owners import tell_owner
from diddo_gateways.stripe_fake.payments.setup_confirmation import finish_setup
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["ChallengePage", "answer_challenge", "challenge_page"]


@dataclass(frozen=True, slots=True)
class ChallengePage:
    """What a challenge page shows.

    Attributes:
        id: the challenge's id.
        open: whether it still waits for an answer; a challenge that was answered, or whose payment went another way,
            does not.
        amount: minor units of `currency` (lower case), both None when a card is only to be saved.
        brand: the card's, such as `visa`; the type of a payment method that is no card, such as `ideal`.
        last4: the card's last digits; None when it is no card.
    """

    id: str
    open: bool
    amount: int | None
    currency: str | None
    brand: str
    last4: str | None


async def challenge_page(server: Server, challenge_id: str) -> ChallengePage | None:
    """Return what the page of a challenge shows, or None when there is no such challenge."""
    world = await server.worlds.holding(CHALLENGE, challenge_id)
    if world is None:
        return None
    work = server.work(world)
    challenge = await work.fetch(CHALLENGE, challenge_id)
    intent = await _intent_of(work, challenge)
    method = await work.fetch("payment_method", challenge["payment_method"])
    card = method.get("card") or {}
    return ChallengePage(
        id=challenge_id,
        open=is_current(challenge, intent),
        amount=intent.get("amount"),
        currency=intent.get("currency"),
        brand=str(card.get("brand", method["type"])),
        last4=card.get("last4"),
    )


async def answer_challenge(server: Server, challenge_id: str, outcome: Literal["complete", "fail"]) -> str | None:
    """Carry out the shopper's answer and return the URL to send the shopper to.

    That is the `return_url` with `payment_intent`, `payment_intent_client_secret` (or those of the setup intent) and
    `redirect_status` added; for a
    checkout session its success URL, or its page when the payment failed. None when the payment names no URL, as
    with Stripe.js, which waits for the page to close. Answering again changes nothing and leads to the same place.

    Raises:
        LookupError: there is no such challenge.
    """
    world = await server.worlds.holding(CHALLENGE, challenge_id)
    if world is None:
        raise LookupError(challenge_id)

    async def answer(work: Work) -> str | None:
        challenge = await work.fetch(CHALLENGE, challenge_id)
        intent = await _intent_of(work, challenge)
        if is_current(challenge, intent) and await is_payable(work, challenge["session"]):
            await _carry_out(work, challenge, intent, outcome)
            await tell_owner(work, intent)
        if challenge["session"] is not None:
            return await after_challenge(work, challenge["session"], intent)
        return _back(challenge, intent)

    return await transact(server, world, answer)


async def _intent_of(work: Work, challenge: JsonObject) -> JsonObject:
    kind = "setup_intent" if "setup_intent" in challenge else "payment_intent"
    return await work.fetch(kind, challenge[kind])


async def _carry_out(
    work: Work, challenge: JsonObject, intent: JsonObject, outcome: Literal["complete", "fail"]
) -> None:
    method = await work.fetch("payment_method", intent["payment_method"])
    if outcome == "fail":
        CHALLENGES.move(challenge, "fail", "failed")
        work.save(challenge)
        if intent["object"] == "setup_intent":
            return await finish_setup(work, intent, passed=False)
        return fail_authentication(work, intent, method)
    CHALLENGES.move(challenge, "complete", "completed")
    work.save(challenge)
    if intent["object"] == "setup_intent":
        return await finish_setup(work, intent, passed=True)
    if intent["confirmation_method"] == "manual" and method["type"] == "card":
        INTENTS.move(intent, "authenticate", "requires_confirmation")
        intent["next_action"] = None
        work.save(intent)
        return keep_passed(work, intent)
    try:
        await resume(work, intent, method)
    except PaymentDeclined:
        # The shopper learns it where the redirect leads; the failed charge and its events stay.
        return None


def _back(challenge: JsonObject, intent: JsonObject) -> str | None:
    if challenge["return_url"] is None:
        return None
    failed = intent["status"] in ("requires_payment_method", "canceled")
    added = urlencode(
        {
            intent["object"]: intent["id"],
            f"{intent['object']}_client_secret": intent["client_secret"],
            "redirect_status": "failed" if failed else "succeeded",
        }
    )
    parts = urlsplit(challenge["return_url"])
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
