"""Copies of a cart with one place changed, for whoever breaks or repairs carts."""

from typing import Any

from diddo_rules.cart import Cart

__all__ = ["with_line", "with_store"]


def with_store(cart: Cart, position: int, **changes: Any) -> Cart:
    """Return the cart with fields of the store at `position` (from 0) changed; values are taken as they are."""
    changed = cart.stores[position].model_copy(update=changes)
    return cart.model_copy(update={"stores": _replaced(cart.stores, position, changed)})


def with_line(cart: Cart, store: int, line: int, **changes: Any) -> Cart:
    """Return the cart with fields of one line of one store (both from 0) changed; values are taken as they are."""
    lines = cart.stores[store].cart_lines
    changed = lines[line].model_copy(update=changes)
    return with_store(cart, store, cart_lines=_replaced(lines, line, changed))


def _replaced(items: tuple[Any, ...], position: int, item: Any) -> tuple[Any, ...]:
    return (*items[:position], item, *items[position + 1 :])
