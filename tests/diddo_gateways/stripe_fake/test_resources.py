"""Customers, products, prices, events and webhook endpoints, each answer held against the SDK's shapes."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

Check = Callable[[stripe.StripeObject], None]


def types(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list().data]


def test_a_customer_lives_and_is_deleted(client: stripe.StripeClient, well_formed: Check) -> None:
    customers = client.v1.customers
    made = customers.create(
        {
            "email": "ada@shop.test",
            "name": "Ada",
            "address": {"line1": "1 Road", "country": "IT"},
            "shipping": {"name": "Ada", "address": {"line1": "1 Road"}},
            "invoice_settings": {"footer": "thanks"},
            "preferred_locales": ["it", "en"],
        }
    )
    well_formed(made)
    assert made.id.startswith("cus_")
    assert len(made.id) == 18
    assert made.to_dict() == customers.retrieve(made.id).to_dict()
    changed = customers.update(made.id, {"name": "Ada L.", "metadata": {"vip": "yes"}})
    well_formed(changed)
    event = client.v1.events.list({"type": "customer.updated"}).data[0]
    well_formed(event)
    assert event.to_dict()["data"]["previous_attributes"] == {"name": "Ada", "metadata": {"vip": None}}
    assert event.to_dict()["data"]["object"]["name"] == "Ada L."
    gone = customers.delete(made.id)
    assert gone.to_dict() == {"id": made.id, "object": "customer", "deleted": True}
    assert customers.retrieve(made.id).to_dict() == gone.to_dict()
    assert customers.list().data == []
    assert types(client) == ["customer.deleted", "customer.updated", "customer.created"]
    for attempt in (lambda: customers.update(made.id, {"name": "x"}), lambda: customers.delete(made.id)):
        with pytest.raises(stripe.InvalidRequestError, match=f"No such customer: '{made.id}'"):
            attempt()


def test_a_customer_is_made_with_a_saved_card(client: stripe.StripeClient, well_formed: Check) -> None:
    customers = client.v1.customers
    made: Any = customers.create({"payment_method": "pm_card_visa"})
    cards = customers.payment_methods.list(made.id).data
    assert [card.customer for card in cards] == [made.id]
    well_formed(customers.payment_methods.retrieve(made.id, cards[0].id))
    assert types(client)[:2] == ["payment_method.attached", "customer.created"]
    updated: Any = customers.update(
        made.id,
        {
            "invoice_settings": {"default_payment_method": cards[0].id},
            "expand": ["invoice_settings.default_payment_method"],
        },
    )
    assert updated.invoice_settings.default_payment_method.card.last4 == "4242"
    for params in ({}, {"payment_method": "pm_card_mastercard"}):
        with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method with the ID"):
            customers.create({**params, "invoice_settings": {"default_payment_method": cards[0].id}})  # type: ignore[typeddict-item]
    with pytest.raises(stripe.CardError):
        customers.create({"payment_method": "pm_card_chargeDeclined"})
    assert len(customers.list().data) == 1
    customers.delete(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.payment_methods.list(made.id)
    assert client.v1.payment_methods.retrieve(cards[0].id).customer is None


def test_what_a_customer_has_none_of_expands_to_an_empty_list(client: stripe.StripeClient, well_formed: Check) -> None:
    made: Any = client.v1.customers.create({"expand": ["sources", "subscriptions", "tax_ids"]})
    well_formed(made)
    assert made.sources.data == made.tax_ids.data == made.subscriptions.data == []
    assert "sources" not in client.v1.customers.retrieve(made.id).to_dict()


def test_an_update_that_changes_nothing_is_no_event(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada"})
    client.v1.customers.update(made.id, {"name": "Ada"})
    assert types(client) == ["customer.created"]


def test_what_the_sandbox_does_not_model_of_a_customer_is_said(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.APIError, match="tax of customers exists at Stripe") as caught:
        client.v1.customers.create({"tax": {"ip_address": "10.0.0.1"}})
    assert caught.value.http_status == 501
    assert client.v1.customers.list().data == []


def test_a_product_lives_and_is_deleted_once_it_has_no_prices(client: stripe.StripeClient, well_formed: Check) -> None:
    products = client.v1.products
    made = products.create({"name": "Shirt", "id": "shirt", "images": ["http://shop.test/a.png"], "shippable": True})
    well_formed(made)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        products.create({"name": "Other", "id": "shirt"})
    assert caught.value.code == "resource_already_exists"
    changed = products.update("shirt", {"active": False, "images": "", "description": "soft"})
    well_formed(changed)
    assert (changed.active, changed.images) == (False, [])
    assert [product.id for product in products.list({"active": False}).data] == ["shirt"]
    assert products.list({"active": True}).data == []
    assert [product.id for product in products.list({"ids": ["shirt", "other"]}).data] == ["shirt"]
    price = client.v1.prices.create({"product": "shirt", "currency": "usd", "unit_amount": 500})
    with pytest.raises(stripe.InvalidRequestError, match="has one or more user-created prices"):
        products.delete("shirt")
    with pytest.raises(stripe.InvalidRequestError, match="No such price"):
        products.update("shirt", {"default_price": "price_no"})
    assert products.update("shirt", {"default_price": price.id}).default_price == price.id
    other = products.create({"name": "Other"})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to this product"):
        products.update(other.id, {"default_price": price.id})
    assert products.delete(other.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        products.retrieve(other.id)
    assert caught.value.http_status == 404


def test_a_price_keeps_its_amount_exactly(client: stripe.StripeClient, well_formed: Check) -> None:
    prices = client.v1.prices
    made: Any = prices.create({"currency": "USD", "unit_amount_decimal": "0.5", "product_data": {"name": "Dust"}})
    assert (made.currency, made.unit_amount, str(made.unit_amount_decimal)) == ("usd", None, "0.5")
    whole: Any = prices.create({"currency": "jpy", "unit_amount": 500, "product": made.product})
    assert (whole.unit_amount, str(whole.unit_amount_decimal)) == (500, "500")
    monthly = prices.create(
        {"currency": "usd", "unit_amount": 9, "product": made.product, "recurring": {"interval": "month"}}
    )
    assert (monthly.type, whole.type) == ("recurring", "one_time")
    assert [price.id for price in prices.list({"type": "recurring"}).data] == [monthly.id]
    assert [price.id for price in prices.list({"recurring": {"interval": "month"}}).data] == [monthly.id]
    assert [price.id for price in prices.list({"currency": "jpy"}).data] == [whole.id]
    assert len(prices.list({"product": made.product}).data) == 3
    assert prices.update(whole.id, {"active": False, "nickname": "old"}).active is False
    well_formed(client.v1.events.list().data[0])


def test_a_lookup_key_is_of_one_price(client: stripe.StripeClient) -> None:
    prices = client.v1.prices
    first = prices.create({"currency": "usd", "unit_amount": 1, "product_data": {"name": "A"}, "lookup_key": "std"})
    params: Any = {"currency": "usd", "unit_amount": 2, "product": first.product, "lookup_key": "std"}
    with pytest.raises(stripe.InvalidRequestError, match=f"`{first.id}`\\) already uses that lookup key"):
        prices.create(params)
    second = prices.create({**params, "transfer_lookup_key": True})
    assert [price.id for price in prices.list({"lookup_keys": ["std"]}).data] == [second.id]
    assert prices.retrieve(first.id).lookup_key is None


@pytest.mark.parametrize(
    ("params", "param", "message"),
    [
        ({"unit_amount": 1, "product": "prod_no"}, "product", "No such product: 'prod_no'"),
        (
            {"unit_amount": 1},
            None,
            "You must specify either `product` or `product_data` when creating a price.",
        ),
        (
            {"product_data": {"name": "x"}},
            None,
            "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.",
        ),
        ({"unit_amount": -1, "product_data": {"name": "x"}}, "unit_amount", "Invalid non-negative integer"),
        (
            {"unit_amount": 1, "unit_amount_decimal": "1", "product_data": {"name": "x"}},
            None,
            "You may only specify one of these parameters: unit_amount, unit_amount_decimal.",
        ),
        ({"unit_amount": 1, "product_data": {}}, None, None),
        ({"unit_amount_decimal": "1e5", "product_data": {"name": "x"}}, "unit_amount_decimal", "Invalid decimal: 1e5"),
        ({"unit_amount": 1, "currency": "xyz", "product_data": {"name": "x"}}, "currency", None),
        (
            {"unit_amount": 1, "product_data": {"name": "x"}, "recurring": {"interval": "era"}},
            "recurring[interval]",
            "Invalid recurring[interval]: must be one of day, month, week, or year",
        ),
    ],
)
def test_a_bad_price_is_refused(
    client: stripe.StripeClient, params: Any, param: str | None, message: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.create({"currency": "usd", **params})
    assert caught.value.http_status == 400
    assert caught.value.param == (param or caught.value.param)
    assert message is None or caught.value.user_message == message
    # Nothing of a refused request stays: not the product that it described either.
    assert client.v1.products.list().data == []


def test_events_are_filtered_by_type_group_and_delivery(client: stripe.StripeClient, well_formed: Check) -> None:
    client.v1.customers.create()
    client.v1.products.create({"name": "A", "default_price_data": {"currency": "usd", "unit_amount": 5}})
    events = client.v1.events
    assert [event.type for event in events.list({"type": "price.*"}).data] == ["price.created"]
    assert [event.type for event in events.list({"types": ["customer.created", "price.created"]}).data] == [
        "price.created",
        "customer.created",
    ]
    assert len(events.list({"delivery_success": True}).data) == 3
    assert events.list({"delivery_success": False}).data == []
    event = events.list({"type": "customer.created"}).data[0]
    well_formed(event)
    assert events.retrieve(event.id).to_dict() == event.to_dict()
    assert event.request is not None
    assert event.request.id is not None
    assert event.request.id.startswith("req_")
    with pytest.raises(stripe.InvalidRequestError, match="only specify one of these"):
        events.list({"type": "a", "types": ["b"]})


def test_events_can_be_read_for_thirty_days(server: Any, client: stripe.StripeClient) -> None:
    client.v1.customers.create()
    event = client.v1.events.list().data[0]
    server.advance(30 * 86_400 - 600)
    assert client.v1.events.list().data[0].id == event.id
    server.advance(610)
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.retrieve(event.id)


def test_an_endpoint_tells_its_secret_once(client: stripe.StripeClient, well_formed: Check) -> None:
    endpoints = client.v1.webhook_endpoints
    made = endpoints.create(
        {"url": "http://shop.test/hook", "enabled_events": ["customer.created"], "description": "x"}
    )
    well_formed(made)
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    for seen in (endpoints.retrieve(made.id), endpoints.update(made.id, {"disabled": True}), endpoints.list().data[0]):
        well_formed(seen)
        assert "secret" not in seen.to_dict()
    assert endpoints.retrieve(made.id).status == "disabled"
    assert endpoints.update(made.id, {"disabled": False, "enabled_events": ["*"]}).enabled_events == ["*"]
    assert endpoints.delete(made.id).to_dict() == {"id": made.id, "object": "webhook_endpoint", "deleted": True}
    assert endpoints.list().data == []


def test_a_world_has_sixteen_endpoints_at_most(client: stripe.StripeClient) -> None:
    params: Any = {"url": "http://shop.test/hook", "enabled_events": ["*"]}
    made = [client.v1.webhook_endpoints.create(params) for _ in range(16)]
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16"):
        client.v1.webhook_endpoints.create(params)
    client.v1.webhook_endpoints.delete(made[0].id)
    client.v1.webhook_endpoints.create(params)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"url": "shop.test/hook"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"url": "ftp://shop.test"}, "url"),
        ({"enabled_events": ["customer.exploded"]}, "enabled_events[0]"),
    ],
)
def test_a_bad_endpoint_is_refused(client: stripe.StripeClient, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create({"url": "http://shop.test", "enabled_events": ["*"], **params})
    assert (caught.value.http_status, caught.value.param) == (400, param)
