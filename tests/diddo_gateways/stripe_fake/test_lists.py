"""Lists: pages, cursors, filters and ranges; and what `expand` puts into answers."""

from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.shapes import check_shape

COUNT = 250


@pytest.fixture(scope="module")
def many(shared_server: Any) -> tuple[stripe.StripeClient, list[str]]:
    """A world of 250 customers; the ids are newest first, as lists are."""
    client = shared_server.client("sk_test_many")
    made = [client.v1.customers.create({"email": f"c{number % 2}@shop.test"}).id for number in range(COUNT)]
    return client, made[::-1]


def test_auto_paging_visits_everything_once_and_in_order(many: tuple[stripe.StripeClient, list[str]]) -> None:
    client, ids = many
    assert [customer.id for customer in client.v1.customers.list({"limit": 100}).auto_paging_iter()] == ids
    assert [customer.id for customer in client.v1.customers.list().auto_paging_iter()] == ids


def test_a_filter_pages_too(many: tuple[stripe.StripeClient, list[str]]) -> None:
    client, ids = many
    found = [customer.id for customer in client.v1.customers.list({"email": "c1@shop.test"}).auto_paging_iter()]
    assert found == ids[::2]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100), st.integers(0, COUNT - 1), st.sampled_from(["starting_after", "ending_before"]))
def test_a_page_is_what_stands_next_to_its_cursor(
    many: tuple[stripe.StripeClient, list[str]], limit: int, at: int, cursor: str
) -> None:
    client, ids = many
    page = client.v1.customers.list({"limit": limit, cursor: ids[at]})  # type: ignore[misc]
    rest = ids[at + 1 :] if cursor == "starting_after" else ids[:at]
    expected = rest[:limit] if cursor == "starting_after" else rest[-limit:]
    assert [customer.id for customer in page.data] == expected
    assert page.has_more == (len(rest) > limit)


def test_a_page_looks_like_stripes(many: tuple[stripe.StripeClient, list[str]]) -> None:
    client, _ = many
    page = client.v1.customers.list()
    assert len(page.data) == 10
    assert page.url == "/v1/customers"
    assert check_shape(page.to_dict()) == []
    assert "total_count" not in page.to_dict()


@pytest.mark.parametrize(
    ("params", "param", "message"),
    [
        ({"limit": 0}, "limit", "This value must be greater than or equal to 1."),
        ({"limit": 101}, "limit", "This value must be less than or equal to 100."),
        ({"limit": "ten"}, "limit", "Invalid integer: ten"),
        ({"starting_after": "cus_no"}, "starting_after", "No such customer: 'cus_no'"),
        ({"ending_before": "cus_no"}, "ending_before", "No such customer: 'cus_no'"),
        (
            {"starting_after": "a", "ending_before": "b"},
            None,
            "You may only specify one of these parameters: starting_after, ending_before.",
        ),
        ({"created": {"gte": "then"}}, "created[gte]", "Invalid integer: then"),
        (
            {"expand": ["foo"]},
            "expand",
            "This property cannot be expanded (foo). You may want to try expanding 'data.foo' instead.",
        ),
        ({"expand": ["data.email"]}, "expand", "This property cannot be expanded (data.email)."),
    ],
)
def test_a_bad_page_is_refused(
    many: tuple[stripe.StripeClient, list[str]], params: Any, param: str | None, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        many[0].v1.customers.list(params)
    assert (caught.value.http_status, caught.value.param, caught.value.user_message) == (400, param, message)


def test_ranges_of_time_are_exact(server: Any, client: stripe.StripeClient) -> None:
    world = server.world()
    world.clock.freeze(1_800_000_000)
    made: dict[int, str] = {}
    for _ in range(5):
        made[world.clock.now()] = client.v1.customers.create().id
        world.clock.advance(10)
    times = list(made)

    def found(created: Any) -> set[str]:
        return {customer.id for customer in client.v1.customers.list({"created": created}).data}

    assert found(times[2]) == {made[times[2]]}
    assert found({"gt": times[1], "lte": times[3]}) == {made[times[2]], made[times[3]]}
    assert found({"gte": times[1], "lt": times[3]}) == {made[times[1]], made[times[2]]}
    assert found({"gt": times[4]}) == set()


def test_expansion_goes_four_levels_deep_and_no_further(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(
        {"name": "Shirt", "default_price_data": {"currency": "usd", "unit_amount": 500}}
    )
    deep = client.v1.products.retrieve(
        product.id, {"expand": ["default_price.product.default_price.product"]}
    ).to_dict()
    assert deep["default_price"]["product"]["default_price"]["product"]["id"] == product.id
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        client.v1.products.retrieve(product.id, {"expand": ["default_price" + ".product.default_price" * 2]})
    assert isinstance(client.v1.products.retrieve(product.id).default_price, str)


def test_the_data_of_a_list_is_one_of_the_levels(client: stripe.StripeClient) -> None:
    client.v1.payment_intents.list({"expand": ["data.latest_charge.payment_intent.latest_charge"]})
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        client.v1.payment_intents.list({"expand": ["data.latest_charge.payment_intent.latest_charge.customer"]})


def test_expansion_works_on_lists_and_on_post_and_leaves_the_stored_object_alone(client: stripe.StripeClient) -> None:
    price: Any = client.v1.prices.create(
        {"currency": "eur", "unit_amount": 100, "product_data": {"name": "Tea"}, "expand": ["product"]}
    )
    assert price.product.name == "Tea"
    listed: Any = client.v1.prices.list({"expand": ["data.product", "data.product.default_price"]}).data[0]
    assert (listed.product.name, listed.product.default_price) == ("Tea", None)
    assert client.v1.prices.retrieve(price.id).product == price.product.id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.retrieve(price.id, {"expand": ["currency"]})
    assert caught.value.user_message == "This property cannot be expanded (currency)."
