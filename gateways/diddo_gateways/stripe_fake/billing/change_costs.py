"""What a change of a subscription costs: its items as they are to be, and the lines of the difference.

A change of what is billed is prorated to the second: what was paid for the rest of the period is given back, and the
rest is billed as it is to be from now on. Nothing is billed here, so that previews ask the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.billing.invoice_lines import Line
from diddo_gateways.stripe_fake.billing.subscription_fields import (
    check_trial_end,
)
from diddo_gateways.stripe_fake.billing.subscription_items import (
    MOST_ITEMS,
    cadence_of,
    check_together,
    is_metered,
    items_of,
    make_item,
    write_item,
)
from diddo_gateways.stripe_fake.billing.subscription_lines import (
    added_lines,
    credit_line,
    period_line,
    period_of,
    remaining_line,
    trial_line,
    usage_line,
)
from diddo_gateways.stripe_fake.billing.subscription_states import SUBSCRIPTIONS
from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Change", "plan_change", "restart"]


@dataclass(slots=True)
class Change:
    """What a request makes of a subscription's items, and what that costs.

    Attributes:
        items: all items as they are to be.
        lines: what is billed or given back.
        at_once: whether it is invoiced now, whatever the request says: a new period has begun.
    """

    items: list[JsonObject] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    at_once: bool = False


async def plan_change(work: Work, subscription: JsonObject, params: JsonObject, now: int) -> Change:
    """Return what a request makes of the items, and the lines of what that costs; the items are not `put` yet.

    Raises:
        StripeError: an item, the trial or the date of proration does not hold.
    """
    former = {item["id"]: dict(item) for item in await items_of(work, subscription)}
    items = await _changed_items(work, subscription, params, now)
    check_together(subscription, items)
    prorates = params.get("proration_behavior", "create_prorations") != "none"
    at = _proration_date(subscription, params, now)
    # A trial has cost nothing that could be given back.
    prorates = prorates and subscription["status"] != "trialing"
    planned = Change(items)
    if _new_cycle(subscription, params, former, items, now):
        planned.at_once = True
        if prorates:
            planned.lines += await _credits(work, subscription, list(former.values()), at)
        planned.lines += await restart(work, subscription, items, now)
    elif prorates:
        planned.at_once = _move_periods(subscription, former, items, now)
        planned.lines += await _prorations(work, subscription, former, items, at)
    planned.lines += await added_lines(work, subscription, params.get("add_invoice_items", ()), now=now, items=items)
    return planned


async def _changed_items(work: Work, subscription: JsonObject, params: JsonObject, now: int) -> list[JsonObject]:
    items = {item["id"]: item for item in await items_of(work, subscription)}
    for position, given in enumerate(params.get("items", ())):
        param = f"items[{position}]"
        item_id = given.get("id")
        if item_id is None:
            item = await make_item(work, subscription, given, now=now, param=param)
            start, stop = period_of(subscription, item, now)
            if all(other["current_period_end"] <= now for other in items.values()):
                # The renewal that is due now begins its first period too.
                stop = now
            elif subscription["status"] == "trialing":
                stop = subscription["trial_end"]
            items[item["id"]] = item | {"current_period_start": start, "current_period_end": stop}
        elif item_id not in items:
            raise ResourceMissing("subscription item", item_id, param=f"{param}[id]", status=400)
        elif given.get("deleted"):
            del items[item_id]
        else:
            await write_item(work, subscription, items[item_id], given, param=param)
    if not items and "items" in params:
        raise InvalidRequest(
            "A subscription must have at least one active plan. Cancel the subscription if you want to end it.",
            param="items",
        )
    if len(items) > MOST_ITEMS:
        raise InvalidRequest(f"A subscription can have at most {MOST_ITEMS} items.", param="items")
    return list(items.values())


def _proration_date(subscription: JsonObject, params: Mapping[str, Any], now: int) -> int:
    at: int = params.get("proration_date", now)
    periods = subscription["items"]["data"]
    starts, ends = ([item[f"current_period_{which}"] for item in periods] for which in ("start", "end"))
    if periods and not min(starts) <= at <= max(ends):
        raise InvalidRequest(
            "Cannot specify `proration_date` outside of the subscription's current period.", param="proration_date"
        )
    return at


def _new_cycle(
    subscription: JsonObject,
    params: Mapping[str, Any],
    former: Mapping[str, JsonObject],
    items: Sequence[JsonObject],
    now: int,
) -> bool:
    """Say whether all periods begin anew now, and set the trial and the anchor accordingly.

    They do when the request says so, and when a trial begins or ends. That an item recurs in another interval begins
    them anew as well, unless the mode of billing is flexible and the change prorated: then the anchor stays.
    """
    trialing = subscription["status"] == "trialing"
    if "trial_end" in params and (trialing or params["trial_end"] != "now"):
        _set_trial(subscription, params["trial_end"], now)
        return True
    stays = subscription["billing_mode"]["type"] == "flexible" and params.get("proration_behavior") != "none"
    otherwise = not trialing and not stays and bool(_recurs_otherwise(former, items))
    if otherwise or (params.get("billing_cycle_anchor") or {}).get("type") == "now":
        subscription |= {"billing_cycle_anchor": now, "billing_cycle_anchor_config": None}
        return True
    return False


def _set_trial(subscription: JsonObject, end: Any, now: int) -> None:
    if end == "now":
        if subscription["status"] == "trialing":
            SUBSCRIPTIONS.move(subscription, "end_trial", "active")
        subscription |= {"billing_cycle_anchor": now, "trial_end": now if subscription["trial_start"] else None}
        return
    check_trial_end(end, now)
    SUBSCRIPTIONS.move(subscription, "start_trial" if subscription["status"] != "trialing" else "update", "trialing")
    subscription |= {
        "billing_cycle_anchor": end,
        "trial_end": end,
        "trial_start": subscription["trial_start"] or now,
    }


def _recurs_otherwise(former: Mapping[str, JsonObject], items: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the items that stay and have come to another interval."""
    names = ("interval", "interval_count")
    return [
        item
        for item in items
        if item["id"] in former
        and [item["price"]["recurring"][name] for name in names]
        != [former[item["id"]]["price"]["recurring"][name] for name in names]
    ]


