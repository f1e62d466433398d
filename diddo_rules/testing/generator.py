"""The one generator of valid carts: whatever is picked, the cart is valid, and picking 0 throughout is the plainest.

A cart is one choice for itself and one per line, each unpacked into the choices below it; a line says whether another
one follows. So taking a choice away takes a line away, which is how a driver shrinks a cart. Sums are derived.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from diddo_rules.cart import Cart, CartLine, CartStore, Product, ShippingMethod, Variant
from diddo_rules.context import Case, Context, Pick
from diddo_rules.testing.drivers import unpacked
from diddo_rules.testing.pools import AMOUNTS, BUYERS, CURRENCIES, DOMAINS, FEES, QUANTITIES, TITLES, money_of

__all__ = ["gen_cart", "gen_case", "gen_line", "gen_shipping_method", "gen_store", "gen_variant"]

_T = TypeVar("_T")
_ONE_CHOICE = 2**24
"""Room for all choices of a line. Beyond it, Hypothesis favours small numbers, and would starve the later digits."""

_MOST_LINES = 12
_MARKETPLACES = ("SHOPIFY", "AMAZON")
_TAX_PERCENT = (0, 8, 19, 7)
_LAST, _SAME_STORE, _NEW_STORE = "last", "same store", "new store"
_NEXT = (_LAST, _SAME_STORE, _NEW_STORE, _SAME_STORE)


def gen_case(pick: Pick) -> Case:
    """Return a valid cart and a context in which it is valid; in half of them the catalogue knows its variants."""
    cart = gen_cart(pick)
    if pick(2) == 0:
        return Case(cart, Context(cart_id=cart.id))
    known = {line.variant.id for store in cart.stores for line in store.cart_lines if line.variant}
    return Case(cart, Context(cart_id=cart.id, variant_known=known.__contains__))


def gen_cart(pick: Pick) -> Cart:
    """Return a valid cart of 1 to 12 lines in as many stores at most."""
    choose = unpacked(pick(_ONE_CHOICE))
    currency = _of(CURRENCIES, choose)
    buyer = _of(BUYERS, choose)
    stores: list[dict[str, Any]] = []
    following = _NEW_STORE
    for number in range(_MOST_LINES):
        choose_line = unpacked(pick(_ONE_CHOICE))
        after = _of(_NEXT, choose_line)
        line = _line(choose_line, currency, number)
        if following == _NEW_STORE:
            stores.append(_store(choose_line, currency, len(stores)))
        stores[-1]["cart_lines"].append(line)
        if after == _LAST:
            break
        following = after
    for store in stores:
        _add_up(store, currency)
    return Cart.model_validate(
        {
            "id": f"cart_{choose(100)}",
            "cost": _cost(stores, currency, is_estimated=choose(2) == 1),
            "buyer_identity": buyer,
            "stores": stores,
        }
    )


def gen_store(pick: Pick) -> CartStore:
    """Return one store of a valid cart."""
    return gen_cart(pick).stores[0]


def gen_line(pick: Pick) -> CartLine:
    """Return one line of a valid cart."""
    return CartLine.model_validate(_choose_line(pick))


def gen_variant(pick: Pick) -> Variant:
    """Return the variant of a line."""
    return Variant.model_validate(_choose_line(pick)["variant"])


def gen_shipping_method(pick: Pick) -> ShippingMethod:
    """Return one of the shipping methods of a store."""
    choose = unpacked(pick(_ONE_CHOICE))
    return _shipping_method(choose(3), _of(FEES, choose), _of(CURRENCIES, choose))


def _choose_line(pick: Pick) -> dict[str, Any]:
    choose = unpacked(pick(_ONE_CHOICE))
    return _line(choose, _of(CURRENCIES, choose), 0)


def _of(pool: Sequence[_T], pick: Pick) -> _T:
    return pool[pick(len(pool))]


def _line(choose: Pick, currency: str, number: int) -> dict[str, Any]:
    """Return a line as its JSON stands, but for amounts, which are shared."""
    quantity = _of(QUANTITIES, choose)
    amount = _of(AMOUNTS, choose)
    title = _of(TITLES, choose)
    marketplace = _of(_MARKETPLACES, choose)
    price = money_of(amount, currency)
    return {
        "quantity": quantity,
        "variant": {"id": f"variant_{number}", "title": title, "marketplace": marketplace, "price": price},
        "product": _product(number, marketplace, amount, currency),
    }


@lru_cache(maxsize=4096)
def _product(number: int, marketplace: str, amount: int, currency: str) -> Product:
    """Return a product, which carts can share because it is immutable."""
    price = money_of(amount, currency)
    title = TITLES[number % len(TITLES)]
    return Product(id=f"product_{number}", title=title, description=title, marketplace=marketplace, price=price)


def _store(choose: Pick, currency: str, number: int) -> dict[str, Any]:
    """Return a store without lines, with its shipping methods, one of which is selected."""
    domain = _of(DOMAINS, choose)
    fee = _of(FEES, choose)
    methods = [_shipping_method(rank, fee, currency) for rank in range(1 + choose(3))]
    return {
        "store": domain if number == 0 else f"{number}.{domain}",
        "request_id": f"request_{number}",
        "cart_lines": [],
        "offer": {
            "shipping_methods": methods,
            "selected_shipping_method": methods[choose(len(methods))],
        },
        "tax_percent": _of(_TAX_PERCENT, choose),  # for the sums; the model takes no notice of it
    }


@lru_cache(maxsize=1024)
def _shipping_method(rank: int, fee: int, currency: str) -> ShippingMethod:
    price = money_of(fee * (rank + 1), currency)
    return ShippingMethod(
        id=f"method_{rank}", label=f"Method {rank}", price=price, taxes=money_of(0, currency), total=price
    )


def _add_up(store: dict[str, Any], currency: str) -> None:
    subtotal = sum(line["quantity"] * line["variant"]["price"].value for line in store["cart_lines"])
    store["offer"]["subtotal"] = money_of(subtotal, currency)
    store["offer"]["margin"] = money_of(subtotal // 10, currency)


def _cost(stores: Sequence[dict[str, Any]], currency: str, *, is_estimated: bool) -> dict[str, Any]:
    """Return the cart's cost: tax is rounded half up per store, in whole minor units."""
    subtotals = [store["offer"]["subtotal"].value for store in stores]
    subtotal = sum(subtotals)
    tax = sum((part * store["tax_percent"] + 50) // 100 for part, store in zip(subtotals, stores, strict=True))
    shipping = sum(store["offer"]["selected_shipping_method"].total.value for store in stores)
    sums = {"subtotal": subtotal, "tax": tax, "shipping": shipping, "total": subtotal + tax + shipping}
    return {"is_estimated": is_estimated, **{name: money_of(value, currency) for name, value in sums.items()}}
