"""Checkout sessions in setup and subscription mode, completed from the page."""

import time
from dataclasses import replace
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.checkout.paying import CardForm, Challenge, Declined, Paid
from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

from .test_session_payments import VISA, now, pay, with_card


def recurring(amount: int = 1500, **more: Any) -> dict[str, Any]:
    data = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
    return {"price_data": {**data, "product_data": {"name": "Plan"}}, "quantity": 1, **more}


def once(amount: int = 700) -> dict[str, Any]:
    return {"price_data": {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Start"}}, "quantity": 1}


def open_subscription(shop: Any, **more: Any) -> Any:
    params = {"mode": "subscription", "line_items": [recurring()], "success_url": "https://shop.test/done", **more}
    return shop.client.v1.checkout.sessions.create(params)


def test_a_subscription_begins_when_it_is_paid(shop: Any, well_formed: Any) -> None:
    session = open_subscription(shop, line_items=[recurring(), once()], subscription_data={"metadata": {"plan": "a"}})
    well_formed(session)
    assert (session.amount_total, session.payment_status, session.subscription) == (2200, "unpaid", None)
    assert pay(shop, session) == Paid("https://shop.test/done")
    done = now(shop, session, expand=["subscription", "invoice", "customer"])
    well_formed(done)
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "paid", None)
    assert (done.subscription.status, done.subscription.metadata.to_dict()) == ("active", {"plan": "a"})
    assert (done.invoice.status, done.invoice.amount_paid) == ("paid", 2200)
    assert done.customer.email == "ada@example.com"
    method = shop.client.v1.payment_methods.retrieve(done.subscription.default_payment_method)
    assert method.customer == done.customer.id
    assert len(shop.client.v1.payment_intents.list().data) == 1
    assert shop.events()[-1] == "checkout.session.completed"


def test_a_declined_subscription_begins_with_another_card(shop: Any) -> None:
    session = open_subscription(shop)
    assert isinstance(pay(shop, session, with_card("4000000000000002")), Declined)
    assert now(shop, session).status == "open"
    assert shop.client.v1.subscriptions.list().data == []
    assert isinstance(pay(shop, session), Paid)
    assert [sub.status for sub in shop.client.v1.subscriptions.list().data] == ["active"]


def test_a_trial_saves_the_card_and_takes_nothing(shop: Any, well_formed: Any) -> None:
    session = open_subscription(shop, subscription_data={"trial_period_days": 14})
    assert (session.amount_total, session.payment_status) == (0, "no_payment_required")
    assert isinstance(pay(shop, session), Paid)
    done = now(shop, session, expand=["subscription"])
    well_formed(done)
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")
    assert done.subscription.default_payment_method is not None


def test_a_challenge_precedes_the_subscription(shop: Any) -> None:
    session = open_subscription(shop)
    outcome = pay(shop, session, with_card("4000002760003184"))
    assert isinstance(outcome, Challenge)
    assert shop.client.v1.subscriptions.list().data == []
    shop.call(answer_challenge(shop.server.fake, outcome.url.rpartition("/")[2], "complete"))
    assert now(shop, session, expand=["subscription"]).subscription.status == "active"


def test_setup_saves_a_card(shop: Any, well_formed: Any) -> None:
    customer = shop.client.v1.customers.create({"email": "ada@example.com"})
    session = shop.client.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": "https://shop.test/done"}
    )
    well_formed(session)
    assert session.id.startswith("cs_test_c1")
    assert (session.amount_total, session.payment_status) == (None, "no_payment_required")
    assert session.setup_intent is not None
    assert isinstance(pay(shop, session, with_card("4000000000000002")), Declined)
    outcome = pay(shop, session, with_card("4000002500003155"))
    assert isinstance(outcome, Challenge)
    assert shop.call(answer_challenge(shop.server.fake, outcome.url.rpartition("/")[2], "complete")).endswith("done")
    done = now(shop, session, expand=["setup_intent"])
    well_formed(done)
    assert (done.status, done.setup_intent.status) == ("complete", "succeeded")
    assert len(shop.client.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_an_invoice_is_made_of_a_purchase(shop: Any, well_formed: Any) -> None:
    session = shop.client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [once(5000)],
            "invoice_creation": {"enabled": True, "invoice_data": {"metadata": {"order": "7"}}},
            "success_url": "https://shop.test/done",
        }
    )
    assert isinstance(pay(shop, session, VISA), Paid)
    done = now(shop, session, expand=["invoice"])
    well_formed(done)
    assert (done.invoice.status, done.invoice.amount_paid) == ("paid", 5000)
    assert done.invoice.metadata.to_dict() == {"order": "7"}


def test_nothing_is_due_before_the_anchor(shop: Any) -> None:
    anchor = int(time.time()) + 10 * 86_400
    data = {"billing_cycle_anchor": anchor, "proration_behavior": "none"}
    session = open_subscription(shop, subscription_data=data)
    assert session.amount_total == 0
    assert isinstance(pay(shop, session), Paid)
    done = now(shop, session, expand=["subscription"])
    assert (done.subscription.status, done.subscription.billing_cycle_anchor) == ("active", anchor)
    with pytest.raises(stripe.APIError, match="does not model"):
        open_subscription(shop, subscription_data={"billing_cycle_anchor": anchor})


def test_a_coupon_in_a_subscription(shop: Any, well_formed: Any) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "forever"}).id
    session = open_subscription(shop, discounts=[{"coupon": coupon}], line_items=[recurring(3000), once(1000)])
    assert session.amount_total == 2000
    assert isinstance(pay(shop, session), Paid)
    done = now(shop, session, expand=["subscription", "invoice"])
    well_formed(done)
    assert (done.invoice.amount_paid, len(done.subscription.discounts)) == (2000, 1)
    assert shop.client.v1.coupons.retrieve(coupon).times_redeemed == 1


def test_no_card_is_asked_for_where_none_is_needed(shop: Any) -> None:
    trial = {"trial_period_days": 7, "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}}}
    session = open_subscription(shop, payment_method_collection="if_required", subscription_data=trial)
    assert isinstance(pay(shop, session, CardForm(email="ada@example.com")), Paid)
    done = now(shop, session, expand=["subscription"])
    assert (done.subscription.status, done.subscription.default_payment_method) == ("trialing", None)


def test_a_subscription_by_debit_begins_when_the_debit_settles(own_shop: Any, well_formed: Any) -> None:
    data = {"currency": "eur", "unit_amount": 1500, "recurring": {"interval": "month"}, "product_data": {"name": "A"}}
    session = open_subscription(
        own_shop, line_items=[{"price_data": data, "quantity": 1}], allowed_payment_method_types=["sepa_debit"]
    )
    iban = {"type": "sepa_debit", "sepa_debit": {"iban": "AT611904300234573201"}}
    assert isinstance(pay(own_shop, session, replace(VISA, number="", method_data=iban)), Paid)
    done = now(own_shop, session, expand=["invoice"])
    well_formed(done)
    assert (done.status, done.payment_status, done.invoice.status) == ("complete", "unpaid", "open")
    own_shop.server.advance(10 * 86_400, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    later = now(own_shop, session, expand=["invoice", "subscription"])
    assert (later.payment_status, later.invoice.status, later.subscription.status) == ("paid", "paid", "active")
