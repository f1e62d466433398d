"""Methods that the shopper authorises elsewhere, each type of them."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge, challenge_page
from diddo_gateways.stripe_fake.payments.method_types import _types

REDIRECTS = [kind for kind in _types().values() if kind.flow == "redirect"]
DETAILS = {"fpx": {"bank": "maybank2u"}, "boleto": {"tax_id": "000.000.000-00"}}
RETURN_URL = "https://shop.test/return"


def currency_of(kind: Any) -> str:
    return "usd" if kind.currencies is None or "usd" in kind.currencies else min(kind.currencies)


def start(shop: Any, kind: Any, **params: Any) -> Any:
    billing = {"name": "Ada", "email": "ada@shop.test"}
    data = {"type": kind.name, "billing_details": billing, kind.name: DETAILS.get(kind.name, {})}
    return shop.pay(None, **{"amount": 5000, "currency": currency_of(kind), "payment_method_data": data, **params})


def challenge_of(intent: Any) -> str:
    details = intent.next_action.to_dict()[intent.next_action.type]
    url: str = details.get("url") or details.get("hosted_instructions_url") or details["hosted_voucher_url"]
    return url.rpartition("/")[2]


def answer(shop: Any, intent: Any, outcome: str) -> str:
    url: str = shop.call(answer_challenge(shop.server.fake, challenge_of(intent), outcome))
    return url


@pytest.mark.parametrize("kind", REDIRECTS, ids=lambda kind: kind.name)
def test_every_type_can_be_authorised(shop: Any, kind: Any, well_formed: Any) -> None:
    intent = start(shop, kind, expand=["payment_method"])
    well_formed(intent)
    well_formed(intent.payment_method)
    assert intent.status == "requires_action"
    page = shop.call(challenge_page(shop.server.fake, challenge_of(intent)))
    assert (page.open, page.amount, page.brand, page.last4) == (True, 5000, kind.name, None)
    assert "redirect_status=succeeded" in answer(shop, intent, "complete")
    paid = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    well_formed(paid.latest_charge)
    assert (paid.status, paid.amount_received) == ("succeeded", 5000)
    assert (paid.latest_charge.id[:4], paid.latest_charge.payment_method_details.type) == ("py_3", kind.name)
    assert shop.events() == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_one_that_fails(shop: Any) -> None:
    intent = shop.pay(None, currency="eur", payment_method_data={"type": "ideal", "ideal": {"bank": "ing"}})
    assert intent.next_action.redirect_to_url.return_url == RETURN_URL
    assert "redirect_status=failed" in answer(shop, intent, "fail")
    intent = shop.client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert intent.last_payment_error.payment_method.ideal.bank == "ing"


def test_a_voucher_that_expires(shop: Any) -> None:
    kind = next(kind for kind in REDIRECTS if kind.name == "oxxo")
    intent = start(shop, kind, return_url=None, automatic_payment_methods={"enabled": True, "allow_redirects": "never"})
    assert intent.next_action.type == "oxxo_display_details"
    assert len(intent.next_action.oxxo_display_details.number) == 14
    answer(shop, intent, "fail")
    intent = shop.client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "payment_intent_payment_attempt_expired"


@pytest.mark.parametrize("kind", REDIRECTS, ids=lambda kind: kind.name)
def test_currencies_and_captures(shop: Any, kind: Any) -> None:
    if kind.currencies is not None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            start(shop, kind, currency="isk", amount=50000)
        assert caught.value.code == "payment_intent_incompatible_payment_method"
    if not kind.manual:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            start(shop, kind, capture_method="manual")
        assert caught.value.param == "capture_method"
        return
    intent = start(shop, kind, capture_method="manual")
    answer(shop, intent, "complete")
    captured = shop.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4000})
    assert (captured.status, captured.amount_received) == ("succeeded", 4000)


def test_a_url_to_come_back_to_is_needed(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.payment_intents.create(
            {
                "amount": 900,
                "currency": "eur",
                "confirm": True,
                "allowed_payment_method_types": ["bancontact"],
                "automatic_payment_methods": {"enabled": False},
                "payment_method_data": {"type": "bancontact"},
            }
        )
    assert caught.value.param == "return_url"


def test_what_was_authorised_for_later_is_charged_without_the_shopper(shop: Any) -> None:
    customer = shop.client.v1.customers.create().id
    intent = shop.pay(
        None, payment_method_data={"type": "cashapp"}, customer=customer, setup_future_usage="off_session"
    )
    answer(shop, intent, "complete")
    method = shop.client.v1.customers.payment_methods.list(customer).data[0]
    assert method.type == "cashapp"
    assert shop.pay(method.id, customer=customer, off_session=True).status == "succeeded"


def test_without_the_shopper_nothing_else_is(shop: Any) -> None:
    error = shop.declined(None, payment_method_data={"type": "klarna"}, off_session=True)
    assert error.code == "authentication_required"
    error = shop.declined(None, payment_method_data={"type": "klarna"}, error_on_requires_action=True)
    assert error.code == "authentication_required"


def test_what_is_used_once_cannot_be_saved(shop: Any) -> None:
    method = shop.client.v1.payment_methods.create({"type": "ideal"})
    customer = shop.client.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.payment_methods.attach(method.id, {"customer": customer})
    assert caught.value.code == "payment_method_unsupported_type"


def test_types_that_are_ruled_out(shop: Any) -> None:
    for params in (
        {"excluded_payment_method_types": ["klarna"]},
        {"allowed_payment_method_types": ["card"]},
        {"automatic_payment_methods": {"enabled": False}},
        {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}},
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.pay(None, payment_method_data={"type": "klarna"}, **params)
        assert caught.value.code == "payment_intent_incompatible_payment_method"
