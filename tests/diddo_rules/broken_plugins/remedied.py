"""Breaks the property remedied: a cart that was wrong once stays wrong."""

from collections.abc import Iterator, Mapping

from diddo_rules import Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl
from diddo_rules.edits import with_store

_SEEN: set[str] = set()


class RequestMarked(Violation):
    """A marked request is a fraud."""

    code = "REQUEST_MARKED"
    http_status = 422
    template = "The request is marked."
    remedy = "Start again."


@check()
def request_is_not_marked(cart: Cart) -> Iterator[RequestMarked]:
    """No store's request is marked, and none ever was."""
    if any(store.request_id == "marked" for store in cart.stores):
        _SEEN.add(cart.id)
    if cart.id in _SEEN and cart.stores:
        yield RequestMarked(at="/stores/0/request_id")


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Mark the request of the first store."""

    def marked(cart: Cart, context: Context, _pick: Pick) -> Case:
        return Case(with_store(cart, 0, request_id="marked"), context)

    return {RequestMarked: marked}
