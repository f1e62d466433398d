"""Test clocks through the SDK."""

from typing import Any

import pytest
from refusals import refused

from diddo_gateways.stripe_fake.billing.periods import later_by

START = 1_767_225_600  # 1 January 2026
WEEK = 7 * 86_400


@pytest.fixture
def clocks(shop: Any) -> Any:
    return shop.client.v1.test_helpers.test_clocks


def test_a_clock_and_who_is_on_it(shop: Any, clocks: Any, well_formed: Any) -> None:
    clock = clocks.create({"frozen_time": START, "name": "a year of rent"})
    well_formed(clock)
    assert clock.id.startswith("clock_1")
    assert (clock.status, clock.frozen_time, clock.name) == ("ready", START, "a year of rent")
    assert clock.deletes_after == clock.created + WEEK
    ada = shop.client.v1.customers.create({"name": "Ada", "test_clock": clock.id})
    assert (ada.created, ada.test_clock) == (START, clock.id)
    shop.client.v1.customers.create({"name": "Bea"})
    listed = shop.client.v1.customers.list({"test_clock": clock.id})
    assert [customer.id for customer in listed] == [ada.id]
    assert clocks.retrieve(clock.id).to_dict() == clock.to_dict()
    assert [found.id for found in clocks.list()] == [clock.id]


def test_three_customers_and_no_more(shop: Any, clocks: Any) -> None:
    clock = clocks.create({"frozen_time": START})
    for _ in range(3):
        shop.client.v1.customers.create({"test_clock": clock.id})
    error = refused(shop.client.v1.customers.create, {"test_clock": clock.id})
    assert (error.http_status, error.param) == (400, "test_clock")
    error = refused(shop.client.v1.customers.create, {"test_clock": "clock_nobody"})
    assert (error.http_status, error.code) == (400, "resource_missing")


def test_an_advance_is_answered_before_it_is_over(shop: Any, clocks: Any, well_formed: Any) -> None:
    clock = clocks.create({"frozen_time": START})
    moving = clocks.advance(clock.id, {"frozen_time": START + WEEK})
    well_formed(moving)
    assert (moving.status, moving.frozen_time) == ("advancing", START)
    assert moving.status_details.advancing.target_frozen_time == START + WEEK
    shop.call(shop.server.fake.settled())
    arrived = clocks.retrieve(clock.id)
    assert (arrived.status, arrived.frozen_time) == ("ready", START + WEEK)
    assert shop.events() == [f"test_helpers.test_clock.{what}" for what in ("created", "advancing", "ready")]


def test_only_ahead_and_not_too_far(clocks: Any) -> None:
    clock = clocks.create({"frozen_time": START})
    for target in (START, START - 1, later_by(START, "year", 2) + 1):
        error = refused(clocks.advance, clock.id, {"frozen_time": target})
        assert (error.http_status, error.param) == (400, "frozen_time")
    clocks.advance(clock.id, {"frozen_time": later_by(START, "year", 2)})


def test_a_deleted_clock_takes_its_customers_along(shop: Any, clocks: Any) -> None:
    clock = clocks.create({"frozen_time": START})
    ada = shop.client.v1.customers.create({"test_clock": clock.id})
    gone = clocks.delete(clock.id)
    assert gone.to_dict() == {"id": clock.id, "object": "test_helpers.test_clock", "deleted": True}
    assert shop.client.v1.customers.retrieve(ada.id).deleted
    error = refused(clocks.retrieve, clock.id)
    assert (error.http_status, error.code) == (404, "resource_missing")
    assert shop.events()[-2:] == ["customer.deleted", "test_helpers.test_clock.deleted"]


def test_a_clock_goes_by_itself_after_a_week(own_shop: Any) -> None:
    clocks = own_shop.client.v1.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": START})
    own_shop.server.advance(WEEK, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert refused(clocks.retrieve, clock.id).code == "resource_missing"


def test_a_customer_that_there_is(shop: Any, clocks: Any) -> None:
    ada = shop.client.v1.customers.create()
    clock = clocks.create({"frozen_time": START, "customer": ada.id})
    assert shop.client.v1.customers.retrieve(ada.id).test_clock == clock.id
    assert refused(clocks.create, {"frozen_time": START, "customer": ada.id}).param == "customer"


def test_others_are_answered_while_a_clock_advances(shop: Any, clocks: Any) -> None:
    clock = clocks.create({"frozen_time": START})
    v1 = shop.client.v1
    card = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    ada = v1.customers.create({"test_clock": clock.id, **card})
    daily = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "day"}, "product_data": {"name": "News"}}
    price = v1.prices.create(daily)
    made = v1.subscriptions.create({"customer": ada.id, "items": [{"price": price.id}]})
    for day in range(2, 9, 2):
        clocks.advance(clock.id, {"frozen_time": START + day * 86_400})
        assert v1.customers.create({"name": "Bea"}).name == "Bea"
        shop.call(shop.server.fake.settled())
    invoices = v1.invoices.list({"subscription": made.id, "limit": 100}).data
    assert [invoice.created for invoice in reversed(invoices)] == [START + day * 86_400 for day in range(9)]
    assert {invoice.status for invoice in invoices[1:]} == {"paid"}
