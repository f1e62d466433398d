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
            "stores": [parcel.store(currency) for parcel in parcels],
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


class _Parcel:
    """One store's part of a cart that is being made."""

    __slots__ = ("_lines", "_methods", "_percent", "_position", "_selected", "_store", "shipping", "subtotal")

    def __init__(self, choice: tuple[str, int, int, int, int], currency: str, position: int) -> None:
        domain, fee, count, self._selected, self._percent = choice
        self._store = f"{position}.{domain}" if position else domain
        self._position = position
        self._methods = _shipping_methods(fee, count, currency)
        self._lines: list[dict[str, Any]] = []
        self.shipping = fee * (self._selected + 1)
        self.subtotal = 0

    def add(self, line: dict[str, Any], value: int) -> None:
        """Put a line of this value in minor units into it."""
        self._lines.append(line)
        self.subtotal += value

    @property
    def tax(self) -> int:
        """The tax in minor units, rounded half up."""
        return (self.subtotal * self._percent + 50) // 100

    def store(self, currency: str) -> dict[str, Any]:
        """Return the store as its JSON stands, but for what carts share."""
        return {
            "store": self._store,
            "requestId": _REQUEST_IDS[self._position],
            "cartLines": self._lines,
            "offer": {
                "subtotal": {"value": self.subtotal, "currency": currency},
                "margin": {"value": self.subtotal // 10, "currency": currency},
                "shippingMethods": self._methods,
                "selectedShippingMethod": self._methods[self._selected],
            },
        }


def _parcels(pick: Pick, pools: Pools, currency: str) -> list[_Parcel]:
    """Return a cart's stores with their lines; one choice makes a line, and the store that it may open."""
    parcels: list[_Parcel] = []
    room = len(pools.lines) * len(pools.stores)
    following = "new store"
    for number in range(_MOST_LINES):
        rest, index = divmod(pick(room), len(pools.lines))
        if following == "new store":
            parcels.append(_Parcel(pools.stores[rest], currency, len(parcels)))
        following, quantity, amount, _, _ = choice = pools.lines[index]
        parcels[-1].add(_line(choice, pools, currency, number), quantity * pools.amounts[amount])
        if following == "last":
            break
    return parcels


def _line(choice: Sequence[Any], pools: Pools, currency: str, number: int) -> dict[str, Any]:
    """Return a line as its JSON stands, but for what carts share."""
    _, quantity, amount, title, marketplace = choice
    price = pools.prices[currency][amount]
    return {
        "quantity": quantity,
        "variant": {"id": _VARIANT_IDS[number], "title": title, "marketplace": marketplace, "price": price},
        "product": _product(number, marketplace, pools.amounts[amount], currency),
    }


def _any_line(pick: Pick, pools: Pools) -> dict[str, Any]:
    currency = pools.currencies[pick(len(pools.currencies))]
    return _line(pools.lines[pick(len(pools.lines))], pools, currency, 0)


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


def _cost(parcels: Sequence[_Parcel], currency: str, *, is_estimated: bool) -> dict[str, Any]:
    subtotal = tax = shipping = 0
    for parcel in parcels:
        subtotal += parcel.subtotal
        tax += parcel.tax
        shipping += parcel.shipping
    sums = {"subtotal": subtotal, "tax": tax, "shipping": shipping, "total": subtotal + tax + shipping}
    amounts = {name: {"value": value, "currency": currency} for name, value in sums.items()}
    return {"isEstimated": is_estimated, **amounts}
