"""How a checkout session looks and behaves: the fields that a request sets, with their defaults and rules."""

from collections.abc import Iterable
from typing import Any

from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.resources.prices import exclusive
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["check", "describe", "expiry"]

SOONEST, LATEST = 1800, 86_400
MOST_CUSTOM_FIELDS = 3
LONGEST_REFERENCE = 200
# Stripe acts on these; the sandbox does not yet, and says so rather than leaving them without effect.
NOT_MODELLED = (
    "customer_account",
    "discounts",
    "optional_items",
    "setup_intent_data",
    "subscription_data",
)
SWITCHES_NOT_MODELLED = ("automatic_tax", "invoice_creation", "managed_payments")
INTENT_NOT_MODELLED = ("application_fee_amount", "on_behalf_of", "transfer_data")
# Written to the object as they come, null when they do not.
PLAIN = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "client_reference_id",
    "consent_collection",
    "customer",
    "customer_email",
    "integration_identifier",
    "locale",
    "origin_context",
    "permissions",
    "shipping_address_collection",
    "submit_type",
    "wallet_options",
)
# The same, but Stripe leaves them out when they do not come.
PLAIN_OR_ABSENT = ("excluded_payment_method_types", "name_collection", "return_url")


def check(params: JsonObject) -> None:
    """Hold the parameters of a new session against what needs no other object.

    Raises:
        StripeError: something is missing, excludes something else, does not hold, or is not modelled.
    """
    if "mode" not in params:
        raise MissingParameter("mode")
    if params["mode"] != "payment":
        raise NotModelled(f"A Checkout Session in {params['mode']} mode")
    _check_modelled(params)
    if not params.get("line_items"):
        raise MissingParameter("line_items")
    if "customer" in params and "customer_email" in params:
        raise exclusive("customer", "customer_email")
    if "customer_email" in params:
        check_email(params["customer_email"], param="customer_email")
    if len(params.get("client_reference_id", "")) > LONGEST_REFERENCE:
        raise ParameterRefused(
            f"Invalid string: must be at most {LONGEST_REFERENCE} characters", param="client_reference_id"
        )
    _check_urls(params)
    if len(params.get("custom_fields", ())) > MOST_CUSTOM_FIELDS:
        raise InvalidRequest(f"You can pass at most {MOST_CUSTOM_FIELDS} custom fields.", param="custom_fields")


def describe(params: JsonObject, work: Work) -> JsonObject:
    """Return the fields of a new session that its parameters decide by themselves."""
    fields: JsonObject = {field: params.get(field) for field in PLAIN}
    fields |= {field: params[field] for field in PLAIN_OR_ABSENT if field in params}
    ui_mode = params.get("ui_mode", "hosted_page")
    if ui_mode == "embedded_page":
        fields["redirect_on_completion"] = params.get("redirect_on_completion", "always")
    fields |= {
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "branding_settings": _branding(params.get("branding_settings", {}), work),
        "cancel_url": params.get("cancel_url"),
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "custom_fields": [_custom_field(field) for field in params.get("custom_fields", ())],
        "custom_text": _custom_text(params.get("custom_text", {})),
        "customer_creation": None if "customer" in params else params.get("customer_creation", "if_required"),
        "discounts": [],
        "invoice_creation": _no_invoice(),
        "metadata": {key: value for key, value in params.get("metadata", {}).items() if value},
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": {"id": _configuration(work), "parent": None},
        "payment_method_options": _method_options(params.get("payment_method_options", {})),
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": params.get("phone_number_collection", {}).get("enabled", False)},
        "saved_payment_method_options": _saved_methods(params),
        "success_url": params.get("success_url"),
        "tax_id_collection": _tax_ids(params.get("tax_id_collection")),
        "ui_mode": ui_mode,
    }
    return fields


