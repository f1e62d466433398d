"""Plans: `/v1/plans`, the older view of recurring prices. Each is stored as a price, and found there too.

Events: `plan.created`, `plan.updated`, `plan.deleted`, each with that of the price.
"""

import orjson

from diddo_gateways.stripe_fake.billing.plan_view import plan_of
from diddo_gateways.stripe_fake.billing.withheld import kept_back
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ResourceMissing, StripeError
from diddo_gateways.stripe_fake.limits import at_least
from diddo_gateways.stripe_fake.lists import selected
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.resources import prices, products
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "plan"
PRICE = "price"
TOMBSTONE = "deleted"
RECURRING = ("interval", "interval_count", "meter", "trial_period_days", "usage_type")
# What a plan calls otherwise than a price.
RENAMED = {"amount": "unit_amount", "amount_decimal": "unit_amount_decimal", "transform_usage": "transform_quantity"}
FORMER = {name: plan_name for plan_name, name in RENAMED.items()}

kept_back(KIND, "tiers")


@operation("POST /v1/plans")
async def create(call: Call) -> Answer:
    """Make a plan, and so a recurring price, for a product or for a new one that is described."""
    work, params = call.work, call.params
    given = params.pop("id", None)
    if given is not None and await work.get(PRICE, given) is not None:
        raise InvalidRequest("Plan already exists.", code="resource_already_exists", param="id")
    await _make_room(work, given)
    if "tiers" not in params and not {"amount", "amount_decimal"} & set(params):
        raise InvalidRequest("Plans require an `amount` or `amount_decimal` parameter to be set.")
    params["product"] = await _product(work, params.get("product"))
    price = _price(work, params, given or work.new_id("plan_", 14))
    if price["recurring"]["meter"] is not None:
        await work.fetch("billing.meter", price["recurring"]["meter"], param="meter", status=400)
    work.insert(price)
    prices.tell(work, price, "created")
    return plan_of(price)


async def _make_room(work: Work, plan_id: str | None) -> None:
    """Take away what a deleted plan of that id has left."""
    for kind in ("withheld", TOMBSTONE):
        left = None if plan_id is None else await work.get(kind, plan_id)
        if left is not None:
            work.remove(left)


async def _product(work: Work, given: JsonObject | str | None) -> str:
    if given is None:
        raise MissingParameter("product")
    if isinstance(given, dict):
        made = products.new(work, given, product_id=given.pop("id", None))
        work.emit("product.created", made)
    else:
        made = await work.fetch("product", given, param="product", status=400)
    product_id: str = made["id"]
    return product_id


def _price(work: Work, params: JsonObject, plan_id: str) -> JsonObject:
    """Return the price that a plan's parameters describe; errors name them as a plan does."""
    data = {RENAMED.get(name, name): value for name, value in params.items() if name not in RECURRING}
    data["recurring"] = {name: params[name] for name in RECURRING if name in params}
    try:
        return prices.new(work, {**data, "metadata": data.get("metadata") or {}}, price_id=plan_id)
    except StripeError as error:
        name = (error.param or "").removeprefix("recurring[").removesuffix("]")
        error.param = FORMER.get(name, name) or None
        raise


@operation("GET /v1/plans/{plan}")
async def retrieve(call: Call) -> Answer:
    """Return a plan."""
    return plan_of(await _found(call))


async def _found(call: Call) -> JsonObject:
    price = await call.work.get(PRICE, call.path[KIND])
    if price is None or price["type"] != "recurring":
        raise ResourceMissing(KIND, call.path[KIND], param=KIND)
    return price


@operation("POST /v1/plans/{plan}")
async def update(call: Call) -> Answer:
    """Change what may change of a plan: among it its product and its trial."""
    work, params = call.work, call.params
    price = await _found(call)
    if "product" in params:
        await work.fetch("product", params["product"], param="product", status=400)
    former = plan_of(price)
    before = overwrite(price, params, ("active", "metadata", "nickname", "product"))
    if "trial_period_days" in params:
        days = at_least(params["trial_period_days"], 0, "trial_period_days") or None
        before |= overwrite(price, {"recurring": {**price["recurring"], "trial_period_days": days}}, ("recurring",))
    work.save(price)
    plan = plan_of(price)
    if before:
        changed = {name: value for name, value in former.items() if value != plan[name] and name != "metadata"}
        work.emit("plan.updated", plan, changed | {name: before[name] for name in ("metadata",) if name in before})
        work.emit("price.updated", price, before)
    return plan


@operation("DELETE /v1/plans/{plan}")
async def delete(call: Call) -> Answer:
    """Delete a plan, and so its price; subscriptions to it go on."""
    work = call.work
    price = await _found(call)
    work.emit("plan.deleted", plan_of(price))
    work.emit("price.deleted", price)
    work.remove(price)
    work.insert({"id": price["id"], "object": TOMBSTONE, "as": _left(price, PRICE)})
    return _left(price, KIND)


def _left(price: JsonObject, kind: str) -> JsonObject:
    return {"id": price["id"], "object": kind, "deleted": True}


@operation("GET /v1/plans")
async def list_(call: Call) -> Answer:
    """List plans."""
    documents, more = await selected(call, PRICE, terms=[["type=recurring"]], noun=KIND)
    data = [plan_of(orjson.loads(document.body)) for document in documents]
    return {"object": "list", "data": data, "has_more": more, "url": call.url}
