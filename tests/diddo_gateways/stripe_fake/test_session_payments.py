"""Paying a checkout session from its page: paid, declined and paid then, challenged, gone, raced for."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.checkout.paying import (
    CardForm,
    Challenge,
    Declined,
    Gone,
    Paid,
    pay_session,
    payment_message,
)
from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

VISA = CardForm(
    number="4242 4242 4242 4242",
    exp_month="12",
    exp_year="40",
    cvc="123",
    email="ada@example.com",
    name="Ada Lovelace",
    country="US",
    postal_code="94103",
)


def with_card(number: str, **more: Any) -> CardForm:
    return replace(VISA, number=number, **more)


def open_session(shop: Any, amount: int = 1250, **more: Any) -> stripe.checkout.Session:
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Hat"}}
    params = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 2}],
        "success_url": "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.test/cart",
        **more,
    }
    return shop.client.v1.checkout.sessions.create(params)  # type: ignore[no-any-return]


def pay(shop: Any, session: Any, form: CardForm = VISA) -> Any:
    return shop.call(pay_session(shop.server.fake, session.id, form))


def now(shop: Any, session: Any, **params: Any) -> Any:
    return shop.client.v1.checkout.sessions.retrieve(session.id, params)


def test_a_session_is_paid(shop: Any, well_formed: Any) -> None:
    session = open_session(
        shop, payment_intent_data={"metadata": {"order": "7"}, "description": "Hats"}, metadata={"cart": "9"}
    )
    assert session.payment_intent is None
    assert pay(shop, session) == Paid(f"https://shop.test/done?session={session.id}")
    done = now(shop, session, expand=["payment_intent.latest_charge"])
    well_formed(done)
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.customer_details.email == "ada@example.com"
    assert done.customer_details.name == "Ada Lovelace"
    assert done.customer_details.address.postal_code == "94103"
    intent = done.payment_intent
    assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 2500, "usd")
    assert (intent.metadata.to_dict(), intent.description) == ({"order": "7"}, "Hats")
    assert intent.latest_charge.billing_details.email == "ada@example.com"
    assert shop.events()[-4:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_decline_leaves_the_session_open_for_another_card(shop: Any) -> None:
    session = open_session(shop)
    assert pay(shop, session, with_card("4000000000009995")) == Declined(
        "Your card has insufficient funds.", "card_declined", "insufficient_funds"
    )
    declined = now(shop, session)
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    assert declined.url == session.url
    assert shop.events()[-3:] == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    message = payment_message(shop.server.fake, session.id)
    assert shop.call(message) == "Your card has insufficient funds."
    assert isinstance(pay(shop, session, with_card("5555555555554444")), Paid)
    done = now(shop, session)
    assert done.payment_intent == declined.payment_intent, "the same intent is used again"
    charges = shop.client.v1.charges.list({"payment_intent": done.payment_intent})
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert shop.call(payment_message(shop.server.fake, session.id)) is None


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        (with_card("4242424242424241"), "incorrect_number", "number"),
        (with_card("12"), "invalid_number", "number"),
        (with_card(""), "invalid_number", "number"),
        (with_card("4012888888881881"), "card_declined", "number"),
        (replace(VISA, exp_month="13"), "invalid_expiry_month", "exp_month"),
        (replace(VISA, exp_year="20"), "invalid_expiry_year", "exp_year"),
        (replace(VISA, cvc="12"), "invalid_cvc", "cvc"),
        (replace(VISA, cvc=""), "incomplete_cvc", "cvc"),
        (with_card("378282246310005", cvc="123"), "invalid_cvc", "cvc"),
        (replace(VISA, email=None), "incomplete_email", "email"),
        (replace(VISA, email="ada"), "email_invalid", "email"),
    ],
)
def test_details_that_are_wrong_change_nothing(shop: Any, form: CardForm, code: str, param: str) -> None:
    session = open_session(shop)
    before = shop.events()
    outcome = pay(shop, session, form)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.param) == (code, param)
    assert now(shop, session).payment_intent is None
    assert shop.events() == before


def test_amex_with_its_four_digits(shop: Any) -> None:
    assert isinstance(pay(shop, open_session(shop), with_card("378282246310005", cvc="1234")), Paid)


def challenged(shop: Any, number: str = "4000002760003184") -> tuple[Any, str]:
    session = open_session(shop)
    outcome = pay(shop, session, with_card(number))
    assert isinstance(outcome, Challenge)
    assert outcome.url.startswith("http://pages.test/3d_secure/")
    assert now(shop, session).status == "open"
    return session, outcome.url.rpartition("/")[2]


def test_a_challenge_that_is_passed_completes_the_session(shop: Any) -> None:
    session, challenge = challenged(shop)
    url = shop.call(answer_challenge(shop.server.fake, challenge, "complete"))
    assert url == f"https://shop.test/done?session={session.id}"
    done = now(shop, session)
    assert (done.status, done.payment_status) == ("complete", "paid")
    assert done.customer_details.email == "ada@example.com"
    assert shop.call(answer_challenge(shop.server.fake, challenge, "complete")) == url
    assert shop.events().count("checkout.session.completed") == 1


def test_a_challenge_that_is_failed_leads_back_to_the_page(shop: Any) -> None:
    session, challenge = challenged(shop)
    url = shop.call(answer_challenge(shop.server.fake, challenge, "fail"))
    assert url == f"http://pages.test/c/pay/{session.id}"
    assert now(shop, session).status == "open"
    assert "failed authentication" in shop.call(payment_message(shop.server.fake, session.id))
    assert isinstance(pay(shop, session), Paid)


def test_a_decline_after_the_challenge_leads_back_too(shop: Any) -> None:
    session, challenge = challenged(shop, "4000008260003178")
    assert shop.call(answer_challenge(shop.server.fake, challenge, "complete")).endswith(session.id)
    assert shop.call(payment_message(shop.server.fake, session.id)) == "Your card has insufficient funds."
    assert isinstance(pay(shop, session), Paid)


def test_the_challenge_of_a_card_that_was_given_up_charges_nothing(shop: Any) -> None:
    session, challenge = challenged(shop)
    assert isinstance(pay(shop, session), Paid)
    url = shop.call(answer_challenge(shop.server.fake, challenge, "complete"))
    assert url == f"https://shop.test/done?session={session.id}"
    assert len(list(shop.client.v1.charges.list())) == 1


def test_sessions_that_cannot_be_paid(shop: Any) -> None:
    assert shop.call(pay_session(shop.server.fake, "cs_test_nobody", VISA)) == Gone("missing")
    assert shop.call(payment_message(shop.server.fake, "cs_test_nobody")) is None
    assert shop.call(payment_message(shop.server.fake, open_session(shop).id)) is None
    paid = open_session(shop)
    pay(shop, paid)
    assert pay(shop, paid) == Gone("complete")
    expired = open_session(shop)
    shop.client.v1.checkout.sessions.expire(expired.id)
    assert pay(shop, expired) == Gone("expired")


def test_an_expired_session_gives_its_intent_up(shop: Any) -> None:
    session = open_session(shop)
    pay(shop, session, with_card("4000002760003184"))
    shop.client.v1.checkout.sessions.expire(session.id)
    intent = shop.client.v1.payment_intents.retrieve(now(shop, session).payment_intent)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "expired")
    assert shop.events()[-2:] == ["checkout.session.expired", "payment_intent.canceled"]


def test_time_runs_out(own_shop: Any) -> None:
    session = open_session(own_shop)
    challenge = pay(own_shop, session, with_card("4000002760003184")).url.rpartition("/")[2]
    own_shop.server.advance(86_400, own_shop.name)
    assert pay(own_shop, session) == Gone("expired")
    own_shop.call(answer_challenge(own_shop.server.fake, challenge, "complete"))
    assert list(own_shop.client.v1.charges.list()) == []


def test_of_many_payments_at_once_one_goes_through(shop: Any) -> None:
    session = open_session(shop)
    numbers = ["4242424242424242", "5555555555554444", "378282246310005", "6011111111111117"] * 5

    async def race() -> list[Any]:
        forms = [with_card(number, cvc="1234" if number.startswith("37") else "123") for number in numbers]
        return await asyncio.gather(*(pay_session(shop.server.fake, session.id, form) for form in forms))

    outcomes = shop.call(race())
    assert sum(isinstance(outcome, Paid) for outcome in outcomes) == 1
    assert outcomes.count(Gone("complete")) == len(numbers) - 1
    charges = list(shop.client.v1.charges.list({"limit": 100}))
    assert [charge.status for charge in charges] == ["succeeded"]
    assert len(list(shop.client.v1.payment_intents.list())) == 1


def test_the_intent_belongs_to_the_session(shop: Any) -> None:
    session = open_session(shop)
    pay(shop, session, with_card("4000000000000002"))
    intent = now(shop, session).payment_intent
    intents = shop.client.v1.payment_intents
    for call in (
        lambda: intents.cancel(intent),
        lambda: intents.confirm(intent, {"payment_method": "pm_card_visa", "return_url": "https://shop.test"}),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="created by Checkout"):
            call()


def test_a_customer_is_made_when_wanted(shop: Any) -> None:
    session = open_session(shop, customer_creation="always", payment_intent_data={"setup_future_usage": "off_session"})
    assert isinstance(pay(shop, session), Paid)
    done = now(shop, session, expand=["customer"])
    assert (done.customer.email, done.customer.name) == ("ada@example.com", "Ada Lovelace")
    saved = shop.client.v1.payment_methods.list({"customer": done.customer.id})
    assert [method.card.last4 for method in saved] == ["4242"]


def test_a_known_customer_pays(shop: Any) -> None:
    customer = shop.client.v1.customers.create({"email": "known@example.com"}).id
    session = open_session(shop, customer=customer)
    assert isinstance(pay(shop, session, replace(VISA, email=None)), Paid)
    intent = shop.client.v1.payment_intents.retrieve(now(shop, session).payment_intent, {"expand": ["latest_charge"]})
    assert intent.customer == intent.latest_charge.customer == customer
    assert intent.latest_charge.billing_details.email == "known@example.com"


def test_manual_capture_completes_unpaid(shop: Any) -> None:
    session = open_session(shop, payment_intent_data={"capture_method": "manual"})
    assert isinstance(pay(shop, session), Paid)
    done = now(shop, session)
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    assert shop.client.v1.payment_intents.capture(done.payment_intent).status == "succeeded"


def test_nothing_to_pay(shop: Any) -> None:
    session = open_session(shop, amount=0)
    assert isinstance(pay(shop, session, CardForm(email="ada@example.com")), Paid)
    done = now(shop, session)
    assert (done.payment_status, done.payment_intent) == ("no_payment_required", None)
