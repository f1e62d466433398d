"""Breaks the property order-independent: one check leaves something for the other."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check

_COUNTED = [0]


class TooHeavy(Violation):
    """One person has to carry it."""

    code = "TOO_HEAVY"
    http_status = 422
    template = "The cart weighs {pieces} kg."
    remedy = "Order less."
    measure = "pieces"
    pieces: int


class NotCounted(Violation):
    """Pieces are counted before they are weighed."""

    code = "NOT_COUNTED"
    http_status = 422
    template = "The pieces cannot be counted."
    remedy = "Order something."


@check(priority=1010)
def pieces_are_counted(cart: Cart) -> Iterator[NotCounted]:
    """The pieces can be counted."""
    _COUNTED[0] = sum(line.quantity for store in cart.stores for line in store.cart_lines)
    if cart.status == "UNKNOWN":
        yield NotCounted(at="/stores")


@check(priority=1020)
def cart_can_be_carried(cart: Cart) -> Iterator[TooHeavy]:
    """There are not too many pieces."""
    pieces, _COUNTED[0] = _COUNTED[0], 0
    if cart.stores and pieces > 400:
        yield TooHeavy(at="/stores", pieces=pieces)
