"""Prices in full: tiers, further currencies, chosen amounts, packages, recurrence, lookup keys; and plans, their older view."""

from typing import Any

import pytest
from refusals import refused

from diddo_gateways.stripe_fake.billing.amounts import line_amount
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.shapes import check_shape

MONTHLY = {"interval": "month"}
TIERS = [{"up_to": 10, "unit_amount": 500, "flat_amount": 1000}, {"up_to": "inf", "unit_amount_decimal": "250.5"}]
TIERED = {
    "currency": "usd",
    "recurring": MONTHLY,
    "billing_scheme": "tiered",
    "tiers_mode": "graduated",
    "tiers": TIERS,
}


@pytest.fixture
def product(v1: Any) -> str:
    made: str = v1.products.create({"name": "Tea"}).id
    return made


def comes_to(shop: Any, price: str, quantity: int, currency: str) -> int:
    """Reckon as sessions, invoices and subscriptions do."""

    async def find() -> int:
        work = shop.server.fake.work(await shop.server.worlds.open(shop.name))
        return line_amount(await whole(work, await work.fetch("price", price)), quantity, currency=currency)

    amount: int = shop.call(find())
    return amount


def test_tiers_are_kept_back_until_expanded(v1: Any, shop: Any, product: str, well_formed: Any) -> None:
    made = v1.prices.create({**TIERED, "product": product})
    well_formed(made)
    assert (made.billing_scheme, made.tiers_mode, made.unit_amount, made.unit_amount_decimal) == (
        "tiered",
        "graduated",
        None,
        None,
    )
    assert "tiers" not in made.to_dict()
    assert all("tiers" not in price.to_dict() for price in v1.prices.list())
    shown = v1.prices.retrieve(made.id, {"expand": ["tiers"]})
    assert check_shape(shown.last_response.data) == []
    assert shown.last_response.data["tiers"] == [
        {
            "flat_amount": 1000,
            "flat_amount_decimal": "1000",
            "unit_amount": 500,
            "unit_amount_decimal": "500",
            "up_to": 10,
        },
        {
            "flat_amount": None,
            "flat_amount_decimal": None,
            "unit_amount": None,
            "unit_amount_decimal": "250.5",
            "up_to": None,
        },
    ]
    assert v1.prices.list({"expand": ["data.tiers"]}).data[0].tiers[0].up_to == 10
    assert comes_to(shop, made.id, 11, "usd") == 1000 + 10 * 500 + 251
    assert (
        v1.prices.retrieve(
            v1.prices.create({"currency": "usd", "unit_amount": 5, "product": product}).id, {"expand": ["tiers"]}
        ).tiers
        is None
    )


def test_further_currencies_are_kept_back_too(v1: Any, shop: Any, product: str) -> None:
    euro = {"unit_amount": 450, "tax_behavior": "inclusive"}
    made = v1.prices.create(
        {"currency": "usd", "unit_amount": 500, "product": product, "currency_options": {"EUR": euro}}
    )
    assert "currency_options" not in made.to_dict()
    shown = v1.prices.update(
        made.id, {"currency_options": {"gbp": {"unit_amount_decimal": "400.5"}}, "expand": ["currency_options"]}
    ).last_response.data
    assert check_shape(shown) == []
    assert {currency: option["unit_amount_decimal"] for currency, option in shown["currency_options"].items()} == {
        "usd": "500",
        "eur": "450",
        "gbp": "400.5",
    }
    assert shown["currency_options"]["eur"]["tax_behavior"] == "inclusive"
    assert [comes_to(shop, made.id, 2, currency) for currency in ("usd", "eur", "gbp")] == [1000, 900, 801]
    assert shop.events()[-1] == "price.updated"
    none = v1.prices.update(made.id, {"currency_options": "", "expand": ["currency_options"]})
    assert list(none.last_response.data["currency_options"]) == ["usd"]


def test_tiers_in_further_currencies(v1: Any, shop: Any, product: str) -> None:
    euro = {"tiers": [{"up_to": "inf", "unit_amount": 400}]}
    made = v1.prices.create({**TIERED, "product": product, "currency_options": {"eur": euro}})
    v1.prices.update(made.id, {"currency_options": {"gbp": euro}})
    assert [comes_to(shop, made.id, 3, currency) for currency in ("usd", "eur", "gbp")] == [2500, 1200, 1200]


def test_an_amount_that_the_customer_chooses(v1: Any, product: str, well_formed: Any) -> None:
    chosen = {"enabled": True, "minimum": 500, "preset": 1000}
    made = v1.prices.create({"currency": "usd", "product": product, "custom_unit_amount": chosen})
    well_formed(made)
    assert made.custom_unit_amount.to_dict() == {"maximum": None, "minimum": 500, "preset": 1000}
    assert (made.unit_amount, made.unit_amount_decimal) == (None, None)


