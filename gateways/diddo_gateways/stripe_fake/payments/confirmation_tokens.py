"""Confirmation tokens: what a customer chose in the browser, taken to the server to confirm an intent with, once."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["KIND", "make_confirmation_token", "redeem", "spread"]

KIND = "confirmation_token"
LIFETIME = 12 * 3600
# Which payment method a token brings, kept beside it under its id: the token shows only how that looks.
METHOD = "confirmation_token_method"
PREVIEWED = ("allow_redisplay", "billing_details", "customer", "customer_account", "type")
CHOSEN_OTHERWISE = ("payment_method", "payment_method_data")


class TokenUnusable(InvalidRequest):
    """A confirmation token that has expired, or that another intent was confirmed with."""

    def __init__(self, token_id: str, why: str) -> None:
        super().__init__(f"The ConfirmationToken {token_id} {why}.", param="confirmation_token")


def make_confirmation_token(work: Work, method: JsonObject, given: Mapping[str, Any]) -> JsonObject:
    """Make and insert a token that brings a payment method, and `return_url`, `shipping` and `setup_future_usage`."""
    token = blank(KIND) | {
        "id": work.new_id("ctoken_1", 23),
        "created": work.now,
        "expires_at": work.now + LIFETIME,
        "payment_method_preview": {name: method[name] for name in (*PREVIEWED, method["type"])},
        "return_url": given.get("return_url"),
        "setup_future_usage": given.get("setup_future_usage"),
        "shipping": given.get("shipping"),
        "use_stripe_sdk": True,
    }
    work.insert(token)
    work.insert({"object": METHOD, "id": token["id"], "payment_method": method["id"]})
    return token


async def spread(call: Call) -> None:
    """Put what a call's confirmation token brings, if it names one, in place of the parameters that it stands for.

    Raises:
        ResourceMissing: there is no such token.
        TokenUnusable: it has expired or was used.
        InvalidRequest: a payment method is given as well.
    """
    params = call.params
    if KIND not in params:
        return
    if both := next((name for name in CHOSEN_OTHERWISE if name in params), None):
        raise InvalidRequest(f"You may only specify one of these parameters: {KIND}, {both}.", param=KIND)
    work, token_id = call.work, params[KIND]
    token = await work.fetch(KIND, token_id, param=KIND, status=400)
    if token["expires_at"] <= work.now:
        raise TokenUnusable(token_id, "has expired")
    if token["payment_intent"] is not None or token["setup_intent"] is not None:
        raise TokenUnusable(token_id, "was already used to confirm an intent")
    kept = await work.fetch(METHOD, token_id)
    brought = {name: token[name] for name in ("return_url", "shipping") if token[name] is not None}
    if token["setup_future_usage"] is not None:
        # A payment intent's name for it, and a setup intent's.
        brought |= dict.fromkeys(("setup_future_usage", "usage"), token["setup_future_usage"])
    method = {"payment_method": kept["payment_method"]}
    call.params = {"use_stripe_sdk": token["use_stripe_sdk"], **brought, **params, **method}


async def redeem(call: Call, intent: JsonObject) -> None:
    """Use the call's confirmation token up, if it names one, for the intent that is being confirmed."""
    if KIND in call.params:
        token = await call.work.fetch(KIND, call.params[KIND])
        token[intent["object"]] = intent["id"]
        call.work.save(token)
