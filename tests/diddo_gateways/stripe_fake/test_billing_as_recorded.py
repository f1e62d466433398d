"""Values of subscriptions, invoices and their payments that recorded answers of Stripe's test mode show."""

from typing import Any

import pytest
from plans import FEBRUARY, START, Plans


@pytest.fixture
def plans(shop: Any) -> Plans:
    return Plans(shop)


def test_a_paid_invoice_advances_no_more(plans: Plans) -> None:
    (invoice,) = plans.invoices(plans.subscribe())
    assert (invoice.status, invoice.auto_advance, invoice.attempted, invoice.attempt_count) == ("paid", False, True, 1)


def test_an_attempt_counts_when_its_shopper_has_answered(plans: Plans) -> None:
    (invoice,) = plans.invoices(plans.subscribe(customer=plans.customer("pm_card_authenticationRequired")))
    waiting = (invoice.status, invoice.auto_advance, invoice.attempted, invoice.attempt_count)
    assert waiting == ("open", True, True, 0)


def test_an_intent_names_its_invoice(plans: Plans) -> None:
    invoice = plans.v1.invoices.retrieve(plans.subscribe().latest_invoice, {"expand": ["payments"]})
    assert invoice.payments.url == "/v1/invoices/payments"
    intent = plans.v1.payment_intents.retrieve(invoice.payments.data[0].payment.payment_intent)
    assert (intent.capture_method, intent.payment_details.order_reference) == ("automatic", invoice.id[:25])


def test_the_flexible_billing_mode_says_since_when(plans: Plans) -> None:
    assert plans.subscribe().billing_mode.updated_at == START
    assert plans.subscribe(billing_mode={"type": "classic"}).billing_mode.updated_at is None


def test_what_is_canceled_at_once_will_not_end_later(plans: Plans) -> None:
    subscription = plans.subscribe(cancel_at_period_end=True)
    assert (subscription.cancel_at, subscription.cancel_at_period_end) == (FEBRUARY, True)
    canceled = plans.v1.subscriptions.cancel(subscription.id)
    assert (canceled.cancel_at, canceled.cancel_at_period_end, canceled.ended_at) == (None, False, START)


def test_the_empty_string_takes_a_default_payment_method_off(plans: Plans) -> None:
    customer = plans.customer()
    method = plans.v1.payment_methods.attach("pm_card_discover", {"customer": customer}).id
    subscription = plans.subscribe(customer=customer, default_payment_method=method)
    assert subscription.default_payment_method == method
    changed = plans.v1.subscriptions.update(subscription.id, {"default_payment_method": ""})
    assert changed.default_payment_method is None
    assert plans.v1.customers.create({"name": ""}).name is None
