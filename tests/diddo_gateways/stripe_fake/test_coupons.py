"""Coupons, promotion codes and discounts."""

from typing import Any

import pytest
from refusals import refused

from diddo_gateways.stripe_fake.billing.discounts import coupon_of, discount_for, holds_at, months_later, take_off
from diddo_gateways.stripe_fake.billing.redemption import Purchase
from diddo_gateways.stripe_fake.errors import StripeError

YEAR = 365 * 86400


def of_coupon(coupon: str, **params: Any) -> dict[str, Any]:
    return {"promotion": {"type": "coupon", "coupon": coupon}, **params}


def redeem(shop: Any, given: dict[str, Any], **owner: Any) -> dict[str, Any]:
    """Redeem in a work of its own, as sessions, invoices and subscriptions do."""

    async def work_it() -> dict[str, Any]:
        work = shop.server.fake.work(await shop.server.worlds.open(shop.name))
        discount = await discount_for(work, given, **owner)
        await work.commit()
        return discount

    result: dict[str, Any] = shop.call(work_it())
    return result


def not_redeemed(shop: Any, given: dict[str, Any], **owner: Any) -> StripeError:
    with pytest.raises(StripeError) as caught:
        redeem(shop, given, **owner)
    return caught.value


def test_a_percentage_off(v1: Any, shop: Any, well_formed: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 25.5, "duration": "forever", "name": "Spring", "metadata": {"a": "b"}})
    well_formed(coupon)
    assert (len(coupon.id), coupon.valid, coupon.times_redeemed, coupon.percent_off) == (8, True, 0, 25.5)
    assert "applies_to" not in coupon.to_dict()
    changed = v1.coupons.update(coupon.id, {"name": "Summer", "metadata": {"c": "d"}})
    assert (changed.name, changed.metadata.to_dict()) == ("Summer", {"a": "b", "c": "d"})
    assert v1.coupons.retrieve(coupon.id).to_dict() == changed.to_dict()
    assert v1.coupons.delete(coupon.id).to_dict() == {"id": coupon.id, "object": "coupon", "deleted": True}
    error = refused(v1.coupons.retrieve, coupon.id)
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "coupon")
    assert shop.events() == ["coupon.created", "coupon.updated", "coupon.deleted"]
    assert not shop.client.v1.events.list({"type": "coupon.deleted"}).data[0].data.object.valid


def test_an_amount_off_in_several_currencies_and_of_some_products(v1: Any, well_formed: Any) -> None:
    product = v1.products.create({"name": "Tea"}).id
    made = {"amount_off": 500, "currency": "USD", "currency_options": {"EUR": {"amount_off": 450}}}
    expand = ["applies_to", "currency_options"]
    coupon = v1.coupons.create({**made, "applies_to": {"products": [product]}, "expand": expand})
    well_formed(coupon)
    assert coupon.applies_to.products == [product]
    assert coupon.currency_options.to_dict() == {"usd": {"amount_off": 500}, "eur": {"amount_off": 450}}
    assert "currency_options" not in v1.coupons.retrieve(coupon.id).to_dict()
    v1.coupons.update(coupon.id, {"currency_options": {"gbp": {"amount_off": 400}}})
    shown = v1.coupons.retrieve(coupon.id, {"expand": expand})
    assert set(shown.currency_options.to_dict()) == {"usd", "eur", "gbp"}
    assert shown.applies_to.products == [product]


