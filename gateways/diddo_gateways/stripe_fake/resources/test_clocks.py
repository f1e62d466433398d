"""Test clocks: `/v1/test_helpers/test_clocks`, by which what is billed is brought forward in time.

Events: `test_helpers.test_clock.created`, `.advancing`, `.ready`, `.internal_failure`, `.deleted`. An advance is
answered at once and carried out afterwards: what falls due on the clock happens in the order of its times, each in a
unit of work of its own at its own frozen moment, so that other requests are answered in between.
"""

import asyncio
import logging

import orjson

from diddo_gateways.documents import Conflict, Message, Settle
from diddo_gateways.stripe_fake.billing.clocks import CLOCK, MOST_TIMERS, TIMER, ClockAdvancing
from diddo_gateways.stripe_fake.billing.periods import later_by
from diddo_gateways.stripe_fake.due import handler_of, on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.resources import customers
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

log = logging.getLogger(__name__)

NOUN = "test clock"
KEPT_FOR = 7 * 86_400
PATH = "/v1/test_helpers/test_clocks/{test_clock}"
ENDED = ("canceled", "incomplete_expired")
CLOCKS = StateTable(
    CLOCK,
    ("ready",),
    {
        "ready": {"advance": ("advancing",)},
        "advancing": {"arrive": ("ready",), "fail": ("internal_failure",)},
        "internal_failure": {},
    },
    lambda _action, clock, _allowed: (
        ClockAdvancing(clock["id"])
        if clock["status"] == "advancing"
        else InvalidRequest("This test clock has failed to advance and cannot be advanced any more.")
    ),
)

# What is due on a clock is found by the clock.
filtered_by(TIMER, "clock")


