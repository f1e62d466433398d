"""Breaks the property monotone: it measures with a text, in which 1000 comes before 999."""

from collections.abc import Iterator, Mapping

from diddo_rules import Cart, Case, Context, Money, Mutator, Pick, Violation, check, hookimpl


class OverTheCreditLine(Violation):
    """Nobody pays more than the bank lends."""

    code = "OVER_THE_CREDIT_LINE"
    http_status = 422
    template = "The total is {total}."
    remedy = "Order less."
    measure = "total"
    total: str


@check(reads=("cost.total",))
def total_is_within_the_credit_line(cart: Cart) -> Iterator[OverTheCreditLine]:
    """The total is not above the credit line."""
    total = cart.cost.total if cart.cost else None
    if total is not None and total.value > 10**12:
        yield OverTheCreditLine(at="/cost/total", total=str(total.value))


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Raise the total far above the credit line."""

    def too_dear(cart: Cart, context: Context, pick: Pick) -> Case:
        total = Money(value=10**12 + 1 + pick(9) * 10**12, currency="USD")
        cost = cart.cost and cart.cost.model_copy(update={"total": total})
        return Case(cart.model_copy(update={"cost": cost}), context)

    return {OverTheCreditLine: too_dear}