@pytest.mark.parametrize(
    ("params", "param", "code", "said"),
    [
        ({}, None, "parameter_missing", "Must provide percent_off or amount_off."),
        ({"percent_off": 5, "amount_off": 5, "currency": "usd"}, None, None, "Received both"),
        ({"amount_off": 5}, "currency", None, "You must pass currency when passing amount_off"),
        ({"amount_off": 0, "currency": "usd"}, "amount_off", "parameter_invalid_integer", "greater than or equal"),
        ({"percent_off": 0}, "percent_off", None, "greater than or equal to 0.01 (it currently is '0.0')"),
        ({"percent_off": 100.5}, "percent_off", None, "less than or equal to 100"),
        ({"percent_off": 5, "duration": "repeating"}, "duration", None, "duration_in_months param must be set"),
        ({"percent_off": 5, "duration_in_months": 3}, "duration_in_months", None, "can only be set"),
        ({"percent_off": 5, "max_redemptions": 0}, "max_redemptions", "parameter_invalid_integer", "greater"),
        ({"percent_off": 5, "redeem_by": 1}, "redeem_by", None, "You specified the value `1` which is in the past."),
        ({"percent_off": 5, "redeem_by": 9_999_999_999}, "redeem_by", None, "no more than five years"),
        ({"percent_off": 5, "name": "x" * 41}, "name", None, "at most 40 characters"),
        ({"percent_off": 5, "currency_options": {"eur": {"amount_off": 1}}}, "currency_options", None, "only specify"),
        ({"percent_off": 5, "applies_to": {"products": ["prod_0"]}}, "applies_to[products][0]", "resource_missing", ""),
    ],
)
def test_coupons_that_do_not_hold(v1: Any, params: Any, param: str | None, code: str | None, said: str) -> None:
    error = refused(v1.coupons.create, params)
    assert (error.http_status, error.param, error.code) == (400, param, code)
    assert said in error.user_message
    assert v1.coupons.list().data == []


def test_a_coupons_own_id(v1: Any) -> None:
    v1.coupons.create({"id": "ONCE", "percent_off": 5})
    error = refused(v1.coupons.create, {"id": "ONCE", "percent_off": 5})
    assert (error.code, error.user_message) == ("resource_already_exists", "Coupon already exists.")
    v1.coupons.delete("ONCE")
    assert v1.coupons.create({"id": "ONCE", "percent_off": 6}).percent_off == 6


def test_a_promotion_code(v1: Any, shop: Any, well_formed: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5}).id
    generated = v1.promotion_codes.create(of_coupon(coupon))
    well_formed(generated)
    assert generated.id.startswith("promo_1")
    assert (len(generated.code), generated.code) == (8, generated.code.upper())
    assert generated.restrictions.to_dict() == {
        "first_time_transaction": False,
        "minimum_amount": None,
        "minimum_amount_currency": None,
    }
    named = v1.promotion_codes.create(of_coupon(coupon, code="Spring-26", expand=["promotion.coupon"]))
    assert (named.code, named.promotion.coupon.id) == ("Spring-26", coupon)
    assert [found.id for found in v1.promotion_codes.list({"code": "SPRING-26"})] == [named.id]
    assert len(v1.promotion_codes.list({"coupon": coupon}).data) == 2
    ended = v1.promotion_codes.update(named.id, {"active": False, "metadata": {"a": "b"}})
    assert (ended.active, ended.metadata.to_dict()) == (False, {"a": "b"})
    assert [found.id for found in v1.promotion_codes.list({"active": True})] == [generated.id]
    assert shop.events()[1:] == ["promotion_code.created"] * 2 + ["promotion_code.updated"]
    assert refused(v1.promotion_codes.retrieve, "promo_0").user_message == "No such promotion code: 'promo_0'"


def test_active_codes_differ_in_more_than_case(v1: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5}).id
    first = v1.promotion_codes.create(of_coupon(coupon, code="SALE"))
    error = refused(v1.promotion_codes.create, of_coupon(coupon, code="sale"))
    assert error.user_message == "An active promotion code with `code: sale` already exists."
    ada = v1.customers.create().id
    assert v1.promotion_codes.create(of_coupon(coupon, code="SALE", customer=ada)).customer == ada
    v1.promotion_codes.update(first.id, {"active": False})
    v1.promotion_codes.create(of_coupon(coupon, code="sale"))
    assert "already exists" in refused(v1.promotion_codes.update, first.id, {"active": True}).user_message