@operation("POST /v1/test_helpers/test_clocks")
async def create(call: Call) -> Answer:
    """Make a test clock that stands at a moment of the past or the future."""
    work, params = call.work, call.params
    clock = blank(CLOCK) | {
        "id": work.new_id("clock_1", 23),
        "created": work.now,
        "deletes_after": work.now + KEPT_FOR,
        "frozen_time": params["frozen_time"],
        "name": params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    work.later("delete_test_clock", clock["deletes_after"], message_id=f"delete>{clock['id']}", clock=clock["id"])
    work.insert(clock)
    work.emit(f"{CLOCK}.created", clock)
    if "customer" in params:
        await _put_on(work, clock, params["customer"])
    return clock


async def _put_on(work: Work, clock: JsonObject, customer_id: str) -> None:
    """Put a customer that there is on a new clock, if nothing is billed to it by the world's time yet."""
    customer = await work.fetch("customer", customer_id, param="customer", status=400)
    if customer["test_clock"] is not None:
        raise InvalidRequest(
            f"This customer is already on the test clock `{customer['test_clock']}`.", param="customer"
        )
    for kind in ("subscription", "invoice", "subscription_schedule"):
        if await work.world.page(kind, limit=1, terms=[[f"customer={customer_id}"]]):
            raise NotModelled("A test clock for a customer that has been billed")
    customer["test_clock"] = clock["id"]
    work.save(customer)
    work.emit("customer.updated", customer, {"test_clock": None})


@operation(f"GET {PATH}")
async def retrieve(call: Call) -> Answer:
    """Return a test clock."""
    return await call.work.stored(CLOCK, call.path["test_clock"], param="test_clock", noun=NOUN)


@operation("GET /v1/test_helpers/test_clocks")
async def list_(call: Call) -> Answer:
    """List test clocks."""
    return await listed(call, CLOCK, noun=NOUN)


@operation(f"DELETE {PATH}")
async def delete(call: Call) -> Answer:
    """Delete a test clock with the customers on it."""
    work = call.work
    clock = await _clock(call)
    if clock["status"] == "advancing":
        raise ClockAdvancing(clock["id"])
    work.cancel(f"delete>{clock['id']}")
    await _remove(work, clock)
    return {"id": clock["id"], "object": CLOCK, "deleted": True}


@operation(f"POST {PATH}/advance")
async def advance(call: Call) -> Answer:
    """Begin to move a test clock ahead."""
    work = call.work
    clock = await _clock(call)
    target: int = call.params["frozen_time"]
    CLOCKS.check(clock, "advance")
    await _check_target(work, clock, target)
    CLOCKS.move(clock, "advance")
    clock["status_details"] = {"advancing": {"target_frozen_time": target}}
    work.save(clock)
    work.emit(f"{CLOCK}.advancing", clock)
    work.later("advance_test_clock", work.now, message_id=f"advance>{clock['id']}>{target}", clock=clock["id"])
    return clock


async def _clock(call: Call) -> JsonObject:
    return await call.work.fetch(CLOCK, call.path["test_clock"], param="test_clock", noun=NOUN)


async def _check_target(work: Work, clock: JsonObject, target: int) -> None:
    """Hold the moment that a clock is to be moved to against the bounds, so that one advance cannot go on for ever."""
    if target <= clock["frozen_time"]:
        raise InvalidRequest(
            f"The new frozen time must be after the current frozen time ({clock['frozen_time']}).", param="frozen_time"
        )
    cadences = await _cadences(work, clock)
    ends = [later_by(clock["frozen_time"], interval, 2 * count) for interval, count in cadences]
    if target > min(ends, default=later_by(clock["frozen_time"], "year", 2)):
        limit = "two intervals in the future from the shortest subscription" if ends else "two years in the future"
        raise InvalidRequest(f"The frozen time of this test clock cannot be more than {limit}.", param="frozen_time")


async def _cadences(work: Work, clock: JsonObject) -> list[tuple[str, int]]:
    """Return the interval and its count of everything that recurs on a clock."""
    found = []
    for customer in await _customers(work, clock):
        for document in await work.world.page("subscription", limit=100, terms=[[f"customer={customer['id']}"]]):
            subscription = orjson.loads(document.body)
            if subscription["status"] not in ENDED:
                found += [item["price"]["recurring"] for item in subscription["items"]["data"]]
    return [(recurring["interval"], recurring["interval_count"]) for recurring in found]


async def _customers(work: Work, clock: JsonObject) -> list[JsonObject]:
    documents = await work.world.page("customer", limit=100, terms=[[f"test_clock={clock['id']}"]])
    return [await work.fetch("customer", document.id) for document in documents]


@on_due("advance_test_clock")
async def carry_out(work: Work, message: Message, data: JsonObject) -> None:
    """Bring a test clock to where it is to go, step by step; a step that fails leaves it where it is, for good."""
    try:
        more = True
        while more:
            more = await _persistently(work, data["clock"])
    except Exception:
        log.exception("test clock %s failed to advance", data["clock"])
        await _fail(Work(work.fake, work.world), data["clock"])
    await work.commit(Settle(message.id))


async def _persistently(work: Work, clock_id: str) -> bool:
    """Take one step, again from the start when another has changed what it read; say whether there may be more."""
    while True:
        # Others are to be answered in between.
        await asyncio.sleep(0)
        try:
            return await _step(Work(work.fake, work.world), clock_id)
        except Conflict:
            continue


async def _step(work: Work, clock_id: str) -> bool:
    """Carry out the next that is due on a clock; say whether there may be more."""
    clock = await work.get(CLOCK, clock_id)
    if clock is None or clock["status"] != "advancing":
        return False
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    timer = await _next(work, clock)
    work.save(clock)
    if timer is None or timer["at"] > target:
        clock |= {"frozen_time": target, "status_details": {}}
        CLOCKS.move(clock, "arrive")
        work.emit(f"{CLOCK}.ready", clock)
        await work.commit()
        return False
    clock["frozen_time"] = max(clock["frozen_time"], timer["at"])
    work.remove(timer)
    body = timer["body"].encode()
    data = orjson.loads(body)
    # The handler commits, and with what it does the clock's new time and the end of the timer.
    await handler_of(data["handler"])(work, Message(timer["id"], body, timer["at"], 1), data)
    return True


async def _next(work: Work, clock: JsonObject) -> JsonObject | None:
    """Return what is due first on a clock; of what is due at once, what was queued first."""
    documents = await work.world.page(TIMER, limit=MOST_TIMERS, terms=[[f"clock={clock['id']}"]])
    found = [(orjson.loads(document.body)["at"], document.seq, document.id) for document in documents]
    return await work.get(TIMER, min(found)[2]) if found else None


async def _fail(work: Work, clock_id: str) -> None:
    clock = await work.fetch(CLOCK, clock_id)
    CLOCKS.move(clock, "fail")
    clock["status_details"] = {}
    work.save(clock)
    work.emit(f"{CLOCK}.internal_failure", clock)
    await work.commit()


@on_due("delete_test_clock")
async def expire(work: Work, message: Message, data: JsonObject) -> None:
    """Delete a test clock whose time is up."""
    clock = await work.get(CLOCK, data["clock"])
    if clock is not None:
        await _remove(work, clock)
    await work.commit(Settle(message.id))


async def _remove(work: Work, clock: JsonObject) -> None:
    for customer in await _customers(work, clock):
        await customers.remove(work, customer)
    for document in await work.world.page(TIMER, limit=MOST_TIMERS, terms=[[f"clock={clock['id']}"]]):
        timer = await work.get(TIMER, document.id)
        if timer is not None:
            work.remove(timer)
    work.emit(f"{CLOCK}.deleted", clock)
    work.remove(clock)
