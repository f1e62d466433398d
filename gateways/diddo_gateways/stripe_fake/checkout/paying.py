"""Paying a checkout session from its hosted page: what the shopper typed in, and what comes of it. No HTML here.

The payment intent is made when the shopper confirms, and kept over further attempts. Session, intent, charge and their
events are one commit, so of two shoppers who pay at once only one is charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.payments.cards import CardDetails, read_card
from diddo_gateways.stripe_fake.payments.confirmation import Terms, confirm
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.owners import own
from diddo_gateways.stripe_fake.resources import customers
from diddo_gateways.stripe_fake.resources.checkout_sessions import complete, content_of, current
from diddo_gateways.stripe_fake.resources.payment_intents import make_intent, provide
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_card
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["CardForm", "Challenge", "Declined", "Gone", "Outcome", "Paid", "pay_session", "payment_message"]

KIND = "checkout.session"
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
INTENT_FIELDS = (
    "capture_method",
    "description",
    "metadata",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardForm:
    """What the shopper typed in; None or empty when left out."""

    number: str = field(default="", repr=False)
    exp_month: str | int = ""
    exp_year: str | int = ""
    cvc: str = field(default="", repr=False)
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    country: str | None = None
    postal_code: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """It is paid; None when the session's creator wants no redirect."""

    redirect_url: str | None


@dataclass(frozen=True, slots=True)
class Challenge:
    """The shopper has to authenticate at `url` first."""

    url: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It is not paid, and can be tried again; `param` is the field of the form that is at fault, if one is."""

    message: str
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The session is not open (`complete` or `expired`), or there is none (`missing`)."""

    status: str


Outcome = Paid | Challenge | Declined | Gone


async def pay_session(server: Server, session_id: str, form: CardForm) -> Outcome:
    """Attempt to pay an open session with a card."""
    world = await server.worlds.holding(KIND, session_id)
    if world is None:
        return Gone("missing")

    async def pay(work: Work) -> Outcome:
        session = await current(work, session_id)
        if session["status"] != "open":
            return Gone(session["status"])
        try:
            _check_email(session, form)
            return await _pay(work, session, form)
        except StripeError as error:
            return _declined(error)

    return await transact(server, world, pay)


def _check_email(session: JsonObject, form: CardForm) -> None:
    if _known_email(session) is None:
        if not form.email:
            raise Incomplete("Your email is incomplete.", code="incomplete_email", param="email")
        check_email(form.email, param="email")


class Incomplete(StripeError):
    """A field of the form that was left empty; Stripe's page says so before anything is sent."""


async def _pay(work: Work, session: JsonObject, form: CardForm) -> Outcome:
    if session["amount_total"] == 0:
        await complete(work, session, None, details={"email": form.email, "name": form.name})
        return Paid(destination(session))
    if not form.cvc:
        raise Incomplete("Your card's security code is incomplete.", code="incomplete_cvc", param="cvc")
    details = CardDetails(form.number, form.exp_month, form.exp_year, form.cvc)
    card, month, year = read_card(details, now=work.now)
    intent = await _intent_of(work, session, form)
    billing = _billing(form, email=_known_email(session) or form.email)
    provide(intent, make_from_card(work, card, expiry=(month, year), cvc_sent=True, billing=billing))
    try:
        await confirm(work, intent, Terms(return_url=page_url(work, session), session=session["id"]))
    except PaymentDeclined as error:
        return _declined(error)
    if intent["status"] == "requires_action":
        return Challenge(intent["next_action"]["redirect_to_url"]["url"])
    return Paid(await conclude(work, session, intent))


def _declined(error: StripeError) -> Declined:
    return Declined(error.message, error.code, error.extra.get("decline_code"), error.param)


def _billing(form: CardForm, *, email: str | None) -> JsonObject:
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    address = {name: getattr(form, name) for name in names}
    return {"address": address, "email": email, "name": form.name, "phone": form.phone}


