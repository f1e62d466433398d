"""Subscription schedules through the SDK."""

from typing import Any

import pytest
import stripe
from plans import DAY, FEBRUARY, HOUR, MARCH, START, Plans, refused

APRIL = MARCH + 31 * DAY


@pytest.fixture
def plans(shop: Any) -> Plans:
    return Plans(shop)


def two_phases(plans: Plans, **more: Any) -> stripe.SubscriptionSchedule:
    dear = plans.price(3000)
    phases = [
        {"items": [{"price": plans.monthly}], "duration": {"interval": "month"}},
        {"items": [{"price": dear, "quantity": 2}], "duration": {"interval": "month"}},
    ]
    params = {"customer": plans.customer(), "start_date": "now", "phases": phases, **more}
    return plans.v1.subscription_schedules.create(params)


def test_from_phase_to_phase_and_on_its_own(plans: Plans, well_formed: Any) -> None:
    schedule = two_phases(plans, metadata={"a": "b"})
    well_formed(schedule)
    assert schedule.id.startswith("sub_sched_1")
    assert (schedule.status, schedule.end_behavior) == ("active", "release")
    assert [(phase.start_date, phase.end_date) for phase in schedule.phases] == [(START, FEBRUARY), (FEBRUARY, MARCH)]
    assert schedule.current_phase.to_dict() == {"start_date": START, "end_date": FEBRUARY}
    subscription = plans.v1.subscriptions.retrieve(str(schedule.subscription))
    assert (subscription.status, subscription.schedule) == ("active", schedule.id)
    plans.advance(FEBRUARY + HOUR)
    (item,) = plans.now(subscription)["items"].data
    assert (item.price.unit_amount, item.quantity, item.current_period_end) == (3000, 2, MARCH)
    assert [invoice.total for invoice in plans.invoices(subscription)] == [1000, 6000]
    assert plans.v1.subscription_schedules.retrieve(schedule.id).current_phase.start_date == FEBRUARY
    plans.advance(MARCH + HOUR)
    released = plans.v1.subscription_schedules.retrieve(schedule.id)
    well_formed(released)
    assert (released.status, released.released_subscription, released.subscription) == (
        "released",
        subscription.id,
        None,
    )
    going_on = plans.now(subscription)
    assert (going_on.status, going_on.schedule, going_on["items"].data[0].current_period_end) == ("active", None, APRIL)
    assert [invoice.total for invoice in plans.invoices(subscription)] == [1000, 6000, 6000]
    assert "subscription_schedule.released" in plans.shop.events()


def test_an_end_with_the_last_phase(plans: Plans) -> None:
    schedule = two_phases(plans, end_behavior="cancel")
    plans.advance(FEBRUARY)
    plans.advance(MARCH + HOUR)
    ended = plans.v1.subscription_schedules.retrieve(schedule.id)
    assert (ended.status, ended.completed_at) == ("completed", MARCH)
    subscription = plans.v1.subscriptions.retrieve(str(schedule.subscription))
    assert (subscription.status, len(plans.invoices(subscription))) == ("canceled", 2)


def test_one_that_starts_later(plans: Plans) -> None:
    schedule = two_phases(plans, start_date=START + 10 * DAY)
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    assert [found.id for found in plans.v1.subscription_schedules.list({"scheduled": True})] == [schedule.id]
    plans.advance(START + 10 * DAY)
    started = plans.v1.subscription_schedules.retrieve(schedule.id)
    assert started.status == "active"
    assert plans.v1.subscriptions.retrieve(str(started.subscription)).start_date == START + 10 * DAY
    assert list(plans.v1.subscription_schedules.list({"scheduled": True})) == []


def test_from_a_subscription_with_a_further_phase(plans: Plans, well_formed: Any) -> None:
    subscription = plans.subscribe()
    schedule = plans.v1.subscription_schedules.create({"from_subscription": subscription.id})
    well_formed(schedule)
    assert (schedule.status, schedule.subscription, schedule.phases[0].end_date) == (
        "active",
        subscription.id,
        FEBRUARY,
    )
    assert refused(plans.v1.subscription_schedules.create, {"from_subscription": subscription.id}).http_status == 400
    phases = [
        {"start_date": START, "end_date": FEBRUARY, "items": [{"price": plans.monthly}]},
        {"items": [{"price": plans.monthly, "quantity": 4}], "proration_behavior": "none"},
    ]
    plans.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    plans.advance(FEBRUARY + HOUR)
    assert plans.invoices(subscription)[-1].total == 4000
    released = plans.v1.subscription_schedules.release(schedule.id)
    assert (released.status, plans.now(subscription).schedule) == ("released", None)
    error = refused(plans.v1.subscription_schedules.cancel, schedule.id)
    assert "currently in the `released` status" in error.user_message


def test_a_change_of_the_phase_that_it_is_in(plans: Plans) -> None:
    schedule = two_phases(plans)
    plans.advance(START + 10 * DAY)
    phases = [{"start_date": START, "end_date": FEBRUARY, "items": [{"price": plans.price(3000)}]}]
    changed = plans.v1.subscription_schedules.update(
        schedule.id,
        {"phases": phases, "proration_behavior": "always_invoice", "end_behavior": "cancel"},
    )
    assert len(changed.phases) == 1
    subscription = plans.v1.subscriptions.retrieve(str(schedule.subscription))
    assert plans.invoices(subscription)[-1].total == 2032 - 677
    canceled = plans.v1.subscription_schedules.cancel(schedule.id)
    assert (canceled.status, plans.now(subscription).status) == ("canceled", "canceled")


def test_what_a_schedule_needs(plans: Plans) -> None:
    create = plans.v1.subscription_schedules.create
    assert refused(create, {}).param == "customer"
    assert refused(create, {"customer": plans.customer(), "phases": []}).http_status == 400
    phases = [{"items": [{"price": plans.monthly}], "end_date": START - 1}]
    assert refused(create, {"customer": plans.customer(), "phases": phases}).param == "phases[0][end_date]"
