"""The phases of subscription schedules: from what requests say to what schedules show, and on to what subscriptions take."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.billing.periods import later_by
from diddo_gateways.stripe_fake.billing.subscription_items import named_rates, recurring_price
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.shapes import blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["as_params", "make_phases", "phase_of"]

NOT_MODELLED = ("add_invoice_items", "application_fee_percent", "billing_thresholds", "on_behalf_of", "transfer_data")
MOST = 10
PLAIN = ("billing_cycle_anchor", "collection_method", "default_payment_method", "description")
GIVEN_BY = ("coupon", "discount", "promotion_code")


async def make_phases(work: Work, given: Sequence[Mapping[str, Any]], start: int, *, now: int) -> list[JsonObject]:
    """Return phases as a schedule shows them, each beginning where the one before ends.

    Args:
        work: the unit of work.
        given: as a request describes them.
        start: where the first begins, in Unix seconds.
        now: what a date of `now` means.

    Raises:
        StripeError: a phase does not hold.
    """
    if not given or len(given) > MOST:
        raise InvalidRequest(f"A subscription schedule has at least one phase and at most {MOST}.", param="phases")
    phases: list[JsonObject] = []
    for position, one in enumerate(given):
        phase = await _phase(work, one, start, now=now, param=f"phases[{position}]")
        phases.append(phase)
        start = phase["end_date"]
    return phases


async def _phase(work: Work, given: Mapping[str, Any], start: int, *, now: int, param: str) -> JsonObject:
    for name in NOT_MODELLED:
        if given.get(name):
            raise NotModelled(f"The parameter {name} of the phases of subscription schedules")
    items = [await _item(work, one, under(param, f"items][{position}")) for position, one in enumerate(given["items"])]
    end = _end(given, start, items, now)
    if end <= start:
        raise InvalidRequest("The phase's `end_date` must be after its `start_date`.", param=under(param, "end_date"))
    trial_end = now if given.get("trial_end") == "now" else given.get("trial_end")
    phase = _blank("subscription_schedule.phases") | {
        "currency": (given.get("currency") or items[0]["currency"]).lower(),
        "default_tax_rates": await named_rates(
            work, given.get("default_tax_rates") or (), param=under(param, "default_tax_rates")
        ),
        "discounts": _discounts(given),
        "end_date": end,
        "items": items,
        "metadata": given.get("metadata", {}),
        "proration_behavior": given.get("proration_behavior", "create_prorations"),
        "start_date": start,
        "trial_end": end if given.get("trial") else trial_end,
        **{name: given[name] or None for name in PLAIN if name in given},
    }
    for item in items:
        # These were for the phase alone.
        del item["currency"], item["every"]
    if "invoice_settings" in given:
        phase["invoice_settings"] = _invoice_settings(given["invoice_settings"])
    return phase


def _blank(definition: str) -> JsonObject:
    return blank_fields(catalogue.load().definitions[definition])


def _end(given: Mapping[str, Any], start: int, items: Sequence[JsonObject], now: int) -> int:
    """Return where a phase ends; without a word of it after one period of its first item."""
    if given.get("end_date") == "now":
        return now
    if "end_date" in given:
        end: int = given["end_date"]
        return end
    often = given.get("duration") or items[0]["every"]
    return later_by(start, often["interval"], often.get("interval_count", 1))


async def _item(work: Work, given: Mapping[str, Any], param: str) -> JsonObject:
    price = await recurring_price(work, dict(given), None, param=param)
    return _blank("subscription_schedule.phases.items") | {
        "currency": price["currency"],
        "discounts": _discounts(given),
        "every": price["recurring"],
        "metadata": given.get("metadata", {}),
        "plan": price["id"],
        "price": price["id"],
        "quantity": None if price["recurring"]["usage_type"] == "metered" else given.get("quantity", 1),
        "tax_rates": await named_rates(work, given.get("tax_rates") or (), param=under(param, "tax_rates")),
    }


def _discounts(given: Mapping[str, Any]) -> list[JsonObject]:
    return [{name: one.get(name) for name in GIVEN_BY} for one in given.get("discounts") or ()]


def _invoice_settings(given: Mapping[str, Any]) -> JsonObject:
    names = ("account_tax_ids", "custom_fields", "days_until_due", "description", "footer", "issuer")
    return {name: given.get(name) or None for name in names}


def phase_of(phases: Sequence[JsonObject], at: int) -> JsonObject | None:
    """Return the phase that holds a moment, or None."""
    return next((phase for phase in phases if phase["start_date"] <= at < phase["end_date"]), None)


def as_params(phase: JsonObject, defaults: JsonObject) -> JsonObject:
    """Return a phase as the parameters of a subscription; what it leaves open is as the schedule's settings say."""
    settings = phase["invoice_settings"] or {}
    params = {
        "collection_method": phase["collection_method"] or defaults["collection_method"],
        "days_until_due": settings.get("days_until_due") or defaults["invoice_settings"].get("days_until_due"),
        "default_payment_method": phase["default_payment_method"] or defaults["default_payment_method"],
        "default_tax_rates": [rate["id"] for rate in phase["default_tax_rates"] or ()] or None,
        "description": phase["description"] or defaults["description"],
        "discounts": [_known(one) for one in phase["discounts"]] or None,
        "items": [_as_item(item) for item in phase["items"]],
        "metadata": phase["metadata"] or None,
        "proration_behavior": phase["proration_behavior"],
        "trial_end": phase["trial_end"],
    }
    return {name: value for name, value in params.items() if value is not None}


def _as_item(item: JsonObject) -> JsonObject:
    # What a phase describes inline has an inactive price, which is sold all the same.
    params = {
        "discounts": [_known(one) for one in item["discounts"]] or None,
        "metadata": item["metadata"] or None,
        "price": item["price"],
        "quantity": item["quantity"],
        "sold": True,
        "tax_rates": [rate["id"] for rate in item["tax_rates"] or ()] or None,
    }
    return {name: value for name, value in params.items() if value is not None}


def _known(given: JsonObject) -> JsonObject:
    return {name: value for name, value in given.items() if value is not None}
