"""Captures beyond one of the authorised amount, where the card allows it and it was asked for."""

from typing import Any

import pytest
import stripe
from refusals import refused

PLENTY = {
    f"request_{name}": "if_available"
    for name in ("extended_authorization", "incremental_authorization", "multicapture", "overcapture")
}


def authorise(shop: Any, method: str = "pm_card_visa", **card: Any) -> Any:
    return shop.pay(method, capture_method="manual", payment_method_options={"card": card}, expand=["latest_charge"])


@pytest.fixture
def intents(shop: Any) -> Any:
    return shop.client.v1.payment_intents


def test_several_captures(shop: Any, intents: Any, well_formed: Any) -> None:
    intent = authorise(shop, request_multicapture="if_available")
    assert intent.latest_charge.payment_method_details.card.multicapture.status == "available"
    for taken in (300, 1000):
        intent = intents.capture(
            intent.id, {"amount_to_capture": taken - intent.amount_received, "final_capture": False}
        )
        well_formed(intent)
        assert (intent.status, intent.amount_received) == ("requires_capture", taken)
        assert intent.amount_capturable == 2000 - taken
    intent = intents.capture(intent.id, {"amount_to_capture": 500, "expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 1500, 0)
    assert (intent.latest_charge.captured, intent.latest_charge.amount_captured) == (True, 1500)
    well_formed(intent.latest_charge)
    assert shop.events()[-2:] == ["charge.captured", "payment_intent.succeeded"]
    assert shop.events().count("payment_intent.amount_capturable_updated") == 3


def test_the_rest_can_be_given_up(shop: Any, intents: Any) -> None:
    intent = authorise(shop, request_multicapture="if_available")
    intents.capture(intent.id, {"amount_to_capture": 300, "final_capture": False})
    ended = intents.cancel(intent.id)
    assert (ended.status, ended.amount_received, ended.amount_capturable) == ("succeeded", 300, 0)
    assert shop.client.v1.charges.retrieve(ended.latest_charge).captured


def test_what_was_not_asked_for_is_not_there(shop: Any, intents: Any) -> None:
    intent = authorise(shop)
    error = refused(intents.capture, intent.id, {"amount_to_capture": 100, "final_capture": False})
    assert error.param == "final_capture"
    assert refused(intents.increment_authorization, intent.id, {"amount": 3000}).http_status == 400
    assert refused(intents.capture, intent.id, {"amount_to_capture": 2001}).code == "amount_too_large"
    assert intents.retrieve(intent.id).amount_capturable == 2000


def test_more_than_was_authorised(shop: Any, intents: Any) -> None:
    intent = authorise(shop, request_overcapture="if_available")
    over = intent.latest_charge.payment_method_details.card.overcapture
    assert (over.status, over.maximum_amount_capturable) == ("available", 2300)
    assert refused(intents.capture, intent.id, {"amount_to_capture": 2301}).code == "amount_too_large"
    assert intents.capture(intent.id, {"amount_to_capture": 2300}).amount_received == 2300


def test_an_authorisation_can_be_raised(shop: Any, intents: Any) -> None:
    intent = authorise(shop, request_incremental_authorization="if_available")
    raised = intents.increment_authorization(intent.id, {"amount": 2500, "description": "And a hat"})
    assert (raised.status, raised.amount, raised.amount_capturable, raised.description) == (
        "requires_capture",
        2500,
        2500,
        "And a hat",
    )
    assert refused(intents.increment_authorization, intent.id, {"amount": 2500}).param == "amount"
    assert intents.capture(intent.id).amount_received == 2500
    error = refused(intents.increment_authorization, intent.id, {"amount": 9000})
    assert error.code == "payment_intent_unexpected_state"


def test_an_attempt_that_failed_captures_nothing_of_the_next(shop: Any, intents: Any) -> None:
    intent = intents.create({"amount": 2000, "currency": "usd", "capture_method": "manual"})
    params = {"return_url": "https://shop.test"}
    with pytest.raises(stripe.CardError) as caught:
        intents.confirm(intent.id, {**params, "payment_method": "pm_card_chargeDeclined"})
    intents.confirm(intent.id, {**params, "payment_method": "pm_card_visa"})
    failed = shop.told(caught.value, "charge")
    assert refused(shop.client.v1.charges.capture, failed).http_status == 400
    assert intents.retrieve(intent.id).status == "requires_capture"


def test_longer(own_shop: Any) -> None:
    intent = authorise(own_shop, **PLENTY)
    card = intent.latest_charge.payment_method_details.card
    assert card.extended_authorization.status == "enabled"
    assert card.capture_before == intent.latest_charge.created + 30 * 86_400
    own_shop.server.advance(8 * 86_400, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert own_shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_cards_that_allow_less(shop: Any) -> None:
    card = authorise(shop, "pm_card_unionpay", **PLENTY).latest_charge.payment_method_details.card
    assert (card.multicapture.status, card.overcapture.status) == ("available", "unavailable")
    assert (card.incremental_authorization.status, card.extended_authorization.status) == ("unavailable", "disabled")
