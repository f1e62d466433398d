"""What a publishable key may do with an intent: only with its client secret, and seeing what concerns the shopper."""

from collections.abc import Mapping
from functools import wraps
from typing import Any

from diddo_gateways.stripe_fake.errors import MissingParameter, StripeError
from diddo_gateways.stripe_fake.operations import Answer, Call, Download, Handler
from diddo_gateways.stripe_fake.payments.errors import ClientSecretWrong
from diddo_gateways.stripe_fake.payments.setup_errors import SetupSecretWrong
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["check_secret", "open_to_shoppers", "shown"]

# The fields of intents that a publishable key sees, in answers and in errors alike.
SEEN = {
    "payment_intent": (  # noqa: SIM905  seven lines of words, not 27
        "id object allowed_payment_method_types amount amount_details automatic_payment_methods canceled_at"
        " cancellation_reason capture_method client_secret confirmation_method created currency description"
        " excluded_payment_method_types last_payment_error livemode next_action payment_method"
        " payment_method_configuration_details payment_method_types processing receipt_email setup_future_usage shipping"
        " source status"
    ).split(),
    "setup_intent": (  # noqa: SIM905  five lines of words, not 20
        "id object allowed_payment_method_types automatic_payment_methods cancellation_reason client_secret created"
        " description excluded_payment_method_types last_setup_error livemode next_action payment_method"
        " payment_method_configuration_details payment_method_types status usage"
    ).split(),
}
SECRET_WRONG: Mapping[str, Any] = {"payment_intent": ClientSecretWrong, "setup_intent": SetupSecretWrong}


def check_secret(call: Call, intent: JsonObject) -> None:
    """Hold the client secret that a call gives against the intent's.

    Raises:
        MissingParameter: a publishable key comes without it.
        InvalidRequest: it is not this intent's.
    """
    given = call.params.get("client_secret")
    if call.publishable and given is None:
        raise MissingParameter("client_secret")
    if given is not None and given != intent["client_secret"]:
        raise SECRET_WRONG[intent["object"]]


def shown(call: Call, intent: JsonObject) -> JsonObject:
    """Return an intent as the caller may see it."""
    return _seen(intent) if call.publishable else intent


def open_to_shoppers(handler: Handler) -> Handler:
    """Have the errors of an operation show a publishable key no more of an intent than answers do."""

    @wraps(handler)
    async def confined(call: Call) -> Answer | Download:
        try:
            return await handler(call)
        except StripeError as error:
            if call.publishable:
                error.extra |= {kind: _seen(error.extra[kind]) for kind in SEEN if kind in error.extra}
            raise

    return confined


def _seen(intent: JsonObject) -> JsonObject:
    return {name: intent[name] for name in SEEN[intent["object"]] if name in intent}
