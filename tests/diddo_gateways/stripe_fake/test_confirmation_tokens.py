"""Confirmation tokens, used with setup intents and payment intents."""

from typing import Any

import pytest
import stripe
from refusals import refused

RETURN_URL = "https://shop.test/return"
SHIPPING = {"name": "Ada", "address": {"city": "Rome", "country": "IT"}}
HELPER = {"return_url": RETURN_URL, "setup_future_usage": "off_session", "shipping": SHIPPING}


@pytest.fixture
def make(v1: Any) -> Any:
    def make(**params: Any) -> stripe.ConfirmationToken:
        if "payment_method_data" not in params:
            params = {"payment_method": "pm_card_visa", **params}
        return v1.test_helpers.confirmation_tokens.create(params)  # type: ignore[no-any-return]

    return make


def test_what_it_shows(shop: Any, v1: Any, make: Any, well_formed: Any) -> None:
    data = {**shop.by_number("5555555555554444", cvc="123"), "billing_details": {"name": "Ada"}}
    token = make(payment_method_data=data, **HELPER)
    well_formed(token)
    assert token.id.startswith("ctoken_1")
    assert token.expires_at == token.created + 12 * 3600
    preview = token.payment_method_preview
    assert (preview.type, preview.card.last4, preview.billing_details.name) == ("card", "4444", "Ada")
    assert (token.return_url, token.setup_future_usage, token.use_stripe_sdk) == (RETURN_URL, "off_session", True)
    assert token.shipping.address.city == "Rome"
    assert (token.payment_intent, token.setup_intent) == (None, None)
    assert v1.confirmation_tokens.retrieve(token.id).to_dict() == token.to_dict()
    assert refused(v1.confirmation_tokens.retrieve, "ctoken_nobody").http_status == 404
    assert refused(v1.test_helpers.confirmation_tokens.create).param == "payment_method_data"


def test_made_by_a_browser(shop: Any, v1: Any) -> None:
    browser = shop.publishable()
    params = {"payment_method_data": shop.by_number("4242424242424242", cvc="123"), "return_url": RETURN_URL}
    made = browser.raw_request("post", "/v1/confirmation_tokens", **params)
    token = browser.deserialize(made, api_mode="V1")
    assert (token.object, token.payment_method_preview.card.last4) == ("confirmation_token", "4242")
    assert v1.setup_intents.create({"confirm": True, "confirmation_token": token.id}).status == "succeeded"


def test_it_confirms_a_setup_once(v1: Any, make: Any, well_formed: Any) -> None:
    customer = v1.customers.create().id
    token = make(**HELPER)
    intent = v1.setup_intents.create({"customer": customer, "usage": "on_session"})
    confirmed = v1.setup_intents.confirm(intent.id, {"confirmation_token": token.id})
    well_formed(confirmed)
    assert (confirmed.status, confirmed.usage) == ("succeeded", "off_session")
    assert v1.payment_methods.retrieve(confirmed.payment_method).customer == customer
    assert v1.confirmation_tokens.retrieve(token.id).setup_intent == intent.id
    params = {"confirmation_token": token.id, "confirm": True}
    error = refused(v1.setup_intents.create, params)
    assert (error.param, "already used" in error.user_message) == ("confirmation_token", True)


def test_it_makes_a_setup_at_once(v1: Any, make: Any) -> None:
    token = make(payment_method="pm_card_authenticationRequired", return_url=RETURN_URL)
    intent = v1.setup_intents.create({"confirmation_token": token.id, "confirm": True})
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    error = refused(v1.setup_intents.create, {"confirmation_token": token.id})
    assert "can only be used with `confirm=true`" in error.user_message


def test_what_cannot_be_confirmed_with(v1: Any, make: Any) -> None:
    token = make(return_url=RETURN_URL)
    params = {"confirm": True, "confirmation_token": token.id, "payment_method": "pm_card_visa"}
    assert refused(v1.setup_intents.create, params).param == "confirmation_token"
    error = refused(v1.setup_intents.create, {"confirm": True, "confirmation_token": "ctoken_nobody"})
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "confirmation_token")


def test_it_expires(own_shop: Any) -> None:
    v1 = own_shop.client.v1
    params = {"payment_method": "pm_card_visa", "return_url": RETURN_URL}
    token = v1.test_helpers.confirmation_tokens.create(params)
    own_shop.server.advance(12 * 3600, world=own_shop.name)
    error = refused(v1.setup_intents.create, {"confirm": True, "confirmation_token": token.id})
    assert (error.param, "has expired" in error.user_message) == ("confirmation_token", True)


def test_it_confirms_a_payment_once(v1: Any, make: Any, well_formed: Any) -> None:
    customer = v1.customers.create().id
    token = make(**HELPER)
    intent = v1.payment_intents.create({"amount": 900, "currency": "usd", "customer": customer})
    paid = v1.payment_intents.confirm(intent.id, {"confirmation_token": token.id})
    well_formed(paid)
    assert (paid.status, paid.setup_future_usage, paid.shipping.name) == ("succeeded", "off_session", "Ada")
    assert v1.payment_methods.retrieve(paid.payment_method).customer == customer
    assert v1.confirmation_tokens.retrieve(token.id).payment_intent == intent.id
    params = {"amount": 900, "currency": "usd", "confirmation_token": token.id}
    assert "already used" in refused(v1.payment_intents.create, {**params, "confirm": True}).user_message
    assert "can only be used with `confirm=true`" in refused(v1.payment_intents.create, params).user_message
    again = make(return_url=RETURN_URL, payment_method="pm_card_authenticationRequired")
    asked = v1.payment_intents.create({**params, "confirmation_token": again.id, "confirm": True})
    assert (asked.status, asked.next_action.type) == ("requires_action", "use_stripe_sdk")


def test_a_declined_payment_uses_it_up(v1: Any, make: Any) -> None:
    token = make(return_url=RETURN_URL, payment_method="pm_card_chargeDeclined")
    params = {"amount": 900, "currency": "usd", "confirm": True, "confirmation_token": token.id}
    with pytest.raises(stripe.CardError):
        v1.payment_intents.create(params)
    assert v1.confirmation_tokens.retrieve(token.id).payment_intent is not None