def expiry(params: JsonObject, *, now: int) -> int:
    """Return when the session expires, in Unix seconds.

    Raises:
        InvalidRequest: sooner than half an hour or later than a day from now.
    """
    at: int = params.get("expires_at", now + LATEST)
    if at < now + SOONEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if at > now + LATEST:
        raise InvalidRequest(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return at


def _check_modelled(params: JsonObject) -> None:
    intent, methods = params.get("payment_intent_data", {}), params.get("payment_method_options", {})
    asked = [field for field in NOT_MODELLED if params.get(field)]
    asked += [field for field in SWITCHES_NOT_MODELLED if params.get(field, {}).get("enabled")]
    asked += [f"payment_intent_data[{field}]" for field in INTENT_NOT_MODELLED if field in intent]
    asked += [f"payment_method_options[{method}]" for method in methods if method != "card"]
    if params.get("ui_mode") == "form":
        asked.append("ui_mode=form")
    if "card" not in params.get("allowed_payment_method_types", ["card"]):
        asked.append("allowed_payment_method_types without card")
    if asked:
        raise NotModelled(f"The parameter {asked[0]} of Checkout Sessions")


def _check_urls(params: JsonObject) -> None:
    ui_mode = params.get("ui_mode", "hosted_page")
    hosted = ui_mode == "hosted_page"
    for field in ("success_url", "cancel_url"):
        if not hosted and field in params:
            raise InvalidRequest(f"`{field}` cannot be used when `ui_mode` is `{ui_mode}`.", param=field)
    for field in ("return_url", "redirect_on_completion"):
        if hosted and field in params:
            raise InvalidRequest(f"`{field}` cannot be used when `ui_mode` is `hosted_page`.", param=field)
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


def _configuration(work: Work) -> str:
    """Return the id of the world's one payment method configuration."""
    return "pmc_1" + work.world.account.removeprefix("acct_1")


def _branding(given: JsonObject, work: Work) -> JsonObject:
    return {
        "background_color": given.get("background_color") or "#ffffff",
        "border_style": given.get("border_style") or "rounded",
        "button_color": given.get("button_color") or "#0074d4",
        "display_name": given.get("display_name") or f"{work.world.name} sandbox",
        "font_family": given.get("font_family") or "default",
        "icon": _picture(given.get("icon")),
        "logo": _picture(given.get("logo")),
    }


def _picture(given: JsonObject | None) -> JsonObject | None:
    return given and {"file": given.get("file"), "type": given["type"], "url": given.get("url")}


def _after_expiration(given: JsonObject | None) -> JsonObject | None:
    recovery = (given or {}).get("recovery")
    if recovery is None:
        return None
    if recovery["enabled"]:
        raise NotModelled("The recovery of expired Checkout Sessions")
    return {"recovery": {"allow_promotion_codes": False, "enabled": False, "expires_at": None, "url": None}}


def _custom_field(given: JsonObject) -> JsonObject:
    kind = given["type"]
    bounds: JsonObject = {"default_value": None, "maximum_length": None, "minimum_length": None, "value": None}
    field: JsonObject = {
        "key": given["key"],
        "label": given["label"],
        "optional": given.get("optional", False),
        "type": kind,
    }
    if kind == "dropdown":
        if not given.get("dropdown"):
            raise MissingParameter("custom_fields[dropdown]")
        return {**field, "dropdown": {"default_value": None, "value": None, **given["dropdown"]}}
    return {**field, kind: {**bounds, **given.get(kind, {})}}


def _custom_text(given: JsonObject) -> JsonObject:
    fields: Iterable[str] = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    return {field: given.get(field) or None for field in fields}


def _method_options(given: JsonObject) -> JsonObject:
    return {"card": {"request_three_d_secure": "automatic", **given.get("card", {})}}


def _saved_methods(params: JsonObject) -> JsonObject | None:
    given = params.get("saved_payment_method_options")
    if "customer" not in params and given is None:
        return None
    defaults: dict[str, Any] = {"allow_redisplay_filters": ["always"], "payment_method_remove": "disabled"}
    return {"payment_method_save": None, **defaults, **(given or {})}


def _tax_ids(given: JsonObject | None) -> JsonObject | None:
    return given and {"enabled": given["enabled"], "required": given.get("required", "never")}


def _no_invoice() -> JsonObject:
    return {
        "enabled": False,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
        },
    }
