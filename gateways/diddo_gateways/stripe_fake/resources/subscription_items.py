"""Subscription items: `/v1/subscription_items`, each a price of a subscription with its quantity and its period.

A change of an item is a change of its subscription, by which it is told.
"""

from diddo_gateways.stripe_fake.billing.changing import change
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject

KIND = "subscription_item"
OF_THE_CHANGE = ("off_session", "payment_behavior", "proration_behavior", "proration_date")
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


@operation("POST /v1/subscription_items")
async def create(call: Call) -> Answer:
    """Add an item to a subscription."""
    given, rest = _split(call.params, "subscription")
    subscription = await call.work.fetch("subscription", call.params["subscription"], param="subscription", status=400)
    known = {item["id"] for item in subscription["items"]["data"]}
    await change(call.work, subscription, {**rest, "items": [given]})
    made = next(item["id"] for item in subscription["items"]["data"] if item["id"] not in known)
    return await call.work.fetch(KIND, made)


@operation(f"POST {ONE}")
async def update(call: Call) -> Answer:
    """Change an item."""
    item, subscription = await _item(call)
    given, rest = _split(call.params)
    await change(call.work, subscription, {**rest, "items": [{**given, "id": item["id"]}]})
    return item


@operation(f"DELETE {ONE}")
async def delete(call: Call) -> Answer:
    """Take an item off its subscription."""
    item, subscription = await _item(call)
    given, rest = _split(call.params)
    await change(call.work, subscription, {**rest, "items": [{**given, "id": item["id"], "deleted": True}]})
    return {"id": item["id"], "object": KIND, "deleted": True}


async def _item(call: Call) -> tuple[JsonObject, JsonObject]:
    """Return the item that the URL names, and its subscription."""
    item = await call.work.fetch(KIND, call.path["item"], param="item", noun="subscription item")
    return item, await call.work.fetch("subscription", item["subscription"])


def _split(params: JsonObject, *without: str) -> tuple[JsonObject, JsonObject]:
    """Return what a request says of its item, and what of the change of the subscription."""
    rest = {name: params[name] for name in OF_THE_CHANGE if name in params}
    return {name: value for name, value in params.items() if name not in (*OF_THE_CHANGE, *without)}, rest
