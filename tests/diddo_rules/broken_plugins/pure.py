"""Breaks the property pure: it corrects what it should only look at, deep inside of the cart."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class NothingOrdered(Violation):
    """Each line orders something."""

    code = "NOTHING_ORDERED"
    http_status = 422
    template = "A line orders nothing."
    remedy = "Order something."


@check()
def every_line_orders_something(cart: Cart) -> Iterator[NothingOrdered]:
    """Each quantity is positive, if need be by force."""
    for store in cart.stores:
        for line in store.cart_lines:
            if line.quantity < 1:
                object.__setattr__(line, "quantity", 1)
    if cart.status == "UNKNOWN":
        yield NothingOrdered(at="/stores")
