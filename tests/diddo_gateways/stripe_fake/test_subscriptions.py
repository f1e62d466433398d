"""Subscriptions through the SDK, on test clocks."""

from typing import Any

import pytest
import stripe
from plans import DAY, FEBRUARY, HOUR, MARCH, START, Plans, refused

from diddo_gateways.stripe_fake.billing.periods import later_by


@pytest.fixture
def plans(shop: Any) -> Plans:
    return Plans(shop)


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


def test_a_trial(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe(trial_period_days=14)
    well_formed(subscription)
    end = START + 14 * DAY
    assert (subscription.status, subscription.trial_start, subscription.trial_end) == ("trialing", START, end)
    assert subscription["items"].data[0].current_period_end == subscription.billing_cycle_anchor == end
    (first,) = plans.invoices(subscription)
    assert (first.status, first.total, first.lines.data[0].description) == (
        "paid",
        0,
        "Free trial for 1 \N{MULTIPLICATION SIGN} Gold",
    )
    plans.advance(end - 3 * DAY)
    assert "customer.subscription.trial_will_end" in plans.shop.events()
    plans.advance(end + HOUR)
    begun = plans.now(subscription)
    assert (begun.status, begun["items"].data[0].current_period_end) == ("active", later_by(end, "month", 1))
    assert [(invoice.status, invoice.total) for invoice in plans.invoices(subscription)] == [
        ("paid", 0),
        ("paid", 1000),
    ]


@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_that_ends_without_a_card(plans: Plans, behaviour: str, status: str) -> None:
    customer = plans.customer(card=None)
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    subscription = plans.subscribe(customer=customer, trial_period_days=7, trial_settings=settings)
    plans.advance(START + 7 * DAY)
    assert plans.now(subscription).status == status
    if behaviour == "pause":
        plans.card(customer, "pm_card_visa")
        resumed = plans.v1.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
        assert (resumed.status, plans.invoices(subscription)[-1].status) == ("active", "paid")
        assert plans.shop.events()[-1] == "customer.subscription.resumed"
    else:
        assert refused(plans.v1.subscriptions.resume, subscription.id).http_status == 400


@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_that_is_ended_without_a_card(plans: Plans, well_formed: Any, behaviour: str, status: str) -> None:
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    subscription = plans.subscribe(customer=plans.customer(card=None), trial_period_days=7, trial_settings=settings)
    plans.advance(START + DAY)
    item = {"id": subscription["items"].data[0].id, "quantity": 2}
    changed = plans.v1.subscriptions.update(subscription.id, {"trial_end": "now", "items": [item]})
    well_formed(changed)
    assert (changed.status, changed.trial_end) == (status, START + DAY)
    assert [invoice.total for invoice in plans.invoices(subscription)] == [0]
    if behaviour == "pause":
        assert changed["items"].data[0].quantity == 2
        assert "customer.subscription.paused" in plans.shop.events()


def test_an_upgrade_in_the_midst_of_a_period(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    item = subscription["items"].data[0].id
    plans.advance(START + 10 * DAY)
    dear = plans.price(3000)
    changed = plans.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": dear}]})
    well_formed(changed)
    assert (changed["items"].data[0].id, changed["items"].data[0].price.id) == (item, dear)
    event = plans.v1.events.list({"type": "customer.subscription.updated"}).data[0]
    assert event.data.previous_attributes["items"]["data"][0]["price"]["id"] == plans.monthly
    pending = list(plans.v1.invoice_items.list({"pending": True}).data)
    # 21 of 31 days are left.
    assert [(one.amount, one.proration) for one in reversed(pending)] == [(-677, True), (2032, True)]
    assert pending[1].description == "Unused time on Gold after 11 Jan 2026"
    plans.advance(FEBRUARY + HOUR)
    invoice = plans.invoices(subscription)[-1]
    well_formed(invoice)
    assert sorted(line.amount for line in invoice.lines.data) == [-677, 2032, 3000]
    assert (invoice.total, invoice.status) == (3000 + 2032 - 677, "paid")


def test_an_upgrade_that_is_invoiced_at_once(plans: Plans) -> None:
    subscription = plans.subscribe()
    item = subscription["items"].data[0].id
    plans.advance(START + 10 * DAY)
    changed = plans.v1.subscription_items.update(item, {"quantity": 3, "proration_behavior": "always_invoice"})
    assert changed.quantity == 3
    invoice = plans.invoices(subscription)[-1]
    assert (invoice.billing_reason, invoice.status, invoice.total) == ("subscription_update", "paid", 2032 - 677)
    free = plans.v1.subscription_items.update(item, {"quantity": 1, "proration_behavior": "none"})
    assert (free.quantity, len(plans.invoices(subscription))) == (1, 2)
    assert list(plans.v1.invoice_items.list({"pending": True}).data) == []


def test_a_change_that_cannot_be_paid(plans: Plans) -> None:
    customer = plans.customer()
    subscription = plans.subscribe(customer=customer)
    item = subscription["items"].data[0].id
    plans.card(customer, "pm_card_chargeCustomerFail")
    at_once = {"items": [{"id": item, "quantity": 2}], "proration_behavior": "always_invoice"}
    with pytest.raises(stripe.CardError) as caught:
        plans.v1.subscriptions.update(subscription.id, {**at_once, "payment_behavior": "error_if_incomplete"})
    assert caught.value.code == "card_declined"
    assert plans.now(subscription).to_dict() == subscription.to_dict()
    changed = plans.v1.subscriptions.update(subscription.id, at_once)
    assert (changed.status, changed["items"].data[0].quantity) == ("past_due", 2)
    plans.v1.invoices.pay(changed.latest_invoice, {"payment_method": plans.card(customer, "pm_card_visa")})
    assert plans.now(subscription).status == "active"


@pytest.mark.parametrize(
    "params",
    [{"billing_mode": {"type": "classic"}}, {}],
    ids=["classic", "without prorations"],
)
def test_another_interval_begins_a_new_cycle(plans: Plans, params: Any) -> None:
    subscription = plans.subscribe(**params)
    item = subscription["items"].data[0].id
    at = START + 10 * DAY
    plans.advance(at)
    yearly = plans.price(10_000, "year")
    behavior = "create_prorations" if params else "none"
    changed = plans.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": yearly}], "proration_behavior": behavior}
    )
    assert (changed.billing_cycle_anchor, changed["items"].data[0].current_period_end) == (at, later_by(at, "year", 1))
    total = 10_000 - (677 if params else 0)
    assert (plans.invoices(subscription)[-1].total, plans.invoices(subscription)[-1].status) == (total, "paid")


def test_another_interval_in_a_trial_costs_nothing_and_waits_for_its_end(plans: Plans) -> None:
    subscription = plans.subscribe(trial_period_days=14)
    item = subscription["items"].data[0].id
    plans.advance(START + DAY)
    yearly, end = plans.price(10_000, "year"), START + 14 * DAY
    changed = plans.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": yearly}]})
    assert (changed.status, changed.trial_end, changed.billing_cycle_anchor) == ("trialing", end, end)
    plans.advance(end + HOUR)
    begun = plans.now(subscription)["items"].data[0]
    assert (begun.current_period_start, begun.current_period_end) == (end, later_by(end, "year", 1))
    assert [invoice.total for invoice in plans.invoices(subscription)] == [0, 10_000]


def test_to_the_end_of_the_period_and_no_further(plans: Plans) -> None:
    subscription = plans.subscribe()
    ending = plans.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at, ending.canceled_at) == ("active", FEBRUARY, START)
    assert ending.cancellation_details.reason == "cancellation_requested"
    kept = plans.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.canceled_at, kept.cancellation_details.reason) == (None, None, None)
    plans.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    plans.advance(FEBRUARY + DAY)
    ended = plans.now(subscription)
    assert (ended.status, ended.ended_at, len(plans.invoices(subscription))) == ("canceled", FEBRUARY, 1)
    assert refused(plans.v1.subscriptions.cancel, subscription.id).http_status == 404
    error = refused(plans.v1.subscriptions.update, subscription.id, {"description": "again"})
    assert error.user_message == "A canceled subscription can only update its cancellation_details and metadata."
    assert plans.v1.subscriptions.update(subscription.id, {"metadata": {"why": "moved"}}).metadata["why"] == "moved"


