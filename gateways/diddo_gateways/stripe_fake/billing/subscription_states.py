"""The states of subscriptions, and what Stripe says when a state does not allow what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing, StripeError
from diddo_gateways.stripe_fake.states import StateTable

__all__ = ["ENDED", "SUBSCRIPTIONS"]

ENDED = ("canceled", "incomplete_expired")


def _refused(action: str, subscription: Mapping[str, Any], _allowed: Sequence[str]) -> StripeError:
    if action == "cancel":
        # To Stripe a subscription that has ended cannot be found any more where it would be canceled.
        return ResourceMissing("subscription", subscription["id"])
    if action == "update":
        return InvalidRequest("A canceled subscription can only update its cancellation_details and metadata.")
    if action == "resume":
        return InvalidRequest(
            f"This subscription cannot be resumed because it has a status of `{subscription['status']}`. Only a"
            " subscription with a status of `paused` can be resumed."
        )
    return InvalidRequest(
        f"You cannot {action.replace('_', ' ')} this subscription because it has a status of `{subscription['status']}`."
    )


SUBSCRIPTIONS = StateTable(
    kind="subscription",
    start=("incomplete", "trialing", "active", "past_due"),
    edges={
        "incomplete": {
            "update": ("incomplete",),
            "collect": ("active", "trialing"),
            "lapse": ("incomplete_expired",),
            "cancel": ("canceled",),
        },
        "trialing": {
            "update": ("trialing",),
            "start_trial": ("trialing",),
            "end_trial": ("active", "paused"),
            "fail": ("past_due",),
            "pause": ("paused",),
            "cancel": ("canceled",),
        },
        "active": {
            "update": ("active",),
            "start_trial": ("trialing",),
            "fail": ("past_due",),
            "pause": ("paused",),
            "cancel": ("canceled",),
        },
        "past_due": {
            "update": ("past_due",),
            "start_trial": ("trialing",),
            "collect": ("active",),
            "fail": ("past_due",),
            "pause": ("paused",),
            "give_up": ("unpaid",),
            "cancel": ("canceled",),
        },
        "unpaid": {"update": ("unpaid",), "collect": ("active",), "cancel": ("canceled",)},
        "paused": {"update": ("paused",), "resume": ("active", "past_due"), "cancel": ("canceled",)},
        "canceled": {},
        "incomplete_expired": {},
    },
    refuse=_refused,
)
