"""Every test card of the file pays, or is declined, in each way that it can be used."""

from typing import Any

import pytest

from diddo_gateways.stripe_fake.payments.cards import Card
from diddo_gateways.stripe_fake.payments.cards import test_cards as read_cards
from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

CHALLENGED = [
    card for card in read_cards().all if card.captcha or (card.three_d_secure == "required" and not card.lookup_fails)
]
DECLINED = [card for card in read_cards().all if card.decline is not None and card not in CHALLENGED]
PAYING = [card for card in read_cards().all if card not in CHALLENGED and card not in DECLINED]


def ways(cards: list[Card]) -> list[Any]:
    """Return a case for each way to use each card: its number, its ids, its tokens."""
    return [
        pytest.param(card, way, id=f"{card.name}-{way}")
        for card in cards
        for way in (card.number, *card.payment_methods, *card.tokens)
        if way is not None
    ]


def paying(shop: Any, way: str) -> dict[str, Any]:
    if way.startswith("pm_"):
        return {"method": way}
    if way.startswith("tok_"):
        return {"method": None, "payment_method_data": {"type": "card", "card": {"token": way}}}
    cvc = "1234" if way.startswith(("3782", "3714")) else "123"
    return {"method": None, "payment_method_data": shop.by_number(way, cvc=cvc)}


@pytest.mark.parametrize(("card", "way"), ways(PAYING))
def test_cards_that_pay(shop: Any, card: Any, way: Any) -> None:
    intent = shop.pay(**paying(shop, way), expand=["latest_charge"])
    assert intent.status == "succeeded"
    assert intent.amount_received == 2000
    charge = intent.latest_charge
    assert (charge.paid, charge.captured, charge.status) == (True, True, "succeeded")
    shown = charge.payment_method_details.card
    assert (shown.brand, shown.country, shown.funding, shown.last4) == (
        card.brand,
        card.country,
        card.funding,
        card.last4,
    )
    assert charge.outcome.risk_level == card.risk_level
    assert charge.outcome.type == ("manual_review" if card.risk_level == "elevated" else "authorized")


@pytest.mark.parametrize(("card", "way"), ways(DECLINED))
def test_cards_that_are_declined(shop: Any, card: Any, way: Any) -> None:
    error = shop.declined(**paying(shop, way))
    decline = card.decline
    assert (error.http_status, error.code, error.user_message) == (402, decline.code, decline.message)
    assert error.error.type == "card_error"
    assert shop.told(error, "decline_code") == decline.decline_code
    assert shop.told(error, "advice_code") == decline.advice_code
    assert shop.told(error, "network_decline_code") == decline.network_decline_code
    assert error.param == decline.param
    assert error.error.doc_url == "https://stripe.com/docs/error-codes/" + decline.code.replace("_", "-")

    intent = shop.client.v1.payment_intents.retrieve(error.error.payment_intent.id, {"expand": ["latest_charge"]})
    assert intent.status == "requires_payment_method"
    assert intent.payment_method is None
    assert intent.amount_received == 0
    assert intent.last_payment_error.code == decline.code
    assert intent.last_payment_error.message == decline.message
    assert intent.last_payment_error.payment_method.id == error.error.payment_method.id
    assert intent.last_payment_error.payment_method_type == "card"
    assert shop.told(error, "payment_method_type") is None
    charge = intent.latest_charge
    assert error.error.charge == charge.id == intent.last_payment_error.charge
    assert (charge.paid, charge.captured, charge.status) == (False, False, "failed")
    assert (charge.failure_code, charge.failure_message) == (decline.code, decline.message)
    assert charge.outcome.reason == decline.outcome.get("reason", decline.decline_code or decline.code)
    assert shop.events() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize(("card", "way"), ways(CHALLENGED))
