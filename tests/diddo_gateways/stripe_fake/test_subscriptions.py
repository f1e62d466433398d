"""Subscriptions through the SDK, on test clocks."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.billing.periods import later_by

START = 1_767_225_600  # 1 January 2026
DAY = 86_400
FEBRUARY = START + 31 * DAY
MARCH = FEBRUARY + 28 * DAY
HOUR = 3602  # until a draft is final


class Plans:
    """A shop that sells subscriptions, with a customer on a test clock."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.v1 = shop.client.v1
        self.clock = self.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
        self.product = self.v1.products.create({"name": "Gold"}).id
        self.monthly = self.price(1000)

    def price(self, amount: int, interval: str = "month", **more: Any) -> str:
        recurring = {"interval": interval, **more.pop("recurring", {})}
        params = {"currency": "usd", "product": self.product, "unit_amount": amount, "recurring": recurring}
        return str(self.v1.prices.create({**params, **more}).id)

    def customer(self, card: str | None = "pm_card_visa", **more: Any) -> str:
        params: dict[str, Any] = {"test_clock": self.clock, **more}
        if card is not None:
            params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        return str(self.v1.customers.create(params).id)

    def subscribe(self, **more: Any) -> stripe.Subscription:
        params = {"items": [{"price": self.monthly}], **more}
        params.setdefault("customer", self.customer()) if "customer" not in params else None
        return self.v1.subscriptions.create(params)

    def advance(self, to: int) -> None:
        self.v1.test_helpers.test_clocks.advance(self.clock, {"frozen_time": to})
        self.shop.call(self.shop.server.fake.settled())
        assert self.v1.test_helpers.test_clocks.retrieve(self.clock).status == "ready"

    def now(self, subscription: stripe.Subscription) -> stripe.Subscription:
        return self.v1.subscriptions.retrieve(subscription.id)

    def invoices(self, subscription: stripe.Subscription) -> list[stripe.Invoice]:
        """Return the invoices, oldest first."""
        return list(reversed(list(self.v1.invoices.list({"subscription": subscription.id}).data)))

    def card(self, customer: str, card: str) -> str:
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return str(method.id)


@pytest.fixture
def plans(shop: Any) -> Plans:
    return Plans(shop)


def refused(call: Any, *args: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args)
    return caught.value


def test_the_first_period(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe(metadata={"seat": "3"})
    well_formed(subscription)
    assert subscription.id.startswith("sub_1")
    assert (subscription.status, subscription.created, subscription.billing_cycle_anchor) == ("active", START, START)
    (item,) = subscription["items"].data
    well_formed(item)
    assert (item.current_period_start, item.current_period_end) == (START, FEBRUARY)
    assert (item.price.id, item.quantity, item.plan.amount) == (plans.monthly, 1, 1000)
    (invoice,) = plans.invoices(subscription)
    well_formed(invoice)
    assert subscription.latest_invoice == invoice.id
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 1000, "subscription_create")
    assert invoice.lines.data[0].description == "1 \N{MULTIPLICATION SIGN} Gold (at $10.00 / month)"
    assert (invoice.lines.data[0].period.start, invoice.lines.data[0].period.end) == (START, FEBRUARY)
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert "customer.subscription.created" in plans.shop.events()


def test_a_failed_renewal_and_its_recovery(plans: Plans) -> None:
    customer = plans.customer()
    subscription = plans.subscribe(customer=customer)
    plans.card(customer, "pm_card_chargeCustomerFail")
    plans.advance(FEBRUARY)
    renewed = plans.now(subscription)
    assert (renewed.status, renewed["items"].data[0].current_period_end) == ("active", MARCH)
    draft = plans.invoices(subscription)[1]
    assert (draft.status, draft.created, draft.billing_reason) == ("draft", FEBRUARY, "subscription_cycle")
    plans.advance(FEBRUARY + HOUR)
    assert plans.now(subscription).status == "past_due"
    failed = plans.v1.invoices.retrieve(draft.id)
    assert (failed.status, failed.attempt_count) == ("open", 1)
    assert failed.next_payment_attempt == failed.status_transitions.finalized_at + 3 * DAY
    plans.advance(failed.next_payment_attempt + 1)
    assert plans.v1.invoices.retrieve(draft.id).attempt_count == 2
    plans.card(customer, "pm_card_visa")
    plans.advance(FEBRUARY + 20 * DAY)
    recovered = plans.now(subscription)
    assert recovered.status == "active"
    assert plans.v1.invoices.retrieve(draft.id).status == "paid"
    plans.advance(MARCH + HOUR)
    assert [invoice.status for invoice in plans.invoices(subscription)] == ["paid", "paid", "paid"]


def test_after_the_last_attempt_it_ends(plans: Plans) -> None:
    customer = plans.customer()
    subscription = plans.subscribe(customer=customer)
    plans.card(customer, "pm_card_chargeCustomerFail")
    plans.advance(FEBRUARY + 27 * DAY)
    ended = plans.now(subscription)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert ended.ended_at == FEBRUARY + 3601 + 15 * DAY
    invoice = plans.invoices(subscription)[1]
    assert (invoice.status, invoice.attempt_count, invoice.auto_advance) == ("open", 4, False)
    assert plans.shop.events()[-2:] == ["customer.subscription.deleted", "test_helpers.test_clock.ready"]
    assert later_by(START, "month", 1) == FEBRUARY
