"""How a checkout session looks and behaves: the fields that a request sets, with their defaults."""

from collections.abc import Iterable
from typing import Any

from diddo_gateways.stripe_fake.checkout.custom_fields import custom_fields
from diddo_gateways.stripe_fake.checkout.rules import offered
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["describe", "expiry"]

SOONEST, LATEST = 1800, 86_400
# Written to the object as they come; null, as in a blank one, when they do not.
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
PLAIN_OR_ABSENT = ("excluded_payment_method_types", "return_url")
WRITTEN = frozenset((*PLAIN, *PLAIN_OR_ABSENT))


def describe(params: JsonObject, work: Work) -> JsonObject:
    """Return the fields of a new session that its parameters decide by themselves."""
    fields: JsonObject = {field: value for field, value in params.items() if field in WRITTEN}
    mode, ui_mode = params["mode"], params.get("ui_mode", "hosted_page")
    if "name_collection" in params:
        fields["name_collection"] = _names(params["name_collection"])
    if ui_mode == "embedded_page":
        fields["redirect_on_completion"] = params.get("redirect_on_completion", "always")
    fields |= {
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "automatic_tax": _automatic_tax(params.get("automatic_tax")),
        "branding_settings": _branding(params.get("branding_settings", {}), work),
        "cancel_url": params.get("cancel_url"),
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "custom_fields": custom_fields(params.get("custom_fields", [])),
        "custom_text": _custom_text(params.get("custom_text", {})),
        "customer_creation": _customer_creation(params),
        "invoice_creation": _invoice_creation(params.get("invoice_creation")) if mode == "payment" else None,
        "metadata": {key: value for key, value in params.get("metadata", {}).items() if value},
        "mode": mode,
        "payment_method_collection": (
            "if_required" if mode == "payment" else params.get("payment_method_collection", "always")
        ),
        "payment_method_configuration_details": {
            "id": params.get("payment_method_configuration") or _configuration(work),
            "parent": None,
        },
        "payment_method_options": _method_options(params.get("payment_method_options", {})),
        "payment_method_types": offered(params),
        "phone_number_collection": {"enabled": params.get("phone_number_collection", {}).get("enabled", False)},
        "saved_payment_method_options": _saved_methods(params),
        "success_url": params.get("success_url"),
        **_tax_ids(params.get("tax_id_collection")),
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
    enabled = recovery["enabled"]
    allows = enabled and recovery.get("allow_promotion_codes", False)
    return {"recovery": {"allow_promotion_codes": allows, "enabled": enabled, "expires_at": None, "url": None}}


def _automatic_tax(given: JsonObject | None) -> JsonObject:
    if not (given or {}).get("enabled"):
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    return {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        "status": "requires_location_inputs",
    }


def _customer_creation(params: JsonObject) -> str | None:
    if "customer" in params:
        return None
    if params["mode"] == "subscription":
        # A subscription always has a customer.
        return "always"
    creation: str = params.get("customer_creation", "if_required")
    return creation


def _names(given: JsonObject) -> JsonObject:
    """Return which names are asked for; the kind that is not named is absent."""
    return {kind: {"enabled": one["enabled"], "optional": one.get("optional", False)} for kind, one in given.items()}


def _custom_text(given: JsonObject) -> JsonObject:
    fields: Iterable[str] = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    return {field: given.get(field) or None for field in fields}


def _method_options(given: JsonObject) -> JsonObject:
    return {**given, "card": {"request_three_d_secure": "automatic", **given.get("card", {})}}


def _saved_methods(params: JsonObject) -> JsonObject | None:
    given = params.get("saved_payment_method_options")
    if params["mode"] == "setup" or ("customer" not in params and given is None):
        return None
    defaults: dict[str, Any] = {"allow_redisplay_filters": ["always"], "payment_method_remove": "disabled"}
    return {"payment_method_save": None, **defaults, **(given or {})}


def _tax_ids(given: JsonObject | None) -> JsonObject:
    """Return the field for tax ids, which a session has only when it was asked for."""
    if not given:
        return {}
    return {"tax_id_collection": {"enabled": given["enabled"], "required": given.get("required", "never")}}


def _invoice_creation(given: JsonObject | None) -> JsonObject:
    asked = given or {"enabled": False}
    data: JsonObject = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    for field, value in asked.get("invoice_data", {}).items():
        data[field] = value or data[field]
    if data["rendering_options"]:
        data["rendering_options"] = {"amount_tax_display": None, "template": None, **data["rendering_options"]}
    return {"enabled": asked["enabled"], "invoice_data": data}
