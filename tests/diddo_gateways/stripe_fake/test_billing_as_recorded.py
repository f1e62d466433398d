"""Values of subscriptions, invoices and their payments that recorded answers of Stripe's test mode show."""

from typing import Any

import pytest
from plans import DAY, FEBRUARY, START, Plans

from diddo_gateways.stripe_fake.billing.periods import later_by

TIMES = "\N{MULTIPLICATION SIGN}"


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


def test_another_interval_keeps_the_anchor_and_settles_the_rest_of_both_periods(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    item, first = subscription["items"].data[0].id, plans.v1.invoices.retrieve(subscription.latest_invoice)
    at, end = START + 10 * DAY, later_by(START, "year", 1)
    plans.advance(at)
    yearly = plans.price(10_000, "year")
    changed = plans.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": yearly}]})
    periods = changed["items"].data[0]
    assert (changed.billing_cycle_anchor, periods.current_period_start, periods.current_period_end) == (
        START,
        START,
        end,
    )
    invoice = plans.v1.invoices.retrieve(changed.latest_invoice)
    well_formed(invoice)
    assert (invoice.billing_reason, invoice.period_start, invoice.period_end) == ("subscription_update", START, at)
    unused, remaining = invoice.lines.data
    assert [unused.amount, remaining.amount, invoice.amount_paid] == [-677, 9726, 9726 - 677]
    assert (unused.description, remaining.description) == (
        "Unused time on Gold after 11 Jan 2026",
        "Remaining time on Gold after 11 Jan 2026",
    )
    assert (remaining.period.start, remaining.period.end) == (at, end)
    for line in (unused, remaining):
        details = line.parent.subscription_item_details
        assert (line.discountable, line.pricing.unit_amount_decimal, details.proration) == (False, None, True)
        made = plans.v1.invoice_items.retrieve(details.invoice_item)
        well_formed(made)
        assert (made.invoice, made.amount, made.proration) == (invoice.id, line.amount, True)
    credited = unused.parent.subscription_item_details.proration_details.credited_items
    assert (credited.invoice, credited.invoice_line_items) == (first.id, [first.lines.data[0].id])
    assert remaining.parent.subscription_item_details.proration_details.credited_items is None


def test_a_new_cycle_gives_back_and_bills_a_whole_period(plans: Plans) -> None:
    subscription = plans.subscribe()
    item, at = subscription["items"].data[0].id, START + 10 * DAY
    plans.advance(at)
    items = [{"id": item, "price": plans.price(10_000, "year")}]
    params = {
        "items": items,
        "billing_cycle_anchor": {"type": "now"},
        "trial_end": "now",
        "proration_behavior": "always_invoice",
    }
    invoice = plans.v1.invoices.retrieve(plans.v1.subscriptions.update(subscription.id, params).latest_invoice)
    unused, whole = invoice.lines.data
    assert (unused.amount, whole.amount, whole.discountable) == (-677, 10_000, True)
    assert (whole.description, whole.pricing.unit_amount_decimal) == (f"1 {TIMES} Gold (at $100.00 / year)", 10_000)
    assert whole.parent.subscription_item_details.invoice_item is None
    assert (invoice.period_start, invoice.period_end) == (at, at)


def test_the_end_of_a_trial_that_there_is_not_changes_nothing(plans: Plans) -> None:
    subscription = plans.subscribe(cancel_at_period_end=True)
    plans.advance(START + DAY)
    resumed = plans.v1.subscriptions.update(subscription.id, {"trial_end": "now", "cancel_at_period_end": False})
    assert (resumed.cancel_at, resumed.billing_cycle_anchor) == (None, START)
    assert resumed.latest_invoice == subscription.latest_invoice


def test_a_line_names_what_its_product_is_counted_in(plans: Plans) -> None:
    plans.v1.products.update(plans.product, {"unit_label": "seat"})
    items = [{"price": plans.monthly, "quantity": 10}]
    paid, trial = plans.subscribe(items=items), plans.subscribe(items=items, trial_period_days=14)
    (line,) = plans.v1.invoices.retrieve(paid.latest_invoice).lines.data
    assert line.description == f"10 seat {TIMES} Gold (at $10.00 / month)"
    (line,) = plans.v1.invoices.retrieve(trial.latest_invoice).lines.data
    assert (line.description, line.pricing.unit_amount_decimal) == (f"Free trial for 10 seat {TIMES} Gold", 0)


def test_a_customer_with_a_card_of_the_older_kind_is_charged(plans: Plans) -> None:
    customer = plans.customer(None, source="tok_visa")
    subscription = plans.subscribe(customer=customer)
    assert (subscription.status, subscription.pending_setup_intent) == ("active", None)
    assert plans.invoices(subscription)[0].status == "paid"


def test_what_is_added_once_is_an_invoice_item_for_the_first_period(plans: Plans, well_formed: Any) -> None:
    shirt = plans.v1.prices.create({"currency": "usd", "unit_amount": 1500, "product_data": {"name": "T-Shirt"}})
    subscription = plans.subscribe(add_invoice_items=[{"price": shirt.id}])
    invoice = plans.v1.invoices.retrieve(subscription.latest_invoice)
    well_formed(invoice)
    added, plan = invoice.lines.data
    assert (added.amount, plan.amount, added.parent.type) == (1500, 1000, "invoice_item_details")
    assert (added.period.start, added.period.end) == (plan.period.start, plan.period.end) == (START, FEBRUARY)
    item = plans.v1.invoice_items.retrieve(added.parent.invoice_item_details.invoice_item)
    assert (item.invoice, item.discounts, item.tax_rates) == (invoice.id, [], [])


def test_paper_is_settled_with_a_final_invoice(plans: Plans) -> None:
    customer = plans.customer()
    item = plans.v1.invoice_items.create({"customer": customer, "amount": 900, "currency": "usd"})
    assert (item.discounts, item.tax_rates) == ([], [])
    params = {"customer": customer, "pending_invoice_items_behavior": "include"}
    invoice = plans.v1.invoices.create(params)
    assert (invoice.rendering.pdf.page_size, invoice.rendering.template) == ("auto", None)
    assert plans.v1.invoices.pay(invoice.id).rendering.pdf.page_size == "letter"
    assert plans.invoices(plans.subscribe())[0].rendering is None


def test_a_session_knows_no_name_and_no_tax_of_a_setup(plans: Plans) -> None:
    customer = plans.v1.customers.create({"email": "a@example.org", "name": "A"}).id
    urls = {"success_url": "https://shop.test/done", "customer": customer}
    setup = plans.v1.checkout.sessions.create({"mode": "setup", "currency": "usd", **urls})
    assert (setup.customer_details.name, setup.customer_details.tax_exempt) == (None, None)
    assert setup.saved_payment_method_options is None
    lines = [{"price": plans.monthly, "quantity": 1}]
    sold = plans.v1.checkout.sessions.create({"mode": "subscription", "line_items": lines, **urls})
    assert (sold.customer_details.name, sold.customer_details.tax_exempt) == (None, "none")
    assert sold.saved_payment_method_options.payment_method_remove == "disabled"


def test_an_invoice_that_is_made_for_a_subscription_covers_its_period_until_now(plans: Plans) -> None:
    subscription = plans.subscribe()
    assert subscription.managed_payments.enabled is False
    plans.advance(START + DAY)
    params = {"customer": subscription.customer, "subscription": subscription.id}
    invoice = plans.v1.invoices.create(params)
    assert (invoice.billing_reason, invoice.period_start, invoice.period_end) == ("manual", START, START + DAY)


def test_pending_items_come_first_the_newest_of_them_at_the_top(plans: Plans) -> None:
    subscription = plans.subscribe()
    for amount in (100, 200):
        plans.v1.invoice_items.create({"customer": subscription.customer, "amount": amount, "currency": "usd"})
    preview = plans.v1.invoices.create_preview({"subscription": subscription.id})
    plans.advance(FEBRUARY)
    renewal = plans.invoices(subscription)[-1]
    assert [line.amount for line in renewal.lines.data] == [line.amount for line in preview.lines.data]
    assert [line.amount for line in renewal.lines.data] == [200, 100, 1000]


def test_a_trial_of_what_is_metered_counts_nothing(plans: Plans) -> None:
    meter = plans.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    metered = plans.price(10, recurring={"meter": meter.id, "usage_type": "metered"})
    trial = plans.subscribe(items=[{"price": metered}], trial_period_days=14)
    assert plans.v1.invoices.retrieve(trial.latest_invoice).lines.data[0].description == "Free trial for Gold"
