"""Charges made without an intent, through the SDK."""

from typing import Any

import pytest
import stripe
from refusals import refused

DAY = 86_400


@pytest.fixture
def charges(shop: Any) -> Any:
    return shop.client.v1.charges


def declined(call: Any, *args: Any) -> stripe.CardError:
    with pytest.raises(stripe.CardError) as caught:
        call(*args)
    return caught.value


def test_a_token_is_charged(shop: Any, charges: Any, well_formed: Any) -> None:
    charge = charges.create(
        {
            "amount": 1000,
            "currency": "USD",
            "source": "tok_visa",
            "description": "A book",
            "metadata": {"order": "7"},
            "receipt_email": "ada@example.com",
            "statement_descriptor_suffix": "Books",
            "expand": ["balance_transaction"],
        }
    )
    well_formed(charge)
    assert (charge.status, charge.paid, charge.captured) == ("succeeded", True, True)
    assert (charge.amount, charge.amount_captured, charge.currency) == (1000, 1000, "usd")
    assert (charge.payment_intent, charge.description, charge.metadata["order"]) == (None, "A book", "7")
    assert (charge.calculated_statement_descriptor, charge.receipt_email) == ("Stripe* Books", "ada@example.com")
    assert charge.payment_method.startswith("card_1")
    assert charge.payment_method_details.card.last4 == "4242"
    assert (charge.balance_transaction.net, charge.balance_transaction.status) == (941, "pending")
    assert charges.retrieve(charge.id).id == charge.id
    assert shop.events() == ["charge.succeeded"]


def test_its_source_is_shown(charges: Any) -> None:
    charge = charges.create({"amount": 1000, "currency": "usd", "source": "tok_mastercard"})
    assert (charge.source.object, charge.source.brand, charge.source.id) == (
        "card",
        "MasterCard",
        charge.payment_method,
    )


def test_a_token_that_was_made_is_used_up(shop: Any, charges: Any) -> None:
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    token = shop.client.v1.tokens.create({"card": card})
    assert charges.create({"amount": 100, "currency": "usd", "source": token.id}).paid
    error = refused(charges.create, {"amount": 100, "currency": "usd", "source": token.id})
    assert error.code == "token_already_used"


def test_a_decline_leaves_the_failed_charge(shop: Any, charges: Any, well_formed: Any) -> None:
    error = declined(
        charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa_chargeDeclinedInsufficientFunds"}
    )
    assert (error.http_status, error.code, error.error.decline_code) == (402, "card_declined", "insufficient_funds")
    assert "payment_intent" not in error.json_body["error"]
    charge = charges.retrieve(error.error.charge)
    well_formed(charge)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, "card_declined")
    assert shop.events() == ["charge.failed"]
    error = refused(shop.client.v1.refunds.create, {"charge": charge.id})
    assert error.user_message == "This Charge does not have a successful charge to refund."


def test_cards_that_need_3d_secure_are_declined(charges: Any) -> None:
    error = declined(charges.create, {"amount": 100, "currency": "usd", "source": "tok_threeDSecure2Required"})
    assert error.code == "authentication_required"


def test_what_is_missing_or_wrong(charges: Any) -> None:
    error = refused(charges.create, {"currency": "usd", "source": "tok_visa"})
    assert (error.code, error.param) == ("parameter_missing", "amount")
    error = refused(charges.create, {"amount": 100, "source": "tok_visa"})
    assert (error.code, error.param) == ("parameter_missing", "currency")
    error = refused(charges.create, {"amount": 100, "currency": "usd"})
    assert error.user_message == "Must provide source or customer."
    error = refused(charges.create, {"amount": 100, "currency": "usd", "source": "tok_nobody"})
    assert (error.code, error.param) == ("resource_missing", "source")
    assert refused(charges.create, {"amount": 10, "currency": "usd", "source": "tok_visa"}).code == "amount_too_small"
    with pytest.raises(stripe.APIError):
        charges.create({"amount": 100, "currency": "usd", "source": "tok_visa", "on_behalf_of": "acct_1"})


def test_a_customers_card_is_charged(shop: Any, charges: Any) -> None:
    customers = shop.client.v1.customers
    nobody = customers.create({})
    error = declined(charges.create, {"amount": 100, "currency": "usd", "customer": nobody.id})
    assert (error.code, error.param) == ("missing", "card")
    ada = customers.create({"source": "tok_visa"})
    charge = charges.create({"amount": 100, "currency": "usd", "customer": ada.id})
    assert (charge.customer, charge.payment_method) == (ada.id, ada.default_source)
    second = customers.payment_sources.create(ada.id, {"source": "tok_amex"})
    charge = charges.create({"amount": 100, "currency": "usd", "customer": ada.id, "source": second.id})
    assert charge.payment_method_details.card.brand == "amex"
    error = refused(charges.create, {"amount": 100, "currency": "usd", "customer": nobody.id, "source": second.id})
    assert (error.code, error.param) == ("missing", "source")


def test_an_authorisation_is_captured_later(shop: Any, charges: Any, well_formed: Any) -> None:
    charge = charges.create({"amount": 1000, "currency": "usd", "source": "tok_visa", "capture": False})
    assert (charge.captured, charge.paid, charge.balance_transaction) == (False, True, None)
    assert refused(charges.capture, charge.id, {"amount": 1001}).code == "amount_too_large"
    captured = charges.capture(charge.id, {"amount": 700})
    well_formed(captured)
    assert (captured.captured, captured.amount_captured, captured.amount_refunded) == (True, 700, 0)
    assert refused(charges.capture, charge.id).code == "charge_already_captured"
    assert shop.client.v1.refunds.create({"charge": charge.id}).amount == 700
    assert shop.events() == ["charge.succeeded", "charge.captured", "refund.created", "charge.refunded"]


def test_an_authorisation_is_released(shop: Any, charges: Any) -> None:
    charge = charges.create({"amount": 1000, "currency": "usd", "source": "tok_visa", "capture": False})
    error = refused(shop.client.v1.refunds.create, {"charge": charge.id, "amount": 5})
    assert (error.http_status, error.param) == (400, "amount")
    released = shop.client.v1.refunds.create({"charge": charge.id})
    assert (released.status, released.balance_transaction) == ("succeeded", None)
    assert refused(charges.capture, charge.id).code == "charge_already_refunded"
    assert shop.client.v1.balance_transactions.list().data == []


def test_an_authorisation_ends_by_itself(own_shop: Any, well_formed: Any) -> None:
    charges = own_shop.client.v1.charges
    charge = charges.create({"amount": 1000, "currency": "usd", "source": "tok_visa", "capture": False})
    own_shop.server.advance(7 * DAY, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    expired = charges.retrieve(charge.id)
    well_formed(expired)
    assert (expired.refunded, expired.captured, expired.amount_refunded) == (True, False, 1000)
    assert own_shop.events() == ["charge.succeeded", "charge.expired"]


def test_disputes_and_reviews_follow_as_they_do_of_intents(shop: Any, charges: Any) -> None:
    disputed = charges.create({"amount": 1000, "currency": "usd", "source": "tok_createDispute"})
    assert disputed.disputed
    [dispute] = shop.client.v1.disputes.list({"charge": disputed.id})
    assert dispute.payment_intent is None
    reviewed = charges.create({"amount": 1000, "currency": "usd", "source": "tok_riskLevelElevated"})
    assert shop.client.v1.reviews.retrieve(reviewed.review).charge == reviewed.id
