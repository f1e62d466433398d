"""Billing periods: pure arithmetic of the calendar, in Unix seconds and UTC.

Every period of a cadence is counted from its anchor, never from the period before: an anchor on 31 January makes
28 February and 31 March.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["Cadence", "anchor_by", "later_by"]

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}
SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often something recurs.

    Attributes:
        interval: `day`, `week`, `month` or `year`.
        count: how many of these a period has.
        anchor: where a period begins.
        day: the day of the month that is meant, where the anchor's month was too short for it.
    """

    interval: str
    count: int
    anchor: int
    day: int | None = None

    @classmethod
    def of(cls, recurring: Mapping[str, Any], anchor: int, day: int | None = None) -> "Cadence":
        """Return the cadence of a price's `recurring` from an anchor on."""
        return cls(recurring["interval"], recurring["interval_count"], anchor, day)

    def boundary(self, number: int) -> int:
        """Return where the period of that number begins; that of the anchor is 0, earlier ones are negative."""
        if self.interval in DAYS:
            return self.anchor + number * self.count * DAYS[self.interval] * SECONDS_OF_DAY
        return _months_after(self.anchor, number * self.count * MONTHS[self.interval], self.day)

    def around(self, at: int) -> tuple[int, int]:
        """Return the period that holds a moment: its first second, and the first one after it."""
        number = self._guess(at)
        while self.boundary(number) > at:
            number -= 1
        while self.boundary(number + 1) <= at:
            number += 1
        return self.boundary(number), self.boundary(number + 1)

    def _guess(self, at: int) -> int:
        if self.interval in DAYS:
            return (at - self.anchor) // (self.count * DAYS[self.interval] * SECONDS_OF_DAY)
        then, now = _moment(self.anchor), _moment(at)
        months = (now.year - then.year) * 12 + now.month - then.month
        return months // (self.count * MONTHS[self.interval])


def later_by(at: int, interval: str, count: int) -> int:
    """Return the moment so many days, weeks, months or years after another."""
    return Cadence(interval, count, at).boundary(1)


def anchor_by(config: Mapping[str, Any], now: int) -> int:
    """Return the first moment from now on that a `billing_cycle_anchor_config` describes; what it leaves out is now's."""
    then = _moment(now)
    clock = then.replace(
        hour=_or(config.get("hour"), then.hour),
        minute=_or(config.get("minute"), then.minute),
        second=_or(config.get("second"), then.second),
    )
    for months in range(13):
        year, month = _month_after(clock, months)
        if config.get("month") in (None, month):
            day = min(config["day_of_month"], calendar.monthrange(year, month)[1])
            at = _second(clock.replace(year=year, month=month, day=day))
            if at >= now:
                return at
    raise AssertionError("each day of the month comes within thirteen months")


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _moment(at: int) -> datetime:
    # Not `fromtimestamp`, whose range is the platform's.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)


def _second(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _month_after(moment: datetime, months: int) -> tuple[int, int]:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return year, month + 1


def _months_after(at: int, months: int, day: int | None) -> int:
    moment = _moment(at)
    year, month = _month_after(moment, months)
    return _second(
        moment.replace(year=year, month=month, day=min(day or moment.day, calendar.monthrange(year, month)[1]))
    )
