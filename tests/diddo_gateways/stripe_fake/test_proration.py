"""The arithmetic of parts of periods, by laws."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.billing.proration import prorated

amounts = st.integers(0, 99_999_999)
lengths = st.integers(1, 366 * 86_400)


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Draw the length of a period, and parts that make it up."""
    length = draw(lengths)
    cuts = sorted(draw(st.sets(st.integers(1, length), max_size=5)) | {0, length})
    return length, list(itertools.pairwise(cuts))


@given(amounts, lengths)
def test_all_of_a_period_costs_all_of_it(amount: int, length: int) -> None:
    assert prorated(amount, (0, length), (0, length), "usd") == amount
    assert prorated(amount, (length, length), (0, length), "usd") == 0


@given(amounts, lengths, st.integers())
def test_what_is_given_back_is_what_it_costs(amount: int, length: int, at: int) -> None:
    rest = (at % length, length)
    assert prorated(-amount, rest, (0, length), "usd") + prorated(amount, rest, (0, length), "usd") == 0


@given(amounts, parts())
def test_parts_add_up_but_for_their_rounding(amount: int, drawn: tuple[int, list[tuple[int, int]]]) -> None:
    length, cut = drawn
    shares = [prorated(amount, part, (0, length), "usd") for part in cut]
    assert all(0 <= share <= amount for share in shares)
    assert abs(sum(shares) - amount) <= len(shares) / 2


@given(amounts, amounts, lengths, st.integers())
def test_dearer_costs_more_for_the_rest_too(cheap: int, dear: int, length: int, at: int) -> None:
    rest = (at % length, length)
    difference = prorated(dear, rest, (0, length), "usd") - prorated(cheap, rest, (0, length), "usd")
    assert (difference >= 0) if dear >= cheap else (difference <= 0)


@given(amounts, lengths, st.integers())
def test_three_decimals_come_in_tens(amount: int, length: int, at: int) -> None:
    assert prorated(amount, (at % length, length), (0, length), "kwd") % 10 == 0
