"""What a subscription would bill next: as it is, as a request would change it, or as it would begin."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing.beginning import NOBODY, begin, first_lines
from diddo_gateways.stripe_fake.billing.change_costs import plan_change
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line
from diddo_gateways.stripe_fake.billing.previewing import Upcoming, preview_of_subscription
from diddo_gateways.stripe_fake.billing.renewing import next_lines
from diddo_gateways.stripe_fake.billing.subscription_billing import discounts_at
from diddo_gateways.stripe_fake.billing.subscription_dates import period_end
from diddo_gateways.stripe_fake.billing.subscription_fields import set_cancellation, write_fields
from diddo_gateways.stripe_fake.billing.subscription_items import is_metered, items_of, put
from diddo_gateways.stripe_fake.billing.subscription_lines import credit_line, usage_line
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["upcoming"]

NOT_MODELLED = ("billing_schedules", "pause", "resume_at")
# Subscriptions that bill at the end of their period; those of one customer are at most so many.
RENEWED = ("active", "past_due", "trialing")
MOST = 500
OF_A_CHANGE = ("default_tax_rates", "metadata")


@preview_of_subscription
async def upcoming(work: Work, params: Mapping[str, Any]) -> Upcoming | None:
    """Return what a subscription would bill next, in a work that is never committed.

    Without a subscription and items it is the one of the customer that renews first, None if there is none.

    Raises:
        StripeError: the parameters do not hold, or the subscription has ended.
    """
    details: JsonObject = params.get("subscription_details", {})
    for name in NOT_MODELLED:
        if details.get(name):
            raise NotModelled(f"The parameter subscription_details[{name}] of invoice previews")
    named = params.get("subscription")
    if named is None and not details.get("items"):
        named = await _first_to_renew(work, params)
    if named is None:
        return await _of_new(work, params, details) if details else None
    subscription = await work.fetch("subscription", named, param="subscription", status=400)
    if subscription["status"] in ENDED:
        raise InvalidRequest("No upcoming invoices for a subscription that has ended.", code="invoice_upcoming_none")
    if not subscription["items"]["data"]:
        # One that only documentation knows.
        raise InvalidRequest("No upcoming invoices for a subscription without items.", code="invoice_upcoming_none")
    now = await now_for(work, subscription["customer"])
    if details.get("cancel_now"):
        return await _said(work, subscription, await _last_lines(work, subscription, details, now), now)
    return await _of_next(work, subscription, params, details, now)


async def _first_to_renew(work: Work, params: Mapping[str, Any]) -> str | None:
    """Return the id of the customer's subscription that bills next, of those in the currency if one is asked for."""
    if "customer" not in params:
        return None
    renewals = []
    for document in await work.world.page("subscription", limit=MOST, terms=[[f"customer={params['customer']}"]]):
        subscription = orjson.loads(document.body)
        at = period_end(subscription)
        ends = subscription["cancel_at"]
        billed = subscription["status"] in RENEWED and at is not None and (ends is None or ends > at)
        if billed and subscription["currency"] == params.get("currency", subscription["currency"]).lower():
            renewals.append((at, subscription["id"]))
    return min(renewals)[1] if renewals else None


async def _of_new(work: Work, params: Mapping[str, Any], details: JsonObject) -> Upcoming:
    customer = NOBODY
    if "customer" in params:
        customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    given = {name: value for name, value in details.items() if name not in ("billing_cycle_anchor", "start_date")}
    anchor = details.get("billing_cycle_anchor") or {}
    if anchor.get("type") == "timestamp":
        if "timestamp" not in anchor:
            raise MissingParameter("subscription_details[billing_cycle_anchor][timestamp]")
        given["billing_cycle_anchor"] = anchor["timestamp"]
    if "start_date" in details:
        given["backdate_start_date"] = details["start_date"]
    if "currency" in params:
        given["currency"] = params["currency"]
    subscription, items = await begin(work, given, customer)
    now = await now_for(work, customer["id"])
    lines = await first_lines(work, subscription, given, items, now)
    return await _said(work, subscription, lines, now)


async def _last_lines(work: Work, subscription: JsonObject, details: JsonObject, now: int) -> list[Line]:
    """Return what would be billed and given back if the subscription ended now."""
    prorates = details.get("proration_behavior") in ("create_prorations", "always_invoice")
    at = details.get("proration_date", now)
    lines = []
    for item in await items_of(work, subscription):
        if is_metered(item):
            lines.append(await usage_line(work, subscription, item, (item["current_period_start"], now)))
        elif prorates and subscription["status"] != "trialing":
            lines.append(await credit_line(work, subscription, item, at))
    return lines


async def _of_next(
    work: Work, subscription: JsonObject, params: Mapping[str, Any], details: JsonObject, now: int
) -> Upcoming:
    """Return the invoice that a change would bring about at once, or else the one of the next renewal."""
    lines: list[Line] = []
    if details:
        await write_fields(work, subscription, {name: details[name] for name in OF_A_CHANGE if name in details})
        planned = await plan_change(work, subscription, _as_change(details), now)
        await put(work, subscription, planned.items)
        set_cancellation(subscription, details, now)
        lines = planned.lines
        at_once = planned.at_once or details.get("proration_behavior") == "always_invoice"
        if lines and at_once and params.get("preview_mode") != "recurring":
            return await _said(work, subscription, lines, now)
    items = await items_of(work, subscription)
    at = min(item["current_period_end"] for item in items)
    if params.get("preview_mode") == "recurring":
        lines = []
    if subscription["cancel_at"] is None or subscription["cancel_at"] > at:
        over = [item for item in items if item["current_period_end"] == at]
        start = min(item["current_period_start"] for item in over)
        lines += await next_lines(work, subscription, over, used=subscription["status"] != "trialing")
        return await _said(work, subscription, lines, at, period=(start, at))
    return await _said(work, subscription, lines, at)


def _as_change(details: JsonObject) -> JsonObject:
    """Return the parameters of a preview as those of an update."""
    anchor = (details.get("billing_cycle_anchor") or {}).get("type")
    if anchor == "timestamp":
        raise NotModelled("Previewing a subscription with an anchor at a given time")
    return dict(details)


async def _said(
    work: Work, subscription: JsonObject, lines: Sequence[Line], at: int, *, period: tuple[int, int] | None = None
) -> Upcoming:
    return Upcoming(
        customer=subscription["customer"],
        subscription=subscription["id"],
        currency=subscription["currency"],
        lines=lines,
        at=at,
        period=period or (at, at),
        discounts=[discount["id"] for discount in await discounts_at(work, subscription, at)],
        default_tax_rates=subscription["default_tax_rates"] or (),
        collection_method=subscription["collection_method"],
    )
