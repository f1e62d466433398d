"""Breaks the property never-crashes: it takes for granted that there is a price."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class NegativeTotal(Violation):
    """Nobody is paid for buying."""

    code = "NEGATIVE_TOTAL"
    http_status = 422
    template = "The total is negative."
    remedy = "Remove the voucher."


@check(reads=("cost",))
def total_is_not_negative(cart: Cart) -> Iterator[NegativeTotal]:
    """The total is zero or more."""
    if cart.cost.total.value < 0:
        yield NegativeTotal(at="/cost/total")
