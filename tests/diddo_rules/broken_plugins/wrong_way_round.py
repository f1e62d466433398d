"""Breaks the property valid-passes: the comparison stands the wrong way round, so that everything is refused."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class FarTooDear(Violation):
    """Nobody pays that much."""

    code = "FAR_TOO_DEAR"
    http_status = 422
    template = "The total is {total}."
    remedy = "Order less."
    measure = "total"
    total: int


@check()
def cart_is_affordable(cart: Cart) -> Iterator[FarTooDear]:
    """The total is not less than nothing."""
    total = cart.cost.total if cart.cost else None
    if total is not None and total.value >= 0:
        yield FarTooDear(at="/cost/total", total=total.value)