async def _intent_of(work: Work, session: JsonObject, form: CardForm) -> JsonObject:
    """Return the session's intent, made at the first attempt.

    The session is written at every attempt: so two that are made at once cannot both go through.
    """
    work.save(session)
    if session["payment_intent"] is not None:
        kept = await work.fetch("payment_intent", session["payment_intent"])
        kept["amount"] = session["amount_total"]
        work.save(kept)
        return kept
    asked = (await content_of(work, session))["payment_intent_data"] or {}
    if session["customer"] is None and _wants_customer(session, asked):
        session["customer"] = await _new_customer(work, session, form)
    intent = await make_intent(work, _intent_params(session, asked))
    session["payment_intent"] = intent["id"]
    own(work, intent["id"], KIND, session["id"])
    work.emit("payment_intent.created", intent)
    return intent


def _intent_params(session: JsonObject, asked: Mapping[str, Any]) -> JsonObject:
    params: JsonObject = {
        "amount": session["amount_total"],
        "currency": session["currency"],
        "automatic_payment_methods": {"enabled": False},
        "payment_method_options": {"card": (session["payment_method_options"] or {}).get("card") or {}},
    }
    if session["customer"] is not None:
        params["customer"] = session["customer"]
    return params | {name: asked[name] for name in INTENT_FIELDS if asked.get(name) is not None}


def _wants_customer(session: JsonObject, asked: Mapping[str, Any]) -> bool:
    return session["customer_creation"] == "always" or bool(asked.get("setup_future_usage"))


async def _new_customer(work: Work, session: JsonObject, form: CardForm) -> str:
    params = {"email": _known_email(session) or form.email}
    if form.name:
        params["name"] = form.name
    made = await customers.create(Call(work, params))
    assert isinstance(made, dict)  # noqa: S101  an operation that makes something returns it
    return str(made["id"])


def _known_email(session: JsonObject) -> str | None:
    email: str | None = (session["customer_details"] or {}).get("email") or session["customer_email"]
    return email


async def conclude(work: Work, session: JsonObject, intent: JsonObject) -> str | None:
    """Complete a session whose intent went through, and return where the shopper goes."""
    method = await work.fetch("payment_method", intent["payment_method"])
    billing = method["billing_details"]
    details = {name: billing[name] for name in ("email", "name", "phone")}
    if any(billing["address"].values()):
        details["address"] = billing["address"]
    await complete(work, session, intent, details=details)
    return destination(session)


def destination(session: JsonObject) -> str | None:
    """Return where the shopper goes once a session is complete."""
    url: str | None = session["success_url"] or session.get("return_url")
    return None if url is None else url.replace(PLACEHOLDER, session["id"])


def page_url(work: Work, session: JsonObject) -> str:
    """Return the URL of a session's hosted page, without the fragment that its `url` has."""
    return f"{work.fake.pages_url}/c/pay/{session['id']}"


async def is_payable(work: Work, session_id: str | None) -> bool:
    """Say whether a payment may go through: one of no session always, else while the session is open."""
    return session_id is None or bool((await current(work, session_id))["status"] == "open")


async def after_challenge(work: Work, session_id: str, intent: JsonObject) -> str | None:
    """Complete the session when its challenge was passed, and return where the shopper goes."""
    session = await current(work, session_id)
    if session["status"] == "complete":
        return destination(session)
    if session["status"] == "open" and intent["status"] in ("succeeded", "requires_capture"):
        return await conclude(work, session, intent)
    return page_url(work, session)


async def payment_message(server: Server, session_id: str) -> str | None:
    """Return why the last attempt to pay a session failed, for its page to show; None when none did."""
    world = await server.worlds.holding(KIND, session_id)
    if world is None:
        return None
    work = server.work(world)
    session = await work.fetch(KIND, session_id)
    if session["payment_intent"] is None:
        return None
    intent = await work.fetch("payment_intent", session["payment_intent"])
    error = intent["last_payment_error"]
    return None if error is None else str(error["message"])
