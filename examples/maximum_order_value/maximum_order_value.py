"""No order above a limit, which is set per currency; a currency without a limit has none."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from diddo_rules import Cart, Case, Context, Cost, Money, Mutator, Pick, Violation, check, hookimpl

__all__ = [
    "MaximumOrderValueExceeded",
    "MaximumOrderValueSettings",
    "mutators",
    "order_is_within_the_limit",
    "settings_model",
]


class MaximumOrderValueSettings(BaseModel):
    """The table `[plugins.maximum_order_value]`: `limits` in minor units by currency, such as `{USD = 500_00}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: dict[Annotated[str, Field(pattern="^[A-Z]{3}$")], Annotated[int, Field(gt=0)]] = {}


class MaximumOrderValueExceeded(Violation):
    """Orders above the limit are looked at by a person before they are paid, so they are not made online."""

    code = "MAXIMUM_ORDER_VALUE_EXCEEDED"
    http_status = 422
    template = "The order's total of {total} exceeds the limit of {limit}."
    remedy = "Remove items until the total is within the limit, or order by telephone."
    total: Money
    limit: Money


@check(priority=450, requires=("CART_NOT_FOUND", "MISSING_TOTAL_COST"))
def order_is_within_the_limit(cart: Cart, settings: MaximumOrderValueSettings) -> Iterator[MaximumOrderValueExceeded]:
    """The total is not above the limit of its currency; a total that is exactly the limit is allowed."""
    total = cart.cost.total if cart.cost else None
    if total is None or total.currency not in settings.limits:
        return
    limit = Money(value=settings.limits[total.currency], currency=total.currency)
    if total > limit:
        yield MaximumOrderValueExceeded(at="/cost/total", total=total, limit=limit)


@hookimpl
def settings_model() -> type[BaseModel]:
    """Declare the settings, which the engine then validates and hands to the check."""
    return MaximumOrderValueSettings


@hookimpl
def mutators(settings: MaximumOrderValueSettings) -> Mapping[type[Violation], Mutator]:
    """Make a cart cost a little or a lot too much; there is no way to do so while there is no limit."""
    if not settings.limits:
        return {}

    def too_dear(cart: Cart, context: Context, pick: Pick) -> Case:
        currency, limit = sorted(settings.limits.items())[pick(len(settings.limits))]
        total = Money(value=limit + (1, 100, 10**9)[pick(3)], currency=currency)
        return Case(cart.model_copy(update={"cost": Cost(subtotal=total, total=total)}), context)

    return {MaximumOrderValueExceeded: too_dear}
