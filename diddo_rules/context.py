"""What a check may know besides the cart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from diddo_rules.cart import Cart

__all__ = ["POINTS", "USUAL_POINTS", "Case", "Context", "Mutator", "Pick", "Point"]

Point = Literal["cart", "checkout", "api"]
"""Where a cart is validated: when it is shown or changed, when it is about to be paid, or whenever somebody asks."""

POINTS: tuple[Point, ...] = ("cart", "checkout", "api")

USUAL_POINTS: tuple[Point, ...] = ("checkout", "api")
"""Where a check is asked if nobody says otherwise: a cart that is being filled is not yet to be complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances in which a cart is validated.

    `cart_id` is what was asked for, also when there is no such cart. `checkout_session_open` says that a checkout
    session was already created for this cart. `variant_known` looks a variant id up in the catalogue, and is None
    where no catalogue is at hand. `point` decides which checks are asked, by which settings.
    """

    cart_id: str | None = None
    checkout_session_open: bool = False
    variant_known: Callable[[str], bool] | None = None
    point: Point = "api"


class Case(NamedTuple):
    """A cart, or its absence, and the context it is judged in: `engine.validate(*case)`."""

    cart: Cart | None
    context: Context


Pick = Callable[[int], int]
"""Chooses: `pick(n)` gives a number from 0 to n-1. Where it comes from (Hypothesis, a seed, a file) is not its user's
concern; 0 is the plainest choice."""

Mutator = Callable[[Cart, Context, Pick], Case]
"""Breaks a valid cart in one way, so that one violation and no other is found; see the hook `mutators`."""
