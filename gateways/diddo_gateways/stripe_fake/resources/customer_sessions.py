"""Customer sessions: `POST /v1/customer_sessions`, a secret by which Stripe's elements in a browser know a customer.

They cannot be read again and have no events. No element of the sandbox takes the secret.
"""

from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject

KIND = "customer_session"
LASTS = 1800
MOST_SHOWN = 10
PLAIN = ("active_entitlements", "buy_button", "customer_portal", "pricing_table")
LIMIT = "payment_method_redisplay_limit"
SHOWN = {"payment_method_allow_redisplay_filters": ["always"]}
# What an element does with saved payment methods, by default.
FEATURES: dict[str, JsonObject] = {
    "customer_sheet": {**SHOWN, "payment_method_remove": "enabled"},
    "mobile_payment_element": {
        **SHOWN,
        "payment_method_redisplay": "enabled",
        "payment_method_remove": "enabled",
        "payment_method_save": "enabled",
        "payment_method_save_allow_redisplay_override": None,
    },
    "payment_element": {
        **SHOWN,
        "payment_method_redisplay": "disabled",
        LIMIT: 3,
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_usage": None,
    },
}


@operation("POST /v1/customer_sessions")
async def create(call: Call) -> Answer:
    """Make a customer session for half an hour."""
    work, params = call.work, call.params
    if "customer_account" in params:
        raise NotModelled("The parameter customer_account of customer sessions")
    if "customer" not in params:
        raise MissingParameter("customer")
    await work.fetch("customer", params["customer"], param="customer", status=400)
    return blank(KIND) | {
        "client_secret": work.new_id("cuss_secret_", 60),
        "components": _components(params["components"]),
        "created": work.now,
        "customer": params["customer"],
        "expires_at": work.now + LASTS,
    }


def _components(given: JsonObject) -> JsonObject:
    if not any(component["enabled"] for component in given.values()):
        raise InvalidRequest("At least one component of a Customer Session must be enabled.", param="components")
    components: JsonObject = {name: {"enabled": given.get(name, {}).get("enabled", False)} for name in PLAIN}
    return components | {name: _element(name, given.get(name, {})) for name in FEATURES}


def _element(name: str, given: dict[str, Any]) -> JsonObject:
    enabled, asked = given.get("enabled", False), given.get("features")
    if asked and not enabled:
        raise ParameterRefused(
            "Features can only be set of a component that is enabled.", param=f"components[{name}][features]"
        )
    limit = (asked or {}).get(LIMIT, 1)
    if not 1 <= limit <= MOST_SHOWN:
        raise ParameterRefused(
            f"This value must be between 1 and {MOST_SHOWN}.",
            param=f"components[{name}][features][{LIMIT}]",
            code="parameter_invalid_integer",
        )
    return {"enabled": enabled, "features": {**FEATURES[name], **(asked or {})} if enabled else None}
