"""What happens to subscriptions by themselves: trials that end, periods that are renewed, dates that they end at.

Events: `customer.subscription.updated`, `.deleted`, `.paused`, `.trial_will_end`, `invoice.upcoming`, beside those of the invoices. An
invoice of a renewal is a draft for about an hour, then finalized and collected.
"""

from collections.abc import Sequence

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.invoice_lines import Line
from diddo_gateways.stripe_fake.billing.invoicing import void
from diddo_gateways.stripe_fake.billing.pending_updates import expire_update
from diddo_gateways.stripe_fake.billing.previewing import preview
from diddo_gateways.stripe_fake.billing.scheduling import attend_schedule
from diddo_gateways.stripe_fake.billing.subscription_billing import OVERDUE, bill, hold_back
from diddo_gateways.stripe_fake.billing.subscription_dates import (
    ANNOUNCED_BEFORE,
    DUE,
    INCOMPLETE_FOR,
    WILL_END_BEFORE,
    period_end,
    schedule,
)
from diddo_gateways.stripe_fake.billing.subscription_items import is_metered, items_of, put
from diddo_gateways.stripe_fake.billing.subscription_lines import period_line, period_of, usage_line
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.billing.trial_ends import ends_without_method
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["next_lines", "renew"]

KIND = "subscription"


@on_due(DUE)
async def attend(work: Work, message: Message, data: JsonObject) -> None:
    """Do what is due of a subscription at a date, and see to the next."""
    subscription = await work.get(KIND, data["subscription"])
    if subscription is not None and subscription["status"] not in ENDED:
        await _do(work, subscription, data["due"])
        await schedule(work, subscription, data["due"])
    await work.commit(Settle(message.id))


async def _do(work: Work, subscription: JsonObject, at: int) -> None:
    if subscription["status"] == "incomplete":
        if at >= subscription["created"] + INCOMPLETE_FOR:
            await _lapse(work, subscription)
        return None
    await expire_update(work, subscription, at)
    schedule = await work.get("subscription_schedule", subscription["schedule"] or "")
    if schedule is not None:
        # A phase that begins with a period is what that period bills.
        await attend_schedule(work, schedule, at)
        if subscription["status"] in ENDED:
            return None
    _resume_collection(work, subscription, at)
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= at:
        metered = any(is_metered(item) for item in subscription["items"]["data"])
        return await end(work, subscription, at, reason="cancellation_requested", invoice_now=metered)
    if subscription["status"] == "paused":
        return None
    if subscription["status"] == "trialing" and at == subscription["trial_end"] - WILL_END_BEFORE:
        work.emit("customer.subscription.trial_will_end", subscription)
    end_of_period = period_end(subscription)
    if end_of_period is not None and at == end_of_period - ANNOUNCED_BEFORE and subscription["cancel_at"] is None:
        invoice = await preview(work, {"subscription": subscription["id"]})
        work.emit("invoice.upcoming", invoice)
    if end_of_period is not None and end_of_period <= at:
        await renew(work, subscription, at)
    return None


async def _lapse(work: Work, subscription: JsonObject) -> None:
    """Give up a subscription whose first invoice nobody has paid in time; by the invoice's end it is told."""
    invoice = await work.get("invoice", subscription["latest_invoice"] or "")
    if invoice is not None and invoice["status"] == "open":
        await void(work, invoice)
    else:
        before = snapshot(subscription)
        SUBSCRIPTIONS.move(subscription, "lapse")
        tell(work, subscription, before)


def _resume_collection(work: Work, subscription: JsonObject, at: int) -> None:
    paused = subscription["pause_collection"]
    if paused is not None and paused["resumes_at"] is not None and paused["resumes_at"] <= at:
        before = snapshot(subscription)
        subscription["pause_collection"] = None
        tell(work, subscription, before)


async def renew(work: Work, subscription: JsonObject, at: int) -> None:
    """Begin the next period of the items whose period is over, and bill it."""
    before = snapshot(subscription)
    trial_is_over = subscription["status"] == "trialing"
    if trial_is_over:
        if await ends_without_method(work, subscription, before, at):
            return
        SUBSCRIPTIONS.move(subscription, "end_trial", "active")
    items = await items_of(work, subscription)
    over = [item for item in items if item["current_period_end"] <= at]
    past = min(item["current_period_start"] for item in over), at
    lines = await next_lines(work, subscription, over, used=not trial_is_over)
    await put(work, subscription, items)
    if lines:
        invoice = await bill(work, subscription, lines, reason="subscription_cycle", now=at, period=past)
        subscription["latest_invoice"] = invoice["id"]
    tell(work, subscription, before)
    if lines:
        await hold_back(work, subscription, invoice)


async def next_lines(work: Work, subscription: JsonObject, over: Sequence[JsonObject], *, used: bool) -> list[Line]:
    """Move items whose periods are over to their next ones, and return what is billed then.

    Args:
        work: the unit of work.
        subscription: the subscription.
        over: the items; the caller's to `put`.
        used: whether what was used in the last periods is billed; in a trial it is not.
    """
    lines = []
    for item in over:
        if is_metered(item) and used:
            period = (item["current_period_start"], item["current_period_end"])
            lines.append(await usage_line(work, subscription, item, period))
        start, stop = period_of(subscription, item, item["current_period_end"])
        item |= {"current_period_start": start, "current_period_end": stop}
        if not is_metered(item):
            lines.append(await period_line(work, subscription, item, (start, stop)))
    return lines


@on_due(OVERDUE)
async def remind(work: Work, message: Message, data: JsonObject) -> None:
    """Note that an invoice that was sent has not been paid when it was due."""
    subscription = await work.get(KIND, data["subscription"])
    invoice = await work.get("invoice", data["invoice"])
    unpaid = subscription is not None and invoice is not None and invoice["status"] == "open"
    if subscription is not None and unpaid and subscription["status"] in ("active", "trialing"):
        before = snapshot(subscription)
        SUBSCRIPTIONS.move(subscription, "fail", "past_due")
        tell(work, subscription, before)
    await work.commit(Settle(message.id))
