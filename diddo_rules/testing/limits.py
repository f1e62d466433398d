"""Carts at the very limits that a plugin's code and settings name, one below and one above: there its verdict turns."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from pydantic import BaseModel

from diddo_rules.cart import Cart, CartLine, CartStore
from diddo_rules.context import Pick
from diddo_rules.edits import with_line
from diddo_rules.money import Money
from diddo_rules.plan import Step

__all__ = ["gen_near", "limits_of"]

_MOST = 64
_MOST_PIECES = 10_000


@lru_cache(maxsize=64)
def limits_of(steps: tuple[Step, ...]) -> tuple[int, ...]:
    """Return the whole numbers above 1 in the settings, the code and the constants of the checks; sorted, 64 at most."""
    found: set[int] = set()
    for step in steps:
        own = step.store_settings
        found.update(_numbers_in(() if own is None else (own.default, *own.by_store.values())))
        function = inspect.unwrap(step.function)
        found.update(_constants(function.__code__, function.__globals__))
        found.update(_numbers_in([cell.cell_contents for cell in function.__closure__ or ()]))
    return tuple(sorted(number for number in found if number > 1)[:_MOST])


def _numbers_in(value: Any) -> Iterator[int]:
    if type(value) is int:
        yield value
    elif isinstance(value, BaseModel):
        yield from _numbers_in(vars(value))
    elif isinstance(value, Mapping):
        yield from _numbers_in(tuple(value.values()))
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _numbers_in(item)


def _constants(code: CodeType, names: Mapping[str, Any]) -> Iterator[int]:
    """Yield the numbers that a function names, also in the functions inside of it and in its module's constants."""
    yield from _numbers_in(code.co_consts)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _constants(constant, names)
    for name in code.co_names:
        if name.isupper() and name in names:
            yield from _numbers_in(names[name])


def gen_near(pick: Pick, cart: Cart, limits: Sequence[int]) -> Cart:
    """Return a valid cart with one number of it at a limit, or next to it, and with the sums that follow.

    The number is the total, the price or the quantity of a line, or the number of all pieces; the cart stays as it is
    where that number would become negative, or absurd.
    """
    target = limits[pick(len(limits))] + (0, 1, -1)[pick(3)]
    aims = (_with_total, _with_pieces, _with_total, _with_quantity, _with_price)  # limits on totals are the commonest
    return aims[pick(len(aims))](pick, cart, target)


def _with_total(_pick: Pick, cart: Cart, target: int) -> Cart:
    """One piece is left, without tax, for what shipping leaves of the target."""
    alone = _with_one_line(cart)
    shipping = alone.cost.shipping if alone.cost else None
    if shipping is None or target < shipping.value:
        return cart
    return _summed(_with(alone, (0, 0), quantity=1, price=target - shipping.value))


def _with_one_line(cart: Cart) -> Cart:
    first = cart.stores[0]
    store = first.model_copy(update={"cart_lines": first.cart_lines[:1]})
    method = first.offer.selected_shipping_method if first.offer else None
    if cart.cost is None or cart.cost.tax is None or method is None:
        return cart
    cost = cart.cost.model_copy(update={"tax": cart.cost.tax * 0, "shipping": method.total})
    return cart.model_copy(update={"stores": (store,), "cost": cost})


def _with_price(pick: Pick, cart: Cart, target: int) -> Cart:
    return _summed(_with(cart, _gen_place(pick, cart), price=target))


def _with_quantity(pick: Pick, cart: Cart, target: int) -> Cart:
    return _summed(_with(cart, _gen_place(pick, cart), quantity=target)) if target <= _MOST_PIECES else cart


def _with_pieces(_pick: Pick, cart: Cart, target: int) -> Cart:
    pieces = sum(line.quantity for store in cart.stores for line in store.cart_lines)
    wanted = cart.stores[0].cart_lines[0].quantity + target - pieces
    return _summed(_with(cart, (0, 0), quantity=wanted)) if 1 <= wanted <= _MOST_PIECES else cart


def _gen_place(pick: Pick, cart: Cart) -> tuple[int, int]:
    store = pick(len(cart.stores))
    return store, pick(len(cart.stores[store].cart_lines))


def _with(cart: Cart, place: tuple[int, int], *, quantity: int | None = None, price: int | None = None) -> Cart:
    store, number = place
    line = cart.stores[store].cart_lines[number]
    changes: dict[str, Any] = {} if quantity is None else {"quantity": quantity}
    if price is not None and line.variant and line.variant.price:
        amount = {"price": Money(value=price, currency=line.variant.price.currency)}
        changes |= {"variant": line.variant.model_copy(update=amount)}
        changes |= {"product": line.product and line.product.model_copy(update=amount)}
    return with_line(cart, store, number, **changes)


def _summed(cart: Cart) -> Cart:
    """Return the cart with subtotals and total that follow from its lines; tax and shipping stay what they were."""
    cost = cart.cost
    if cost is None or not (cost.tax and cost.shipping):
        return cart
    currency = cost.tax.currency
    stores = tuple(_store_summed(store, currency) for store in cart.stores)
    subtotal = Money.total((_subtotal(store.cart_lines, currency) for store in stores), currency=currency)
    sums = {"subtotal": subtotal, "total": subtotal + cost.tax + cost.shipping}
    return cart.model_copy(update={"stores": stores, "cost": cost.model_copy(update=sums)})


def _store_summed(store: CartStore, currency: str) -> CartStore:
    subtotal = {"subtotal": _subtotal(store.cart_lines, currency)}
    return store.model_copy(update={"offer": store.offer and store.offer.model_copy(update=subtotal)})


def _subtotal(lines: Iterable[CartLine], currency: str) -> Money:
    prices = ((line.variant and line.variant.price, line.quantity) for line in lines)
    return Money.total((price * quantity for price, quantity in prices if price), currency=currency)
