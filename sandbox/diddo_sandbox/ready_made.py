"""Ready-made carts: every world has them from the start, made when they are first asked for.

`cart_ready` and its like can be checked out at once. `cart_force_<CODE>` is a cart that really has that fault, made
by the plugin's own mutator: so each code of each loaded plugin can be seen over HTTP.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from diddo_gateways.worlds import World
from diddo_rules import Cart, Context, Mutator
from diddo_sandbox.carts import CartRecord, Carts

__all__ = ["FORCE", "RECIPES", "Recipe", "ready_made"]

FORCE = "cart_force_"


class Recipe(NamedTuple):
    """What a ready-made cart holds: pieces by variant, the country of its buyer, whether shipping is chosen."""

    pieces: Mapping[str, int]
    country: str | None = None
    shipping: bool = False


USD = {"harbor-hoodie-navy-m": 1, "gulls-scarf": 2, "northside-mug-green": 1}
RECIPES = {
    "cart_ready": Recipe(USD, "US", shipping=True),
    "cart_ready_eur": Recipe({"virage-echarpe": 1, "kurve-tasse": 2}, "FR", shipping=True),
    "cart_ready_jpy": Recipe({"hinode-towel": 2, "hinode-cap-red": 1}, "JP", shipping=True),
    "cart_ready_kwd": Recipe({"dana-scarf": 1, "dana-flag": 3}, "KW", shipping=True),
    "cart_no_buyer": Recipe(USD),
    "cart_no_shipping": Recipe(USD, "US"),
    "cart_empty": Recipe({}),
}
ADDRESSES = {
    "US": {"address_1": "1 Harbor Street", "city": "San Francisco", "province_code": "CA", "postal_code": "94105"},
    "FR": {"address_1": "12 rue du Virage", "city": "Lyon", "postal_code": "69002"},
    "JP": {"address_1": "1-2-3 Hinode", "city": "Minato", "province_code": "13", "postal_code": "105-0022"},
    "KW": {"address_1": "7 Gulf Road", "city": "Kuwait City", "postal_code": "13001"},
}


def ready_made(carts: Carts, world: World, cart_id: str, mutators: Mapping[str, Mutator]) -> CartRecord | None:
    """Make the ready-made cart of that id; None when there is none.

    Args:
        carts: what prices it.
        world: whose cart it becomes.
        cart_id: its id.
        mutators: how to break a valid cart, by the code that is then found.
    """
    if recipe := RECIPES.get(cart_id):
        return CartRecord(_cooked(carts, world, cart_id, recipe))
    mutator = mutators.get(cart_id.removeprefix(FORCE)) if cart_id.startswith(FORCE) else None
    if mutator is None:
        return None
    return _broken(_cooked(carts, world, cart_id, RECIPES["cart_ready"]), mutator)


def _cooked(carts: Carts, world: World, cart_id: str, recipe: Recipe) -> dict[str, Any]:
    buyer = None if recipe.country is None else _buyer(recipe.country)
    return carts.assemble(world, cart_id, recipe.pieces, buyer=buyer, shipping=recipe.shipping)


def _buyer(country: str) -> dict[str, str]:
    person = {"first_name": "Ada", "last_name": "Okafor", "email": "ada@example.test"}
    return person | {"country_code": country} | ADDRESSES[country]


def _broken(cart: dict[str, Any], mutator: Mutator) -> CartRecord | None:
    """Return the cart with its fault; a fault of the context is the lock that it stands for."""
    broken, context = mutator(Cart.model_validate(cart), Context(cart_id=str(cart["id"])), lambda _: 0)
    if broken is None:
        return None
    # Status and session are told apart by the API: the second is a checkout that exists.
    checkout: dict[str, Any] = {
        "id": "checkout_forced",
        "status": "forced",
        "seen": [],
        "url": None,
        "session_id": None,
        "run": "",
    }
    locked = context.checkout_session_open
    return CartRecord(broken.model_dump(mode="json"), checkout if locked else None)
