"""Whether each store has lines, and each line a variant that is really sold."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from diddo_plugins import translations as texts
from diddo_plugins.cart import CartNotFound
from diddo_plugins.stores import MissingStores
from diddo_rules import (
    ApiCall,
    Cart,
    Case,
    Context,
    Mutator,
    Pick,
    Variant,
    Violation,
    check,
    hookimpl,
    is_blank,
    pointer,
)
from diddo_rules.edits import with_line, with_store

__all__ = [
    "MissingCartLines",
    "VariantNotFound",
    "every_line_has_a_known_variant",
    "every_store_has_lines",
    "mutators",
]


class MissingCartLines(Violation):
    """A store without lines would become an order of nothing."""

    code = "MISSING_CART_LINES"
    http_status = 400
    template = "Store {position} of the cart has no lines."
    remedy = "Add an item of this store with POST /cart/add, or remove the store with its last item."
    translations = texts.MISSING_CART_LINES
    cleared_by = ApiCall("POST", "/cart/add", "Puts something into the cart.")
    position: int


class VariantNotFound(Violation):
    """A merchant can only deliver a variant that the catalogue knows."""

    code = "VARIANT_NOT_FOUND"
    http_status = 400
    template = "Line {line} of store {position} has an unknown variant {variant_id!r}."
    remedy = "Remove the line with DELETE /cart/items, and add a variant that GET /products lists."
    translations = texts.VARIANT_NOT_FOUND
    cleared_by = ApiCall("DELETE", "/cart/items", "Takes out what is not sold.")
    position: int
    line: int
    variant_id: str


@check(priority=800, requires=(CartNotFound, MissingStores), reads=("stores.cart_lines",))
def every_store_has_lines(cart: Cart) -> Iterator[MissingCartLines]:
    """Something is bought from each store."""
    for index, store in enumerate(cart.stores):
        if not store.cart_lines:
            yield MissingCartLines(at=pointer("stores", index, "cart_lines"), position=index + 1)


@check(priority=900, requires=(CartNotFound, MissingStores), reads=("stores.cart_lines.variant.id", "context"))
def every_line_has_a_known_variant(cart: Cart, context: Context) -> Iterator[VariantNotFound]:
    """Each line names a variant, and the catalogue, where there is one at hand, knows it."""
    known = context.variant_known
    for index, store in enumerate(cart.stores):
        for number, line in enumerate(store.cart_lines):
            variant_id = (line.variant and line.variant.id) or ""
            if is_blank(variant_id) or (known is not None and not known(variant_id)):
                at = pointer("stores", index, "cart_lines", number, "variant")
                yield VariantNotFound(at=at, position=index + 1, line=number + 1, variant_id=variant_id)


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Empty a store; lose a line's variant."""
    return {MissingCartLines: _without_lines, VariantNotFound: _unknown_variant}


def _without_lines(cart: Cart, context: Context, pick: Pick) -> Case:
    return Case(with_store(cart, pick(len(cart.stores)), cart_lines=()), context)


def _unknown_variant(cart: Cart, context: Context, pick: Pick) -> Case:
    store = pick(len(cart.stores))
    line = pick(len(cart.stores[store].cart_lines))
    variant = cart.stores[store].cart_lines[line].variant
    fault = pick(3)
    if fault == 0 or variant is None:
        return Case(with_line(cart, store, line, variant=None), context)
    if fault == 1:
        return Case(with_line(cart, store, line, variant=Variant(id="")), context)
    return Case(cart, replace(context, variant_known=lambda variant_id: variant_id != variant.id))
