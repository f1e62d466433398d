"""Paying a checkout session from its hosted page: what the shopper entered, and what comes of it. No HTML here.

Session, intent, charge and their events are one commit, so of two shoppers who pay at once only one is charged.
"""

from diddo_gateways.stripe_fake.checkout.answers import Answers
from diddo_gateways.stripe_fake.checkout.choices import Choices, choose
from diddo_gateways.stripe_fake.checkout.confirming import confirm_session, destination, page_url
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.expiring import current
from diddo_gateways.stripe_fake.checkout.outcomes import CardForm, Challenge, Declined, Gone, Outcome, Paid
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "CardForm",
    "Challenge",
    "Declined",
    "Gone",
    "Outcome",
    "Paid",
    "change_session",
    "pay_session",
    "payment_message",
]

KIND = "checkout.session"


async def pay_session(
    server: Server,
    session_id: str,
    form: CardForm,
    *,
    answers: Answers | None = None,
    choices: Choices | None = None,
    expected_amount: int | None = None,
) -> Outcome:
    """Attempt to pay an open session, or to set up what it is for.

    Args:
        server: the server.
        session_id: the session's id.
        form: what is paid with.
        answers: what was entered besides; by default what the form says.
        choices: what was chosen and not saved with `change_session` yet.
        expected_amount: the total that the shopper has seen; if it is another by now, nothing is paid.
    """
    world = await server.worlds.holding(KIND, session_id)
    if world is None:
        return Gone("missing")

    if choices is not None:
        outcome = await change_session(server, session_id, choices)
        if outcome is not None:
            return outcome

    async def pay(work: Work) -> Outcome:
        session = await current(work, session_id)
        if session["status"] != "open":
            return Gone(session["status"])
        try:
            return await confirm_session(
                work, session, form, answers=answers or form.answers(), expected_amount=expected_amount
            )
        except PaymentDeclined as error:
            return _declined(error)

    try:
        return await transact(server, world, pay)
    except StripeError as error:
        # Nothing was attempted, and nothing of it is kept.
        return _declined(error)


async def change_session(server: Server, session_id: str, choices: Choices) -> Declined | Gone | None:
    """Save what the shopper has chosen; None when all of it holds."""
    world = await server.worlds.holding(KIND, session_id)
    if world is None:
        return Gone("missing")

    async def change(work: Work) -> Declined | Gone | None:
        session = await current(work, session_id)
        if session["status"] != "open":
            return Gone(session["status"])
        await choose(work, session, choices)
        return None

    try:
        return await transact(server, world, change)
    except StripeError as error:
        return _declined(error)


def _declined(error: StripeError) -> Declined:
    return Declined(error.message, error.code, error.extra.get("decline_code"), error.param)


async def is_payable(work: Work, session_id: str | None) -> bool:
    """Say whether a payment may go through: one of no session always, else while the session is open."""
    return session_id is None or bool((await current(work, session_id))["status"] == "open")


async def after_challenge(work: Work, session_id: str, _intent: JsonObject) -> str | None:
    """Return where the shopper goes after a challenge, which has completed the session if it was passed."""
    session = await current(work, session_id)
    return destination(session) if session["status"] == "complete" else page_url(work, session)


async def payment_message(server: Server, session_id: str) -> str | None:
    """Return why the last attempt to pay a session failed, for its page to show; None when none did."""
    world = await server.worlds.holding(KIND, session_id)
    if world is None:
        return None
    work = server.work(world)
    session = await work.fetch(KIND, session_id)
    content = await content_of(work, session)
    for kind, field_name in (("payment_intent", "last_payment_error"), ("setup_intent", "last_setup_error")):
        intent_id = session[kind] or content.get(kind)
        error = intent_id and (await work.fetch(kind, intent_id))[field_name]
        if error:
            return str(error["message"])
    return None
