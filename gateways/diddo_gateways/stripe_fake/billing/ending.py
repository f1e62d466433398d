"""Ending subscriptions: at once, at a date, or because nobody pays.

Events: `customer.subscription.deleted`; `invoice.updated` for invoices that are collected no more.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph
from diddo_gateways.stripe_fake.billing.schedule_states import cancel_schedule_of
from diddo_gateways.stripe_fake.billing.subscription_billing import bill, collect_now, keep_pending
from diddo_gateways.stripe_fake.billing.subscription_items import is_metered, items_of
from diddo_gateways.stripe_fake.billing.subscription_lines import credit_line, usage_line
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["end", "end_all"]

KIND = "subscription"
MOST = 1000
NOTHING_SAID = {"comment": None, "feedback": None, "feedback_option": None, "reason": None}
SUBSCRIPTION = "parent.subscription_details.subscription"


async def end(
    work: Work,
    subscription: JsonObject,
    now: int,
    *,
    reason: str,
    details: Mapping[str, Any] | None = None,
    prorate: bool = False,
    invoice_now: bool = False,
) -> None:
    """End a subscription.

    Args:
        work: the unit of work.
        subscription: the subscription.
        now: when, in Unix seconds.
        reason: why, as `cancellation_details` says it.
        details: what the customer said of it.
        prorate: give back what was paid for the rest of the period.
        invoice_now: bill at once what is pending, and what was used until now.

    Raises:
        ResourceMissing: it has ended already.
    """
    SUBSCRIPTIONS.check(subscription, "cancel")
    lines = await _last_lines(work, subscription, now, prorate=prorate, invoice_now=invoice_now)
    if invoice_now:
        invoice = await bill(work, subscription, lines, reason="subscription_update", now=now)
        subscription["latest_invoice"] = invoice["id"]
        if subscription["collection_method"] == "charge_automatically":
            await collect_now(work, invoice, behavior="allow_incomplete", off_session=True)
    else:
        await keep_pending(work, subscription, lines, now)
    await _stop_collecting(work, subscription)
    SUBSCRIPTIONS.move(subscription, "cancel")
    said = {name: value or None for name, value in (details or {}).items()}
    subscription["cancellation_details"] = {
        **(subscription["cancellation_details"] or NOTHING_SAID),
        **said,
        "reason": reason,
    }
    subscription |= {"canceled_at": subscription["canceled_at"] or now, "ended_at": now}
    if reason == "cancellation_requested" and (subscription["cancel_at"] or 0) > now:
        # It ends before the end of the period that it was to end with.
        subscription |= {"cancel_at": None, "cancel_at_period_end": False}
    work.save(subscription)
    work.emit("customer.subscription.deleted", subscription)
    await cancel_schedule_of(work, subscription, now)


async def _last_lines(work: Work, subscription: JsonObject, now: int, *, prorate: bool, invoice_now: bool) -> list[Any]:
    lines = []
    for item in await items_of(work, subscription):
        if is_metered(item) and invoice_now:
            lines.append(await usage_line(work, subscription, item, (item["current_period_start"], now)))
        elif prorate and not is_metered(item) and subscription["status"] != "trialing":
            lines.append(await credit_line(work, subscription, item, now))
    return lines


async def _stop_collecting(work: Work, subscription: JsonObject) -> None:
    """Leave the invoices that are still to be paid to the merchant."""
    terms = [[f"{SUBSCRIPTION}={subscription['id']}"], ["status=draft", "status=open"]]
    for document in await work.world.page("invoice", limit=MOST, terms=terms):
        invoice = await work.fetch("invoice", document.id)
        if invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
            before = photograph(invoice)
            invoice |= {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
            announce_change(work, invoice, before)


async def end_all(work: Work, customer_id: str, now: int) -> None:
    """End what a customer that is being deleted has subscribed to."""
    for document in await work.world.page(KIND, limit=MOST, terms=[[f"customer={customer_id}"]]):
        if orjson.loads(document.body)["status"] not in ENDED:
            subscription = await work.fetch(KIND, document.id)
            await end(work, subscription, now, reason="cancellation_requested")
