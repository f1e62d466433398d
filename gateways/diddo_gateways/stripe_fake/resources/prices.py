"""Prices: `/v1/prices`. What they come to is reckoned by `billing.amounts`.

Events: `price.created`, `price.updated`, and of a recurring price, which is a plan too, `plan.created` and
`plan.updated`. A price's amount never changes and a price cannot be deleted, only made inactive, as at Stripe. Its
tiers and its amounts in further currencies are kept back until they are expanded.
"""

from typing import Any

from diddo_gateways.stripe_fake.billing.plan_view import plan_of
from diddo_gateways.stripe_fake.billing.price_terms import currency_options, price_terms, shown_options
from diddo_gateways.stripe_fake.billing.withheld import kept_back, rewithhold, whole, withhold
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import exclusive
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["made", "new", "take_lookup_key", "tell"]

KIND = "price"
PLAIN = ("active", "lookup_key", "nickname", "tax_behavior", "metadata")
UNSPECIFIED = "unspecified"

filtered_by(
    KIND,
    "active",
    "currency",
    "lookup_key",
    "product",
    "recurring.interval",
    "recurring.meter",
    "recurring.usage_type",
    "type",
)
kept_back(KIND, "tiers")


@operation("POST /v1/prices")
async def create(call: Call) -> Answer:
    """Make a price for a product, or for a new one that `product_data` describes."""
    work, params = call.work, call.params
    if "product" in params and "product_data" in params:
        refusal = exclusive("product", "product_data")
        refusal.param = "product"
        raise refusal
    if "product" in params:
        await work.fetch("product", params["product"], param="product", status=400)
    elif "product_data" in params:
        params["product"] = _product(work, params.pop("product_data"))
    else:
        raise InvalidRequest("You must specify either `product` or `product_data` when creating a price.")
    return await made(work, params)


async def made(work: Work, params: JsonObject) -> JsonObject:
    """Make a price of the product that `params` names, put it into the work and emit its events.

    Raises:
        StripeError: the amounts, the currencies, the recurrence or the lookup key do not hold.
    """
    price = new(work, params)
    meter = (price["recurring"] or {}).get("meter")
    if meter is not None:
        await work.fetch("billing.meter", meter, param="recurring[meter]", status=400)
    await take_lookup_key(work, price, params)
    work.insert(price)
    tell(work, price, "created")
    return price


def new(work: Work, params: JsonObject, *, param: str = "", price_id: str | None = None) -> JsonObject:
    """Make a price of the product that `params` names; putting it into the work is the caller's to do.

    Args:
        work: whose time and ids it gets.
        params: a request's `price_data`, or its parameters.
        param: the parameter that holds them, for errors; empty when they are the request's own.
        price_id: its id; a new one by default.

    Raises:
        StripeError: the amounts, the currencies or the recurrence do not hold.
    """
    terms, kept = price_terms(params, param)
    price = blank(KIND)
    price |= {
        "id": price_id or work.new_id("price_1", 23),
        "active": True,
        "created": work.now,
        "product": params["product"],
        **terms,
    }
    overwrite(price, params, ("active", "lookup_key", "nickname", "metadata"))
    withhold(work, price, kept)
    return price


def tell(work: Work, price: JsonObject, what: str, before: JsonObject | None = None) -> None:
    """Emit the events of a price that was `created` or `updated`; a recurring one is a plan too."""
    if price["type"] == "recurring":
        work.emit(f"plan.{what}", plan_of(price), before)
    work.emit(f"price.{what}", price, before)


@operation("GET /v1/prices/{price}")
async def retrieve(call: Call) -> Answer:
    """Return a price."""
    return await call.work.stored(KIND, call.path[KIND], param=KIND)


@operation("POST /v1/prices/{price}")
async def update(call: Call) -> Answer:
    """Change what may change of a price."""
    work, params = call.work, call.params
    price = await work.fetch(KIND, call.path[KIND], param=KIND)
    if params.get("lookup_key", price["lookup_key"]) != price["lookup_key"]:
        await take_lookup_key(work, price, params)
    if params.get("active") is False and price["active"]:
        await _check_archiving(work, price)
    if params.get("tax_behavior", price["tax_behavior"]) != price["tax_behavior"] != UNSPECIFIED:
        raise InvalidRequest(
            "The `tax_behavior` of a price cannot be changed once it is exclusive or inclusive.", param="tax_behavior"
        )
    if "currency_options" in params:
        await _change_currencies(work, price, params["currency_options"] or {})
    before = overwrite(price, params, PLAIN)
    work.save(price)
    if before or "currency_options" in params:
        tell(work, price, "updated", before)
    return price


async def _check_archiving(work: Work, price: JsonObject) -> None:
    product = await work.get("product", price["product"])
    if product is not None and product["default_price"] == price["id"]:
        raise InvalidRequest("This price cannot be archived because it is the default price of its product.")


async def _change_currencies(work: Work, price: JsonObject, given: JsonObject) -> None:
    """Add amounts in further currencies, or replace them; none at all takes all away."""
    full = await whole(work, price)
    kept = {"tiers": full["tiers"]} if "tiers" in full else {}
    options = full.get("currency_options", {}) | currency_options(price, given) if given else {}
    await rewithhold(work, price, {**kept, "currency_options": options})


@operation("GET /v1/prices")
async def list_(call: Call) -> Answer:
    """List prices."""
    params = call.params
    if "currency" in params:
        params["currency"] = params["currency"].lower()
    keys = params.get("lookup_keys")
    return await listed(call, KIND, terms=[] if keys is None else [[f"lookup_key={key}" for key in keys]])


@includes(KIND, "currency_options")
async def _currency_options(work: Work, price: JsonObject, _field: str) -> JsonObject:
    return shown_options(await whole(work, price))


def _product(work: Work, data: dict[str, Any]) -> str:
    # Products need prices and prices products: the import stands here so that the files do not need each other.
    from diddo_gateways.stripe_fake.resources import products  # noqa: PLC0415

    product = products.new(work, data, product_id=data.pop("id", None))
    work.emit("product.created", product)
    product_id: str = product["id"]
    return product_id


async def take_lookup_key(work: Work, price: JsonObject, params: JsonObject) -> None:
    """Make sure that no other price has the lookup key of a request, or take it away from it.

    Raises:
        InvalidRequest: another has it, and `transfer_lookup_key` is not set.
    """
    key = params.get("lookup_key")
    if not key:
        return
    for document in await work.world.page(KIND, limit=1, terms=[[f"lookup_key={key}"]]):
        if document.id == price["id"]:
            continue
        if not params.get("transfer_lookup_key"):
            raise InvalidRequest(f"A price (`{document.id}`) already uses that lookup key.", param="lookup_key")
        other = await work.fetch(KIND, document.id)
        other["lookup_key"] = None
        work.save(other)
        work.emit("price.updated", other, {"lookup_key": key})
