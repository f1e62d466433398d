"""The calendar of billing, by laws."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.billing.periods import Cadence, anchor_by, later_by

moments = st.integers(0, 4_102_444_800)  # until 2100
cadences = st.builds(Cadence, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 36), moments)


def second(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


@given(cadences, moments)
def test_periods_follow_each_other_without_a_gap(cadence: Cadence, at: int) -> None:
    start, end = cadence.around(at)
    assert start <= at < end
    assert cadence.around(end)[0] == end
    assert cadence.around(start - 1)[1] == start


@given(cadences)
def test_the_anchor_begins_a_period(cadence: Cadence) -> None:
    assert cadence.around(cadence.anchor)[0] == cadence.anchor == cadence.boundary(0)


def test_a_month_that_is_too_short() -> None:
    monthly = Cadence("month", 1, second(2026, 1, 31, 9, 30))
    assert [monthly.boundary(number) for number in (1, 2, 3, -2)] == [
        second(2026, 2, 28, 9, 30),
        second(2026, 3, 31, 9, 30),
        second(2026, 4, 30, 9, 30),
        second(2025, 11, 30, 9, 30),
    ]
    assert later_by(second(2024, 2, 29), "year", 1) == second(2025, 2, 28)
    # The day that is meant, where the anchor itself stands in a short month.
    meant = Cadence("month", 1, second(2026, 2, 28), 31)
    assert meant.boundary(1) == second(2026, 3, 31)


@given(st.integers(1, 31), st.none() | st.integers(1, 12), moments)
def test_an_anchor_by_its_description(day: int, month: int | None, now: int) -> None:
    at = anchor_by({"day_of_month": day, "month": month}, now)
    assert now <= at
    found = datetime.fromtimestamp(at, UTC)
    assert month in (None, found.month)
    assert found.day == day or (found.day < day and datetime.fromtimestamp(at + 86_400, UTC).day == 1)
    assert at - now < 367 * 86_400


def test_an_anchor_that_says_the_hour() -> None:
    config = {"day_of_month": 1, "hour": 6, "minute": 0, "second": 0}
    assert anchor_by(config, second(2026, 1, 1, 5)) == second(2026, 1, 1, 6)
    assert anchor_by(config, second(2026, 1, 1, 7)) == second(2026, 2, 1, 6)
