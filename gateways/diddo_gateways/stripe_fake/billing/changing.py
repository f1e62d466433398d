"""Changing subscriptions: items, quantities and prices, trials, cycles and settings; what it costs is billed.

What it costs is in `change_costs`. Events: `customer.subscription.updated`, beside those of the invoice.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.change_costs import Change, plan_change
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.pending_updates import hold_update
from diddo_gateways.stripe_fake.billing.subscription_billing import bill, collect_now, keep_pending
from diddo_gateways.stripe_fake.billing.subscription_dates import schedule
from diddo_gateways.stripe_fake.billing.subscription_fields import (
    check_modelled,
    set_cancellation,
    write_discounts,
    write_fields,
)
from diddo_gateways.stripe_fake.billing.subscription_items import (
    items_of,
    put,
)
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.billing.trial_ends import ends_without_method
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.limits import exclusive
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["change"]

PENDING = "pending_if_incomplete"
# What an update that waits for its payment can change, and say of the change.
CAN_WAIT = frozenset(
    {
        "add_invoice_items",
        "billing_cycle_anchor",
        "items",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
        "trial_end",
        "trial_from_plan",
    }
)
AFTER_THE_END = ("cancellation_details", "metadata")


async def change(work: Work, subscription: JsonObject, params: JsonObject, *, now: int | None = None) -> None:
    """Change a subscription as a request says, bill what the change costs, and tell of it.

    Args:
        work: the unit of work.
        subscription: the subscription.
        params: as `POST /v1/subscriptions/{subscription}` takes them.
        now: when, in Unix seconds; by default the customer's time.

    Raises:
        PaymentFailed: the change has to be paid for and was not, and `payment_behavior` is `error_if_incomplete`.
        StripeError: the parameters do not hold, or the subscription has ended.
    """
    if subscription["status"] in ENDED and any(name not in AFTER_THE_END for name in params):
        SUBSCRIPTIONS.check(subscription, "update")
    _check(params)
    now = await now_for(work, subscription["customer"]) if now is None else now
    before = snapshot(subscription)
    await write_fields(work, subscription, params)
    _write_details(subscription, params)
    if subscription["status"] not in ENDED:
        await write_discounts(work, subscription, params)
        former = [snapshot(item) for item in await items_of(work, subscription)]
        ends_trial = subscription["status"] == "trialing" and params.get("trial_end") == "now"
        if ends_trial and await ends_without_method(work, subscription, before, now):
            if subscription["status"] in ENDED:
                return
            params = {name: value for name, value in params.items() if name != "trial_end"}
            before = snapshot(subscription)
        planned = await plan_change(work, subscription, params, now)
        await put(work, subscription, planned.items)
        set_cancellation(subscription, params, now)
        _pause_collection(subscription, params)
        if await _settle(work, subscription, before, planned, params, now):
            await hold_update(work, subscription, before, former, now)
            tell(work, subscription, before)
        await schedule(work, subscription, now)
    else:
        tell(work, subscription, before)


def _check(params: Mapping[str, Any]) -> None:
    check_modelled(params)
    if params.get("payment_behavior") == PENDING:
        for name in params:
            if name not in CAN_WAIT:
                raise InvalidRequest(
                    f"The `{name}` parameter cannot be used with `payment_behavior=pending_if_incomplete`.", param=name
                )
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise exclusive("cancel_at", "cancel_at_period_end")


def _write_details(subscription: JsonObject, params: Mapping[str, Any]) -> None:
    if "cancellation_details" in params:
        said = {name: value or None for name, value in params["cancellation_details"].items()}
        subscription["cancellation_details"] = {**(subscription["cancellation_details"] or {}), **said}


def _pause_collection(subscription: JsonObject, params: Mapping[str, Any]) -> None:
    if "pause_collection" in params:
        given = params["pause_collection"]
        subscription["pause_collection"] = given and {
            "behavior": given["behavior"],
            "resumes_at": given.get("resumes_at"),
        }
        subscription["pause_collection"] = subscription["pause_collection"] or None


async def _settle(
    work: Work, subscription: JsonObject, before: JsonObject, planned: Change, params: Mapping[str, Any], now: int
) -> bool:
    """Bill what the change costs, at once or with the next invoice, and tell of it; say whether it has to wait."""
    at_once = planned.at_once or params.get("proration_behavior") == "always_invoice"
    if not planned.lines or not at_once:
        await keep_pending(work, subscription, planned.lines, now)
        tell(work, subscription, before)
        return False
    invoice = await bill(work, subscription, planned.lines, reason="subscription_update", now=now)
    collects = subscription["collection_method"] == "charge_automatically"
    if collects and params.get("payment_behavior") == PENDING:
        return await _waits(work, subscription, before, invoice, off_session=bool(params.get("off_session")))
    subscription["latest_invoice"] = invoice["id"]
    tell(work, subscription, before)
    if collects:
        await _collect(work, subscription, invoice, params)
    return False


async def _waits(
    work: Work, subscription: JsonObject, before: JsonObject, invoice: JsonObject, *, off_session: bool
) -> bool:
    """Collect the invoice of a change that is only made if it is paid; say whether it was not."""
    # Without a latest invoice the subscription does not follow what becomes of this one.
    subscription["latest_invoice"] = None
    paid = await collect_now(work, invoice, behavior="allow_incomplete", off_session=off_session)
    subscription["latest_invoice"] = invoice["id"]
    if paid:
        tell(work, subscription, before)
    return not paid


async def _collect(work: Work, subscription: JsonObject, invoice: JsonObject, params: Mapping[str, Any]) -> None:
    behavior = params.get("payment_behavior", "allow_incomplete")
    paid = await collect_now(work, invoice, behavior=behavior, off_session=bool(params.get("off_session")))
    if not paid and subscription["status"] in ("active", "trialing"):
        # A failed attempt has told of itself; this one waits for its shopper.
        waiting = snapshot(subscription)
        SUBSCRIPTIONS.move(subscription, "fail", "past_due")
        tell(work, subscription, waiting)
