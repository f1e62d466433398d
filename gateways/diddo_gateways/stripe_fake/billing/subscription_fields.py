"""The plain fields of a subscription: what a request says of how it is collected, paid and described."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing import automatic_tax
from diddo_gateways.stripe_fake.billing.discounts import discount_for
from diddo_gateways.stripe_fake.billing.subscription_items import named_rates
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.resources.payment_methods import named
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["billing_mode", "check_modelled", "check_trial_end", "set_cancellation", "write_discounts", "write_fields"]

NOT_MODELLED = {
    "application_fee_percent": "An application fee of a subscription",
    "billing_schedules": "Billing schedules of a subscription",
    "billing_thresholds": "Billing thresholds of a subscription",
    "customer_account": "A subscription of an account",
    "default_source": "A default source of a subscription",
    "on_behalf_of": "A subscription on behalf of a connected account",
    "pending_invoice_item_interval": "Invoices for pending items between the periods of a subscription",
    "transfer_data": "A transfer to a connected account",
}
Choice = Callable[[Iterable[int]], int]
DAY = 86_400
LONGEST_TRIAL = 730
PLAIN = ("collection_method", "days_until_due", "description")


def check_modelled(params: Mapping[str, Any]) -> None:
    """Refuse what the sandbox would not act on.

    Raises:
        NotModelled: something is asked for that has no effect here.
    """
    for name, what in NOT_MODELLED.items():
        if params.get(name):
            raise NotModelled(what)
    if ((params.get("automatic_tax") or {}).get("liability") or {}).get("type") == "account":
        raise NotModelled("Tax that a connected account owes")
    if (params.get("invoice_settings") or {}).get("account_tax_ids"):
        raise NotModelled("The account's tax ids on the invoices of a subscription")


def billing_mode(params: Mapping[str, Any], now: int) -> JsonObject:
    """Return the billing mode that parameters ask for, the flexible one unless they say otherwise, from `now` on."""
    given = params.get("billing_mode", {"type": "flexible"})
    flexible = {"proration_discounts": "included", **given.get("flexible", {})}
    return {
        "flexible": flexible if given["type"] == "flexible" else None,
        "type": given["type"],
        "updated_at": now if given["type"] == "flexible" else None,
    }


async def write_fields(work: Work, subscription: JsonObject, params: Mapping[str, Any]) -> None:
    """Write the plain parameters over a subscription.

    Raises:
        StripeError: one of them does not hold.
    """
    for name in PLAIN:
        if name in params:
            subscription[name] = None if params[name] == "" else params[name]
    _check_collection(subscription, params)
    if "metadata" in params:
        subscription["metadata"] = merged(subscription["metadata"], params["metadata"])
    if params.get("default_payment_method") == "":
        subscription["default_payment_method"] = None
    elif "default_payment_method" in params:
        subscription["default_payment_method"] = await _method(work, subscription, params["default_payment_method"])
    await _write_taxes(work, subscription, params)
    if "trial_settings" in params:
        given = params["trial_settings"]["end_behavior"]
        missing = given.get("missing_payment_method", "create_invoice")
        subscription["trial_settings"] = {"end_behavior": {**given, "missing_payment_method": missing}}
    for name in ("payment_settings", "invoice_settings"):
        if name in params:
            given = {field: value or None for field, value in params[name].items()}
            subscription[name] = {**subscription[name], **given}


async def _write_taxes(work: Work, subscription: JsonObject, params: Mapping[str, Any]) -> None:
    if "automatic_tax" in params:
        automatic = await automatic_tax.of_subscription(work, subscription["customer"], params["automatic_tax"])
        subscription["automatic_tax"] = automatic
    if "default_tax_rates" in params:
        subscription["default_tax_rates"] = await named_rates(
            work, params["default_tax_rates"] or (), param="default_tax_rates"
        )


def _check_collection(subscription: JsonObject, params: Mapping[str, Any]) -> None:
    sent = subscription["collection_method"] == "send_invoice"
    if sent and subscription["days_until_due"] is None:
        raise InvalidRequest(
            "`days_until_due` must be specified if `collection_method` is set to `send_invoice`.",
            param="days_until_due",
        )
    if not sent and params.get("days_until_due") is not None:
        raise InvalidRequest(
            "`days_until_due` may only be specified if `collection_method` is set to `send_invoice`.",
            param="days_until_due",
        )
    if not sent:
        subscription["days_until_due"] = None


async def _method(work: Work, subscription: JsonObject, method_id: str) -> str:
    """Return the id of a payment method, which must be the customer's."""
    method = await named(work, method_id)
    if method["customer"] != subscription["customer"]:
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached"
            " to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    found: str = method["id"]
    return found


async def write_discounts(work: Work, subscription: JsonObject, params: Mapping[str, Any]) -> None:
    """Set the discounts of a subscription to those that a request gives; the empty string takes all off.

    Raises:
        StripeError: a coupon or code may not be redeemed.
    """
    if "discounts" not in params:
        return
    found = [
        await discount_for(
            work,
            given,
            customer=subscription["customer"],
            subscription=subscription["id"],
            param=f"discounts[{position}]",
        )
        for position, given in enumerate(params["discounts"] or ())
    ]
    subscription["discounts"] = [discount["id"] for discount in found]


def check_trial_end(end: int, now: int) -> None:
    """Hold the end of a trial against its bounds.

    Raises:
        InvalidRequest: it is over already, or more than two years ahead.
    """
    if end <= now:
        raise InvalidRequest("Invalid timestamp: must be an integer Unix timestamp in the future.", param="trial_end")
    if end > now + LONGEST_TRIAL * DAY:
        raise InvalidRequest("Invalid timestamp: can be no more than two years in the future.", param="trial_end")


def set_cancellation(subscription: JsonObject, params: Mapping[str, Any], now: int) -> None:
    """Write when a subscription is to end: at a moment, at the end of a period, or not at all.

    Raises:
        InvalidRequest: the moment is over.
    """
    if "cancel_at" in params:
        _set_cancel_at(subscription, params["cancel_at"], now)
    elif params.get("cancel_at_period_end"):
        subscription |= {"cancel_at": _ends(subscription, min), "cancel_at_period_end": True}
    elif "cancel_at_period_end" in params and subscription["cancel_at_period_end"]:
        subscription |= {"cancel_at": None, "cancel_at_period_end": False}
    ending = subscription["cancel_at"] is not None
    if ending == (subscription["canceled_at"] is not None):
        return
    subscription["canceled_at"] = now if ending else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if ending else None


def _set_cancel_at(subscription: JsonObject, given: Any, now: int) -> None:
    choices: dict[Any, Choice] = {"min_period_end": min, "max_period_end": max, "max_billed_until": max}
    at = _ends(subscription, choices[given]) if given in choices else given or None
    if at is not None and at <= now:
        raise InvalidRequest("`cancel_at` must be a timestamp in the future.", param="cancel_at")
    subscription |= {"cancel_at": at, "cancel_at_period_end": False}


def _ends(subscription: JsonObject, choose: Choice) -> int:
    return choose(item["current_period_end"] for item in subscription["items"]["data"])
