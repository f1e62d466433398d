"""Payment links: what they are made of, what may change, and the sessions that are opened through them."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.checkout.links import LinkClosed, count_completion, open_link
from diddo_gateways.stripe_fake.shapes import check_shape


def refused(call: Any, *args: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call(*args)
    return caught.value


@pytest.fixture
def price(v1: Any) -> str:
    made: str = v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Tea"}}).id
    return made


def line(price: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"price": price, "quantity": quantity, **more}


def follow(shop: Any, link: Any, **query: str) -> Any:
    """Follow a link as a shopper does, and return the session that it opens."""

    async def go() -> str:
        world = await shop.server.worlds.open(shop.name)
        return await open_link(shop.server.fake, world, link.id, query)

    url = shop.call(go())
    session = shop.client.v1.checkout.sessions.list({"payment_link": link.id}).data[0]
    assert session.url == url
    return session


def count(shop: Any, link: Any) -> None:
    """Count a session of a link as completed, as its payment does."""

    async def go() -> None:
        work = shop.server.fake.work(await shop.server.worlds.open(shop.name))
        await count_completion(work, link.id)
        await work.commit()

    shop.call(go())


def test_the_plainest_link(v1: Any, shop: Any, price: str, well_formed: Any) -> None:
    link = v1.payment_links.create({"line_items": [line(price, 2)]})
    well_formed(link)
    assert link.id.startswith("plink_1")
    assert link.url.endswith(f"/b/{link.id}")
    shown = link.to_dict()
    assert "line_items" not in shown
    assert {name: shown[name] for name in ("active", "currency", "customer_creation", "submit_type")} == {
        "active": True,
        "currency": "usd",
        "customer_creation": "if_required",
        "submit_type": "auto",
    }
    assert shown["after_completion"] == {"hosted_confirmation": {"custom_message": None}, "type": "hosted_confirmation"}
    assert v1.payment_links.retrieve(link.id).to_dict() == shown
    assert [found.id for found in v1.payment_links.list({"active": True})] == [link.id]
    assert shop.events()[-1] == "payment_link.created"
    error = refused(v1.payment_links.retrieve, "plink_0")
    assert (error.http_status, error.param) == (404, "payment_link")


def test_a_link_with_all_that_it_can_have(v1: Any, shop: Any, price: str) -> None:
    rate = v1.shipping_rates.create({"display_name": "Post", "fixed_amount": {"amount": 300, "currency": "usd"}}).id
    field = {
        "key": "size",
        "label": {"type": "custom", "custom": "Size"},
        "type": "text",
        "text": {"maximum_length": 3},
    }
    given = {
        "line_items": [line(price, 1, adjustable_quantity={"enabled": True, "maximum": 5})],
        "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.test/?s={CHECKOUT_SESSION_ID}"}},
        "allow_promotion_codes": True,
        "billing_address_collection": "required",
        "custom_fields": [field],
        "custom_text": {"submit": {"message": "Soon yours"}},
        "customer_creation": "always",
        "inactive_message": "Sold out",
        "invoice_creation": {"enabled": True, "invoice_data": {"footer": "Thanks"}},
        "metadata": {"campaign": "spring"},
        "payment_intent_data": {"description": "Tea", "metadata": {"a": "b"}},
        "phone_number_collection": {"enabled": True},
        "restrictions": {"completed_sessions": {"limit": 2}},
        "shipping_address_collection": {"allowed_countries": ["DE", "US"]},
        "shipping_options": [{"shipping_rate": rate}],
        "submit_type": "book",
        "tax_id_collection": {"enabled": True},
        "expand": ["line_items"],
    }
    made = v1.payment_links.create(given)
    link = made.last_response.data
    assert check_shape(link) == []
    assert link["line_items"]["data"][0]["adjustable_quantity"] == {"enabled": True, "maximum": 5, "minimum": 0}
    assert link["shipping_options"] == [{"shipping_amount": 300, "shipping_rate": rate}]
    assert link["restrictions"] == {"completed_sessions": {"count": 0, "limit": 2}}
    assert link["custom_fields"][0]["text"]["maximum_length"] == 3
    assert link["payment_intent_data"]["description"] == "Tea"
    session = follow(shop, made, client_reference_id="order-1", prefilled_email="ada@shop.test")
    assert (session.payment_link, session.mode, session.status) == (made.id, "payment", "open")
    assert (session.amount_subtotal, session.amount_total) == (500, 800)
    assert (session.client_reference_id, session.customer_email) == ("order-1", "ada@shop.test")
    assert session.metadata.to_dict() == {"campaign": "spring"}
    assert session.success_url == "https://shop.test/?s={CHECKOUT_SESSION_ID}"
    assert (session.submit_type, session.customer_creation) == ("book", "always")


def test_what_is_described_inline(v1: Any, shop: Any) -> None:
    data = {"currency": "eur", "unit_amount_decimal": "99.5", "product_data": {"name": "Sticker"}}
    link = v1.payment_links.create({"line_items": [{"price_data": data, "quantity": 2}]})
    first, second = follow(shop, link), follow(shop, link)
    assert first.id != second.id
    assert (first.currency, first.amount_total) == ("eur", 199)
    lines = [v1.checkout.sessions.line_items.list(session.id) for session in (first, second)]
    assert [page.data[0].description for page in lines] == ["Sticker", "Sticker"]


def test_a_link_to_a_subscription(v1: Any, shop: Any, well_formed: Any) -> None:
    monthly = v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product_data": {"name": "Club"}}
    ).id
    link = v1.payment_links.create(
        {"line_items": [line(monthly)], "subscription_data": {"trial_period_days": 7, "metadata": {"a": "b"}}}
    )
    well_formed(link)
    assert link.subscription_data.trial_period_days == 7
    session = follow(shop, link)
    assert (session.mode, session.payment_link, session.customer_creation) == ("subscription", link.id, "always")


def test_what_may_change(v1: Any, shop: Any, price: str) -> None:
    link = v1.payment_links.create({"line_items": [line(price), line(price, 3)], "metadata": {"a": "1", "b": "2"}})
    first, second = v1.payment_links.line_items.list(link.id).data
    changed = v1.payment_links.update(
        link.id,
        {
            "line_items": [{"id": first.id, "quantity": 2}],
            "metadata": {"a": "", "c": "3"},
            "allow_promotion_codes": True,
            "after_completion": {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Enjoy"}},
        },
    )
    assert check_shape(changed.last_response.data) == []
    assert (changed.allow_promotion_codes, changed.metadata.to_dict()) == (True, {"b": "2", "c": "3"})
    assert changed.after_completion.hosted_confirmation.custom_message == "Enjoy"
    assert [(item.id, item.quantity) for item in v1.payment_links.line_items.list(link.id)] == [
        (first.id, 2),
        (second.id, 3),
    ]
    event = v1.events.list({"type": "payment_link.updated"}).data[0]
    assert event.data.previous_attributes.metadata.to_dict() == {"a": "1", "c": None}
    assert follow(shop, link).amount_total == 2500
    error = refused(v1.payment_links.update, link.id, {"line_items": [{"id": "li_0", "quantity": 1}]})
    assert (error.http_status, error.code) == (400, "resource_missing")


def test_a_prefilled_promotion_code(v1: Any, shop: Any, price: str) -> None:
    coupon = v1.coupons.create({"percent_off": 10}).id
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "SALE"}).id
    link = v1.payment_links.create({"line_items": [line(price)], "allow_promotion_codes": True})
    session = follow(shop, link, prefilled_promo_code="sale")
    assert (session.amount_total, session.discounts[0].promotion_code) == (450, code)
    assert follow(shop, link, prefilled_promo_code="NOTHING").amount_total == 500


def test_a_link_that_is_not_active(v1: Any, shop: Any, price: str) -> None:
    link = v1.payment_links.create({"line_items": [line(price)], "inactive_message": "Sold out"})
    assert not v1.payment_links.update(link.id, {"active": False}).active
    with pytest.raises(LinkClosed, match="Sold out"):
        follow(shop, link)
    v1.payment_links.update(link.id, {"active": True, "inactive_message": ""})
    assert follow(shop, link).status == "open"
    v1.prices.update(price, {"active": False})
    with pytest.raises(LinkClosed, match="inactive"):
        follow(shop, link)


def test_a_link_for_so_many_sessions(v1: Any, shop: Any, price: str) -> None:
    link = v1.payment_links.create({"line_items": [line(price)], "restrictions": {"completed_sessions": {"limit": 2}}})
    for completed, active in ((1, True), (2, False)):
        count(shop, link)
        seen = v1.payment_links.retrieve(link.id)
        assert (seen.restrictions.completed_sessions.count, seen.active) == (completed, active)
    with pytest.raises(LinkClosed, match="no longer active"):
        follow(shop, link)
    assert shop.events()[-2:] == ["payment_link.updated"] * 2
    assert v1.payment_links.update(link.id, {"restrictions": ""}).restrictions is None


@pytest.mark.parametrize(
    ("params", "status", "param"),
    [
        ({"line_items": [{"price": "price_0", "quantity": 1}]}, 400, "line_items[0][price]"),
        ({"line_items": [{"quantity": 1}]}, 400, "line_items[0][price]"),
        (
            {"after_completion": {"type": "redirect", "redirect": {"url": "shop"}}},
            400,
            "after_completion[redirect][url]",
        ),
        ({"restrictions": {"completed_sessions": {"limit": 0}}}, 400, "restrictions[completed_sessions][limit]"),
        ({"inactive_message": "x" * 501}, 400, "inactive_message"),
        ({"shipping_options": [{"shipping_rate": "shr_0"}]}, 400, "shipping_options[0][shipping_rate]"),
        ({"on_behalf_of": "acct_1"}, 501, None),
    ],
)
def test_links_that_do_not_hold(v1: Any, price: str, params: Any, status: int, param: str | None) -> None:
    error = refused(v1.payment_links.create, {"line_items": [line(price)], **params})
    assert (error.http_status, error.json_body["error"].get("param")) == (status, param)
    assert v1.payment_links.list().data == []


def test_twenty_lines_at_most(v1: Any, price: str) -> None:
    assert refused(v1.payment_links.create, {"line_items": [line(price)] * 21}).param == "line_items"
