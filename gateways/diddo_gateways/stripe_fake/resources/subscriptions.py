"""Subscriptions: `/v1/subscriptions`. The states and their edges are in `billing.subscription_states.SUBSCRIPTIONS`.

Events: `customer.subscription.created`, `.updated`, `.deleted`, `.paused`, `.resumed`, `.trial_will_end`. What happens
by itself is in `billing.renewing`, what an invoice's fate means for its subscription in `billing.subscription_following`.
"""

from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing import renewing, subscription_following, subscription_previews
from diddo_gateways.stripe_fake.billing.changing import change
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.discounts import take_off
from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.pausing import go_on, stop
from diddo_gateways.stripe_fake.billing.subscribing import make_subscription
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by, term
from diddo_gateways.stripe_fake.lists import created_bounds, listed, sliced
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject

# They are loaded for what they register.
__all__ = ["renewing", "subscription_following", "subscription_previews"]

KIND = "subscription"


class NoDiscount(ResourceMissing):
    """There is no discount to take off."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__("discount", subscription_id, param=None)
        self.message = f"No active discount for subscription: {subscription_id}"


ONE = "/v1/subscriptions/{subscription_exposed_id}"
PERIODS = ("current_period_end", "current_period_start")
MOST = 10_000
PRICE = "items.data.*.price"

filtered_by(KIND, "collection_method", "customer", "status", "test_clock", "automatic_tax.enabled", PRICE)


@operation("POST /v1/subscriptions")
async def create(call: Call) -> Answer:
    """Make a subscription and bill its first period."""
    return await make_subscription(call.work, call.params)


@operation(f"GET {ONE}")
async def retrieve(call: Call) -> Answer:
    """Return a subscription; one that has ended too."""
    return await call.work.stored(KIND, call.path["subscription_exposed_id"])


@operation("GET /v1/subscriptions")
async def list_(call: Call) -> Answer:
    """List subscriptions: those that have not ended, unless a status is asked for."""
    params = dict(call.params)
    status = params.pop("status", None)
    terms = [] if status == "all" else [[term("status", one) for one in _statuses(status)]]
    terms += [[term(PRICE, params.pop(name))] for name in ("price", "plan") if name in params]
    bounds = {name: created_bounds(params.pop(name)) for name in PERIODS if name in params}
    asked = Call(call.work, params, call.path, call.publishable, call.url)
    if not bounds:
        return await listed(asked, KIND, terms=terms)
    found = await call.work.world.page(KIND, limit=MOST, terms=terms, created=created_bounds(params.get("created")))
    return sliced(asked, [one for one in map(_read, found) if _within(one, bounds)], KIND, call.url)


def _statuses(asked: str | None) -> tuple[str, ...]:
    if asked == "ended":
        return ENDED
    return tuple(one for one in SUBSCRIPTIONS.edges if one not in ENDED) if asked is None else (asked,)


def _read(document: Any) -> JsonObject:
    found: JsonObject = orjson.loads(document.body)
    return found


def _within(subscription: JsonObject, bounds: dict[str, Any]) -> bool:
    """Say whether one of the items has a period within bounds."""
    return any(
        all(least <= item[name] <= most for name, (least, most) in bounds.items())
        for item in subscription["items"]["data"]
    )


@operation(f"DELETE {ONE}")
async def cancel(call: Call) -> Answer:
    """End a subscription at once."""
    work, params = call.work, call.params
    subscription = await work.fetch(KIND, call.path["subscription_exposed_id"])
    now = await now_for(work, subscription["customer"])
    await end(
        work,
        subscription,
        now,
        reason="cancellation_requested",
        details=params.get("cancellation_details"),
        prorate=params.get("prorate", False),
        invoice_now=params.get("invoice_now", False),
    )
    return subscription


@operation(f"POST {ONE}")
async def update(call: Call) -> Answer:
    """Change a subscription; what that costs is billed at once or with the next invoice."""
    subscription = await call.work.fetch(KIND, call.path["subscription_exposed_id"])
    await change(call.work, subscription, call.params)
    return subscription


@operation(f"DELETE {ONE}/discount")
async def take_off_discount(call: Call) -> Answer:
    """Take the discounts off a subscription."""
    work = call.work
    subscription = await work.fetch(KIND, call.path["subscription_exposed_id"])
    if not subscription["discounts"]:
        raise NoDiscount(subscription["id"])
    before = snapshot(subscription)
    left: JsonObject = {}
    for discount_id in subscription["discounts"]:
        left = take_off(work, await work.fetch("discount", discount_id))
    subscription["discounts"] = []
    tell(work, subscription, before)
    return left


@operation("POST /v1/subscriptions/{subscription}/migrate")
async def migrate(call: Call) -> Answer:
    """Bring a subscription from the classic billing mode to the flexible one."""
    work = call.work
    subscription = await work.fetch(KIND, call.path["subscription"])
    SUBSCRIPTIONS.check(subscription, "update")
    before = snapshot(subscription)
    flexible = {"proration_discounts": "included", **call.params["billing_mode"].get("flexible", {})}
    now = await now_for(work, subscription["customer"])
    subscription["billing_mode"] = {"flexible": flexible, "type": "flexible", "updated_at": now}
    tell(work, subscription, before)
    return subscription


@operation("POST /v1/subscriptions/{subscription}/pause")
async def pause(call: Call) -> Answer:
    """Stop billing a subscription until it is resumed; what was paid for the rest of the period can be given back."""
    work, params = call.work, call.params
    subscription = await work.fetch(KIND, call.path["subscription"])
    now = await now_for(work, subscription["customer"])
    await stop(work, subscription, params, now)
    return subscription


@operation("POST /v1/subscriptions/{subscription}/resume")
async def resume(call: Call) -> Answer:
    """Go on with a paused subscription; what that costs at once has to be paid first."""
    work = call.work
    subscription = await work.fetch(KIND, call.path["subscription"])
    now = await now_for(work, subscription["customer"])
    await go_on(work, subscription, call.params, now)
    return subscription