@pytest.mark.parametrize(
    ("params", "param", "said"),
    [
        ({"code": "no spaces"}, "code", "must match the regex pattern"),
        ({"expires_at": 5}, "expires_at", "in the past"),
        ({"max_redemptions": 0}, "max_redemptions", "greater than or equal to 1"),
        ({"max_redemptions": 11}, "max_redemptions", "more often than its coupon"),
        ({"customer": "cus_0"}, "customer", "No such customer"),
        ({"restrictions": {"minimum_amount": 5}}, "restrictions[minimum_amount_currency]", "together"),
        ({"restrictions": {"minimum_amount_currency": "usd"}}, "restrictions[minimum_amount]", "together"),
        ({"promotion": {"type": "coupon"}}, "promotion.coupon", "You must pass promotion.coupon"),
        ({"promotion": {"type": "coupon", "coupon": "NO"}}, "promotion[coupon]", "No such coupon: 'NO'"),
    ],
)
def test_promotion_codes_that_do_not_hold(v1: Any, params: Any, param: str, said: str) -> None:
    coupon = v1.coupons.create({"percent_off": 5, "max_redemptions": 10}).id
    error = refused(v1.promotion_codes.create, {**of_coupon(coupon), **params})
    assert (error.http_status, error.param) == (400, param)
    assert said in error.user_message


def test_a_discount_of_a_subscription(v1: Any, shop: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5, "duration": "repeating", "duration_in_months": 3}).id
    ada = v1.customers.create().id
    discount = redeem(shop, {"coupon": coupon}, customer=ada, subscription="sub_1")
    assert discount["end"] == months_later(discount["start"], 3)
    assert holds_at(discount, discount["end"] - 1)
    assert not holds_at(discount, discount["end"])
    assert v1.coupons.retrieve(coupon).times_redeemed == 1
    assert shop.events()[-1] == "customer.discount.created"
    assert redeem(shop, {"discount": discount["id"]}) == discount
    assert v1.coupons.retrieve(coupon).times_redeemed == 1


def test_a_discount_outlives_its_coupon(v1: Any, shop: Any) -> None:
    coupon = v1.coupons.create({"amount_off": 5, "currency": "usd", "currency_options": {"eur": {"amount_off": 4}}}).id
    discount = redeem(shop, {"coupon": coupon}, invoice="in_1")
    v1.coupons.delete(coupon)

    async def find() -> Any:
        work = shop.server.fake.work(await shop.server.worlds.open(shop.name))
        found = await coupon_of(work, discount)
        take_off(work, await work.fetch("discount", discount["id"]))
        await work.commit()
        return found

    found = shop.call(find())
    assert (found["amount_off"], found["currency_options"]["eur"], found["valid"]) == (5, {"amount_off": 4}, False)
    assert "customer.discount.deleted" not in shop.events()
    assert not_redeemed(shop, {"discount": discount["id"]}).param == "discounts[0][discount]"


def test_the_last_redemption_ends_it(v1: Any, shop: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5, "max_redemptions": 2}).id
    once = v1.promotion_codes.create(of_coupon(coupon, max_redemptions=1))
    more = v1.promotion_codes.create(of_coupon(coupon))
    redeem(shop, {"promotion_code": once.id})
    used = v1.promotion_codes.retrieve(once.id)
    assert (used.active, used.times_redeemed) == (False, 1)
    error = not_redeemed(shop, {"promotion_code": once.id})
    assert (error.param, error.message) == ("discounts[0][promotion_code]", "This promotion code is inactive.")
    redeem(shop, {"promotion_code": more.id})
    assert not v1.promotion_codes.retrieve(more.id).active
    assert not v1.coupons.retrieve(coupon).valid
    error = not_redeemed(shop, {"coupon": coupon})
    assert (error.code, error.message) == ("coupon_expired", f"Coupon expired: {coupon}")
    assert refused(v1.promotion_codes.update, more.id, {"active": True}).param == "active"
    assert refused(v1.promotion_codes.create, of_coupon(coupon)).code == "coupon_expired"


