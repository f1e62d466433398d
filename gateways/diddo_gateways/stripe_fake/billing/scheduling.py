"""Subscription schedules at work: phases that begin and end, each changing the subscription to what it says.

Events: `subscription_schedule.updated`, `.completed`, `.released`, beside those of the subscription.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.changing import change
from diddo_gateways.stripe_fake.billing.clocks import cancel_for, later_for
from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.phases import as_params, phase_of
from diddo_gateways.stripe_fake.billing.schedule_states import KIND, SCHEDULES
from diddo_gateways.stripe_fake.billing.subscribing import make_subscription
from diddo_gateways.stripe_fake.billing.subscription_methods import has_method
from diddo_gateways.stripe_fake.billing.subscription_news import former, snapshot
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["announce", "attend_schedule", "become", "let_go", "plan_next"]

DUE = "schedule_due"


def announce(work: Work, schedule: JsonObject, before: JsonObject) -> None:
    """Save a schedule and emit that it was updated, if it was."""
    work.save(schedule)
    changed = former(before, schedule)
    if changed:
        work.emit(f"{KIND}.updated", schedule, changed)


async def plan_next(work: Work, schedule: JsonObject, now: int) -> None:
    """See to it that the schedule's next date is attended to, on its customer's clock."""
    dates = [date for phase in schedule["phases"] for date in (phase["start_date"], phase["end_date"])]
    at = min((date for date in dates if date > now), default=None)
    if at is None or schedule["status"] not in SCHEDULES.allowed("update"):
        return
    message_id = f"phase>{schedule['id']}>{at}"
    await cancel_for(work, schedule["customer"], message_id)
    await later_for(work, schedule["customer"], DUE, at, message_id=message_id, schedule=schedule["id"], due=at)


@on_due(DUE)
async def phase_is_due(work: Work, message: Message, data: JsonObject) -> None:
    """Bring a schedule to the phase that begins now, or to its end."""
    schedule = await work.get(KIND, data["schedule"])
    if schedule is not None:
        await attend_schedule(work, schedule, data["due"])
    await work.commit(Settle(message.id))


async def attend_schedule(work: Work, schedule: JsonObject, at: int) -> None:
    """Do what is due of a schedule by a moment; when it has been done nothing happens."""
    if schedule["status"] not in SCHEDULES.allowed("update"):
        return
    current, phase = schedule["current_phase"], phase_of(schedule["phases"], at)
    if phase is not None and (current is None or current["start_date"] != phase["start_date"]):
        await become(work, schedule, phase, at)
    elif phase is None and at >= schedule["phases"][-1]["end_date"]:
        await _finish(work, schedule, at)
    await plan_next(work, schedule, at)


async def become(work: Work, schedule: JsonObject, phase: JsonObject, at: int) -> None:
    """Begin a phase: with a new subscription, or with a change of the one that there is."""
    before = snapshot(schedule)
    params = as_params(phase, schedule["default_settings"])
    if schedule["subscription"] is None:
        subscription = await make_subscription(work, await _beginning(work, schedule, params))
        subscription["schedule"] = schedule["id"]
        work.save(subscription)
        schedule["subscription"] = subscription["id"]
        SCHEDULES.move(schedule, "start")
    else:
        subscription = await work.fetch("subscription", schedule["subscription"])
        await change(work, subscription, {**params, "items": _replaced(subscription, params["items"])}, now=at)
    schedule["current_phase"] = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    announce(work, schedule, before)


async def _beginning(work: Work, schedule: JsonObject, params: JsonObject) -> JsonObject:
    """Return the parameters of the subscription that a schedule starts; nobody is there to pay it by hand."""
    given = {**params, "customer": schedule["customer"], "off_session": True}
    given["billing_mode"] = {"type": schedule["billing_mode"]["type"]}
    asked = {"default_payment_method": params.get("default_payment_method"), "customer": schedule["customer"]}
    if not await has_method(work, asked):
        given["payment_behavior"] = "default_incomplete"
    return given


def _replaced(subscription: JsonObject, wanted: list[JsonObject]) -> list[JsonObject]:
    """Return the changes that make a subscription's items those of a phase; items of one price stay the same item."""
    shown = subscription["items"]["data"]
    by_price = {item["price"]["id"]: item["id"] for item in shown}
    kept = {by_price[one["price"]] for one in wanted if one["price"] in by_price}
    # An item that goes makes room for one that comes: the subscriber sees it change.
    free = [item["id"] for item in shown if item["id"] not in kept]
    changes = []
    for one in wanted:
        item_id = by_price.get(one["price"]) or (free.pop(0) if free else None)
        changes.append({**one, "id": item_id} if item_id else one)
    return changes + [{"id": item_id, "deleted": True} for item_id in free]


async def _finish(work: Work, schedule: JsonObject, at: int) -> None:
    """End a schedule whose phases are over: its subscription goes on by itself, or ends with it."""
    if schedule["end_behavior"] == "release":
        return await let_go(work, schedule, at)
    subscription = await work.get("subscription", schedule["subscription"] or "")
    SCHEDULES.move(schedule, "complete")
    schedule |= {"completed_at": at, "current_phase": None}
    if subscription is not None and subscription["status"] not in ENDED:
        await end(work, subscription, at, reason="cancellation_requested")
    work.save(schedule)
    work.emit(f"{KIND}.completed", schedule)
    return None


async def let_go(work: Work, schedule: JsonObject, at: int) -> None:
    """Release a subscription from its schedule: it goes on as it is.

    Raises:
        InvalidRequest: the schedule has ended already.
    """
    SCHEDULES.move(schedule, "release")
    subscription = await work.get("subscription", schedule["subscription"] or "")
    schedule |= {
        "current_phase": None,
        "released_at": at,
        "released_subscription": schedule["subscription"],
        "subscription": None,
    }
    if subscription is not None:
        subscription["schedule"] = None
        work.save(subscription)
    work.save(schedule)
    work.emit(f"{KIND}.released", schedule)