def test_cards_that_ask_the_shopper(shop: Any, card: Any, way: Any) -> None:
    """The shopper fails first, tries again and passes: whether the card then pays is its own matter."""
    intent = shop.pay(**paying(shop, way))
    assert (intent.status, intent.next_action.type, intent.latest_charge) == (
        "requires_action",
        "redirect_to_url",
        None,
    )
    answer(shop, intent, "fail")
    intent = shop.client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    given = paying(shop, way)
    given["payment_method"] = given.pop("method")
    params = {name: value for name, value in given.items() if value is not None}
    again = shop.client.v1.payment_intents.confirm(intent.id, {**params, "return_url": "https://shop.test/return"})
    answer(shop, again, "complete")
    paid = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert paid.status == ("succeeded" if card.decline is None else "requires_payment_method")
    assert paid.latest_charge.failure_code == (None if card.decline is None else card.decline.code)
    assert (paid.latest_charge.payment_method_details.card.three_d_secure is None) == card.captcha


@pytest.mark.parametrize("card", CHALLENGED, ids=lambda card: card.name)
def test_the_same_cards_without_the_shopper(shop: Any, card: Any) -> None:
    """A captcha is asked of nobody who is not there."""
    way = paying(shop, card.number)
    if card.off_session == "always" or card.captcha:
        assert shop.pay(**way, off_session=True).status == "succeeded"
        return
    error = shop.declined(**way, off_session=True)
    assert (error.code, shop.told(error, "decline_code")) == ("authentication_required", "authentication_required")


def answer(shop: Any, intent: Any, outcome: Any) -> None:
    challenge = intent.next_action.redirect_to_url.url.rpartition("/")[2]
    shop.call(answer_challenge(shop.server.fake, challenge, outcome))


def test_what_a_generic_decline_says(shop: Any) -> None:
    error = shop.declined("pm_card_visa_chargeDeclined")
    assert (error.error.advice_code, error.error.network_decline_code) == ("try_again_later", "01")
    charge = shop.client.v1.charges.retrieve(error.error.charge)
    assert charge.outcome.to_dict() == {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": "generic_decline",
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def test_what_a_blocked_payment_says(shop: Any) -> None:
    error = shop.declined("pm_card_radarBlock")
    assert (error.code, error.error.decline_code) == ("card_declined", "fraudulent")
    outcome = shop.client.v1.charges.retrieve(error.error.charge).outcome
    assert (outcome.type, outcome.network_status, outcome.reason, outcome.risk_level, outcome.seller_message) == (
        "blocked",
        "not_sent_to_network",
        "highest_risk_level",
        "highest",
        "Stripe blocked this payment as too risky.",
    )


def test_a_security_code_that_was_not_sent_cannot_be_wrong(shop: Any) -> None:
    intent = shop.pay(None, payment_method_data=shop.by_number("4000000000000127"), expand=["latest_charge"])
    assert intent.status == "succeeded"
    assert intent.latest_charge.payment_method_details.card.checks.cvc_check is None


@pytest.mark.parametrize(
    ("number", "check", "expected"),
    [
        ("4242424242424242", "cvc_check", "pass"),
        ("4000000000000101", "cvc_check", "fail"),
        ("4000000000000036", "address_postal_code_check", "fail"),
        ("4000000000000028", "address_line1_check", "fail"),
        ("4000000000000044", "address_line1_check", "unavailable"),
    ],
)
def test_verification_results(shop: Any, number: Any, check: Any, expected: Any) -> None:
    data = shop.by_number(number, cvc="123")
    data["billing_details"] = {"address": {"line1": "1 Main St", "postal_code": "94103"}}
    intent = shop.pay(None, payment_method_data=data, expand=["latest_charge"])
    assert intent.latest_charge.payment_method_details.card.checks[check] == expected


def test_a_declined_intent_can_be_paid_with_another_card(shop: Any) -> None:
    error = shop.declined("pm_card_chargeDeclinedInsufficientFunds")
    intent_id = error.error.payment_intent.id
    paid = shop.client.v1.payment_intents.confirm(
        intent_id, {"payment_method": "pm_card_visa", "return_url": "https://shop.test/return"}
    )
    assert paid.status == "succeeded"
    assert paid.last_payment_error is None
    assert [charge.status for charge in shop.client.v1.charges.list({"payment_intent": intent_id})] == [
        "succeeded",
        "failed",
    ]
