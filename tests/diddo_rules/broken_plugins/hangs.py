"""Breaks the property within-budget: for some carts, a loop never ends, and survives being interrupted once."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class NeverSettled(Violation):
    """A quantity is halved until it is odd."""

    code = "NEVER_SETTLED"
    http_status = 422
    template = "The quantity is never odd."
    remedy = "Order an odd quantity."


@check()
def quantities_have_an_odd_part(cart: Cart) -> Iterator[NeverSettled]:
    """Halving comes to an end."""
    for store in cart.stores:
        for line in store.cart_lines:
            odd = line.quantity
            while odd % 2 == 0:
                odd //= 2
    if cart.status == "UNKNOWN":
        yield NeverSettled(at="/stores")
