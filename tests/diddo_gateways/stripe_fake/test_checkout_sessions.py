"""Checkout sessions through the SDK: shape, amounts, rules, expiry, lists. Paying them is tested elsewhere."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

Check = Callable[[stripe.StripeObject], None]
DAY = 86_400


def line(amount: int = 500, currency: str = "usd", quantity: int = 1, **more: Any) -> dict[str, Any]:
    data = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Shirt"}}
    return {"quantity": quantity, "price_data": data, **more}


def open_session(client: stripe.StripeClient, **params: Any) -> stripe.checkout.Session:
    given: Any = {"mode": "payment", "success_url": "http://shop.test/?s={CHECKOUT_SESSION_ID}", "line_items": [line()]}
    return client.v1.checkout.sessions.create({**given, **params})


def refusal(client: stripe.StripeClient, **params: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        open_session(client, **params)
    assert client.v1.checkout.sessions.list().data == []
    return caught.value


def test_a_new_session_has_stripes_keys_and_values(client: stripe.StripeClient, well_formed: Check) -> None:
    session = open_session(client, metadata={"cart": "c1"}, client_reference_id="c1", customer_email="ada@shop.test")
    well_formed(session)
    content = session.to_dict()
    assert len(content) == 61
    assert session.id.startswith("cs_test_a1")
    assert len(session.id) == 66
    assert session.url is not None
    assert session.url.startswith(f"http://pages.test/c/pay/{session.id}#")
    assert content["success_url"] == "http://shop.test/?s={CHECKOUT_SESSION_ID}"
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_subtotal, session.amount_total, session.currency) == (500, 500, "usd")
    assert session.expires_at == session.created + DAY
    assert session.payment_intent is None
    assert content["customer_details"]["email"] == "ada@shop.test"
    assert content["metadata"] == {"cart": "c1"}
    assert content["payment_method_types"] == ["card"]
    assert client.v1.checkout.sessions.retrieve(session.id).to_dict() == content
    assert client.v1.events.list().data == []


def test_line_items_add_up_with_shipping(client: stripe.StripeClient, well_formed: Check) -> None:
    product = client.v1.products.create({"name": "Tea"})
    price = client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount_decimal": "33.5"})
    rate = {"display_name": "Post", "fixed_amount": {"amount": 700, "currency": "usd"}}
    session = open_session(
        client,
        line_items=[
            line(1000, quantity=2, adjustable_quantity={"enabled": True, "minimum": 1, "maximum": 5}),
            {"price": price.id, "quantity": 3, "metadata": {"gift": "yes"}},
        ],
        shipping_options=[{"shipping_rate_data": rate}],
    )
    well_formed(session)
    assert (session.amount_subtotal, session.amount_total) == (2101, 2801)
    assert session.total_details is not None
    assert session.total_details.amount_shipping == 700
    lines = client.v1.checkout.sessions.line_items.list(session.id)
    for item in lines.data:
        well_formed(item)
    assert [(item.description, item.quantity, item.amount_total) for item in lines.data] == [
        ("Shirt", 2, 2000),
        ("Tea", 3, 101),
    ]
    full: Any = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items.data.price.product", "shipping_cost.shipping_rate"]}
    )
    assert [item.price.product.name for item in full.line_items.data] == ["Shirt", "Tea"]
    assert full.shipping_cost.shipping_rate.display_name == "Post"
    well_formed(full)


def test_line_items_are_paged(client: stripe.StripeClient) -> None:
    session = open_session(client, line_items=[line(100 + number) for number in range(25)])
    items = client.v1.checkout.sessions.line_items
    ids = [item.id for item in items.list(session.id, {"limit": 4}).auto_paging_iter()]
    assert len(set(ids)) == 25
    page = items.list(session.id, {"limit": 3, "ending_before": ids[10]})
    assert ([item.id for item in page.data], page.has_more) == (ids[7:10], True)
    expanded: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert ([item.id for item in expanded.line_items.data], expanded.line_items.has_more) == (ids[:10], True)
    with pytest.raises(stripe.InvalidRequestError, match="No such item: 'li_no'"):
        items.list(session.id, {"starting_after": "li_no"})


def test_a_free_session_needs_no_payment(client: stripe.StripeClient) -> None:
    session = open_session(client, line_items=[line(0)])
    assert (session.amount_total, session.payment_status) == (0, "no_payment_required")


@pytest.mark.parametrize(
    ("params", "code", "param", "message"),
    [
        ({"mode": None}, "parameter_missing", "mode", "Missing required param: mode."),
        ({"mode": "gift"}, None, "mode", "Invalid mode: must be one of payment, setup, or subscription"),
        ({"line_items": None}, "parameter_missing", "line_items", "Missing required param: line_items."),
        ({"success_url": None}, "parameter_missing", "success_url", "Missing required param: success_url."),
        ({"success_url": "shop.test"}, "url_invalid", "success_url", "Invalid URL: An explicit scheme (such as https) must be provided."),
        ({"success_url": "http://"}, "url_invalid", "success_url", "Not a valid URL"),
        ({"cancel_url": "x"}, "url_invalid", "cancel_url", None),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types", "Received unknown parameter: payment_method_types"),
        ({"ui_mode": "hosted"}, None, "ui_mode", "Invalid ui_mode: must be one of elements, embedded_page, form, or hosted_page"),
        ({"ui_mode": "elements"}, None, "success_url", "`success_url` cannot be used when `ui_mode` is `elements`."),
        ({"return_url": "http://a.test"}, None, "return_url", None),
        ({"ui_mode": "embedded_page", "success_url": None}, "parameter_missing", "return_url", "Missing required param: return_url."),
        ({"line_items": [line(49)]}, "amount_too_small", None, "The Checkout Session's total amount due must add up to at least $0.50 USD"),
        ({"line_items": [line(29, "gbp")]}, "amount_too_small", None, "The Checkout Session's total amount due must add up to at least £0.30 GBP"),
        ({"line_items": [line(99_999_999, quantity=2)]}, "amount_too_large", None, None),
        ({"line_items": [line(), line(500, "eur")]}, None, "line_items[1]", None),
        ({"currency": "eur"}, None, "line_items[0]", None),
        ({"currency": "xyz"}, None, "currency", None),
        ({"line_items": [{**line(), "bar": "1"}]}, "parameter_unknown", "line_items[0][bar]", "Received unknown parameter: line_items[0][bar]"),
        ({"line_items": [{"quantity": 1}]}, "parameter_missing", "line_items[0][price]", None),
        ({"line_items": [{"price": "price_no", "quantity": 1}]}, "resource_missing", "line_items[0][price]", "No such price: 'price_no'"),
        ({"line_items": [{"price_data": line()["price_data"]}]}, None, "line_items[0]", "Quantity is required. Add `quantity` to `line_items[0]`"),
        ({"line_items": [line(quantity=0)]}, "parameter_invalid_integer", "line_items[0][quantity]", "This value must be greater than or equal to 1."),
        ({"line_items": [line(-5)]}, "parameter_invalid_integer", "line_items[0][price_data][unit_amount]", "Invalid non-negative integer"),
        ({"line_items": [line()] * 101}, None, "line_items", None),
        ({"customer": "cus_no"}, "resource_missing", "customer", "No such customer: 'cus_no'"),
        ({"customer": "cus_1", "customer_email": "a@b.test"}, None, None, "You may only specify one of these parameters: customer, customer_email."),
        ({"customer_email": "ada"}, "email_invalid", "customer_email", "Invalid email address: ada"),
        ({"expires_at": int(time.time()) + 60}, None, "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."),
        ({"expires_at": int(time.time()) + 2 * DAY}, None, "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."),
        ({"shipping_options": [{"shipping_rate_data": {"display_name": "x", "fixed_amount": {"amount": 5, "currency": "eur"}}}]}, None, "shipping_options[0]", None),
    ],
)  # fmt: skip
def test_a_bad_session_is_refused(
    client: stripe.StripeClient, params: dict[str, Any], code: str | None, param: str | None, message: str | None
) -> None:
    error: Any = refusal(client, **params)
    assert (error.http_status, error.code, error.param) == (400, code, param or error.param)
    assert message is None or error.user_message == message
    # What a refused request described inline is not kept either.
    assert client.v1.products.list().data == []


@pytest.mark.parametrize(
    "params",
    [
        {"ui_mode": "form"},
        {"managed_payments": {"enabled": True}},
        {"payment_intent_data": {"application_fee_amount": 5}},
        {"allowed_payment_method_types": ["acss_debit"]},
    ],
)
def test_what_is_not_modelled_yet_is_said_and_nothing_is_made(
    client: stripe.StripeClient, params: dict[str, Any]
) -> None:
    error = refusal(client, **params)
    assert (error.http_status, type(error)) == (501, stripe.APIError)
    assert "exists at Stripe, but this sandbox does not model it yet" in str(error.user_message)


def test_a_recurring_or_inactive_price_is_not_for_payment_mode(client: stripe.StripeClient) -> None:
    prices = client.v1.prices
    monthly = prices.create(
        {"currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}, "product_data": {"name": "A"}}
    )
    inactive = prices.create({"currency": "usd", "unit_amount": 500, "active": False, "product_data": {"name": "B"}})
    assert "passed a recurring price" in str(refusal(client, line_items=[{"price": monthly.id, "quantity": 1}]))
    assert "only accepts active prices" in str(refusal(client, line_items=[{"price": inactive.id, "quantity": 1}]))


@pytest.mark.parametrize("ui_mode", ["embedded_page", "elements"])
def test_a_session_for_stripe_js_has_a_secret_instead_of_a_page(
    client: stripe.StripeClient, well_formed: Check, ui_mode: str
) -> None:
    params: Any = {"mode": "payment", "ui_mode": ui_mode, "return_url": "http://shop.test/back", "line_items": [line()]}
    session = client.v1.checkout.sessions.create(params)
    well_formed(session)
    assert session.url is None
    assert session.client_secret is not None
    assert session.client_secret.startswith(f"{session.id}_secret_")


def test_a_customers_session_knows_the_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "ada@shop.test"})
    session = open_session(client, customer=customer.id)
    assert session.customer == customer.id
    assert session.customer_details is not None
    assert session.customer_details.email == "ada@shop.test"


def test_lists_are_filtered(client: stripe.StripeClient) -> None:
    sessions = client.v1.checkout.sessions
    first = open_session(client, customer_email="ada@shop.test")
    second = open_session(client)
    sessions.expire(second.id)
    assert [session.id for session in sessions.list({"status": "open"}).data] == [first.id]
    assert [session.id for session in sessions.list({"status": "expired"}).data] == [second.id]
    assert [session.id for session in sessions.list({"customer_details": {"email": "ada@shop.test"}}).data] == [
        first.id
    ]
    assert sessions.list({"payment_intent": "pi_no"}).data == []
    assert len(sessions.list({"created": {"lte": first.created + 100}}).data) == 2


def test_an_open_session_is_changed(client: stripe.StripeClient, well_formed: Check) -> None:
    sessions = client.v1.checkout.sessions
    session = open_session(client, line_items=[line(500), line(300)])
    items = sessions.line_items.list(session.id).data
    changed = sessions.update(
        session.id, {"metadata": {"a": "b"}, "line_items": [{"id": items[1].id, "quantity": 4}, line(100)]}
    )
    well_formed(changed)
    assert changed.amount_total == 1300
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "b"}
    assert [item.amount_total for item in sessions.line_items.list(session.id).data] == [1200, 100]
    sessions.expire(session.id)
    assert sessions.update(session.id, {"metadata": {"a": "c"}}).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        sessions.update(session.id, {"line_items": [{"id": items[1].id}]})


def test_a_session_is_expired_once(client: stripe.StripeClient, well_formed: Check) -> None:
    session = open_session(client)
    expired = client.v1.checkout.sessions.expire(session.id)
    well_formed(expired)
    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.expire(session.id)
    assert caught.value.user_message == (
        'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of `expired`.'
    )
    assert [event.type for event in client.v1.events.list().data] == ["checkout.session.expired"]


def test_time_expires_a_session_when_it_is_read(server: Any, client: stripe.StripeClient) -> None:
    world = server.world()
    world.clock.freeze()  # else a slow machine spends the last second
    session = open_session(client)
    world.clock.advance(DAY - 1)  # not announced: the timer stays asleep
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    world.clock.advance(1)
    assert client.v1.checkout.sessions.list({"status": "open"}).data == []
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert [event.type for event in client.v1.events.list().data] == ["checkout.session.expired"]


def test_time_expires_a_session_that_nobody_reads(server: Any, client: stripe.StripeClient) -> None:
    session = open_session(client)
    server.advance(DAY)
    server.call(server.fake.settled())
    stored = server.call(server.world().get("event", client.v1.events.list().data[0].id))
    assert b"checkout.session.expired" in stored.body
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert len(client.v1.events.list().data) == 1
    # No timer is left behind, neither of this session nor of one that was expired before its time.
    client.v1.checkout.sessions.expire(open_session(client).id)
    assert server.call(server.worlds.documents.waiting()) == []
