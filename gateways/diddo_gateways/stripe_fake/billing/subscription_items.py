"""The items of subscriptions: what each is for, how often it recurs, and what a period of it costs.

An item is stored by itself and shown inside its subscription; `put` writes both.
"""

from collections.abc import Sequence
from typing import Any

from diddo_gateways.stripe_fake.billing.amounts import CurrencyMismatch, amounts_in, line_amount
from diddo_gateways.stripe_fake.billing.discounts import discount_for
from diddo_gateways.stripe_fake.billing.periods import Cadence
from diddo_gateways.stripe_fake.billing.plan_view import plan_of
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.limits import exclusive, under
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.resources import prices
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "MOST_ITEMS",
    "amount_of",
    "cadence_of",
    "check_together",
    "is_metered",
    "items_of",
    "make_item",
    "named_rates",
    "put",
    "recurring_price",
    "show",
    "write_item",
]

KIND = "subscription_item"
MOST_ITEMS = 20
NOT_MODELLED = {"billing_thresholds": "A usage threshold of an item", "current_trial": "A trial offer of an item"}


async def make_item(
    work: Work, subscription: JsonObject, given: JsonObject, *, now: int, param: str = "items[0]"
) -> JsonObject:
    """Return a new item of a subscription; its period is still to be set, and `put` to be called.

    Raises:
        StripeError: what is given does not hold.
    """
    item = blank(KIND) | {
        "id": work.new_id("si_", 14),
        "created": now,
        "discounts": [],
        "quantity": None,
        "subscription": subscription["id"],
        "tax_rates": [],
    }
    if not given.keys() & {"price", "price_data", "plan"}:
        raise InvalidRequest(
            "Subscription items require a `price` or a `price_data` parameter to be set.", param=under(param, "price")
        )
    await write_item(work, subscription, item, given, param=param)
    return item


async def write_item(
    work: Work, subscription: JsonObject, item: JsonObject, given: JsonObject, *, param: str = ""
) -> None:
    """Write a request's parameters over an item.

    Raises:
        StripeError: what is given does not hold.
    """
    for name, what in NOT_MODELLED.items():
        if given.get(name):
            raise NotModelled(what)
    if given.keys() & {"price", "price_data", "plan"}:
        _set_price(item, await recurring_price(work, given, subscription["currency"], param=param))
    if "quantity" in given:
        item["quantity"] = given["quantity"]
    _check_quantity(item, given, param)
    if "metadata" in given:
        item["metadata"] = merged(item["metadata"], given["metadata"])
    if "tax_rates" in given:
        item["tax_rates"] = await named_rates(work, given["tax_rates"] or (), param=under(param, "tax_rates"))
    if "discounts" in given:
        found = [
            await discount_for(
                work,
                one,
                customer=subscription["customer"],
                subscription=subscription["id"],
                subscription_item=item["id"],
                param=under(param, f"discounts][{position}"),
            )
            for position, one in enumerate(given["discounts"] or ())
        ]
        item["discounts"] = [discount["id"] for discount in found]


async def recurring_price(work: Work, given: JsonObject, currency: str | None, *, param: str = "") -> JsonObject:
    """Return the price that an item names by `price`, `plan` or `price_data`.

    A checkout session sells what it described inline, whose prices are inactive: its items say so by `sold`, which no
    request can.

    Raises:
        StripeError: there is none, it does not recur, is inactive, or has no amount in the currency.
    """
    if "price" in given and "price_data" in given:
        raise exclusive(under(param, "price"), under(param, "price_data"))
    if "price_data" in given:
        price = await _price_from_data(work, given["price_data"], under(param, "price_data"))
    else:
        name = "price" if "price" in given else "plan"
        price = await work.fetch("price", given[name], param=under(param, name), status=400)
        if not price["active"] and not given.get("sold"):
            raise InvalidRequest(
                f"The price specified is inactive. This field only accepts active prices. (price: `{price['id']}`)",
                param=under(param, name),
            )
    if price["recurring"] is None:
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=under(param, "price"),
        )
    if currency is not None:
        try:
            amounts_in(await whole(work, price), currency)
        except CurrencyMismatch as error:
            error.param = under(param, "price")
            raise
    return price


