"""Paying a checkout session from its hosted page: what the shopper entered, and what comes of it. No HTML here.

The payment intent is made when the shopper confirms, and kept over further attempts. Session, intent, charge and their
events are one commit, so of two shoppers who pay at once only one is charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.billing.redemption import redeemable
from diddo_gateways.stripe_fake.checkout.answers import Answers, answered, known_email
from diddo_gateways.stripe_fake.checkout.choices import Choices, choose
from diddo_gateways.stripe_fake.checkout.completion import complete
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.expiring import current
from diddo_gateways.stripe_fake.checkout.incomplete import Incomplete
from diddo_gateways.stripe_fake.errors import InvalidRequest, StripeError
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.payments.cards import CardDetails, read_card
from diddo_gateways.stripe_fake.payments.confirmation import Terms, confirm
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.owners import own
from diddo_gateways.stripe_fake.payments.setup import change_setup_intent, confirm_setup, make_setup_intent
from diddo_gateways.stripe_fake.resources import customers
from diddo_gateways.stripe_fake.resources.payment_intents import make_intent, provide
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_card, make_from_params, named, past_of
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
    "confirm_session",
    "method_wanted",
    "pay_session",
    "payment_message",
]

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
    """What the shopper pays with, and who the shopper is; None or empty when left out.

    Attributes:
        payment_method: the id of a payment method that is there already, instead of a card's number.
        method_data: another kind of payment method than a card, as `payment_method_data` describes it.
        save: whether the shopper agrees that the payment method is kept.
    """

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
    payment_method: str | None = None
    method_data: Mapping[str, Any] | None = field(default=None, repr=False)
    save: bool = False

    def address(self) -> JsonObject:
        """Return the billing address."""
        names = ("city", "country", "line1", "line2", "postal_code", "state")
        return {name: getattr(self, name) or None for name in names}

    def answers(self) -> Answers:
        """Return what the form says of the shopper."""
        return Answers(email=self.email, name=self.name, phone=self.phone, address=self.address())


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


class AmountMismatch(InvalidRequest):
    """The shopper was shown another total than the session comes to."""

    code = "checkout_amount_mismatch"

    def __init__(self) -> None:
        super().__init__(
            "The total of your order has changed. Look at it again, then confirm.", param="expected_amount"
        )


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


async def confirm_session(
    work: Work, session: JsonObject, form: CardForm, *, answers: Answers, expected_amount: int | None = None
) -> Outcome:
    """Attempt to pay an open session, in a work that the caller commits.

    Raises:
        PaymentDeclined: the attempt failed; what it changed is to be kept.
        StripeError: what was entered does not hold; nothing has been attempted.
    """
    if expected_amount is not None and expected_amount != (session["amount_total"] or 0):
        raise AmountMismatch
    content = await content_of(work, session)
    for one in content["discounts"]:
        # It may have ended since it was applied.
        asked = {"promotion_code": one["promotion_code"]} if one["promotion_code"] else {"coupon": one["coupon"]["id"]}
        await redeemable(work, asked, customer=session["customer"])
    if method_wanted(session):
        method = await _method(work, form, email=known_email(session) or form.email)
        _allow_redisplay(work, method, content["request"], saves=form.save)
    else:
        method = None
    given = answered(session, answers if method is None else answers.with_billing(method["billing_details"]))
    # The session is written at every attempt: so two that are made at once cannot both go through.
    work.save(session)
    content["answers"] = given
    work.save(content)
    if session["customer"] is None and _wants_customer(session, content["request"]):
        session["customer"] = await _new_customer(work, given)
    return await _attempt(work, session, content, method, form)


def method_wanted(session: JsonObject) -> bool:
    """Say whether anything is to be paid or saved."""
    if session["mode"] == "payment":
        return bool(session["amount_total"])
    return session["payment_method_collection"] == "always" or bool(session["amount_total"])


async def _attempt(
    work: Work, session: JsonObject, content: JsonObject, method: JsonObject | None, form: CardForm
) -> Outcome:
    if method is None:
        await complete(work, session, None)
        return Paid(destination(session))
    # The page shows the terms of a debit's mandate; pressing its button agrees to them.
    terms = Terms(return_url=page_url(work, session), session=session["id"], by_customer=True)
    if session["amount_total"]:
        intent = await _intent_of(work, session, content["request"], saves=form.save)
        provide(intent, method)
        await confirm(work, intent, terms)
    else:
        intent = await _setup_of(work, session)
        await change_setup_intent(work, intent, {"payment_method": method["id"]})
        await confirm_setup(work, intent, terms, mandate_data=ACCEPTED if method["type"] != "card" else None)
    redirect = (intent["next_action"] or {}).get("redirect_to_url")
    if redirect is not None:
        return Challenge(redirect["url"])
    # An account that microdeposits have to verify first does so after the session.
    await complete(work, session, intent)
    return Paid(destination(session))


# What a setup intent wants to hear of the same.
ACCEPTED: JsonObject = {
    "customer_acceptance": {"type": "online", "online": {"ip_address": "127.0.0.1", "user_agent": "-"}}
}


def _declined(error: StripeError) -> Declined:
    return Declined(error.message, error.code, error.extra.get("decline_code"), error.param)


async def _method(work: Work, form: CardForm, *, email: str | None) -> JsonObject:
    if form.payment_method is not None:
        return await named(work, form.payment_method)
    billing = {"address": form.address(), "email": email, "name": form.name, "phone": form.phone}
    if form.method_data is not None:
        method = await make_from_params(work, {**form.method_data, "billing_details": billing})
        # The shopper has signed in to the bank on the page, as far as that needs to be.
        (await past_of(work, method))["verified"] = True
        return method
    if not form.cvc:
        raise Incomplete("Your card's security code is incomplete.", code="incomplete_cvc", param="cvc")
    details = CardDetails(form.number, form.exp_month, form.exp_year, form.cvc)
    card, month, year = read_card(details, now=work.now)
    return make_from_card(work, card, expiry=(month, year), cvc_sent=True, billing=billing)


def _allow_redisplay(work: Work, method: JsonObject, request: Mapping[str, Any], *, saves: bool) -> None:
    """Say of a new payment method where it may be shown again: as the shop asked, or anywhere if the shopper agrees."""
    asked = request.get("payment_method_data", {}).get("allow_redisplay")
    wanted = "always" if saves else asked
    if wanted is not None and (saves or method["customer"] is None):
        method["allow_redisplay"] = wanted
        work.save(method)


async def _intent_of(work: Work, session: JsonObject, request: Mapping[str, Any], *, saves: bool) -> JsonObject:
    """Return the session's payment intent, made at the first attempt."""
    content = await content_of(work, session)
    known = session["payment_intent"] or content.get("payment_intent")
    if known is not None:
        kept = await work.fetch("payment_intent", known)
        kept |= {"amount": session["amount_total"], "customer": session["customer"]}
        work.save(kept)
        return kept
    intent = await make_intent(work, _intent_params(session, request, saves=saves))
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    # Of a subscription it is the first invoice that shows what paid it.
    content["payment_intent"] = intent["id"]
    own(work, intent["id"], KIND, session["id"])
    work.emit("payment_intent.created", intent)
    return intent


