"""The states of subscription schedules, and what becomes of one whose subscription ends on its own.

Events: `subscription_schedule.canceled`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["KIND", "SCHEDULES", "cancel_schedule_of"]

KIND = "subscription_schedule"


def _refused(action: str, schedule: Mapping[str, Any], allowed: Sequence[str]) -> InvalidRequest:
    listed = " or ".join(f"`{status}`" for status in allowed)
    return InvalidRequest(
        f"You cannot {action} a subscription schedule that is currently in the `{schedule['status']}` status. It can"
        f" only be done if the subscription schedule is in the {listed} status."
    )


SCHEDULES = StateTable(
    kind=KIND,
    start=("not_started", "active"),
    edges={
        "not_started": {
            "update": ("not_started",),
            "start": ("active",),
            "cancel": ("canceled",),
            "release": ("released",),
        },
        "active": {
            "update": ("active",),
            "complete": ("completed",),
            "cancel": ("canceled",),
            "release": ("released",),
        },
        "completed": {},
        "canceled": {},
        "released": {},
    },
    refuse=_refused,
)


async def cancel_schedule_of(work: Work, subscription: JsonObject, now: int) -> None:
    """Cancel the schedule of a subscription that ends, unless the schedule itself ends it."""
    schedule = await work.get(KIND, subscription["schedule"] or "")
    if schedule is None or schedule["status"] not in SCHEDULES.allowed("cancel"):
        return
    SCHEDULES.move(schedule, "cancel")
    schedule |= {"canceled_at": now, "current_phase": None}
    work.save(schedule)
    work.emit(f"{KIND}.canceled", schedule)
