"""What a part of a period costs: pure arithmetic, to the second.

A price's amount is for a whole period of its cadence; a part of it costs in proportion to its seconds, rounded once,
half a minor unit away from zero.
"""

from datetime import UTC, datetime
from decimal import Decimal

from diddo_gateways.stripe_fake.billing.amounts import round_amount

__all__ = ["day_of", "prorated"]


def prorated(amount: int, part: tuple[int, int], period: tuple[int, int], currency: str) -> int:
    """Return what a part of a period costs.

    Args:
        amount: what the whole period costs, in minor units.
        part: start and end of the part, in Unix seconds.
        period: start and end of the period, of which the part may be more than the whole.
        currency: of the amount.
    """
    seconds, whole = part[1] - part[0], period[1] - period[0]
    return round_amount(Decimal(amount) * seconds / whole, currency)


def day_of(at: int) -> str:
    """Return a moment as proration lines write it, such as `23 Nov 2026`."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y")
