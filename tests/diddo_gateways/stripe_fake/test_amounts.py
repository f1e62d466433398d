"""The arithmetic of prices, discounts, taxes and shares, against naive models and laws."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.billing.amounts import (
    CurrencyMismatch,
    discount_amount,
    discount_amounts,
    line_amount,
    spread,
    tax_amount,
    tax_amounts,
)

AMOUNTS = st.integers(0, 10**8)
QUANTITIES = st.integers(0, 500)
DECIMALS = st.decimals(0, 1000, places=3).map(str)
PERCENTAGES = st.decimals(0, 100, places=4).map(float)


def price(**fields: Any) -> dict[str, Any]:
    return {
        "billing_scheme": "per_unit",
        "currency": "usd",
        "tiers_mode": None,
        "transform_quantity": None,
        "unit_amount_decimal": "1000",
        **fields,
    }


def tier(up_to: int | None, unit: str | None, flat: str | None = None) -> dict[str, Any]:
    return {"up_to": up_to, "unit_amount_decimal": unit, "flat_amount_decimal": flat}


def rounded(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(DECIMALS, QUANTITIES)
def test_units_are_rounded_once_per_line(unit: str, quantity: int) -> None:
    assert line_amount(price(unit_amount_decimal=unit), quantity) == rounded(Decimal(unit) * quantity)


@pytest.mark.parametrize(
    ("unit", "quantity", "amount"), [("0.5", 1, 1), ("0.5", 3, 2), ("0.49", 1, 0), ("10.005", 100, 1001)]
)
def test_half_a_unit_counts_up(unit: str, quantity: int, amount: int) -> None:
    assert line_amount(price(unit_amount_decimal=unit), quantity) == amount


TIERS = st.lists(st.tuples(st.integers(1, 40), DECIMALS, DECIMALS), min_size=1, max_size=5)


def tiers_of(drawn: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """Make tiers of rising bounds; the last is open."""
    bound, tiers = 0, []
    for width, unit, flat in drawn:
        bound += width
        tiers.append(tier(bound, unit, flat))
    tiers[-1]["up_to"] = None
    return tiers


def tier_of(tiers: list[dict[str, Any]], unit: int) -> dict[str, Any]:
    return next(tier for tier in tiers if tier["up_to"] is None or unit <= tier["up_to"])


@given(TIERS, QUANTITIES)
def test_graduated_tiers_price_each_unit_by_its_own(drawn: list[tuple[int, str, str]], quantity: int) -> None:
    tiers = tiers_of(drawn)
    units = [tier_of(tiers, unit) for unit in range(1, quantity + 1)] or tiers[:1]
    reached = tiers[: tiers.index(units[-1]) + 1]
    exact = sum((Decimal(tier["flat_amount_decimal"]) for tier in reached), Decimal(0))
    exact += sum((Decimal(tier["unit_amount_decimal"]) for tier in units if quantity), Decimal(0))
    tiered = price(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers, unit_amount_decimal=None)
    assert line_amount(tiered, quantity) == rounded(exact)


@given(TIERS, QUANTITIES)
def test_volume_tiers_price_all_units_by_the_last(drawn: list[tuple[int, str, str]], quantity: int) -> None:
    tiers = tiers_of(drawn)
    last = tier_of(tiers, quantity)
    exact = Decimal(last["unit_amount_decimal"]) * quantity + Decimal(last["flat_amount_decimal"])
    tiered = price(billing_scheme="tiered", tiers_mode="volume", tiers=tiers, unit_amount_decimal=None)
    assert line_amount(tiered, quantity) == rounded(exact)


def test_tiers_without_a_flat_or_a_unit_amount() -> None:
    tiers = [tier(5, None, "700"), tier(None, "100")]
    tiered = price(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers, unit_amount_decimal=None)
    assert [line_amount(tiered, quantity) for quantity in (0, 5, 6, 10)] == [700, 700, 800, 1200]
    assert line_amount({**tiered, "tiers_mode": "volume"}, 6) == 600


@given(QUANTITIES, st.integers(1, 60))
def test_packages(quantity: int, divide_by: int) -> None:
    up = price(transform_quantity={"divide_by": divide_by, "round": "up"})
    down = price(transform_quantity={"divide_by": divide_by, "round": "down"})
    assert line_amount(up, quantity) == -(-quantity // divide_by) * 1000
    assert line_amount(down, quantity) == quantity // divide_by * 1000


def test_further_currencies() -> None:
    euro = {"custom_unit_amount": None, "unit_amount_decimal": "900", "tiers": None}
    many = price(currency_options={"eur": euro})
    assert line_amount(many, 2, currency="eur") == 1800
    assert line_amount(many, 2, currency="usd") == 2000
    with pytest.raises(CurrencyMismatch) as caught:
        line_amount(price(), 2, currency="eur")
    assert caught.value.message == (
        "The price specified only supports `usd`. This doesn't match the expected currency: `eur`."
    )


@given(st.integers(0, 10**6), QUANTITIES, st.sampled_from(["usd", "jpy", "kwd"]))
def test_whole_amounts_come_to_the_same_as_decimals(unit: int, quantity: int, currency: str) -> None:
    exact = price(currency=currency, unit_amount_decimal=str(unit))
    assert line_amount({**exact, "unit_amount": unit}, quantity) == line_amount(exact, quantity)


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 3), ("usd", 3), ("kwd", 0), ("bhd", 0)])
def test_currencies_of_no_and_of_three_decimals(currency: str, amount: int) -> None:
    assert line_amount(price(currency=currency, unit_amount_decimal="2.5"), 1) == amount
    assert line_amount(price(currency=currency, unit_amount_decimal="2.5"), 2000) == 5000


def test_an_amount_that_the_customer_chooses() -> None:
    chosen = {"maximum": None, "minimum": None, "preset": 500}
    assert line_amount(price(custom_unit_amount=chosen, unit_amount_decimal=None), 1) == 500
    assert line_amount(price(custom_unit_amount={**chosen, "preset": None}, unit_amount_decimal=None), 1) == 0


def coupon(**fields: Any) -> dict[str, Any]:
    return {"amount_off": None, "currency": None, "percent_off": None, **fields}


@given(AMOUNTS, PERCENTAGES, AMOUNTS)
def test_a_discount_never_takes_more_than_there_is(amount: int, percent: float, off: int) -> None:
    part = discount_amount(coupon(percent_off=percent), amount, currency="usd")
    assert part == rounded(amount * Decimal(str(percent)) / 100)
    assert discount_amount(coupon(amount_off=off, currency="usd"), amount, currency="usd") == min(off, amount)


def test_a_discount_in_another_currency() -> None:
    fixed = coupon(amount_off=500, currency="usd", currency_options={"eur": {"amount_off": 450}})
    assert discount_amount(fixed, 2000, currency="eur") == 450
    assert discount_amount(fixed, 2000, currency="gbp") == 0
    assert discount_amount(coupon(percent_off=12.5), 1001, currency="kwd") == 130


@given(st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(["a", "b", None])), max_size=6), PERCENTAGES)
def test_a_discount_of_some_products_only(lines: list[tuple[int, str | None]], percent: float) -> None:
    part = coupon(percent_off=percent, applies_to={"products": ["a"]})
    offs = discount_amounts(part, lines, currency="usd")
    chosen = sum(amount for amount, product in lines if product == "a")
    assert sum(offs) == discount_amount(part, chosen, currency="usd")
    assert all(0 <= off <= amount for off, (amount, _) in zip(offs, lines, strict=True))
    if chosen:
        assert not any(off for off, (_, product) in zip(offs, lines, strict=True) if product != "a")


@given(AMOUNTS, PERCENTAGES)
def test_inclusive_tax_is_the_part_that_exclusive_tax_puts_on_top(net: int, percent: float) -> None:
    on_top = tax_amount({"percentage": percent, "inclusive": False}, net)
    assert on_top == rounded(net * Decimal(str(percent)) / 100)
    assert abs(tax_amount({"percentage": percent, "inclusive": True}, net + on_top) - on_top) <= 1


@given(AMOUNTS, st.lists(PERCENTAGES, min_size=1, max_size=4))
def test_inclusive_taxes_together_are_that_of_their_sum(amount: int, percents: list[float]) -> None:
    rates = [{"percentage": percent, "inclusive": True} for percent in percents]
    taxes = tax_amounts(rates, amount)
    total = sum(Fraction(str(percent)) for percent in percents)
    assert abs(sum(taxes) - amount * total / (100 + total)) <= len(rates)
    assert sum(taxes) <= amount


def test_taxes_by_hand() -> None:
    assert tax_amount({"percentage": 19, "inclusive": True}, 1190) == 190
    assert tax_amount({"percentage": 19, "inclusive": False}, 1000) == 190
    assert tax_amounts([{"percentage": 20, "inclusive": True}, {"percentage": 5, "inclusive": False}], 1200) == [
        200,
        50,
    ]
    assert tax_amount({"percentage": 7.5, "inclusive": False}, 1000, currency="kwd") == 80


@given(st.integers(-(10**6), 10**6), st.lists(st.integers(0, 10**5), min_size=1, max_size=12))
def test_shares_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    shares = spread(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    if whole:
        assert all(
            abs(share - Fraction(total * weight, whole)) < 1 for share, weight in zip(shares, weights, strict=True)
        )
        assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)


def test_shares_of_nothing() -> None:
    assert spread(0, []) == []
    assert spread(5, [0, 0]) == [3, 2]
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    with pytest.raises(ValueError, match="nothing to spread"):
        spread(1, [])
