"""Completing a session without a browser: `/v1/payment_pages/{session}`, as the Stripe CLI's triggers do."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

from .test_session_payments import now, open_session


def raw(client: stripe.StripeClient, method: str, path: str, **params: Any) -> Any:
    answer = client.raw_request(method, path, **params)
    return client.deserialize(answer, api_mode="V1").to_dict()


def method_of(shop: Any, card: str = "pm_card_visa", **billing: Any) -> str:
    details = {"email": "ada@example.com", "name": "Ada", **billing}
    made = shop.client.v1.payment_methods.create(
        {"type": "card", "card": {"token": card.replace("pm_card", "tok")}, "billing_details": details}
    )
    return str(made.id)


@pytest.mark.parametrize("publishable", [False, True], ids=["secret key", "publishable key"])
@pytest.mark.parametrize("ui", [{}, {"ui_mode": "embedded_page", "return_url": "https://shop.test/back"}])
def test_a_session_is_completed(shop: Any, *, publishable: bool, ui: dict[str, Any]) -> None:
    params: Any = {**ui, "metadata": {"cart": "1"}}
    if ui:
        price = {"currency": "usd", "unit_amount": 1250, "product_data": {"name": "Hat"}}
        given = {"mode": "payment", "line_items": [{"price_data": price, "quantity": 2}], **params}
        session = shop.client.v1.checkout.sessions.create(given)
    else:
        session = open_session(shop, **params)
    client = shop.publishable() if publishable else shop.client
    page = raw(client, "get", f"/v1/payment_pages/{session.id}")
    assert (page["id"], page["amount_total"], page["line_items"]["data"][0]["quantity"]) == (session.id, 2500, 2)
    assert ("metadata" in page) is not publishable
    done = raw(
        client,
        "post",
        f"/v1/payment_pages/{session.id}/confirm",
        payment_method=method_of(shop),
        expected_amount=2500,
    )
    assert (done["status"], done["payment_status"]) == ("complete", "paid")
    assert now(shop, session).payment_intent.startswith("pi_3")
    assert shop.events()[-1] == "checkout.session.completed"


def test_what_does_not_hold_is_refused(shop: Any) -> None:
    session = open_session(shop)
    path = f"/v1/payment_pages/{session.id}/confirm"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        raw(shop.client, "post", path, payment_method=method_of(shop), expected_amount=1)
    assert caught.value.code == "checkout_amount_mismatch"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        raw(shop.client, "post", path, payment_method="pm_card_visa")
    assert caught.value.code == "incomplete_email"
    with pytest.raises(stripe.CardError) as declined:
        raw(shop.client, "post", path, payment_method=method_of(shop, "pm_card_chargeDeclined"))
    assert (declined.value.code, now(shop, session).status) == ("card_declined", "open")
    shop.client.v1.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        raw(shop.client, "post", path, payment_method=method_of(shop))


def test_a_challenge_is_handed_on(shop: Any) -> None:
    session = open_session(shop)
    method = method_of(shop, "pm_card_threeDSecure2Required")
    page = raw(shop.client, "post", f"/v1/payment_pages/{session.id}/confirm", payment_method=method)
    assert page["status"] == "open"
    assert page["payment_intent"]["next_action"]["redirect_to_url"]["url"].startswith("http://pages.test/3d_secure/")


@pytest.mark.parametrize(
    ("iban", "event", "status"),
    [
        ("AT611904300234573201", "checkout.session.async_payment_succeeded", "paid"),
        ("IT60X0542811101000000123456", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
def test_a_debit_is_confirmed_as_the_triggers_of_async_payments_do(
    own_shop: Any, iban: str, event: str, status: str
) -> None:
    price = {"currency": "eur", "unit_amount": 1500, "product_data": {"name": "Hat"}}
    params = {"line_items": [{"price_data": price, "quantity": 2}], "allowed_payment_method_types": ["sepa_debit"]}
    session = open_session(own_shop, **params, payment_intent_data={"setup_future_usage": "off_session"})
    method = own_shop.client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": iban},
            "billing_details": {"email": "ada@example.com", "name": "Ada"},
        }
    )
    path = f"/v1/payment_pages/{session.id}/confirm"
    page = raw(own_shop.client, "post", path, payment_method=method.id, expected_amount=3000)
    assert (page["status"], page["payment_status"]) == ("complete", "unpaid")
    own_shop.server.advance(10 * 86_400, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert now(own_shop, session).payment_status == status
    assert event in own_shop.events()


def test_a_method_that_redirects_is_authorised_elsewhere(shop: Any) -> None:
    price = {"currency": "eur", "unit_amount": 1500, "product_data": {"name": "Hat"}}
    line = {"price_data": price, "quantity": 1}
    session = open_session(shop, line_items=[line], allowed_payment_method_types=["ideal", "card", "us_bank_account"])
    assert session.payment_method_types == ["ideal", "card"]
    billing = {"email": "ada@example.com", "name": "Ada"}
    method = shop.client.v1.payment_methods.create({"type": "ideal", "billing_details": billing})
    page = raw(shop.client, "post", f"/v1/payment_pages/{session.id}/confirm", payment_method=method.id)
    assert page["status"] == "open"
    url = page["payment_intent"]["next_action"]["redirect_to_url"]["url"]
    shop.call(answer_challenge(shop.server.fake, url.rpartition("/")[2], "complete"))
    assert (now(shop, session).status, now(shop, session).payment_status) == ("complete", "paid")