async def _price_from_data(work: Work, data: JsonObject, param: str) -> JsonObject:
    """Make the price that is described: an inactive one, that nothing else can use."""
    await work.fetch("product", data["product"], param=under(param, "product"), status=400)
    price = prices.new(work, data, param=param)
    price["active"] = False
    work.insert(price)
    return price


def _set_price(item: JsonObject, price: JsonObject) -> None:
    item |= {"plan": plan_of(price), "price": price}
    if is_metered(item):
        item["quantity"] = None
    elif item["quantity"] is None:
        item["quantity"] = 1


def _check_quantity(item: JsonObject, given: JsonObject, param: str) -> None:
    if given.get("quantity") is None:
        return
    name = under(param, "quantity")
    if is_metered(item):
        raise InvalidRequest(
            f"The price specified (`{item['price']['id']}`) is metered, for which no quantity can be set.", param=name
        )
    if item["quantity"] < 0:
        code = "parameter_invalid_integer"
        raise ParameterRefused("This value must be greater than or equal to 0.", param=name, code=code)


async def named_rates(work: Work, ids: Sequence[str], *, param: str) -> list[JsonObject]:
    """Return tax rates by their ids.

    Raises:
        ResourceMissing: there is no such rate.
    """
    return [
        dict(await work.fetch("tax_rate", rate, param=f"{param}[{position}]", status=400, noun="tax rate"))
        for position, rate in enumerate(ids)
    ]


def is_metered(item: JsonObject) -> bool:
    """Say whether an item is billed by use, once its period is over."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


async def amount_of(work: Work, item: JsonObject, currency: str) -> int:
    """Return what a whole period of a licensed item costs, in minor units."""
    return line_amount(await whole(work, item["price"]), item["quantity"] or 0, currency=currency)


def cadence_of(subscription: JsonObject, item: JsonObject) -> Cadence:
    """Return how often an item recurs, counted from its subscription's anchor."""
    config = subscription["billing_cycle_anchor_config"]
    day = None if config is None else config["day_of_month"]
    return Cadence.of(item["price"]["recurring"], subscription["billing_cycle_anchor"], day)


def check_together(subscription: JsonObject, items: Sequence[JsonObject]) -> None:
    """Hold the items of a subscription against each other.

    Raises:
        InvalidRequest: two have the same price, or in the classic billing mode recur differently.
    """
    seen = set()
    for item in items:
        if item["price"]["id"] in seen:
            raise InvalidRequest(
                f"Cannot add multiple subscription items with the same plan: {item['price']['id']}", param="items"
            )
        seen.add(item["price"]["id"])
    often = {(item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"]) for item in items}
    if subscription["billing_mode"]["type"] == "classic" and len(often) > 1:
        raise InvalidRequest(
            "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`. If"
            " you need prices with different intervals, use a subscription with `billing_mode` `flexible`.",
            param="items",
        )


async def items_of(work: Work, subscription: JsonObject) -> list[JsonObject]:
    """Return the items of a subscription, to be changed and then `put`."""
    return [await work.fetch(KIND, shown["id"]) for shown in subscription["items"]["data"]]


async def put(work: Work, subscription: JsonObject, items: Sequence[JsonObject]) -> None:
    """Set the items of a subscription and store each; what was one of them before is removed."""
    kept = {item["id"] for item in items}
    for shown in (subscription["items"] or {}).get("data", ()):
        if shown["id"] not in kept:
            work.remove(await work.fetch(KIND, shown["id"]))
    for item in items:
        if await work.get(KIND, item["id"]) is None:
            work.insert(item)
        else:
            work.save(item)
    subscription["items"] = show(subscription, items)
    # What the only item says stands at the top too, as in the days of one plan a subscription.
    only = items[0] if len(items) == 1 else {"plan": None, "quantity": None}
    subscription |= {"plan": only["plan"], "quantity": only.get("quantity")}


def show(subscription: JsonObject, items: Sequence[JsonObject]) -> dict[str, Any]:
    """Return the items as the subscription shows them."""
    return {
        "object": "list",
        "data": [dict(item) for item in items],
        "has_more": False,
        "total_count": len(items),
        "url": f"/v1/subscription_items?subscription={subscription['id']}",
    }
