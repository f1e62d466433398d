"""The states of setup intents and of their attempts, and what Stripe says when a state does not allow what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest, UnexpectedState
from diddo_gateways.stripe_fake.states import StateTable

__all__ = ["ATTEMPTS", "SETUPS"]

OUTCOMES = ("succeeded", "processing", "requires_payment_method")
NO_METHOD = (
    "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent"
    " with a payment method and then confirm it again, or confirm it again directly with a payment method or"
    " ConfirmationToken."
)
# Why an action is not possible any more, where Stripe does not list the statuses in which it is.
OVER = {
    ("confirm", "succeeded"): "it has already succeeded.",
    ("confirm", "canceled"): "it has been canceled.",
    ("update", "succeeded"): "it has already succeeded.",
    ("update", "canceled"): "it has been canceled.",
    ("cancel", "canceled"): "it is already canceled.",
}
DONE = {"confirm": "confirmed", "update": "updated", "cancel": "canceled"}


def _refused(action: str, intent: Mapping[str, Any], allowed: Sequence[str]) -> InvalidRequest:
    extra = {"setup_intent": intent}
    status = intent["status"]
    if action == "verify":
        # The list is written as JSON.
        return InvalidRequest(
            f"This SetupIntent cannot be actioned on because it has a status of {status}. Only a SetupIntent with one"
            ' of the following statuses may be actioned on: ["requires_action"].',
            code="intent_invalid_state",
            extra=extra,
        )
    if action == "confirm" and intent["payment_method"] is None:
        return UnexpectedState(NO_METHOD, code="setup_intent_unexpected_state", extra=extra)
    verb = "update" if action == "provide" else action
    why = OVER.get((verb, status)) or (
        f"it has a status of {status}. Only a SetupIntent with one of the following statuses may be {DONE[verb]}:"
        f" {_alternatives(allowed)}."
    )
    text = f"You cannot {verb} this SetupIntent because {why}"
    return UnexpectedState(text, code="setup_intent_unexpected_state", extra=extra)


def _alternatives(statuses: Sequence[str]) -> str:
    *most, last = [f"`{status}`" for status in statuses]
    return f"{', '.join(most)}, or {last}"


# The order of the statuses is the one in which Stripe's messages list them.
SETUPS = StateTable(
    kind="setup_intent",
    start=("requires_payment_method",),
    edges={
        "requires_payment_method": {"provide": ("requires_confirmation",), "cancel": ("canceled",)},
        "requires_confirmation": {
            "provide": ("requires_confirmation",),
            "confirm": ("requires_action", *OUTCOMES),
            "cancel": ("canceled",),
        },
        "requires_action": {
            "provide": ("requires_confirmation",),
            "confirm": ("requires_action", *OUTCOMES),
            "authenticate": ("succeeded", "requires_payment_method"),
            "verify": ("succeeded", "requires_payment_method"),
            "cancel": ("canceled",),
        },
        "processing": {"settle": ("succeeded", "requires_payment_method")},
        "succeeded": {},
        "canceled": {},
    },
    refuse=_refused,
)

# An attempt is made by each confirmation; one that waits for the customer is abandoned when another begins.
ATTEMPTS = StateTable(
    kind="setup_attempt",
    start=("requires_confirmation",),
    edges={
        "requires_confirmation": {
            "ask": ("requires_action",),
            "process": ("processing",),
            "succeed": ("succeeded",),
            "fail": ("failed",),
        },
        "requires_action": {"succeed": ("succeeded",), "fail": ("failed",), "abandon": ("abandoned",)},
        "processing": {"succeed": ("succeeded",), "fail": ("failed",)},
        "succeeded": {},
        "failed": {},
        "abandoned": {},
    },
)