def test_restrictions(v1: Any, shop: Any) -> None:
    product = v1.products.create({"name": "Tea"}).id
    coupon = v1.coupons.create({"amount_off": 5, "currency": "usd", "applies_to": {"products": [product]}}).id
    tea, coffee = Purchase("usd", 1000, [product]), Purchase("usd", 1000, ["prod_coffee"])
    assert redeem(shop, {"coupon": coupon}, purchase=tea)["source"] == {"coupon": coupon, "type": "coupon"}
    assert not_redeemed(shop, {"coupon": coupon}, purchase=coffee).code == "coupon_applies_to_nothing"
    assert "currency" in not_redeemed(shop, {"coupon": coupon}, purchase=Purchase("eur", 1000)).message
    ada, bob = v1.customers.create().id, v1.customers.create().id
    for_ada = v1.promotion_codes.create(of_coupon(coupon, customer=ada)).id
    redeem(shop, {"promotion_code": for_ada}, customer=ada)
    assert "another customer" in not_redeemed(shop, {"promotion_code": for_ada}, customer=bob).message
    least = {
        "minimum_amount": 500,
        "minimum_amount_currency": "usd",
        "currency_options": {"eur": {"minimum_amount": 4}},
    }
    large = v1.promotion_codes.create(of_coupon(v1.coupons.create({"percent_off": 5}).id, restrictions=least)).id
    redeem(shop, {"promotion_code": large}, purchase=Purchase("usd", 500))
    redeem(shop, {"promotion_code": large}, purchase=Purchase("eur", 4))
    for purchase in (Purchase("usd", 499), Purchase("gbp", 9999)):
        assert "minimum amount" in not_redeemed(shop, {"promotion_code": large}, purchase=purchase).message


def test_a_code_for_first_payments(v1: Any, shop: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5}).id
    first = v1.promotion_codes.create(of_coupon(coupon, restrictions={"first_time_transaction": True})).id
    ada = v1.customers.create().id
    redeem(shop, {"promotion_code": first}, customer=ada)
    shop.pay(customer=ada)
    error = not_redeemed(shop, {"promotion_code": first}, customer=ada)
    assert error.code == "promotion_code_customer_not_first_time"
    assert error.message == (
        "This promotion code cannot be redeemed because the associated customer has prior transactions."
    )


def test_one_of_coupon_and_promotion_code(shop: Any) -> None:
    assert not_redeemed(shop, {}).param == "discounts[0][coupon]"
    error = not_redeemed(shop, {"coupon": "a", "promotion_code": "b"})
    assert error.message == "You may only specify one of these parameters: coupon, promotion_code."
    error = not_redeemed(shop, {"promotion_code": "promo_0"}, param="discounts[2]")
    assert (error.status, error.param) == (400, "discounts[2][promotion_code]")


def test_by_the_worlds_clock(own_shop: Any) -> None:
    v1 = own_shop.client.v1
    now = v1.coupons.create({"percent_off": 1}).created
    coupon = v1.coupons.create({"percent_off": 5, "redeem_by": now + 200}).id
    early = v1.promotion_codes.create(of_coupon(coupon, expires_at=now + 100)).id
    late = v1.promotion_codes.create(of_coupon(coupon)).id
    assert refused(v1.promotion_codes.create, of_coupon(coupon, expires_at=now + 201)).param == "expires_at"
    own_shop.server.advance(150, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert [v1.promotion_codes.retrieve(code).active for code in (early, late)] == [False, True]
    assert not_redeemed(own_shop, {"promotion_code": early}).code == "coupon_expired"
    redeem(own_shop, {"promotion_code": late})
    own_shop.server.advance(100, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert not v1.coupons.retrieve(coupon).valid
    assert not v1.promotion_codes.retrieve(late).active
    assert not_redeemed(own_shop, {"coupon": coupon}).code == "coupon_expired"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [(1706659200, 1, 1709164800), (1706659200, 13, 1740700800), (1735689600, 12, 1767225600)],
)
def test_months_end_with_their_last_day(start: int, months: int, end: int) -> None:
    assert months_later(start, months) == end


def test_a_coupon_that_is_deleted_ends_all_of_its_codes_however_many(v1: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 5, "duration": "once"}).id
    for _ in range(120):
        v1.promotion_codes.create(of_coupon(coupon))
    v1.coupons.delete(coupon)
    assert v1.promotion_codes.list({"active": True}).data == []
    assert len(list(v1.promotion_codes.list({"limit": 100}).auto_paging_iter())) == 120
