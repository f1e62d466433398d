"""The clock that a customer's bills go by: the test clock that the customer was put on, or else the world's.

A test clock stands still until it is advanced. What is to happen on it later is kept as documents of kind
`clock_timer`, `{"id": <the message's>, "object", "clock", "at", "body"}`, which `resources/test_clocks` carries out in
the order of their times. Payments go by the world's clock, as at Stripe: only what is billed goes by a test clock.
"""

from typing import Any

import orjson

from diddo_gateways.stripe_fake.errors import InvalidRequest, StripeError
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["CLOCK", "MOST_TIMERS", "TIMER", "ClockAdvancing", "cancel_for", "clock_of", "join", "later_for", "now_for"]

CLOCK = "test_helpers.test_clock"
TIMER = "clock_timer"
MOST_CUSTOMERS = 3
MOST_TIMERS = 1000


class ClockAdvancing(StripeError):
    """A change of what a test clock holds while the clock is being advanced."""

    status = 429
    began = False

    def __init__(self, clock_id: str) -> None:
        super().__init__(f"Test clock advancement underway - cannot perform modifications: {clock_id}")


async def clock_of(work: Work, customer_id: str | None) -> JsonObject | None:
    """Return the test clock of a customer, or None."""
    customer = None if customer_id is None else await work.get("customer", customer_id)
    if customer is None or customer["test_clock"] is None:
        return None
    return await work.get(CLOCK, customer["test_clock"])


async def now_for(work: Work, customer_id: str | None) -> int:
    """Return the time of a customer in Unix seconds: the test clock's, or the world's.

    Raises:
        ClockAdvancing: a request asks while the customer's clock is being advanced.
    """
    clock = await clock_of(work, customer_id)
    if clock is None:
        return work.now
    # The advance itself, which no request stands behind, goes on.
    if clock["status"] == "advancing" and work.request_id is not None:
        raise ClockAdvancing(clock["id"])
    now: int = clock["frozen_time"]
    return now


async def later_for(
    work: Work, customer_id: str | None, handler: str, at: int, *, message_id: str, **data: Any
) -> None:
    """Do as `Work.later` does, on the customer's clock: the handler gets the same message when that comes to `at`."""
    clock = await clock_of(work, customer_id)
    if clock is None:
        return work.later(handler, at, message_id=message_id, **data)
    body = orjson.dumps({"handler": handler, **data}).decode()
    return work.insert({"id": message_id, "object": TIMER, "clock": clock["id"], "at": at, "body": body})


async def cancel_for(work: Work, customer_id: str | None, message_id: str) -> None:
    """Take back what was queued with `later_for`; what has been carried out already is no error."""
    if await clock_of(work, customer_id) is None:
        return work.cancel(message_id)
    timer = await work.get(TIMER, message_id)
    return None if timer is None else work.remove(timer)


async def join(work: Work, customer: JsonObject, clock_id: str) -> None:
    """Put a new customer on a test clock: it was made when the clock stands.

    Raises:
        ResourceMissing: there is no such clock.
        InvalidRequest: the clock has as many customers as it may have.
        ClockAdvancing: the clock is being advanced.
    """
    clock = await work.fetch(CLOCK, clock_id, param="test_clock", status=400, noun="test clock")
    if clock["status"] == "advancing":
        raise ClockAdvancing(clock_id)
    held = await work.world.page("customer", limit=MOST_CUSTOMERS, terms=[[f"test_clock={clock_id}"]])
    if len(held) == MOST_CUSTOMERS:
        raise InvalidRequest(
            f"You have reached the limit of {MOST_CUSTOMERS} customers on this test clock. Create another test clock"
            " for further customers.",
            param="test_clock",
        )
    customer |= {"created": clock["frozen_time"], "test_clock": clock_id}
