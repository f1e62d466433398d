"""Whether the cart has stores, and each of them a domain."""

from collections.abc import Iterator, Mapping

from diddo_plugins import translations as texts
from diddo_plugins.cart import CartNotFound
from diddo_rules import ApiCall, Cart, Case, Context, Cost, Mutator, Pick, Violation, check, hookimpl, is_blank, pointer
from diddo_rules.edits import with_store

__all__ = ["MissingStoreDomain", "MissingStores", "cart_has_stores", "every_store_has_a_domain", "mutators"]


class MissingStores(Violation):
    """A checkout orders from merchants; a cart without stores has nobody to order from."""

    code = "MISSING_STORES"
    http_status = 400
    template = "The cart has no store."
    remedy = "Put something into the cart with POST /cart/add."
    translations = texts.MISSING_STORES
    cleared_by = ApiCall("POST", "/cart/add", "Puts something into the cart.")


class MissingStoreDomain(Violation):
    """The domain is how an order is routed to its merchant."""

    code = "MISSING_STORE_DOMAIN"
    http_status = 400
    template = "Store {position} of the cart has no domain."
    remedy = "Ask whoever keeps the catalogue to set the store's domain, then add its items again."
    translations = texts.MISSING_STORE_DOMAIN
    cleared_by = ApiCall("DELETE", "/cart/items", "Takes out what nobody can deliver.")
    position: int


@check(priority=500, requires=(CartNotFound,), reads=("stores",))
def cart_has_stores(cart: Cart) -> Iterator[MissingStores]:
    """At least one store is in the cart."""
    if not cart.stores:
        yield MissingStores(at="/stores")


@check(priority=600, requires=(CartNotFound, MissingStores), reads=("stores.store",))
def every_store_has_a_domain(cart: Cart) -> Iterator[MissingStoreDomain]:
    """Each store says which merchant it is."""
    for index, store in enumerate(cart.stores):
        if is_blank(store.store):
            yield MissingStoreDomain(at=pointer("stores", index, "store"), position=index + 1)


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Empty the cart; take a store's domain away."""
    return {MissingStores: _without_stores, MissingStoreDomain: _without_domain}


def _without_stores(cart: Cart, context: Context, _pick: Pick) -> Case:
    nothing = cart.cost and cart.cost.total and cart.cost.total * 0
    cost = Cost(is_estimated=False, subtotal=nothing, tax=nothing, shipping=nothing, total=nothing)
    return Case(cart.model_copy(update={"stores": (), "cost": cost}), context)


def _without_domain(cart: Cart, context: Context, pick: Pick) -> Case:
    blank = (None, "", " ", "\u200b")[pick(4)]
    return Case(with_store(cart, pick(len(cart.stores)), store=blank), context)
