"""When something is due of a subscription: its next date, and the message that brings it about.

There is one message for each date of a subscription. Its handler does what is due by then and nothing else, so that a
message which a change has made pointless does no harm.
"""

from collections.abc import Iterator

from diddo_gateways.stripe_fake.billing.clocks import cancel_for, later_for
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["ANNOUNCED_BEFORE", "DUE", "INCOMPLETE_FOR", "WILL_END_BEFORE", "period_end", "schedule"]

DUE = "subscription_due"
DAY = 86_400
INCOMPLETE_FOR = 23 * 3600
WILL_END_BEFORE = 3 * DAY
# How long before a renewal `invoice.upcoming` tells of it.
ANNOUNCED_BEFORE = 7 * DAY


def period_end(subscription: JsonObject) -> int | None:
    """Return where the first of the items' periods ends; None for one without items, as only documentation has."""
    return min((item["current_period_end"] for item in subscription["items"]["data"]), default=None)


def _dates(subscription: JsonObject) -> Iterator[int | None]:
    """Yield when something is due, by the state that the subscription is in."""
    status = subscription["status"]
    if status == "incomplete":
        yield subscription["created"] + INCOMPLETE_FOR
    if status == "incomplete" or status in ENDED:
        return
    yield subscription["cancel_at"]
    if subscription["pending_update"] is not None:
        yield subscription["pending_update"]["expires_at"]
    if status == "paused":
        return
    end = period_end(subscription)
    yield end
    yield end and end - ANNOUNCED_BEFORE
    if status == "trialing":
        yield subscription["trial_end"]
        yield subscription["trial_end"] - WILL_END_BEFORE
    if subscription["pause_collection"] is not None:
        yield subscription["pause_collection"]["resumes_at"]


async def schedule(work: Work, subscription: JsonObject, now: int) -> None:
    """See to it that the next that is due of a subscription is done, on its customer's clock."""
    at = min((date for date in _dates(subscription) if date is not None and date > now), default=None)
    if at is None:
        return
    message_id = f"due>{subscription['id']}>{at}"
    # One for this date may be there already.
    await cancel_for(work, subscription["customer"], message_id)
    await later_for(
        work, subscription["customer"], DUE, at, message_id=message_id, subscription=subscription["id"], due=at
    )