def test_an_end_at_once_with_money_back(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    plans.advance(START + 10 * DAY)
    details = {"comment": "too loud", "feedback": "too_complex"}
    params = {"prorate": True, "invoice_now": True, "cancellation_details": details}
    ended = plans.v1.subscriptions.cancel(subscription.id, params)
    well_formed(ended)
    assert (ended.status, ended.ended_at, ended.cancellation_details.feedback) == (
        "canceled",
        START + 10 * DAY,
        "too_complex",
    )
    assert plans.invoices(subscription)[-1].total == -677
    assert plans.v1.customers.retrieve(subscription.customer).balance == -677


def test_without_a_card_nothing_begins(plans: Plans) -> None:
    customer = plans.customer(card=None)
    params = {"customer": customer, "items": [{"price": plans.monthly}]}
    error = refused(plans.v1.subscriptions.create, params)
    assert (error.http_status, error.code) == (400, "resource_missing")
    assert list(plans.v1.subscriptions.list({"customer": customer, "status": "all"})) == []


def test_the_browser_pays_the_first_invoice(plans: Plans, well_formed: Any) -> None:
    customer = plans.customer(card=None)
    subscription = plans.subscribe(
        customer=customer,
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.confirmation_secret", "pending_setup_intent"],
    )
    well_formed(subscription)
    assert (subscription.status, subscription.pending_setup_intent) == ("incomplete", None)
    secret = subscription.latest_invoice.confirmation_secret.client_secret
    intent = secret.partition("_secret_")[0]
    plans.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    paid = plans.now(subscription)
    assert (paid.status, paid.default_payment_method is None) == ("active", False)
    event = plans.v1.events.list({"type": "customer.subscription.updated"}).data[0]
    assert event.data.previous_attributes["status"] == "incomplete"
    plans.advance(FEBRUARY + HOUR)
    assert [invoice.status for invoice in plans.invoices(subscription)] == ["paid", "paid"]


def test_a_first_invoice_that_nobody_pays(plans: Plans) -> None:
    customer = plans.customer("pm_card_chargeCustomerFail")
    subscription = plans.subscribe(customer=customer)
    assert subscription.status == "incomplete"
    with pytest.raises(stripe.CardError):
        plans.subscribe(customer=customer, payment_behavior="error_if_incomplete")
    assert len(list(plans.v1.subscriptions.list({"customer": customer}))) == 1
    plans.advance(START + 23 * 3600)
    assert plans.now(subscription).status == "incomplete_expired"
    assert plans.invoices(subscription)[0].status == "void"


def test_a_card_that_asks_for_its_owner(plans: Plans) -> None:
    customer = plans.customer("pm_card_authenticationRequired")
    subscription = plans.subscribe(customer=customer, expand=["latest_invoice.payments"])
    assert subscription.status == "incomplete"
    payment = subscription.latest_invoice.payments.data[0].payment.payment_intent
    assert plans.v1.payment_intents.retrieve(payment).status == "requires_action"


def test_an_anchor_in_the_future_makes_a_short_first_period(plans: Plans) -> None:
    anchor = START + 10 * DAY
    subscription = plans.subscribe(billing_cycle_anchor=anchor)
    assert subscription["items"].data[0].current_period_end == anchor
    assert plans.invoices(subscription)[0].total == round(1000 * 10 / 31)
    free = plans.subscribe(billing_cycle_anchor=anchor, proration_behavior="none", customer=subscription.customer)
    assert plans.invoices(free)[0].total == 0
    config = {"day_of_month": 31, "hour": 0, "minute": 0, "second": 0}
    other = plans.subscribe(billing_cycle_anchor_config=config, customer=subscription.customer)
    assert other.billing_cycle_anchor == START + 30 * DAY
    plans.advance(anchor + HOUR)
    assert plans.invoices(subscription)[-1].total == 1000


def test_what_is_sent_is_overdue_when_nobody_pays(plans: Plans) -> None:
    customer = plans.customer(card=None, email="ada@shop.test")
    subscription = plans.subscribe(customer=customer, collection_method="send_invoice", days_until_due=5)
    assert (subscription.status, subscription.days_until_due) == ("active", 5)
    plans.advance(START + HOUR)
    assert plans.invoices(subscription)[0].status == "open"
    plans.advance(START + 6 * DAY)
    assert plans.now(subscription).status == "past_due"
    plans.v1.invoices.pay(subscription.latest_invoice, {"paid_out_of_band": True})
    assert plans.now(subscription).status == "active"


def test_use_is_billed_when_the_period_is_over(plans: Plans) -> None:
    meter = plans.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "call", "default_aggregation": {"formula": "sum"}}
    )
    metered = plans.price(7, recurring={"usage_type": "metered", "meter": meter.id})
    customer = plans.customer()
    subscription = plans.subscribe(customer=customer, items=[{"price": metered}])
    assert (subscription.status, subscription.latest_invoice) == ("active", None)
    for value in ("100", "23"):
        payload = {"stripe_customer_id": customer, "value": value}
        plans.v1.billing.meter_events.create({"event_name": "call", "payload": payload})
    plans.advance(FEBRUARY + HOUR)
    (invoice,) = plans.invoices(subscription)
    assert (invoice.total, invoice.lines.data[0].quantity, invoice.status) == (123 * 7, 123, "paid")
    plans.advance(MARCH + HOUR)
    assert plans.invoices(subscription)[-1].total == 0


