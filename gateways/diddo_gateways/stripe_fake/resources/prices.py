"""Prices: `/v1/prices`.

Events: `price.created`, `price.updated`. A price's amount never changes and a price cannot be deleted, only made
inactive, as at Stripe. Tiers, currency options, amounts chosen by the customer and transformed quantities are refused
plainly.
"""

from decimal import Decimal
from typing import Any

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import MAXIMUM, check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "price"
NOT_MODELLED = ("currency_options", "custom_unit_amount", "tiers", "tiers_mode", "transform_quantity")
PLAIN = ("active", "lookup_key", "nickname", "tax_behavior", "metadata")
MOST_DECIMALS = 12

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


@operation("POST /v1/prices")
async def create(call: Call) -> Answer:
    """Make a price for a product, or for a new one that `product_data` describes."""
    work, params = call.work, call.params
    if "product" in params and "product_data" in params:
        raise exclusive("product", "product_data")
    if "product" in params:
        await work.fetch("product", params["product"], param="product", status=400)
    elif "product_data" in params:
        params["product"] = _product(work, params.pop("product_data"))
    else:
        raise MissingParameter("product")
    price = new(work, params)
    await _take_lookup_key(work, price, params)
    work.insert(price)
    work.emit("price.created", price)
    return price


def new(work: Work, params: JsonObject, *, param: str = "") -> JsonObject:
    """Make a price of the product that `params` names; putting it into the work is the caller's to do.

    Args:
        work: whose time and ids it gets.
        params: a request's `price_data`, or its parameters.
        param: the parameter that holds them, for errors; empty when they are the request's own.

    Raises:
        StripeError: the amount, the currency or the recurrence does not hold.
    """
    for field in NOT_MODELLED:
        if field in params:
            raise NotModelled(f"The parameter {field} of prices")
    if params.get("billing_scheme") == "tiered":
        raise NotModelled("The tiered billing_scheme of prices")
    price = blank(KIND)
    price |= {
        "id": work.new_id("price_1", 23),
        "active": True,
        "billing_scheme": "per_unit",
        "created": work.now,
        "currency": check_currency(params["currency"], param=under(param, "currency")),
        "product": params["product"],
        "recurring": _recurring(params.get("recurring"), param),
        "tax_behavior": "unspecified",
        "type": "recurring" if params.get("recurring") else "one_time",
        **unit_amounts(params, param),
    }
    overwrite(price, params, PLAIN)
    return price


@operation("GET /v1/prices/{price}")
async def retrieve(call: Call) -> Answer:
    """Return a price."""
    return await call.work.stored(KIND, call.path["price"])


@operation("POST /v1/prices/{price}")
async def update(call: Call) -> Answer:
    """Change what may change of a price."""
    work, params = call.work, call.params
    if "currency_options" in params:
        raise NotModelled("The parameter currency_options of prices")
    price = await work.fetch(KIND, call.path["price"])
    if params.get("lookup_key", price["lookup_key"]) != price["lookup_key"]:
        await _take_lookup_key(work, price, params)
    before = overwrite(price, params, PLAIN)
    work.save(price)
    if before:
        work.emit("price.updated", price, before)
    return price


@operation("GET /v1/prices")
async def list_(call: Call) -> Answer:
    """List prices."""
    keys = call.params.get("lookup_keys")
    return await listed(call, KIND, terms=[] if keys is None else [[f"lookup_key={key}" for key in keys]])


def unit_amounts(params: JsonObject, param: str = "") -> JsonObject:
    """Return `unit_amount` (minor units, null when it is no whole number) and `unit_amount_decimal`.

    Raises:
        InvalidRequest: neither or both are given.
        ParameterRefused: the amount is negative, too large, or has more than twelve decimals.
    """
    whole, exact = params.get("unit_amount"), params.get("unit_amount_decimal")
    if whole is not None and exact is not None:
        raise exclusive(under(param, "unit_amount"), under(param, "unit_amount_decimal"))
    if whole is None and exact is None:
        raise InvalidRequest(
            f"Prices require an `{under(param, 'unit_amount')}` or `{under(param, 'unit_amount_decimal')}` parameter to"
            " be set."
        )
    name = under(param, "unit_amount" if exact is None else "unit_amount_decimal")
    amount = Decimal(exact if exact is not None else whole)  # type: ignore[arg-type]  # one of them is given
    if amount < 0:
        raise ParameterRefused("Invalid non-negative integer", param=name, code="parameter_invalid_integer")
    if amount > MAXIMUM:
        raise ParameterRefused(f"Invalid integer: amounts can be at most {MAXIMUM}", param=name)
    if -int(amount.as_tuple().exponent) > MOST_DECIMALS:
        raise ParameterRefused(
            f"Invalid decimal: {exact}; must contain at maximum {MOST_DECIMALS} decimal places.", param=name
        )
    is_whole = amount == int(amount)
    text = str(int(amount)) if is_whole else f"{amount.normalize():f}"
    return {"unit_amount": int(amount) if is_whole else None, "unit_amount_decimal": text}


def under(param: str, field: str) -> str:
    """Return the name of a field inside a parameter, in brackets form."""
    return f"{param}[{field}]" if param else field


def exclusive(*names: str) -> InvalidRequest:
    """Return the error for parameters of which only one may be given."""
    return InvalidRequest(f"You may only specify one of these parameters: {', '.join(names)}.")


def _recurring(given: JsonObject | None, param: str) -> JsonObject | None:
    if not given:
        return None
    count = given.get("interval_count", 1)
    if count < 1:
        name = under(under(param, "recurring"), "interval_count") if param else "recurring[interval_count]"
        raise ParameterRefused(
            "This value must be greater than or equal to 1.", param=name, code="parameter_invalid_integer"
        )
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type", "licensed"),
    }


def _product(work: Work, data: dict[str, Any]) -> str:
    # Products need prices and prices products: the import stands here so that the files do not need each other.
    from diddo_gateways.stripe_fake.resources import products  # noqa: PLC0415

    product = products.new(work, data, product_id=data.pop("id", None))
    work.emit("product.created", product)
    product_id: str = product["id"]
    return product_id


async def _take_lookup_key(work: Work, price: JsonObject, params: JsonObject) -> None:
    """Make sure that no other price has the lookup key, or take it away from it."""
    key = params.get("lookup_key")
    if key is None:
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
