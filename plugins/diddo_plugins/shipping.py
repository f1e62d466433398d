"""Whether it is settled how each store ships."""

from collections.abc import Iterator, Mapping

from diddo_plugins import translations as texts
from diddo_plugins.cart import CartNotFound
from diddo_plugins.stores import MissingStores
from diddo_rules import ApiCall, Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl, is_blank, pointer
from diddo_rules.edits import with_store

__all__ = ["ShippingAddressUnavailable", "every_store_ships", "mutators"]


class ShippingAddressUnavailable(Violation):
    """Each merchant ships on its own, so a shipping method is chosen, and paid, for each store."""

    code = "SHIPPING_ADDRESS_UNAVAILABLE"
    http_status = 422
    template = "Store {position} of the cart has no selected shipping method."
    remedy = "Read the methods with GET /cart/shipping-rates/:id, then choose with POST /cart/shipping-method."
    translations = texts.SHIPPING_ADDRESS_UNAVAILABLE
    cleared_by = ApiCall(
        "GET", "/cart/shipping-rates/{cart_id}", "Offers the methods to choose from with POST /cart/shipping-method."
    )
    position: int


@check(priority=700, requires=(CartNotFound, MissingStores), reads=("stores.offer.selected_shipping_method.id",))
def every_store_ships(cart: Cart) -> Iterator[ShippingAddressUnavailable]:
    """Each store's offer has a selected shipping method with an id."""
    for index, store in enumerate(cart.stores):
        offer = store.offer
        if offer is None:
            yield ShippingAddressUnavailable(at=pointer("stores", index, "offer"), position=index + 1)
        elif offer.selected_shipping_method is None or is_blank(offer.selected_shipping_method.id):
            at = pointer("stores", index, "offer", "selected_shipping_method")
            yield ShippingAddressUnavailable(at=at, position=index + 1)


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Undo a store's choice of a shipping method."""
    return {ShippingAddressUnavailable: _without_method}


def _without_method(cart: Cart, context: Context, pick: Pick) -> Case:
    position = pick(len(cart.stores))
    offer = cart.stores[position].offer
    method = offer and offer.selected_shipping_method
    broken = (
        None,
        offer and offer.model_copy(update={"selected_shipping_method": None}),
        offer
        and offer.model_copy(update={"selected_shipping_method": method and method.model_copy(update={"id": " "})}),
    )
    return Case(with_store(cart, position, offer=broken[pick(3)]), context)
