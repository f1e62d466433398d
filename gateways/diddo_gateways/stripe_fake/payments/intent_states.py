"""The states of payment intents, and what Stripe says when a state does not allow what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import UnexpectedState
from diddo_gateways.stripe_fake.states import StateTable

__all__ = ["INTENTS"]

OUTCOMES = ("succeeded", "requires_capture", "processing", "requires_payment_method")
NO_METHOD = (
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
    " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method"
    " or ConfirmationToken."
)
SUCCEEDED = "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
NO_METHOD_OF_CUSTOMER = (
    "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent with"
    " {customer}, specify a payment method attached to this customer along with the customer ID."
)
CAPTURED = "This PaymentIntent could not be captured because it has already been captured."
PARTLY_CAPTURED = (
    "The remaining amount on this PaymentIntent could not be captured because the remainder of the authorized amount"
    " has been released."
)
FIXED = {
    ("confirm", "requires_payment_method"): NO_METHOD,
    ("confirm", "succeeded"): SUCCEEDED,
    ("provide", "succeeded"): SUCCEEDED,
    ("capture", "succeeded"): CAPTURED,
}
ONLY = " Only a PaymentIntent with one of the following statuses may be {done}: {allowed}."
CANNOT_CONFIRM = "You cannot confirm this PaymentIntent because it has a status of {status}." + ONLY
WORDINGS = {
    "confirm": (CANNOT_CONFIRM, "confirmed"),
    "provide": (CANNOT_CONFIRM, "confirmed"),
    "verify": ("You cannot verify this PaymentIntent because it has a status of {status}." + ONLY, "verified"),
    "capture": ("This PaymentIntent could not be captured because it has a status of {status}." + ONLY, "captured"),
    "increment": (
        "This PaymentIntent's authorization could not be incremented because it has a status of {status}." + ONLY,
        "incremented",
    ),
    "cancel": ("You cannot cancel this PaymentIntent because it has a status of {status}." + ONLY, "canceled"),
}


def _refused(action: str, intent: Mapping[str, Any], allowed: Sequence[str]) -> UnexpectedState:
    status = intent["status"]
    text = FIXED.get((action, status))
    if text is NO_METHOD and intent["customer"] is not None:
        text = NO_METHOD_OF_CUSTOMER.format(customer=intent["customer"])
    elif text is CAPTURED and intent["amount_received"] < intent["amount"]:
        text = PARTLY_CAPTURED
    if text is None:
        template, done = WORDINGS[action]
        text = template.format(status=status, done=done, allowed=", ".join(allowed))
    return UnexpectedState(text, extra={"payment_intent": intent})


# The order of the statuses is the one in which Stripe's messages list them.
INTENTS = StateTable(
    kind="payment_intent",
    start=("requires_payment_method",),
    edges={
        "requires_payment_method": {"provide": ("requires_confirmation",), "cancel": ("canceled",)},
        "requires_capture": {
            # The last capture, or one of several.
            "capture": ("succeeded", "requires_capture"),
            "increment": ("requires_capture",),
            # What is left of it, when a part was captured.
            "cancel": ("canceled", "succeeded"),
            "expire": ("canceled", "succeeded"),
        },
        "requires_confirmation": {
            "provide": ("requires_confirmation",),
            "confirm": ("requires_action", *OUTCOMES),
            "cancel": ("canceled",),
        },
        "requires_action": {
            "provide": ("requires_confirmation",),
            "confirm": ("requires_action", *OUTCOMES),
            # With `confirmation_method=manual` the server confirms once more.
            "authenticate": ("requires_confirmation", *OUTCOMES),
            # A bank account that had to be verified first.
            "verify": ("processing", "requires_payment_method"),
            "cancel": ("canceled",),
        },
        # Bank debits pass through it; cards never do.
        "processing": {"settle": ("succeeded", "requires_payment_method"), "cancel": ("canceled",)},
        "succeeded": {},
        "canceled": {},
    },
    refuse=_refused,
)
