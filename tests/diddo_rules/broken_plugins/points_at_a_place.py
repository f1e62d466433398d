"""Breaks the property points-at-a-place: it names a field that no cart has."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class Unpriced(Violation):
    """What is sold has a price."""

    code = "UNPRICED"
    http_status = 422
    template = "There is no price."
    remedy = "Ask for it."


@check()
def cart_has_a_price(cart: Cart) -> Iterator[Unpriced]:
    """There is a cost."""
    if cart.cost is None:
        yield Unpriced(at="/costs/total")