def test_packages(v1: Any, shop: Any, product: str, well_formed: Any) -> None:
    transform = {"divide_by": 10, "round": "up"}
    made = v1.prices.create({"currency": "usd", "unit_amount": 99, "product": product, "transform_quantity": transform})
    well_formed(made)
    assert made.transform_quantity.to_dict() == transform
    assert comes_to(shop, made.id, 11, "usd") == 198


def test_metered_prices_have_a_meter(v1: Any, product: str, well_formed: Any) -> None:
    meter = v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    ).id
    metered = {"interval": "month", "usage_type": "metered"}
    made = v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product": product, "recurring": {**metered, "meter": meter}}
    )
    well_formed(made)
    assert (made.recurring.usage_type, made.recurring.meter) == ("metered", meter)
    assert [price.id for price in v1.prices.list({"recurring": {"meter": meter}})] == [made.id]
    wrong = {"currency": "usd", "unit_amount": 1, "product": product}
    assert "must be backed by meters" in refused(v1.prices.create, {**wrong, "recurring": metered}).user_message
    error = refused(v1.prices.create, {**wrong, "recurring": {**metered, "meter": "mtr_0"}})
    assert (error.param, error.code) == ("recurring[meter]", "resource_missing")


ONE = {"currency": "usd", "unit_amount": 5}


@pytest.mark.parametrize(
    ("params", "param", "said"),
    [
        ({**TIERED, "recurring": None}, "interval", "are not supported with tiered billing"),
        ({**TIERED, "tiers": None}, "tiers", "Missing required param: tiers."),
        ({**TIERED, "tiers_mode": None}, "tiers_mode", "Missing required param: tiers_mode."),
        ({**TIERED, "unit_amount": 5}, None, "only specify one of these parameters: tiers, unit_amount."),
        ({**TIERED, "transform_quantity": {"divide_by": 2, "round": "up"}}, None, "tiers, transform_quantity"),
        ({**TIERED, "tiers": [{"up_to": 5, "unit_amount": 1}]}, "tiers[0][up_to]", "`inf`"),
        ({**TIERED, "tiers": [{"up_to": "inf"}]}, "tiers[0][unit_amount]", "Missing required param"),
        ({**TIERED, "tiers": [{"up_to": "inf", "unit_amount": -1}]}, "tiers[0][unit_amount]", "non-negative"),
        (
            {**TIERED, "tiers": [{"up_to": at, "unit_amount": 1} for at in (5, 5, "inf")]},
            "tiers[1][up_to]",
            "further than the one before",
        ),
        ({**ONE, "tiers": TIERS}, "tiers", "`billing_scheme` is `tiered`"),
        ({**ONE, "custom_unit_amount": {"enabled": True}}, None, "custom_unit_amount, unit_amount"),
        ({"currency": "usd", "custom_unit_amount": {"enabled": False}}, "custom_unit_amount[enabled]", "enabled"),
        (
            {"currency": "usd", "custom_unit_amount": {"enabled": True}, "recurring": MONTHLY},
            "custom_unit_amount",
            "type=recurring",
        ),
        (
            {"currency": "usd", "custom_unit_amount": {"enabled": True, "minimum": 9, "preset": 5}},
            "custom_unit_amount[minimum]",
            "cannot be greater than the preset",
        ),
        ({**ONE, "transform_quantity": {"divide_by": 0, "round": "up"}}, "transform_quantity[divide_by]", "equal to 1"),
        ({**ONE, "recurring": {"interval": "month", "interval_count": 0}}, "recurring[interval_count]", "equal to 1"),
        ({**ONE, "recurring": {"interval": "year", "interval_count": 4}}, "recurring[interval_count]", "three years"),
        ({**ONE, "recurring": {"interval": "month", "meter": "mtr_0"}}, "recurring[meter]", "Only metered"),
        ({**ONE, "currency_options": {"usd": {"unit_amount": 5}}}, "currency_options[usd]", "the price's own"),
        ({**ONE, "currency_options": {"xyz": {"unit_amount": 5}}}, "currency_options[xyz]", "Invalid currency: xyz"),
        (
            {**ONE, "currency_options": {"eur": {"tax_behavior": "exclusive"}}},
            None,
            "`currency_options[eur][unit_amount]`",
        ),
        ({**ONE, "currency_options": {"eur": {"tiers": TIERS}}}, "currency_options[eur][tiers]", "Only tiered"),
        (
            {**ONE, "currency_options": {"eur": {"custom_unit_amount": {"enabled": True}}}},
            "currency_options[eur][custom_unit_amount]",
            "in all currencies",
        ),
        ({**ONE, "product_data": {"name": "B"}}, "product", "product, product_data"),
    ],
)
def test_prices_that_do_not_hold(v1: Any, product: str, params: Any, param: str | None, said: str) -> None:
    given = {name: value for name, value in params.items() if value is not None}
    error = refused(v1.prices.create, {**given, "product": product})
    assert (error.http_status, error.param) == (400, param)
    assert said in error.user_message
    assert v1.prices.list().data == []


