"""Pausing subscriptions and going on with them.

Events: `customer.subscription.paused`, `customer.subscription.resumed`.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.change_costs import restart
from diddo_gateways.stripe_fake.billing.subscription_billing import bill, collect_now, keep_pending
from diddo_gateways.stripe_fake.billing.subscription_dates import period_end, schedule
from diddo_gateways.stripe_fake.billing.subscription_items import is_metered, items_of, put
from diddo_gateways.stripe_fake.billing.subscription_lines import credit_line, usage_line
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.billing.subscription_states import SUBSCRIPTIONS
from diddo_gateways.stripe_fake.billing.trial_ends import pause
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["go_on", "stop"]


async def stop(work: Work, subscription: JsonObject, params: Mapping[str, Any], now: int) -> None:
    """Pause a subscription, and give back or bill of its period what the request says.

    Raises:
        InvalidRequest: it cannot be paused in the state that it is in.
    """
    SUBSCRIPTIONS.check(subscription, "pause")
    before = snapshot(subscription)
    was_trialing = subscription["status"] == "trialing"
    settles = params.get("bill_for", {})
    unused = (settles.get("unused_time_from") or {}).get("type", "none")
    used = (settles.get("outstanding_usage_through") or {}).get("type", "none")
    lines = []
    for item in await items_of(work, subscription):
        start = item["current_period_start"]
        if is_metered(item) and used == "now":
            lines.append(await usage_line(work, subscription, item, (start, now)))
        elif not is_metered(item) and unused != "none" and not was_trialing:
            lines.append(await credit_line(work, subscription, item, now if unused == "now" else start))
    SUBSCRIPTIONS.move(subscription, "pause")
    if lines and params.get("invoicing_behavior") == "invoice":
        invoice = await bill(work, subscription, lines, reason="subscription_update", now=now)
        subscription["latest_invoice"] = invoice["id"]
    else:
        await keep_pending(work, subscription, lines, now)
    pause(work, subscription, before, now, why="pause_requested")


async def go_on(work: Work, subscription: JsonObject, params: Mapping[str, Any], now: int) -> None:
    """Resume a paused subscription: with a new period from now on, or in the one that it was paused in.

    Raises:
        InvalidRequest: it is not paused.
    """
    SUBSCRIPTIONS.check(subscription, "resume")
    before = snapshot(subscription)
    end = period_end(subscription)
    anchor = (params.get("billing_cycle_anchor") or {}).get("type", "now")
    if anchor == "unchanged" and end is not None and end > now:
        return await _resumed(work, subscription, before, now)
    if anchor == "now":
        subscription |= {"billing_cycle_anchor": now, "billing_cycle_anchor_config": None}
    items = await items_of(work, subscription)
    lines = await restart(work, subscription, items, now)
    await put(work, subscription, items)
    if not lines:
        return await _resumed(work, subscription, before, now)
    invoice = await bill(work, subscription, lines, reason="subscription_update", now=now)
    subscription["latest_invoice"] = invoice["id"]
    tell(work, subscription, before)
    if subscription["collection_method"] == "charge_automatically":
        # Its payment, now or later, is what resumes the subscription.
        await collect_now(work, invoice, behavior="allow_incomplete", off_session=True)
    if subscription["status"] == "paused" and params.get("payment_behavior") == "resume_on_payment_attempt":
        before = snapshot(subscription)
        SUBSCRIPTIONS.move(subscription, "resume", "past_due")
        subscription["status_details"] = None
        tell(work, subscription, before, "resumed")
    return await schedule(work, subscription, now)


async def _resumed(work: Work, subscription: JsonObject, before: JsonObject, now: int) -> None:
    SUBSCRIPTIONS.move(subscription, "resume", "active")
    subscription["status_details"] = None
    tell(work, subscription, before, "resumed")
    await schedule(work, subscription, now)
