"""What a new subscription is to be: its items with their first periods, its trial and its cycle, and its first lines.

Nothing is billed here, so that previews ask the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line
from diddo_gateways.stripe_fake.billing.periods import anchor_by
from diddo_gateways.stripe_fake.billing.subscription_fields import (
    billing_mode,
    check_modelled,
    check_trial_end,
    set_cancellation,
    write_discounts,
    write_fields,
)
from diddo_gateways.stripe_fake.billing.subscription_items import (
    MOST_ITEMS,
    cadence_of,
    check_together,
    is_metered,
    make_item,
    put,
)
from diddo_gateways.stripe_fake.billing.subscription_lines import (
    added_lines,
    backdated_line,
    period_line,
    period_of,
    trial_line,
)
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ParameterRefused
from diddo_gateways.stripe_fake.limits import exclusive
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["NOBODY", "begin", "first_lines"]

KIND = "subscription"
DAY = 86_400
# The customer of a preview that has none.
NOBODY: JsonObject = {"id": None, "test_clock": None}


async def begin(work: Work, params: JsonObject, customer: JsonObject) -> tuple[JsonObject, list[JsonObject]]:
    """Put a new subscription into the work as its parameters describe it, not billed yet; return it and its items.

    Raises:
        StripeError: the parameters do not hold.
    """
    check_modelled(params)
    _check_pairs(params)
    now = await now_for(work, customer["id"])
    subscription = _begun(work, params, customer, now)
    await write_fields(work, subscription, params)
    items = await _items(work, subscription, params, now)
    work.insert(subscription)
    await write_discounts(work, subscription, params)
    _set_trial(subscription, params, items, now)
    _set_anchor(subscription, params, items, now)
    for item in items:
        end = subscription["trial_end"] or period_of(subscription, item, now)[1]
        item |= {"current_period_start": now, "current_period_end": end}
    await put(work, subscription, items)
    set_cancellation(subscription, params, now)
    return subscription, items


def _check_pairs(params: Mapping[str, Any]) -> None:
    """Refuse parameters that are missing, or exclude each other."""
    if not params.get("items"):
        raise MissingParameter("items")
    for pair in (
        ("trial_end", "trial_period_days"),
        ("trial_end", "trial_from_plan"),
        ("trial_period_days", "trial_from_plan"),
        ("billing_cycle_anchor", "billing_cycle_anchor_config"),
        ("cancel_at", "cancel_at_period_end"),
    ):
        if all(params.get(name) for name in pair):
            raise exclusive(*pair)
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise InvalidRequest(
            "`payment_behavior` cannot be `pending_if_incomplete` when a subscription is created.",
            param="payment_behavior",
        )


def _begun(work: Work, params: Mapping[str, Any], customer: JsonObject, now: int) -> JsonObject:
    currency = params.get("currency")
    return blank(KIND) | {
        "id": work.new_id("sub_1", 23),
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_mode": billing_mode(params, now),
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        "collection_method": params.get("collection_method", "charge_automatically"),
        "created": now,
        "currency": None if currency is None else check_currency(currency),
        "customer": customer["id"],
        "default_tax_rates": [],
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": {"data": []},
        "managed_payments": {"enabled": False},
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": params.get("backdate_start_date", now),
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    }


async def _items(work: Work, subscription: JsonObject, params: JsonObject, now: int) -> list[JsonObject]:
    given = params["items"]
    if len(given) > MOST_ITEMS:
        raise InvalidRequest(f"A subscription can have at most {MOST_ITEMS} items.", param="items")
    items: list[JsonObject] = []
    for position, one in enumerate(given):
        item = await make_item(work, subscription, one, now=now, param=f"items[{position}]")
        subscription["currency"] = subscription["currency"] or item["price"]["currency"]
        items.append(item)
    check_together(subscription, items)
    return items


def _set_trial(subscription: JsonObject, params: Mapping[str, Any], items: Sequence[JsonObject], now: int) -> None:
    end = params.get("trial_end")
    days = params.get("trial_period_days")
    if days is None and params.get("trial_from_plan"):
        days = max(item["price"]["recurring"]["trial_period_days"] or 0 for item in items)
    if days is not None and days < 0:
        code = "parameter_invalid_integer"
        message = "This value must be greater than or equal to 0."
        raise ParameterRefused(message, param="trial_period_days", code=code)
    if end is None and days:
        end = now + days * DAY
    if end in (None, "now"):
        return
    check_trial_end(end, now)
    subscription |= {"status": "trialing", "trial_end": end, "trial_start": now}


def _set_anchor(subscription: JsonObject, params: Mapping[str, Any], items: Sequence[JsonObject], now: int) -> None:
    """Set where the cycle begins: when asked for, else with the end of the trial, else now."""
    config = params.get("billing_cycle_anchor_config")
    first = subscription["trial_end"] or now
    anchor = params.get("billing_cycle_anchor", first)
    if config is not None:
        anchor = anchor_by(config, first)
        names = ("day_of_month", "hour", "minute", "month", "second")
        subscription["billing_cycle_anchor_config"] = {name: config.get(name) for name in names}
    elif anchor < first:
        raise InvalidRequest(
            "`billing_cycle_anchor` cannot be before the end of the trial."
            if subscription["trial_end"]
            else "`billing_cycle_anchor` must be a timestamp in the future.",
            param="billing_cycle_anchor",
        )
    subscription["billing_cycle_anchor"] = first
    latest = min(cadence_of(subscription, item).around(first)[1] for item in items)
    if config is None and anchor > latest:
        raise InvalidRequest(
            f"`billing_cycle_anchor` cannot be later than next natural billing date ({latest}) for plan.",
            param="billing_cycle_anchor",
        )
    subscription["billing_cycle_anchor"] = anchor


async def first_lines(
    work: Work, subscription: JsonObject, params: JsonObject, items: Sequence[JsonObject], now: int
) -> list[Line]:
    """Return what the first invoice of a new subscription bills; nothing where all is metered."""
    free = params.get("proration_behavior") == "none"
    lines = [] if free else await _backdated(work, subscription, items, now)
    for item in items:
        period = (now, item["current_period_end"])
        if subscription["trial_end"]:
            lines.append(await trial_line(work, subscription, item, period))
        elif not is_metered(item):
            lines.append(await period_line(work, subscription, item, period, free=free))
    return lines + await added_lines(work, subscription, params.get("add_invoice_items", ()), now=now, items=items)


async def _backdated(work: Work, subscription: JsonObject, items: Sequence[JsonObject], now: int) -> list[Line]:
    """Return the lines for the time from a start in the past until now."""
    start = subscription["start_date"]
    if start > now:
        raise InvalidRequest("`backdate_start_date` cannot be in the future.", param="backdate_start_date")
    if start == now or subscription["trial_end"]:
        return []
    return [await backdated_line(work, subscription, item, (start, now)) for item in items if not is_metered(item)]
