"""How a trial ends for which nobody can be charged: as `trial_settings` say.

Events: `customer.subscription.paused`, `customer.subscription.deleted`.
"""

from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.subscription_methods import has_method
from diddo_gateways.stripe_fake.billing.subscription_news import tell
from diddo_gateways.stripe_fake.billing.subscription_states import SUBSCRIPTIONS
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["ends_without_method", "pause"]


async def ends_without_method(work: Work, subscription: JsonObject, before: JsonObject, at: int) -> bool:
    """End a trial by pausing or canceling the subscription if it lacks a payment method; say whether it did.

    Args:
        work: the unit of work.
        subscription: the subscription, in its trial.
        before: how it was before whatever led here.
        at: when the trial ends, in Unix seconds.
    """
    missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if missing == "create_invoice" or await has_method(work, subscription):
        return False
    subscription["trial_end"] = at
    if missing == "cancel":
        await end(work, subscription, at, reason="cancellation_requested")
    else:
        SUBSCRIPTIONS.move(subscription, "end_trial", "paused")
        pause(work, subscription, before, at, why="trial_end_without_payment_method")
    return True


def pause(work: Work, subscription: JsonObject, before: JsonObject, at: int, *, why: str) -> None:
    """Tell that a subscription has come to a stop: nothing is billed until it is resumed."""
    paused = {"subscription": {"type": why}, "transitioned_at": at, "type": "subscription"}
    subscription["status_details"] = {"paused": paused}
    tell(work, subscription, before, "paused")
