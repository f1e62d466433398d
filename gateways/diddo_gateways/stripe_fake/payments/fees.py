"""What Stripe charges for moving money, and how long the money takes: the prices of a US account, from `fees.json`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from typing import Any

from diddo_gateways.stripe_fake.currencies import decimals

__all__ = ["ACCOUNT_COUNTRY", "dispute_fee", "processing_fee", "settles_on"]

ACCOUNT_COUNTRY = "US"
SATURDAY = 5


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = json.loads(resources.files(__package__).joinpath("fees.json").read_bytes())
    return facts


def _price(table: str, name: str) -> Any:
    prices = _facts()[table]
    return prices.get(name, prices["*"])


def processing_fee(amount: int, currency: str, *, method: str, country: str | None) -> int:
    """Return the fee of a payment in minor units of its currency, half a unit counted up.

    Args:
        amount: what was paid, in minor units.
        currency: in lower case.
        method: the type of payment method, such as `card`.
        country: where a card was issued; one from abroad costs more.
    """
    price = _price("processing", method)
    foreign = country is not None and country != ACCOUNT_COUNTRY
    percent = Decimal(price["percent"]) + (Decimal(price.get("foreign_percent", 0)) if foreign else 0)
    fee = amount * percent / 100 + _minor(price.get("fixed", "0"), currency)
    most = price.get("most")
    return _whole(fee if most is None else min(fee, _minor(most, currency)))


def dispute_fee(currency: str) -> int:
    """Return the fee of a dispute in minor units of the currency."""
    return _whole(_minor(_price("dispute", currency), currency))


def settles_on(now: int, *, method: str) -> int:
    """Return the second at which money that is paid now becomes available: midnight UTC, some business days ahead."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    for _ in range(_price("business_days", method)):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
    return int(day.timestamp())


def _minor(major: str, currency: str) -> Decimal:
    return Decimal(major).scaleb(decimals(currency))


def _whole(fee: Decimal) -> int:
    return int(fee.quantize(Decimal(1), rounding=ROUND_HALF_UP))
