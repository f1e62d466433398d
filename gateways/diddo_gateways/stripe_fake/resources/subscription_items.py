"""Subscription items: `/v1/subscription_items`, each a price of a subscription with its quantity and its period.

A change of an item is a change of its subscription, by which it is told.
"""

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation

KIND = "subscription_item"
ONE = "/v1/subscription_items/{item}"

filtered_by(KIND, "subscription")


@operation("GET /v1/subscription_items")
async def list_(call: Call) -> Answer:
    """List the items of a subscription."""
    await call.work.fetch("subscription", call.params["subscription"], param="subscription", status=400)
    return await listed(call, KIND)


@operation(f"GET {ONE}")
async def retrieve(call: Call) -> Answer:
    """Return an item."""
    return await call.work.stored(KIND, call.path["item"], param="item", noun="subscription item")