def test_tax_behavior_is_set_once(v1: Any, product: str) -> None:
    price = v1.prices.create({**ONE, "product": product}).id
    assert v1.prices.update(price, {"tax_behavior": "exclusive"}).tax_behavior == "exclusive"
    assert v1.prices.update(price, {"tax_behavior": "exclusive"}).tax_behavior == "exclusive"
    for other in ("inclusive", "unspecified"):
        assert refused(v1.prices.update, price, {"tax_behavior": other}).param == "tax_behavior"


def test_the_default_price_stays_active(v1: Any) -> None:
    made = v1.products.create(
        {"name": "Tea", "default_price_data": {**ONE, "currency_options": {"eur": {"unit_amount": 4}}}}
    )
    assert (
        v1.prices.retrieve(made.default_price, {"expand": ["currency_options"]}).currency_options["eur"].unit_amount
        == 4
    )
    error = refused(v1.prices.update, made.default_price, {"active": False})
    assert error.user_message == ("This price cannot be archived because it is the default price of its product.")


def test_lookup_keys_are_transferred_and_taken_off(v1: Any, shop: Any, product: str) -> None:
    first = v1.prices.create({**ONE, "product": product, "lookup_key": "std"}).id
    second = v1.prices.create({**ONE, "product": product}).id
    assert refused(v1.prices.update, second, {"lookup_key": "std"}).param == "lookup_key"
    moved = v1.prices.update(second, {"lookup_key": "std", "transfer_lookup_key": True})
    assert (moved.lookup_key, v1.prices.retrieve(first).lookup_key) == ("std", None)
    assert shop.events()[-2:] == ["price.updated", "price.updated"]
    assert v1.prices.update(second, {"lookup_key": "", "nickname": ""}).lookup_key is None
    assert v1.prices.list({"lookup_keys": ["std"]}).data == []


def test_a_price_that_is_not_there(v1: Any) -> None:
    error = refused(v1.prices.retrieve, "price_0")
    assert (error.http_status, error.param, error.user_message) == (404, "price", "No such price: 'price_0'")


def test_a_recurring_price_is_a_plan(v1: Any, shop: Any, product: str, well_formed: Any) -> None:
    price = v1.prices.create({**ONE, "product": product, "recurring": {"interval": "month", "interval_count": 2}})
    v1.prices.create({**ONE, "product": product})
    plan = v1.plans.retrieve(price.id)
    well_formed(plan)
    assert (plan.amount, plan.interval, plan.interval_count, plan.product) == (5, "month", 2, product)
    assert [found.id for found in v1.plans.list({"product": product, "active": True})] == [price.id]
    assert shop.events()[-3:] == ["plan.created", "price.created", "price.created"]
    assert refused(v1.plans.retrieve, "gold").user_message == "No such plan: 'gold'"


def test_a_plan_is_a_recurring_price(v1: Any, shop: Any, well_formed: Any) -> None:
    plan = v1.plans.create(
        {
            "id": "gold",
            "amount": 900,
            "currency": "usd",
            "interval": "month",
            "product": {"name": "Gold"},
            "nickname": "G",
        }
    )
    well_formed(plan)
    assert (plan.id, plan.amount, plan.usage_type, plan.nickname) == ("gold", 900, "licensed", "G")
    price = v1.prices.retrieve("gold")
    well_formed(price)
    assert (price.unit_amount, price.recurring.interval, price.product) == (900, "month", plan.product)
    assert refused(
        v1.plans.create, {"id": "gold", "amount": 1, "currency": "usd", "interval": "month", "product": plan.product}
    ).code == ("resource_already_exists")
    assert v1.plans.update("gold", {"active": False, "trial_period_days": 7}).trial_period_days == 7
    assert not v1.prices.retrieve("gold").active
    assert v1.plans.delete("gold").to_dict() == {"id": "gold", "object": "plan", "deleted": True}
    assert refused(v1.plans.retrieve, "gold").http_status == 404
    assert shop.events() == [
        "product.created",
        "plan.created",
        "price.created",
        "plan.updated",
        "price.updated",
        "plan.deleted",
        "price.deleted",
    ]


def test_tiered_plans(v1: Any, product: str) -> None:
    tiers = {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": TIERS, "expand": ["tiers"]}
    plan = v1.plans.create({"currency": "usd", "interval": "week", "product": product, **tiers})
    assert plan.id.startswith("plan_")
    assert [tier.up_to for tier in plan.tiers] == [10, None]
    transform = {"transform_usage": {"divide_by": 5, "round": "down"}}
    packed = v1.plans.create(
        {"currency": "usd", "interval": "week", "product": product, "amount_decimal": "1.5", **transform}
    )
    assert (str(packed.amount_decimal), packed.transform_usage.divide_by) == ("1.5", 5)
    error = refused(v1.plans.create, {"currency": "usd", "interval": "week", "product": product})
    assert "`amount`" in error.user_message
