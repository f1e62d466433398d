"""The one generator of valid carts: whatever is picked, the cart is valid, and picking 0 throughout is the plainest.

A cart is one choice for itself and one per line, each unpacked into the choices below it; a line says whether another
one follows. So taking a choice away takes a line away, which is how a driver shrinks a cart. Sums are derived.

This is the inner loop of every fuzzing run: hence tables instead of choices, shared parts, and the keys of the JSON,
which pydantic finds first.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from diddo_rules.cart import Cart, CartLine, CartStore, Product, ShippingMethod, Variant
from diddo_rules.context import Case, Context, Pick
from diddo_rules.testing.pools import POOLS, TITLES, Pools, money_of

__all__ = ["gen_cart", "gen_case", "gen_line", "gen_shipping_method", "gen_store", "gen_variant"]

_Json = dict[str, Any]
_Parcel = tuple[tuple[str, int, int, int, int], list[_Json], list[int]]
"""What was chosen for a store, its lines, and the value of each in minor units."""

_MOST_LINES = 12
_CART_IDS = tuple(f"cart_{number}" for number in range(100))
_VARIANT_IDS = tuple(f"variant_{number}" for number in range(_MOST_LINES))
_REQUEST_IDS = tuple(f"request_{number}" for number in range(_MOST_LINES))


def gen_case(pick: Pick, *, pools: Pools = POOLS) -> Case:
    """Return a valid cart and a context in which it is valid; in half of them the catalogue knows its variants."""
    cart = gen_cart(pick, pools=pools)
    if pick(2) == 0:
        return Case(cart, Context(cart_id=cart.id))
    known = {line.variant.id for store in cart.stores for line in store.cart_lines if line.variant}
    return Case(cart, Context(cart_id=cart.id, variant_known=known.__contains__))


def gen_cart(pick: Pick, *, pools: Pools = POOLS) -> Cart:
    """Return a valid cart of 1 to 12 lines in as many stores at most."""
    choice, index = divmod(pick(len(pools.carts) * len(_CART_IDS) * 2), len(pools.carts))
    currency, buyer = pools.carts[index]
    is_estimated, number = divmod(choice, len(_CART_IDS))
    parcels = _parcels(pick, pools, currency)
    return Cart.model_validate(
        {
            "id": _CART_IDS[number],
            "cost": _cost(parcels, currency, is_estimated=is_estimated == 1),
            "buyerIdentity": buyer,
            "stores": [_store(parcel, position, currency) for position, parcel in enumerate(parcels)],
        }
    )


def gen_store(pick: Pick, *, pools: Pools = POOLS) -> CartStore:
    """Return one store of a valid cart."""
    return gen_cart(pick, pools=pools).stores[0]


def gen_line(pick: Pick, *, pools: Pools = POOLS) -> CartLine:
    """Return one line of a valid cart."""
    return CartLine.model_validate(_any_line(pick, pools))


def gen_variant(pick: Pick, *, pools: Pools = POOLS) -> Variant:
    """Return the variant of a line."""
    return Variant.model_validate(_any_line(pick, pools)["variant"])


def gen_shipping_method(pick: Pick, *, pools: Pools = POOLS) -> ShippingMethod:
    """Return one of the shipping methods of a store."""
    currency = pools.currencies[pick(len(pools.currencies))]
    _, fee, count, selected, _ = pools.stores[pick(len(pools.stores))]
    return _shipping_methods(fee, count, currency)[selected]


def _parcels(pick: Pick, pools: Pools, currency: str) -> list[_Parcel]:
    """Return a cart's parcels; one choice makes a line, and the store that it may open."""
    table, amounts, prices = pools.lines, pools.amounts, pools.prices[currency]
    size, room = len(table), len(table) * len(pools.stores)
    parcels: list[_Parcel] = []
    following = "new store"
    for number in range(_MOST_LINES):
        rest, index = divmod(pick(room), size)
        if following == "new store":
            lines: list[_Json] = []
            values: list[int] = []
            parcels.append((pools.stores[rest], lines, values))
        following, quantity, amount, title, marketplace = table[index]
        product = _product(number, marketplace, amounts[amount], currency)
        variant = {"id": _VARIANT_IDS[number], "title": title, "marketplace": marketplace, "price": prices[amount]}
        lines.append({"quantity": quantity, "variant": variant, "product": product})
        values.append(quantity * amounts[amount])
        if following == "last":
            break
    return parcels


def _store(parcel: _Parcel, position: int, currency: str) -> _Json:
    """Return the store as its JSON stands, but for what carts share."""
    (domain, fee, count, selected, _), lines, values = parcel
    methods = _shipping_methods(fee, count, currency)
    subtotal = sum(values)
    return {
        "store": f"{position}.{domain}" if position else domain,
        "requestId": _REQUEST_IDS[position],
        "cartLines": lines,
        "offer": {
            "subtotal": {"value": subtotal, "currency": currency},
            "margin": {"value": subtotal // 10, "currency": currency},
            "shippingMethods": methods,
            "selectedShippingMethod": methods[selected],
        },
    }


def _cost(parcels: Sequence[_Parcel], currency: str, *, is_estimated: bool) -> _Json:
    """Return the cart's cost: tax is rounded half up per store, in whole minor units."""
    subtotal = tax = shipping = 0
    for (_, fee, _, selected, percent), _, values in parcels:
        value = sum(values)
        subtotal += value
        tax += (value * percent + 50) // 100
        shipping += fee * (selected + 1)
    return {
        "isEstimated": is_estimated,
        "subtotal": {"value": subtotal, "currency": currency},
        "tax": {"value": tax, "currency": currency},
        "shipping": {"value": shipping, "currency": currency},
        "total": {"value": subtotal + tax + shipping, "currency": currency},
    }


def _any_line(pick: Pick, pools: Pools) -> _Json:
    _, lines, _ = _parcels(pick, pools, pools.currencies[pick(len(pools.currencies))])[0]
    return lines[0]


@lru_cache(maxsize=4096)
def _product(number: int, marketplace: str, amount: int, currency: str) -> Product:
    """Return a product, which carts can share because it is immutable."""
    price = money_of(amount, currency)
    title = TITLES[number % len(TITLES)]
    return Product(id=f"product_{number}", title=title, description=title, marketplace=marketplace, price=price)


@lru_cache(maxsize=1024)
def _shipping_methods(fee: int, count: int, currency: str) -> tuple[ShippingMethod, ...]:
    return tuple(_shipping_method(rank, money_of(fee * (rank + 1), currency)) for rank in range(count))


def _shipping_method(rank: int, price: Any) -> ShippingMethod:
    taxes = money_of(0, price.currency)
    return ShippingMethod(id=f"method_{rank}", label=f"Method {rank}", price=price, taxes=taxes, total=price)
