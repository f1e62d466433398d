"""The test cards as data, and the rules for card details, without a server."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.errors import CardError, StripeError
from diddo_gateways.stripe_fake.payments import cards
from diddo_gateways.stripe_fake.payments.cards import CardDetails, passes_luhn, read_card

ALL = cards.test_cards()
NOW = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
KNOWN_GROUPS = {
    "balance",
    "brand",
    "captcha",
    "co_branded",
    "country",
    "decline",
    "dispute",
    "hsa_fsa",
    "radar",
    "refund",
    "terminal_pin",
    "three_d_secure",
}


def refusal(
    number: str = "4242424242424242", month: int | str = 12, year: int | str = 2030, cvc: str | None = "123"
) -> StripeError:
    with pytest.raises(StripeError) as caught:
        read_card(CardDetails(number, month, year, cvc), now=NOW)
    return caught.value


def test_every_way_to_name_a_card_is_unique() -> None:
    for ways in ([c.name for c in ALL.all], [c.number for c in ALL.all if c.number]):
        assert len(ways) == len(set(ways))
    ids = [name for card in ALL.all for name in (*card.payment_methods, *card.tokens)]
    assert len(ids) == len(set(ids))
    assert len(ALL.all) == 149
    assert len(ALL.by_number) == 145


def test_the_data_holds_together() -> None:
    assert {card.group for card in ALL.all} == KNOWN_GROUPS
    for card in ALL.all:
        assert card.number is None or (card.number.isdigit() and passes_luhn(card.number)), card.name
        assert all(name.startswith("pm_card_") for name in card.payment_methods)
        assert all(name.startswith("tok_") for name in card.tokens)
        assert len(card.country) == 2
        assert card.number or card.payment_methods or card.tokens
        assert card.group != "decline" or card.decline is not None
        assert not card.lookup_fails or card.three_d_secure in ("required", "optional")
    used = {id(card.decline) for card in ALL.all if card.decline}
    assert len(used) == 10, "every decline of the file is some card's"


def test_fingerprints_differ_between_cards_and_between_accounts_and_lead_back_to_the_card() -> None:
    prints = [card.fingerprint(account) for card in ALL.all for account in ("acct_1", "acct_2")]
    assert len(set(prints)) == len(prints)
    for card in ALL.all:
        assert ALL.by_fingerprint(card.fingerprint("acct_1"), account="acct_1") is card


def test_a_fingerprint_is_not_made_from_the_number() -> None:
    card = ALL.by_number["4242424242424242"]
    other = cards.Card(name="visa", brand="visa", funding="credit", country="US", group="brand", number="1")
    assert card.fingerprint("acct_1") == other.fingerprint("acct_1")


@pytest.mark.parametrize("number", sorted(ALL.by_number))
def test_every_number_is_read(number: str) -> None:
    card = ALL.by_number[number]
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    assert read_card(CardDetails(spaced, "9", "27", "1" * card.cvc_length), now=NOW) == (card, 9, 2027)
    assert read_card(CardDetails(number.replace("", "-")[1:-1], 9, 2027), now=NOW)[0] is card


@pytest.mark.parametrize(
    ("given", "code", "param", "message"),
    [
        ({"month": 13}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
        ({"month": "0012"}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
        ({"month": 0}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
        ({"month": "May"}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
        ({"month": 10, "year": 2026}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
        ({"year": 2025}, "invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."),
        ({"year": 95}, "invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."),
        ({"year": 2077}, "invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."),
        ({"year": "203"}, "invalid_expiry_year", "exp_year", "Your card's expiration year is invalid."),
        ({"cvc": "99"}, "invalid_cvc", "cvc", "Your card's security code is invalid."),
        ({"cvc": "1234"}, "invalid_cvc", "cvc", "Your card's security code is invalid."),
        ({"cvc": "12x"}, "invalid_cvc", "cvc", "Your card's security code is invalid."),
        ({"number": "4242424242424241"}, "incorrect_number", "number", "Your card number is incorrect."),
        ({"number": "card"}, "invalid_number", "number", "The card number is not a valid credit card number."),
        ({"number": ""}, "invalid_number", "number", "The card number is not a valid credit card number."),
        ({"number": "42"}, "invalid_number", "number", "The card number is not a valid credit card number."),
        (
            {"number": "378282246310005", "cvc": "123"},
            "invalid_cvc",
            "cvc",
            "Your card's security code is invalid.",
        ),
    ],
)
def test_card_details_that_no_card_has(given: Any, code: Any, param: Any, message: Any) -> None:
    error = refusal(**given)
    assert isinstance(error, CardError)
    assert (error.status, error.type) == (402, "card_error")
    assert (error.code, error.param, error.message) == (code, param, message)


def test_the_month_of_expiry_itself_is_still_good() -> None:
    assert read_card(CardDetails("4242424242424242", 11, 2026), now=NOW)[1:] == (11, 2026)


@given(st.text("0123456789", min_size=11, max_size=18).filter(lambda digits: int(digits) > 0))
def test_a_well_formed_number_that_is_no_test_card_is_refused_without_being_repeated(digits: str) -> None:
    number = next(digits + check for check in "0123456789" if passes_luhn(digits + check))
    if number in ALL.by_number:
        return
    error = refusal(number)
    assert error.code == "card_declined"
    assert error.extra == {"decline_code": "test_mode_live_card"}
    assert number not in str(error.body(request_log_url=None))


@given(st.text("0123456789", min_size=1, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_luhn_notices_one_wrong_digit(digits: str, place: int, by: int) -> None:
    number = next(digits + check for check in "0123456789" if passes_luhn(digits + check))
    at = place % len(number)
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert passes_luhn(number)
    assert not passes_luhn(wrong)
