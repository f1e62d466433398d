"""Confirming a checkout session: the payment or the setup that the shopper asks for, and the session's end if it goes through.

The intent is made when the shopper confirms, and kept over further attempts.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.redemption import redeemable
from diddo_gateways.stripe_fake.checkout.answers import Answers, answered, known_email
from diddo_gateways.stripe_fake.checkout.completion import complete
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.incomplete import Incomplete
from diddo_gateways.stripe_fake.checkout.outcomes import CardForm, Challenge, Outcome, Paid
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.payments.cards import CardDetails, read_card
from diddo_gateways.stripe_fake.payments.confirmation import Terms, confirm
from diddo_gateways.stripe_fake.payments.owners import own
from diddo_gateways.stripe_fake.payments.setup import change_setup_intent, confirm_setup, make_setup_intent
from diddo_gateways.stripe_fake.resources import customers
from diddo_gateways.stripe_fake.resources.charges import shipping
from diddo_gateways.stripe_fake.resources.payment_intents import make_intent, provide
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_card, make_from_params, named, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["confirm_session", "destination", "method_wanted", "page_url"]

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


class AmountMismatch(InvalidRequest):
    """The shopper was shown another total than the session comes to."""

    code = "checkout_amount_mismatch"

    def __init__(self) -> None:
        super().__init__(
            "The total of your order has changed. Look at it again, then confirm.", param="expected_amount"
        )


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
        kept |= {"amount": session["amount_total"], "customer": session["customer"], **_where_to(content)}
        work.save(kept)
        return kept
    intent = await make_intent(work, _intent_params(session, request, saves=saves))
    intent |= _where_to(content)
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    # Of a subscription it is the first invoice that shows what paid it.
    content["payment_intent"] = intent["id"]
    own(work, intent["id"], KIND, session["id"])
    work.emit("payment_intent.created", intent)
    return intent


def _where_to(content: JsonObject) -> JsonObject:
    """Return the `shipping` of the intent, if the shopper has said where the goods go."""
    details = content["answers"]["collected_information"]["shipping_details"]
    return {"shipping": shipping(details)} if details else {}


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
    shipped = given["collected_information"]["shipping_details"]
    params = {name: details[name] for name in ("address", "email", "name", "phone") if details[name]}
    if shipped:
        params["shipping"] = {"address": shipped["address"], "name": shipped["name"]}
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
