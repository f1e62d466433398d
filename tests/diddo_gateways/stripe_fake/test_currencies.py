"""Amounts and currencies, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.currencies import (
    MAXIMUM,
    MINIMUMS,
    SUPPORTED,
    check_amount,
    check_currency,
    decimals,
    display,
    minimum,
)
from diddo_gateways.stripe_fake.errors import StripeError


def refusal(amount: int, currency: str) -> StripeError:
    with pytest.raises(StripeError) as caught:
        check_amount(amount, currency)
    return caught.value


@pytest.mark.parametrize(
    ("amount", "currency", "code", "message"),
    [
        (49, "usd", "amount_too_small", "Amount must be at least $0.50 usd"),
        (29, "gbp", "amount_too_small", "Amount must be at least £0.30 gbp"),
        (999, "mxn", "amount_too_small", "Amount must be at least $10.00 mxn"),
        (199, "ron", "amount_too_small", "Amount must be at least Lei2.00 ron"),
        (49, "jpy", "amount_too_small", "Amount must be at least ¥50 jpy"),
        (100_000_000, "usd", "amount_too_large", "Amount must be no more than $999,999.99"),
        (-1, "usd", "parameter_invalid_integer", "This value must be greater than or equal to 1."),
    ],
)
def test_amounts_out_of_range(amount: int, currency: str, code: str, message: str) -> None:
    error = refusal(amount, currency)
    assert (error.status, error.code, error.param, error.message) == (400, code, "amount", message)


def test_zero_names_the_minimum_charge_amount() -> None:
    error = refusal(0, "usd")
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")
    assert error.message.startswith("The amount must be greater than or equal to the minimum charge amount allowed for")


def test_the_last_digit_of_a_three_decimal_amount_is_0() -> None:
    assert "last digit must be 0" in refusal(1001, "kwd").message
    check_amount(1000, "kwd")


@pytest.mark.parametrize("currency", ["isk", "ugx"])
def test_the_last_two_digits_are_00_where_there_are_no_cents(currency: str) -> None:
    assert "last two digits must be 00" in refusal(1050, currency).message
    check_amount(1000, currency)


@pytest.mark.parametrize("currency", SUPPORTED)
def test_the_minimum_and_the_maximum_are_allowed(currency: str) -> None:
    check_amount(max(minimum(currency), 10) if currency not in ("isk", "ugx") else 100, currency)
    check_amount(MAXIMUM - MAXIMUM % 100, currency)


def test_every_minimum_is_of_a_supported_currency() -> None:
    assert set(MINIMUMS) <= set(SUPPORTED)
    assert len(set(SUPPORTED)) == len(SUPPORTED)


def test_currencies_are_read_in_either_case() -> None:
    assert check_currency("USD") == "usd"


def test_an_unknown_currency_lists_the_known_ones() -> None:
    with pytest.raises(StripeError) as caught:
        check_currency("xyz")
    assert caught.value.param == "currency"
    assert caught.value.message.startswith(
        "Invalid currency: xyz. Stripe currently supports these currencies: usd, aed, afn, all,"
    )


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(50, "usd", "$0.50"), (1000, "jpy", "¥1,000"), (12340, "kwd", "12.340"), (99999999, "eur", "€999,999.99")],
)
def test_display(amount: int, currency: str, text: str) -> None:
    assert display(amount, currency) == text


@given(st.integers(0, MAXIMUM), st.sampled_from(SUPPORTED))
def test_displayed_amounts_have_the_digits_of_the_amount(amount: int, currency: str) -> None:
    digits = "".join(character for character in display(amount, currency) if character.isdigit())
    assert int(digits) == amount
    assert len(display(amount, currency).partition(".")[2]) == decimals(currency)