def test_items_come_and_go(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    extra = plans.price(500)
    plans.advance(START + 10 * DAY)
    item = plans.v1.subscription_items.create({"subscription": subscription.id, "price": extra, "quantity": 2})
    well_formed(item)
    assert (item.current_period_start, item.current_period_end) == (START + 10 * DAY, FEBRUARY)
    listed = plans.v1.subscription_items.list({"subscription": subscription.id})
    assert {one.id for one in listed} == {item.id, subscription["items"].data[0].id}
    error = refused(plans.v1.subscription_items.create, {"subscription": subscription.id, "price": extra})
    assert "multiple subscription items with the same plan" in error.user_message
    gone = plans.v1.subscription_items.delete(item.id)
    assert gone.to_dict() == {"id": item.id, "object": "subscription_item", "deleted": True}
    assert sum(one.amount for one in plans.v1.invoice_items.list({"pending": True})) == 0
    last = subscription["items"].data[0].id
    assert refused(plans.v1.subscription_items.delete, last).http_status == 400


def test_lists_and_filters(plans: Plans) -> None:
    customer = plans.customer()
    dear = plans.price(9900)
    first = plans.subscribe(customer=customer)
    second = plans.subscribe(customer=customer, items=[{"price": dear}])
    plans.v1.subscriptions.cancel(first.id)
    find = plans.v1.subscriptions.list
    assert [one.id for one in find({"customer": customer})] == [second.id]
    assert [one.id for one in find({"customer": customer, "status": "all"})] == [second.id, first.id]
    assert [one.id for one in find({"customer": customer, "status": "ended"})] == [first.id]
    assert [one.id for one in find({"price": dear})] == [second.id]
    assert [one.id for one in find({"test_clock": plans.clock, "status": "canceled"})] == [first.id]
    assert [one.id for one in find({"current_period_end": {"gt": FEBRUARY}})] == []
    assert [one.id for one in find({"current_period_end": {"gte": FEBRUARY}})] == [second.id]
    held = plans.v1.customers.retrieve(customer, {"expand": ["subscriptions"]}).subscriptions
    assert [one.id for one in held.data] == [second.id]


def test_a_deleted_customer_has_no_subscriptions(plans: Plans) -> None:
    subscription = plans.subscribe()
    plans.v1.customers.delete(subscription.customer)
    assert plans.now(subscription).status == "canceled"


def test_a_discount_for_once(plans: Plans) -> None:
    coupon = plans.v1.coupons.create({"percent_off": 50, "duration": "once"})
    subscription = plans.subscribe(discounts=[{"coupon": coupon.id}])
    assert plans.invoices(subscription)[0].total == 500
    plans.advance(FEBRUARY + HOUR)
    assert plans.invoices(subscription)[1].total == 1000
    lasting = plans.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    discounted = plans.v1.subscriptions.update(subscription.id, {"discounts": [{"coupon": lasting.id}]})
    assert len(discounted.discounts) == 1
    plans.advance(MARCH + HOUR)
    assert plans.invoices(subscription)[2].total == 900
    plans.v1.subscriptions.delete_discount(subscription.id)
    assert plans.now(subscription).discounts == []


def test_collection_is_paused(plans: Plans) -> None:
    subscription = plans.subscribe()
    paused = {"behavior": "void", "resumes_at": FEBRUARY + 2 * DAY}
    plans.v1.subscriptions.update(subscription.id, {"pause_collection": paused})
    plans.advance(FEBRUARY + DAY)
    assert [invoice.status for invoice in plans.invoices(subscription)] == ["paid", "void"]
    assert plans.now(subscription).status == "active"
    plans.advance(MARCH + HOUR)
    assert plans.now(subscription).pause_collection is None
    assert plans.invoices(subscription)[-1].status == "paid"


def test_a_clock_that_is_advancing_refuses_changes(plans: Plans) -> None:
    subscription = plans.subscribe()
    plans.v1.test_helpers.test_clocks.advance(plans.clock, {"frozen_time": FEBRUARY})
    try:
        plans.v1.subscriptions.update(subscription.id, {"description": "meanwhile"})
    except stripe.RateLimitError as error:
        assert error.user_message == f"Test clock advancement underway - cannot perform modifications: {plans.clock}"  # noqa: PT017
    plans.shop.call(plans.shop.server.fake.settled())
    assert plans.now(subscription)["items"].data[0].current_period_start == FEBRUARY


def test_previews(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    item, dear = subscription["items"].data[0].id, plans.price(3000)
    plans.advance(START + 10 * DAY)
    events = plans.shop.events()
    preview = plans.v1.invoices.create_preview
    coming = preview({"subscription": subscription.id})
    well_formed(coming)
    assert (coming.total, coming.period_start, coming.period_end) == (1000, START, FEBRUARY)
    wanted: dict[str, Any] = {"items": [{"id": item, "price": dear}]}
    changed = preview({"subscription": subscription.id, "subscription_details": wanted})
    assert [line.amount for line in changed.lines.data] == [-677, 2032, 3000]
    at_once = preview(
        {"subscription": subscription.id, "subscription_details": {**wanted, "proration_behavior": "always_invoice"}}
    )
    assert at_once.total == 2032 - 677
    begun = preview({"customer": subscription.customer, "subscription_details": {"items": [{"price": dear}]}})
    assert (begun.total, begun.lines.data[0].period.end) == (3000, later_by(START + 10 * DAY, "month", 1))
    ended = {"cancel_now": True, "proration_behavior": "always_invoice"}
    assert preview({"subscription": subscription.id, "subscription_details": ended}).total == -677
    assert plans.now(subscription).to_dict() == subscription.to_dict()
    assert plans.shop.events() == events
    made = plans.v1.subscriptions.update(subscription.id, {**wanted, "proration_behavior": "always_invoice"})
    assert plans.v1.invoices.retrieve(made.latest_invoice).total == at_once.total


def test_a_preview_of_whatever_a_customer_is_billed_next(plans: Plans) -> None:
    preview = plans.v1.invoices.create_preview
    later = plans.subscribe(items=[{"price": plans.price(9000, "year")}])
    whose = {"customer": later.customer}
    assert preview(whose).total == 9000
    sooner = plans.subscribe(**whose)
    waiting = plans.v1.invoice_items.create({**whose, "amount": 50, "currency": "usd"})
    coming = preview(whose)
    assert (coming.total, coming.period_end) == (1050, FEBRUARY)
    assert coming.parent.subscription_details.subscription == sooner.id
    assert preview({**whose, "subscription_details": {"proration_behavior": "none"}}).total == 1050
    plans.v1.invoice_items.delete(waiting.id)
    plans.v1.subscriptions.update(sooner.id, {"cancel_at_period_end": True})
    assert preview(whose).total == 9000
    plans.v1.subscriptions.cancel(later.id)
    assert refused(preview, whose).code == "invoice_upcoming_none"


def test_a_change_under_a_discount(plans: Plans) -> None:
    coupon = plans.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = plans.subscribe(discounts=[{"coupon": coupon.id}])
    item = subscription["items"].data[0].id
    plans.advance(START + 10 * DAY)
    plans.v1.subscription_items.update(item, {"quantity": 2, "proration_behavior": "always_invoice"})
    assert [line.amount for line in plans.invoices(subscription)[-1].lines.data] == [-339, 677]


def test_a_renewal_is_announced_a_week_before(plans: Plans) -> None:
    plans.subscribe()
    plans.advance(FEBRUARY - 7 * DAY - 1)
    assert "invoice.upcoming" not in plans.shop.events()
    plans.advance(FEBRUARY - 7 * DAY)
    (event,) = plans.v1.events.list({"type": "invoice.upcoming"}).data
    assert (event.data.object["total"], event.data.object["period_end"]) == (1000, FEBRUARY)


def test_without_a_test_clock_the_worlds_time_counts(own_shop: Any) -> None:
    v1 = own_shop.client.v1
    card = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    customer = v1.customers.create(card)
    recurring = {"currency": "usd", "unit_amount": 300, "recurring": {"interval": "week"}}
    price = v1.prices.create({**recurring, "product_data": {"name": "Weekly"}})
    made = v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    start = made.created
    own_shop.server.advance(3 * 7 * DAY + HOUR + 60, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    (item,) = v1.subscriptions.retrieve(made.id)["items"].data
    assert item.current_period_start == start + 3 * 7 * DAY
    invoices = list(reversed(v1.invoices.list({"subscription": made.id}).data))
    assert [invoice.created for invoice in invoices] == [start + week * 7 * DAY for week in range(4)]
    assert [invoice.status for invoice in invoices] == ["paid"] * 4


def waiting_update(plans: Plans) -> tuple[stripe.Subscription, str]:
    """Return a subscription whose dearer price waits for its payment, and its customer."""
    customer = plans.customer()
    subscription = plans.subscribe(customer=customer)
    plans.card(customer, "pm_card_chargeCustomerFail")
    items = [{"id": subscription["items"].data[0].id, "price": plans.price(3000)}]
    params = {"items": items, "proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    return plans.v1.subscriptions.update(subscription.id, params), customer


def test_a_change_that_waits_for_its_payment(plans: Plans, well_formed: Any) -> None:
    waiting, customer = waiting_update(plans)
    well_formed(waiting)
    assert (waiting.status, waiting["items"].data[0].price.unit_amount) == ("active", 1000)
    assert waiting.pending_update.subscription_items[0].price.unit_amount == 3000
    assert waiting.pending_update.expires_at == START + 23 * 3600
    plans.v1.invoices.pay(waiting.latest_invoice, {"payment_method": plans.card(customer, "pm_card_visa")})
    applied = plans.now(waiting)
    assert (applied.pending_update, applied["items"].data[0].price.unit_amount) == (None, 3000)
    assert "customer.subscription.pending_update_applied" in plans.shop.events()
    plans.advance(FEBRUARY + HOUR)
    assert plans.invoices(waiting)[-1].total == 3000


def test_a_change_that_nobody_pays_for(plans: Plans) -> None:
    waiting, _ = waiting_update(plans)
    plans.advance(START + DAY)
    as_before = plans.now(waiting)
    assert (as_before.status, as_before.pending_update) == ("active", None)
    assert as_before["items"].data[0].price.unit_amount == 1000
    assert plans.v1.invoices.retrieve(waiting.latest_invoice).status == "void"
    assert "customer.subscription.pending_update_expired" in plans.shop.events()
    error = refused(
        plans.v1.subscriptions.update, waiting.id, {"metadata": {"a": "b"}, "payment_behavior": "pending_if_incomplete"}
    )
    assert error.param == "metadata"


def test_a_card_for_later(plans: Plans) -> None:
    customer = plans.customer(card=None)
    subscription = plans.subscribe(customer=customer, trial_period_days=7, payment_behavior="default_incomplete")
    assert subscription.status == "trialing"
    setup = str(subscription.pending_setup_intent)
    intent = plans.v1.setup_intents.confirm(
        setup, {"payment_method": "pm_card_visa", "return_url": "https://shop.test/return"}
    )
    assert intent.status == "succeeded"
    ready = plans.now(subscription)
    assert (ready.pending_setup_intent, ready.default_payment_method) == (None, intent.payment_method)
    plans.advance(START + 7 * DAY + HOUR)
    assert [invoice.status for invoice in plans.invoices(subscription)] == ["paid", "paid"]