def _intent_params(session: JsonObject, request: Mapping[str, Any], *, saves: bool) -> JsonObject:
    asked = request.get("payment_intent_data") or {}
    options = dict(session["payment_method_options"] or {})
    params: JsonObject = {
        "amount": session["amount_total"],
        "currency": session["currency"],
        "allowed_payment_method_types": session["payment_method_types"],
        "automatic_payment_methods": {"enabled": False},
        "payment_method_options": {"card": options.get("card") or {}},
    }
    if session["payment_method_types"] == ["card"]:
        del params["allowed_payment_method_types"]
    if session["customer"] is not None:
        params["customer"] = session["customer"]
    if session["mode"] == "subscription" or saves:
        params["setup_future_usage"] = "off_session"
    return params | {name: asked[name] for name in INTENT_FIELDS if asked.get(name) is not None}


async def _setup_of(work: Work, session: JsonObject) -> JsonObject:
    """Return the setup intent of a session that takes no money now: in setup mode it was made with the session."""
    content = await content_of(work, session)
    known = session["setup_intent"] or content.get("setup_intent")
    if known is not None:
        intent = await work.fetch("setup_intent", known)
        if intent["customer"] is None and session["customer"] is not None:
            await change_setup_intent(work, intent, {"customer": session["customer"]})
        return intent
    params = {"automatic_payment_methods": {"enabled": False}, "customer": session["customer"]}
    intent = await make_setup_intent(work, params)
    content["setup_intent"] = intent["id"]
    own(work, intent["id"], KIND, session["id"])
    work.emit("setup_intent.created", intent)
    return intent


def _wants_customer(session: JsonObject, request: Mapping[str, Any]) -> bool:
    if session["customer_creation"] == "always" or (session["invoice_creation"] or {}).get("enabled"):
        return True
    return bool((request.get("payment_intent_data") or {}).get("setup_future_usage"))


async def _new_customer(work: Work, given: JsonObject) -> str:
    details = given["customer_details"]
    shipping = given["collected_information"]["shipping_details"]
    params = {name: details[name] for name in ("address", "email", "name", "phone") if details[name]}
    if shipping:
        params["shipping"] = {"address": shipping["address"], "name": shipping["name"]}
    made = await customers.create(Call(work, params))
    assert isinstance(made, dict)  # noqa: S101  an operation that makes something returns it
    return str(made["id"])


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
