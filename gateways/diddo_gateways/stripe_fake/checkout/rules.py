"""Which parameters a new checkout session may have: by its mode, by where it is shown, and beside each other."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.limits import at_least, at_most_long, exclusive
from diddo_gateways.stripe_fake.payments.method_types import is_known, type_of
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["check", "offered"]

MOST_CUSTOM_FIELDS, MOST_DISCOUNTS, MOST_OPTIONAL = 3, 1, 10
LONGEST_REFERENCE, LONGEST_TEXT = 200, 1200
TWO_DAYS = 172_800
# What the hosted page asks details for; methods that redirect need none.
WITH_DETAILS = ("card", "us_bank_account", "sepa_debit")
# Connect, and what Stripe itself offers to few: refused rather than left without effect.
TYPES = ("excluded_payment_method_types", "allowed_payment_method_types")
NOT_MODELLED = ("customer_account",)
CONNECT = {
    "payment_intent_data": ("application_fee_amount", "on_behalf_of", "transfer_data"),
    "setup_intent_data": ("on_behalf_of",),
    "subscription_data": ("application_fee_percent", "on_behalf_of", "transfer_data"),
}
# The modes in which a parameter may be given; in any where none is named.
MODES: Mapping[str, tuple[str, ...]] = {
    "allow_promotion_codes": ("payment", "subscription"),
    "automatic_tax": ("payment", "subscription"),
    "customer_creation": ("payment", "setup"),
    "discounts": ("payment", "subscription"),
    "invoice_creation": ("payment",),
    "line_items": ("payment", "subscription"),
    "optional_items": ("payment", "subscription"),
    "payment_intent_data": ("payment",),
    "payment_method_collection": ("subscription",),
    "saved_payment_method_options": ("payment", "subscription"),
    "setup_intent_data": ("setup",),
    "shipping_options": ("payment", "subscription"),
    "submit_type": ("payment", "subscription"),
    "subscription_data": ("subscription",),
}
# What a form of the shop's own shows by itself, so that there is nothing to say about it.
NOT_FOR_ELEMENTS = (
    "after_expiration",
    "branding_settings",
    "custom_fields",
    "custom_text",
    "optional_items",
    "origin_context",
    "submit_type",
)


def check(params: JsonObject, *, now: int) -> None:
    """Hold the parameters of a new session against what needs no other object.

    Raises:
        StripeError: something is missing, excludes something else, does not hold, or is not modelled.
    """
    if "mode" not in params:
        raise MissingParameter("mode")
    mode = params["mode"]
    _check_modelled(params)
    for field, given in params.items():
        if given and field in MODES and mode not in MODES[field]:
            raise InvalidRequest(f"You can not pass `{field}` in `{mode}` mode.", param=field)
    if mode == "setup":
        # Without an amount nothing else says the currency, by which the methods are chosen.
        if "currency" not in params and "allowed_payment_method_types" not in params:
            raise MissingParameter("currency")
    elif not params.get("line_items"):
        raise MissingParameter("line_items")
    _check_customer(params)
    _check_ui(params, params.get("ui_mode", "hosted_page"))
    _check_counts(params)
    if params.get("allow_promotion_codes") and params.get("discounts"):
        raise exclusive("allow_promotion_codes", "discounts")
    if "subscription_data" in params:
        _check_trial(params["subscription_data"], now)


def _check_modelled(params: JsonObject) -> None:
    asked = [field for field in NOT_MODELLED if params.get(field)]
    for group, fields in CONNECT.items():
        if group in params:
            asked += [f"{group}[{field}]" for field in fields if field in params[group]]
    if _is_prorated(params.get("subscription_data", {})):
        asked.append("subscription_data[billing_cycle_anchor] with a prorated first period")
    if params.get("managed_payments", {}).get("enabled"):
        asked.append("managed_payments")
    if params.get("ui_mode") == "form":
        asked.append("ui_mode=form")
    if not offered(params):
        given = next((name for name in TYPES if name in params), TYPES[0])
        asked.append(f"{given} that leaves no type which the sandbox's page takes")
    if asked:
        raise NotModelled(f"The parameter {asked[0]} of Checkout Sessions")


def _is_prorated(data: JsonObject) -> bool:
    """Say whether the first period is short and paid in part: what it costs would change by the second."""
    anchored = "billing_cycle_anchor" in data or "billing_cycle_anchor_config" in data
    return anchored and data.get("proration_behavior") != "none" and "trial_end" not in data


def offered(params: JsonObject) -> list[str]:
    """Return the types of payment method that a session offers: cards, and others where they are asked for."""
    allowed = params.get("allowed_payment_method_types", ["card"])
    excluded = params.get("excluded_payment_method_types", ())
    return [name for name in allowed if name not in excluded and _is_taken(name)]


def _is_taken(name: str) -> bool:
    if name in WITH_DETAILS:
        return True
    # Those that are authorised on a page of their own or paid in a shop ask for nothing on ours.
    return is_known(name) and (known := type_of(name)).flow == "redirect" and (known.action is None or known.is_voucher)


def _check_customer(params: JsonObject) -> None:
    if "customer" in params and "customer_email" in params:
        raise exclusive("customer", "customer_email")
    if "customer" in params and "customer_creation" in params:
        raise exclusive("customer", "customer_creation")
    if "customer_email" in params:
        check_email(params["customer_email"], param="customer_email")
    if "customer_update" in params and "customer" not in params:
        raise InvalidRequest("`customer_update` can only be used with `customer`.", param="customer_update")
    updates = params.get("customer_update", {})
    if "customer" in params and params.get("tax_id_collection", {}).get("enabled") and updates.get("name") != "auto":
        raise InvalidRequest(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an"
            " existing customer, please set `customer_update[name]` to `auto`.",
            param="customer_update",
        )
    if updates.get("shipping") == "auto" and "shipping_address_collection" not in params:
        raise InvalidRequest(
            "`customer_update[shipping]` can only be `auto` together with `shipping_address_collection`.",
            param="customer_update[shipping]",
        )


def _check_ui(params: JsonObject, ui_mode: str) -> None:
    hosted = ui_mode == "hosted_page"
    _refuse_fields(params, () if hosted else ("success_url", "cancel_url"), ui_mode)
    _refuse_fields(params, ("return_url", "redirect_on_completion", "permissions") if hosted else (), ui_mode)
    _refuse_fields(params, ("redirect_on_completion", *NOT_FOR_ELEMENTS) if ui_mode == "elements" else (), ui_mode)
    never = params.get("redirect_on_completion") == "never"
    if never and "return_url" in params:
        raise InvalidRequest(
            "`return_url` cannot be used when `redirect_on_completion` is `never`.", param="return_url"
        )
    if hosted and "success_url" not in params:
        raise MissingParameter("success_url")
    if ui_mode == "embedded_page" and not never and "return_url" not in params:
        raise MissingParameter("return_url")
    for field in ("success_url", "cancel_url", "return_url"):
        if field in params:
            check_url(params[field], param=field)


def _refuse_fields(params: JsonObject, fields: tuple[str, ...], ui_mode: str) -> None:
    for field in fields:
        if field in params:
            raise InvalidRequest(f"`{field}` cannot be used when `ui_mode` is `{ui_mode}`.", param=field)


def _check_counts(params: JsonObject) -> None:
    for field, most in (
        ("custom_fields", MOST_CUSTOM_FIELDS),
        ("discounts", MOST_DISCOUNTS),
        ("optional_items", MOST_OPTIONAL),
    ):
        if len(params.get(field, ())) > most:
            noun = field.replace("_", " ") if most > 1 else "discount"
            raise InvalidRequest(f"You can pass at most {most} {noun}.", param=field)
    if len(params.get("client_reference_id", "")) > LONGEST_REFERENCE:
        raise ParameterRefused(
            f"Invalid string: must be at most {LONGEST_REFERENCE} characters", param="client_reference_id"
        )
    for name, text in params.get("custom_text", {}).items():
        at_most_long((text or {}).get("message", ""), LONGEST_TEXT, f"custom_text[{name}][message]")


def _check_trial(data: dict[str, Any], now: int) -> None:
    if "trial_end" in data and "trial_period_days" in data:
        raise exclusive("subscription_data[trial_end]", "subscription_data[trial_period_days]")
    if "trial_period_days" in data:
        at_least(data["trial_period_days"], 1, "subscription_data[trial_period_days]")
    if data.get("trial_end", now + TWO_DAYS) < now + TWO_DAYS:
        raise InvalidRequest(
            "The `trial_end` date has to be at least 2 days in the future.", param="subscription_data[trial_end]"
        )
    if "billing_cycle_anchor" in data and "billing_cycle_anchor_config" in data:
        raise exclusive("subscription_data[billing_cycle_anchor]", "subscription_data[billing_cycle_anchor_config]")
    if data.get("billing_cycle_anchor", now + 1) <= now:
        raise InvalidRequest(
            "`billing_cycle_anchor` must be in the future.", param="subscription_data[billing_cycle_anchor]"
        )