def _move_periods(
    subscription: JsonObject, former: Mapping[str, JsonObject], items: Sequence[JsonObject], now: int
) -> bool:
    """Put items that recur in another interval into the period that it makes from the anchor; say whether there are."""
    moved = _recurs_otherwise(former, items)
    for item in moved:
        start, stop = cadence_of(subscription, item).around(now)
        item |= {"current_period_start": start, "current_period_end": stop}
    return bool(moved)


async def restart(work: Work, subscription: JsonObject, items: Sequence[JsonObject], now: int) -> list[Line]:
    """Begin the items' periods anew, and return the lines of what they cost."""
    lines = []
    for item in items:
        if subscription["status"] == "trialing":
            start, stop = now, subscription["trial_end"]
            lines.append(await trial_line(work, subscription, item, (start, stop)))
        else:
            if is_metered(item) and item["current_period_start"] < now:
                lines.append(await usage_line(work, subscription, item, (item["current_period_start"], now)))
            start, stop = period_of(subscription, item, now)
            if not is_metered(item):
                lines.append(await period_line(work, subscription, item, (start, stop)))
        item |= {"current_period_start": start, "current_period_end": stop}
    return lines


async def _credits(work: Work, subscription: JsonObject, former: Sequence[JsonObject], at: int) -> list[Line]:
    """Return what is given back of the periods that are broken off."""
    paid_for = [item for item in former if not is_metered(item) and item["current_period_end"] > at]
    return [await credit_line(work, subscription, item, at) for item in paid_for]


async def _prorations(
    work: Work, subscription: JsonObject, former: Mapping[str, JsonObject], items: Sequence[JsonObject], at: int
) -> list[Line]:
    """Return the lines that settle a change for the rest of the period: first what goes, then what comes."""
    now = {item["id"]: item for item in items}
    gone = [item for item_id, item in former.items() if item_id not in now or _costs_other(item, now[item_id])]
    come = [item for item in items if item["id"] not in former or _costs_other(former[item["id"]], item)]
    # At the end of a period nothing is left to settle.
    gone, come = ([item for item in some if item["current_period_end"] > at] for some in (gone, come))
    lines = [await credit_line(work, subscription, item, at) for item in gone if not is_metered(item)]
    return lines + [await remaining_line(work, subscription, item, at) for item in come if not is_metered(item)]


def _costs_other(one: JsonObject, other: JsonObject) -> bool:
    return (one["price"]["id"], one["quantity"]) != (other["price"]["id"], other["quantity"])
