"""The states of payment intents, and what Stripe says when a state does not allow what is asked."""

from diddo_gateways.stripe_fake.errors import JsonObject, UnexpectedState
from diddo_gateways.stripe_fake.states import MissingEdge, StateTable

__all__ = ["INTENTS", "allow", "move"]

OUTCOMES = ("succeeded", "requires_capture", "processing", "requires_payment_method")

# The order of the statuses is the one in which Stripe's messages list them.
INTENTS = StateTable(
    kind="payment_intent",
    start=("requires_payment_method", "requires_confirmation"),
    edges={
        "requires_payment_method": {
            "provide": ("requires_confirmation",),
            "update": ("requires_payment_method",),
            "cancel": ("canceled",),
        },
        "requires_capture": {"capture": ("succeeded",), "cancel": ("canceled",), "expire": ("canceled",)},
        "requires_confirmation": {
            "provide": ("requires_confirmation",),
            "withdraw": ("requires_payment_method",),
            "update": ("requires_confirmation",),
            "confirm": ("requires_action", *OUTCOMES),
            "cancel": ("canceled",),
        },
        "requires_action": {
            "provide": ("requires_confirmation",),
            "withdraw": ("requires_payment_method",),
            "update": ("requires_action",),
            "confirm": ("requires_action", *OUTCOMES),
            # With `confirmation_method=manual` the server confirms once more.
            "authenticate": ("requires_confirmation", *OUTCOMES),
            "cancel": ("canceled",),
        },
        # Only methods that settle later pass through it; cards never do.
        "processing": {"settle": ("succeeded", "requires_payment_method"), "cancel": ("canceled",)},
        "succeeded": {},
        "canceled": {},
    },
)

NO_METHOD = (
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
    " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method"
    " or ConfirmationToken."
)
SUCCEEDED = "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
CAPTURED = "This PaymentIntent could not be captured because it has already been captured."

FIXED = {
    ("confirm", "requires_payment_method"): NO_METHOD,
    ("confirm", "succeeded"): SUCCEEDED,
    ("provide", "succeeded"): SUCCEEDED,
    ("capture", "succeeded"): CAPTURED,
}
ONLY = " Only a PaymentIntent with one of the following statuses may be {done}: {allowed}."
CANNOT_CONFIRM = "You cannot confirm this PaymentIntent because it has a status of {status}." + ONLY
CANNOT_UPDATE = (
    "This PaymentIntent could not be updated because it has a status of {status}. You may only update a PaymentIntent"
    " with one of the following statuses: {allowed}."
)
WORDINGS = {
    "confirm": (CANNOT_CONFIRM, "confirmed"),
    "provide": (CANNOT_CONFIRM, "confirmed"),
    "capture": ("This PaymentIntent could not be captured because it has a status of {status}." + ONLY, "captured"),
    "cancel": ("You cannot cancel this PaymentIntent because it has a status of {status}." + ONLY, "canceled"),
    "withdraw": (CANNOT_UPDATE, ""),
    "update": (CANNOT_UPDATE, ""),
}


def allow(intent: JsonObject, action: str) -> None:
    """Say that the action is possible now.

    Raises:
        UnexpectedState: it is not; the error carries the intent.
    """
    try:
        INTENTS.check(intent, action)
    except MissingEdge as missing:
        raise refused(missing, intent) from None


def move(intent: JsonObject, action: str, status: str) -> None:
    """Take the intent to `status`.

    Raises:
        UnexpectedState: the action is not possible now; the error carries the intent.
    """
    try:
        INTENTS.move(intent, action, status)
    except MissingEdge as missing:
        raise refused(missing, intent) from None


def refused(missing: MissingEdge, intent: JsonObject) -> UnexpectedState:
    """Return the error for an action that the intent's status does not allow."""
    return UnexpectedState(_wording(missing), extra={"payment_intent": intent})


def _wording(missing: MissingEdge) -> str:
    text = FIXED.get((missing.action, missing.status))
    if text is not None:
        return text
    template, done = WORDINGS[missing.action]
    allowed = ", ".join(missing.allowed)
    return template.format(status=missing.status, done=done, allowed=allowed)
