"""Subscription schedules: `/v1/subscription_schedules`: what a subscription is to be, phase by phase.

The states and their edges are in `billing.schedule_states.SCHEDULES`. Events: `subscription_schedule.created`,
`.updated`, `.canceled`, `.released`, `.completed`.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.phases import make_phases, phase_of
from diddo_gateways.stripe_fake.billing.schedule_states import KIND, SCHEDULES, cancel_schedule_of
from diddo_gateways.stripe_fake.billing.scheduling import announce, attend_schedule, become, let_go, plan_next
from diddo_gateways.stripe_fake.billing.subscription_fields import billing_mode
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import exclusive
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

ONE = "/v1/subscription_schedules/{schedule}"
NOUN = "subscription schedule"
NOT_MODELLED = {
    "customer_account": "A schedule of an account",
    "pause_schedules": "Pauses of a subscription schedule",
}
DEFAULTS = ("billing_cycle_anchor", "collection_method", "default_payment_method", "description")
ENDS = ("canceled_at", "completed_at", "released_at")

filtered_by(KIND, "customer", "status")


@operation("POST /v1/subscription_schedules")
async def create(call: Call) -> Answer:
    """Make a schedule: of phases to come, or of a subscription that there is."""
    work, params = call.work, call.params
    _check(params)
    if "from_subscription" in params:
        schedule = await _from_subscription(work, params)
    else:
        schedule = await _from_phases(work, params)
    work.insert(schedule)
    work.emit(f"{KIND}.created", schedule)
    now = await now_for(work, schedule["customer"])
    if schedule["phases"][0]["start_date"] <= now:
        await attend_schedule(work, schedule, now)
    else:
        await plan_next(work, schedule, now)
    return schedule


def _check(params: Mapping[str, Any]) -> None:
    for name, what in NOT_MODELLED.items():
        if params.get(name):
            raise NotModelled(what)
    if params.get("end_behavior") in ("none", "renew"):
        raise NotModelled(f"A subscription schedule with the end_behavior {params['end_behavior']}")
    for name in ("application_fee_percent", "billing_thresholds", "on_behalf_of", "transfer_data"):
        if params.get("default_settings", {}).get(name):
            raise NotModelled(f"The parameter default_settings[{name}] of subscription schedules")


async def _from_phases(work: Work, params: JsonObject) -> JsonObject:
    for name in ("customer", "phases"):
        if name not in params:
            raise MissingParameter(name)
    customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    now = await now_for(work, customer["id"])
    given = params.get("start_date", "now")
    start = now if given == "now" else given
    if start < now:
        raise NotModelled("A subscription schedule that starts in the past")
    schedule = _begun(work, params, customer, now)
    return schedule | {"phases": await make_phases(work, params["phases"], start, now=now)}


async def _from_subscription(work: Work, params: JsonObject) -> JsonObject:
    """Return a schedule whose one phase is what a subscription is, for the period that it is in."""
    if "phases" in params:
        raise exclusive("from_subscription", "phases")
    subscription = await work.fetch("subscription", params["from_subscription"], param="from_subscription", status=400)
    if subscription["status"] in ENDED:
        raise InvalidRequest("You cannot create a subscription schedule from a subscription that has ended.")
    if subscription["schedule"] is not None:
        raise InvalidRequest(
            "You cannot migrate a subscription that is already attached to a schedule: it is attached to"
            f" `{subscription['schedule']}`.",
            param="from_subscription",
        )
    customer = await work.fetch("customer", subscription["customer"])
    now = await now_for(work, customer["id"])
    shown = subscription["items"]["data"]
    items = [{"price": item["price"]["id"], "quantity": item["quantity"] or 1, "sold": True} for item in shown]
    given = {"items": items, "end_date": shown[0]["current_period_end"], "currency": subscription["currency"]}
    start = shown[0]["current_period_start"]
    phases = await make_phases(work, [given], start, now=now)
    mode = {"billing_mode": {"type": subscription["billing_mode"]["type"]}}
    schedule = _begun(work, {**mode, **params}, customer, now) | {"phases": phases, "status": "active"}
    schedule["default_settings"]["default_payment_method"] = subscription["default_payment_method"]
    subscription["schedule"] = schedule["id"]
    work.save(subscription)
    return schedule | {
        "current_phase": {"end_date": phases[0]["end_date"], "start_date": start},
        "subscription": subscription["id"],
    }


def _begun(work: Work, params: Mapping[str, Any], customer: JsonObject, now: int) -> JsonObject:
    schedule = blank(KIND) | {
        "id": work.new_id("sub_sched_1", 23),
        "billing_mode": billing_mode(params, now),
        "created": now,
        "customer": customer["id"],
        "end_behavior": params.get("end_behavior", "release"),
        "metadata": merged({}, params.get("metadata") or {}),
        "status": "not_started",
        "test_clock": customer["test_clock"],
    }
    schedule["default_settings"] |= {
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": "automatic",
        "collection_method": "charge_automatically",
    }
    schedule["default_settings"]["invoice_settings"]["issuer"] = {"account": None, "type": "self"}
    _write_defaults(schedule, params)
    return schedule


def _write_defaults(schedule: JsonObject, params: Mapping[str, Any]) -> None:
    given, settings = params.get("default_settings", {}), schedule["default_settings"]
    settings |= {name: given[name] or None for name in DEFAULTS if name in given}
    invoices = {name: value or None for name, value in given.get("invoice_settings", {}).items()}
    settings["invoice_settings"] = {**settings["invoice_settings"], **invoices}


@operation(f"GET {ONE}")
async def retrieve(call: Call) -> Answer:
    """Return a schedule."""
    return await call.work.stored(KIND, call.path["schedule"], param="schedule", noun=NOUN)


@operation("GET /v1/subscription_schedules")
async def list_(call: Call) -> Answer:
    """List schedules."""
    for name in ENDS:
        if name in call.params:
            raise NotModelled(f"The parameter {name} of lists of subscription schedules")
    scheduled = call.params.get("scheduled")
    terms = [["status=not_started"]] if scheduled else []
    return await listed(call, KIND, terms=terms, noun=NOUN)


@operation(f"POST {ONE}")
async def update(call: Call) -> Answer:
    """Change a schedule; a change of the phase that it is in changes the subscription."""
    work, params = call.work, call.params
    schedule = await _schedule(call)
    SCHEDULES.check(schedule, "update")
    _check(params)
    before = snapshot(schedule)
    now = await now_for(work, schedule["customer"])
    if "metadata" in params:
        schedule["metadata"] = merged(schedule["metadata"] or {}, params["metadata"])
    schedule["end_behavior"] = params.get("end_behavior", schedule["end_behavior"])
    _write_defaults(schedule, params)
    if "phases" in params:
        await _replan(work, schedule, params, now)
    announce(work, schedule, before)
    await plan_next(work, schedule, now)
    return schedule


async def _replan(work: Work, schedule: JsonObject, params: JsonObject, now: int) -> None:
    given = params["phases"]
    former = schedule["phases"]
    start = given[0].get("start_date", former[0]["start_date"]) if given else 0
    start = now if start == "now" else start
    if schedule["status"] == "active" and start not in {phase["start_date"] for phase in former}:
        raise InvalidRequest(
            "You can not modify the start date of the current phase. It must be one that the schedule has.",
            param="phases[0][start_date]",
        )
    schedule["phases"] = await make_phases(work, given, start, now=now)
    if schedule["status"] != "active":
        return
    phase, was = phase_of(schedule["phases"], now), phase_of(former, now)
    if phase is None:
        raise InvalidRequest("The current phase must be among the phases.", param="phases")
    if was is None or phase["items"] != was["items"]:
        changed = {**phase, "proration_behavior": params.get("proration_behavior", phase["proration_behavior"])}
        await become(work, schedule, changed, now)
    schedule["current_phase"] = {"end_date": phase["end_date"], "start_date": phase["start_date"]}


@operation(f"POST {ONE}/cancel")
async def cancel(call: Call) -> Answer:
    """Cancel a schedule and end its subscription."""
    work, params = call.work, call.params
    schedule = await _schedule(call)
    SCHEDULES.check(schedule, "cancel")
    now = await now_for(work, schedule["customer"])
    subscription = await work.get("subscription", schedule["subscription"] or "")
    if subscription is None:
        await cancel_schedule_of(work, {"schedule": schedule["id"]}, now)
    else:
        given = {name: params[name] for name in ("invoice_now", "prorate") if name in params}
        await end(work, subscription, now, reason="cancellation_requested", **given)
    return schedule


@operation(f"POST {ONE}/release")
async def release(call: Call) -> Answer:
    """Let a schedule's subscription go on by itself."""
    schedule = await _schedule(call)
    await let_go(call.work, schedule, await now_for(call.work, schedule["customer"]))
    return schedule


async def _schedule(call: Call) -> JsonObject:
    return await call.work.fetch(KIND, call.path["schedule"], param="schedule", noun=NOUN)
