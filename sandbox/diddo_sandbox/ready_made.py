"""Ready-made carts: every world has them from the start, made when they are first asked for.

`cart_ready` and its like can be checked out at once. `cart_force_<CODE>` is a cart that really has that fault, made
by the plugin's own mutator: so each code of each loaded plugin can be seen over HTTP.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from diddo_gateways.worlds import World
from diddo_rules import Cart, Context, Mutator
from diddo_sandbox.carts import CartRecord, Carts
from diddo_sandbox.catalogue import Catalogue, StoreSeed
from diddo_sandbox.pricing import shipping_methods

__all__ = ["FORCE", "RECIPES", "Recipe", "ready_made"]

FORCE = "cart_force_"


class Recipe(NamedTuple):
    """What a ready-made cart holds: two stores of a currency, or of the first one; a buyer; shipping chosen."""

    currency: str | None = None
    filled: bool = True
    buyer: bool = True
    shipping: bool = True


RECIPES = {
    "cart_ready": Recipe(),
    "cart_ready_usd": Recipe("USD"),
    "cart_ready_eur": Recipe("EUR"),
    "cart_ready_jpy": Recipe("JPY"),
    "cart_ready_kwd": Recipe("KWD"),
    "cart_no_buyer": Recipe(buyer=False, shipping=False),
    "cart_no_shipping": Recipe(shipping=False),
    "cart_empty": Recipe(filled=False, buyer=False, shipping=False),
}
STORES = 2
BUYER = {"first_name": "Ada", "last_name": "Okafor", "email": "ada@example.test"}
ADDRESSES = {
    "US": {"address_1": "1 Harbor Street", "city": "San Francisco", "province_code": "CA", "postal_code": "94105"},
    "FR": {"address_1": "12 rue du Virage", "city": "Lyon", "postal_code": "69002"},
    "JP": {"address_1": "1-2-3 Hinode", "city": "Minato", "province_code": "13", "postal_code": "105-0022"},
    "KW": {"address_1": "7 Gulf Road", "city": "Kuwait City", "postal_code": "13001"},
    "GB": {"address_1": "3 Terrace Row", "city": "Leeds", "postal_code": "LS1 4AP"},
    "DE": {"address_1": "Kurvenweg 5", "city": "Hamburg", "postal_code": "20095"},
}


def ready_made(
    carts: Carts, catalogue: Catalogue, world: World, cart_id: str, mutators: Mapping[str, Mutator]
) -> CartRecord | None:
    """Make the ready-made cart of that id; None when there is none, or the catalogue does not have what it takes.

    Args:
        carts: what prices it.
        catalogue: what it is filled from.
        world: whose cart it becomes.
        cart_id: its id.
        mutators: how to break a valid cart, by the code that is then found.
    """
    if recipe := RECIPES.get(cart_id):
        cart = _cooked(carts, catalogue, world, cart_id, recipe)
        return None if cart is None else CartRecord(cart)
    mutator = mutators.get(cart_id.removeprefix(FORCE)) if cart_id.startswith(FORCE) else None
    valid = None if mutator is None else _cooked(carts, catalogue, world, cart_id, RECIPES["cart_ready"])
    return None if mutator is None or valid is None else _broken(valid, mutator)


def _cooked(carts: Carts, catalogue: Catalogue, world: World, cart_id: str, recipe: Recipe) -> dict[str, Any] | None:
    stores = list(catalogue.stores.values())
    currency = recipe.currency or stores[0].currency
    pieces = _pieces(catalogue, currency) if recipe.filled else {}
    sold_by = [catalogue.items[variant_id].store for variant_id in pieces]
    country = next((country for country in ADDRESSES if all(_ships(store, country) for store in sold_by)), None)
    if (recipe.filled and not pieces) or (recipe.buyer and country is None):
        return None
    buyer = BUYER | {"country_code": country} | ADDRESSES[country] if recipe.buyer and country else None
    return carts.assemble(world, cart_id, pieces, buyer=buyer, shipping=recipe.shipping)


def _pieces(catalogue: Catalogue, currency: str) -> dict[str, int]:
    """Return the first variant to be had of each of the first stores of a currency: one of it, two of the next."""
    first: dict[str, str] = {}
    for variant_id, item in catalogue.items.items():
        if item.available and item.store.currency == currency:
            first.setdefault(item.store.domain, variant_id)
    return {variant_id: position + 1 for position, variant_id in enumerate(list(first.values())[:STORES])}


def _ships(store: StoreSeed, country: str) -> bool:
    buyer = {"country_code": country, **ADDRESSES[country]}
    return bool(shipping_methods(store, 0, buyer))


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
