"""Use that is metered: what a customer has used of a metered price within a period.

Each meter event is kept as a document of kind `meter_usage`: `{"id": <its identifier>, "object", "event_name",
"customer", "value", "timestamp"}`.
"""

from decimal import ROUND_HALF_UP, Decimal

import orjson

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["METER", "USAGE", "usage_of"]

METER = "billing.meter"
USAGE = "meter_usage"
AT_A_TIME = 1000

filtered_by(USAGE, "event_name", "customer")


async def usage_of(work: Work, price: JsonObject, customer_id: str, period: tuple[int, int]) -> int:
    """Return what a customer has used of a price, aggregated as its meter says; 0 for a price without a meter.

    Args:
        work: the unit of work.
        price: a metered one.
        customer_id: whose use.
        period: from its first second to the one before its last, in Unix seconds.
    """
    meter = await work.get(METER, price["recurring"]["meter"] or "")
    if meter is None:
        return 0
    events = [one for one in await _events(work, meter, customer_id) if period[0] <= one["timestamp"] < period[1]]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return len(events)
    values = [Decimal(one["value"]) for one in events]
    total = (values[0] if values else Decimal(0)) if formula == "last" else sum(values, Decimal(0))
    return int(total.quantize(Decimal(1), rounding=ROUND_HALF_UP))


async def _events(work: Work, meter: JsonObject, customer_id: str) -> list[JsonObject]:
    """Return all that was reported of a customer to a meter, the latest first."""
    terms = [[f"event_name={meter['event_name']}"], [f"customer={customer_id}"]]
    found: list[JsonObject] = []
    after = None
    while True:
        page = await work.world.page(USAGE, limit=AT_A_TIME, terms=terms, after=after)
        found += [orjson.loads(document.body) for document in page]
        if len(page) < AT_A_TIME:
            return sorted(found, key=lambda one: -one["timestamp"])
        after = page[-1].seq
