"""Confirmation tokens: `/v1/confirmation_tokens`, made by Stripe.js, or here by the test helper. They tell of no events."""

from diddo_gateways.stripe_fake.errors import MissingParameter, NotModelled
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS
from diddo_gateways.stripe_fake.payments.confirmation_tokens import KIND, make_confirmation_token
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_params, named
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject


@operation("POST /v1/confirmation_tokens", publishable=True)
async def create_in_browser(call: Call) -> Answer:
    """Make a token, as Stripe.js does in the customer's browser."""
    return await _make(call)


@operation("POST /v1/test_helpers/confirmation_tokens")
async def create(call: Call) -> Answer:
    """Make a token as the customer's browser would."""
    return await _make(call)


async def _make(call: Call) -> JsonObject:
    params = call.params
    if params.get("payment_method_options"):
        raise NotModelled("Paying in installments")
    if "return_url" in params:
        check_url(params["return_url"], param="return_url")
    given = dict(params)
    if shipping := params.get("shipping"):
        address = {name: shipping["address"].get(name) or None for name in ADDRESS}
        given["shipping"] = {"address": address, "name": shipping["name"], "phone": shipping.get("phone") or None}
    return make_confirmation_token(call.work, await _method(call), given)


@operation("GET /v1/confirmation_tokens/{confirmation_token}")
async def retrieve(call: Call) -> Answer:
    """Return a confirmation token."""
    return await call.work.stored(KIND, call.path["confirmation_token"], param="confirmation_token")


async def _method(call: Call) -> JsonObject:
    if "payment_method" in call.params:
        return await named(call.work, call.params["payment_method"])
    if "payment_method_data" not in call.params:
        raise MissingParameter("payment_method_data")
    return await make_from_params(call.work, call.params["payment_method_data"])
