"""Whether the cart has a price."""

from collections.abc import Iterator, Mapping

from diddo_plugins import translations as texts
from diddo_plugins.cart import CartNotFound
from diddo_rules import ApiCall, Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl

__all__ = ["MissingTotalCost", "mutators", "total_is_known"]


class MissingTotalCost(Violation):
    """Nothing can be charged while the total is unknown. An empty cart costs 0, so a missing total is a failed pricing."""

    code = "MISSING_TOTAL_COST"
    http_status = 400
    template = "The cart has no total cost: its pricing or its variants are misconfigured."
    remedy = "Check that each variant of the cart has a price, then load the cart again."
    translations = texts.MISSING_TOTAL_COST
    cleared_by = ApiCall("POST", "/cart/update", "Prices the cart anew.")


@check(priority=400, requires=(CartNotFound,), reads=("cost.total",))
def total_is_known(cart: Cart) -> Iterator[MissingTotalCost]:
    """The cart has a cost with a total; a total of 0 is one."""
    if cart.cost is None:
        yield MissingTotalCost(at="/cost")
    elif cart.cost.total is None:
        yield MissingTotalCost(at="/cost/total")


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Take the total away, or the whole cost."""
    return {MissingTotalCost: _without_total}


def _without_total(cart: Cart, context: Context, pick: Pick) -> Case:
    cost = cart.cost.model_copy(update={"total": None}) if cart.cost and pick(2) else None
    return Case(cart.model_copy(update={"cost": cost}), context)
