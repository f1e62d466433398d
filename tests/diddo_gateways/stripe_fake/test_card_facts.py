"""The cards that Stripe documents, as facts of their own, against those that the fake knows: none is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.payments.cards import Card
from diddo_gateways.stripe_fake.payments.cards import test_cards as read_cards

ALL = read_cards()
FACTS = json.loads((Path(__file__).parent / "card_facts.json").read_bytes())
NO_CARD = "4242424242424241"
# Two numbers are documented under the same ids, which stand for the first.
SHARED = {"pm_card_jcb", "tok_jcb"}


def pays(card: Card) -> bool:
    return card.decline is None and card.three_d_secure in (None, "optional", "not_supported")


BEHAVIOURS: dict[str, Callable[[Card], bool]] = {
    "captcha_then_success": lambda card: card.captcha and card.decline is None,
    "decline": lambda card: card.refuses_attachment,
    "decline_after_attach": lambda card: card.decline is not None and not card.refuses_attachment,
    "radar_block": lambda card: card.decline is not None and card.decline.outcome["type"] == "blocked",
    # Without settings only the highest risk is blocked.
    "radar_block_by_settings": lambda card: (card.decline is not None) == (card.name == "riskLevelHighest"),
    "success": lambda card: pays(card) and not card.captcha,
    "success_then_dispute": lambda card: pays(card) and card.dispute is not None,
    "three_ds": lambda card: card.three_d_secure == "required" and card.decline is None,
    "three_ds_by_settings": pays,
    "three_ds_frictionless": lambda card: card.three_d_secure == "frictionless",
    "three_ds_lookup_error": lambda card: card.lookup_fails and card.decline is not None,
    "three_ds_then_decline": lambda card: card.three_d_secure == "required" and card.decline is not None,
}
# Other names that public code knows the cards by, and those of the command line's triggers.
ALSO_KNOWN = {
    "pm_card_chargeDeclinedLostCard": "lost_card",
    "pm_card_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_chargeDeclinedFraudulent": "fraudulent",
    "pm_card_chargeDeclinedVelocityLimitExceeded": "card_velocity_exceeded",
    "pm_card_visa_chargeDeclinedExpiredCard": None,
    "pm_card_visa_chargeDeclinedIncorrectCvc": None,
    "pm_card_visa_chargeDeclinedProcessingError": None,
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
}


def found(way: str) -> Card | None:
    return ALL.by_number.get(way) or ALL.by_payment_method.get(way) or ALL.by_token.get(way)


def ways(fact: dict[str, Any]) -> list[str]:
    named = [way for way in (*fact["payment_methods"], *fact["tokens"]) if way not in SHARED]
    return [fact["number"], *named] if fact["number"] else named


@pytest.mark.parametrize(
    "fact", [fact for fact in FACTS if fact["number"] != NO_CARD], ids=lambda fact: fact["number"] or fact["tokens"][0]
)
def test_every_documented_card_is_known_by_each_of_its_names(fact: Any) -> None:
    card, *same = [found(way) for way in ways(fact)]
    assert card is not None
    assert all(other is card for other in same)
    for field in ("brand", "funding", "group"):
        assert getattr(card, field) == fact[field]
    assert card.country == (fact["country"] or "US")
    assert BEHAVIOURS[fact["behaviour"]](card), fact["behaviour"]
    if "code" in fact and card.decline is not None:
        assert (card.decline.code, card.decline.decline_code) == (fact["code"], fact.get("decline_code"))
    assert dict(card.checks) == fact.get("checks", dict(card.checks))
    assert list(card.networks) == fact.get("networks_available", [])


def test_no_card_of_the_fake_is_its_own_invention() -> None:
    documented = [found(way) for fact in FACTS if fact["number"] != NO_CARD for way in ways(fact)]
    assert {card.name for card in ALL.all} == {card.name for card in documented if card is not None}
    assert len(FACTS) == 150


def test_the_one_that_is_no_card_is_refused_as_such(shop: Any) -> None:
    error = shop.declined(None, payment_method_data=shop.by_number(NO_CARD))
    assert (error.code, error.param) == ("incorrect_number", "number")


@pytest.mark.parametrize("way", ALSO_KNOWN)
def test_other_names(shop: Any, way: str) -> None:
    error = shop.declined(way)
    assert shop.told(error, "decline_code") == ALSO_KNOWN[way]
    token = way.replace("pm_card_", "tok_")
    data = {"type": "card", "card": {"token": token}}
    assert shop.told(shop.declined(None, payment_method_data=data), "decline_code") == ALSO_KNOWN[way]


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("pm_card_visa", "succeeded"),
        ("pm_card_bypassPending", "succeeded"),
        ("pm_card_createDisputeInquiry", "succeeded"),
        ("pm_card_authenticationRequired", "requires_action"),
        ("pm_card_threeDSecure2Required", "requires_action"),
        ("pm_card_threeDSecureRequired", "requires_action"),
    ],
)
def test_what_the_command_lines_triggers_pay_with(shop: Any, method: str, status: str) -> None:
    assert shop.pay(method).status == status


def test_a_refused_card_is_of_no_use_to_a_token_either(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.pay(None, payment_method_data={"type": "card", "card": {"token": "tok_nobody"}})
    assert caught.value.code == "resource_missing"
