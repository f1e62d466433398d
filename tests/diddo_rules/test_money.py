from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from diddo_rules import CurrencyMismatch, Money, exponent
from diddo_rules.testing import money

USD = money(currency="USD")


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (1234, "USD", "$12.34"),
        (5, "USD", "$0.05"),
        (0, "EUR", "€0.00"),
        (-5, "EUR", "-€0.05"),
        (1200, "JPY", "¥1,200"),
        (1234, "KWD", "KWD 1.234"),
        (7, "BHD", "BHD 0.007"),
        (123456789, "CHF", "CHF 1,234,567.89"),
        (10**20, "KRW", "₩100,000,000,000,000,000,000"),
    ],
)
def test_amounts_are_shown_with_the_decimals_of_their_currency(value: Any, currency: Any, shown: str) -> None:
    amount = Money(value=value, currency=currency)
    assert amount.display_value == shown == str(amount)
    assert amount.model_dump() == {"value": value, "currency": currency, "display_value": shown}


@given(money())
def test_what_is_shown_says_exactly_the_value(amount: Money) -> None:
    digits = "".join(character for character in amount.display_value if character.isdigit())
    assert int(digits) == abs(amount.value)
    _, point, decimals = amount.display_value.partition(".")
    assert len(decimals) == exponent(amount.currency)
    assert bool(point) == (exponent(amount.currency) > 0)


@given(money())
def test_an_amount_survives_json_and_its_display_value_is_not_trusted(amount: Money) -> None:
    assert Money.model_validate_json(amount.model_dump_json()) == amount
    assert Money.model_validate(amount.model_dump() | {"display_value": "$1,000,000.00"}) == amount


@pytest.mark.parametrize("value", [1.0, 12.5, True, "12", None, float("nan")])
def test_only_whole_numbers_are_amounts(value: Any) -> None:
    with pytest.raises(ValidationError):
        Money(value=value, currency="USD")


@pytest.mark.parametrize("text", ["1.0", "true", '"1"', "1e3", "null"])
def test_only_whole_numbers_are_amounts_in_json(text: Any) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate_json(f'{{"value": {text}, "currency": "USD"}}')


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", "U$D", "USD\n", None, 840])
def test_a_currency_is_three_capitals(currency: Any) -> None:
    with pytest.raises(ValidationError):
        Money(value=1, currency=currency)


@given(USD, USD, USD)
def test_addition_is_that_of_whole_numbers(one: Any, two: Any, three: Any) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert (one + two) - two == one
    assert one - two == -(two - one)
    assert sum([one, two, three]) == one + two + three == Money.total([one, two, three], currency="USD")


@given(USD, st.integers(0, 50))
def test_multiplying_is_adding_up(amount: Money, times: int) -> None:
    assert amount * times == times * amount == Money.total([amount] * times, currency="USD")


@given(USD, USD)
def test_amounts_are_ordered_by_value(one: Any, two: Any) -> None:
    assert (one < two) == (one.value < two.value)
    assert (one <= two) == (one.value <= two.value)
    assert (one > two) == (two < one)
    assert (one >= two) == (two <= one)
    assert max(one, two).value == max(one.value, two.value)


@pytest.mark.parametrize(
    "mix",
    [
        lambda one, two: one + two,
        lambda one, two: one - two,
        lambda one, two: one < two,
        lambda one, two: one <= two,
        lambda one, two: one > two,
        lambda one, two: one >= two,
        lambda one, two: sum([one, two]),
        lambda one, two: Money.total([one], currency=two.currency),
    ],
)
def test_currencies_are_never_mixed(mix: Any) -> None:
    with pytest.raises(CurrencyMismatch, match="are not of one currency"):
        mix(Money(value=1, currency="USD"), Money(value=1, currency="EUR"))


def test_amounts_of_two_currencies_differ() -> None:
    assert Money(value=0, currency="USD") != Money(value=0, currency="EUR")


@pytest.mark.parametrize("other", [1.5, True, "2", None])
def test_an_amount_is_multiplied_by_whole_numbers_only(other: Any) -> None:
    with pytest.raises(TypeError):
        Money(value=1, currency="USD") * other


@pytest.mark.parametrize("other", [1, 0.5, "2", None])
def test_a_bare_number_is_no_amount(other: Any) -> None:
    amount = Money(value=1, currency="USD")
    for operation in (
        lambda: amount + other,
        lambda: other + amount,
        lambda: amount - other,
        lambda: amount < other,
        lambda: amount >= other,
    ):
        with pytest.raises(TypeError):
            operation()


def test_an_amount_is_immutable_and_hashable() -> None:
    amount = Money(value=1, currency="USD")
    with pytest.raises(ValidationError, match="frozen"):
        amount.value = 2
    assert len({amount, Money(value=1, currency="USD")}) == 1
