"""Breaks the property no-trap: its measure grows while the cart gets better."""

from collections.abc import Iterator, Mapping

from diddo_rules import Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl
from diddo_rules.edits import with_store


class RequestUnsigned(Violation):
    """An unsigned request is a fraud, and the worse the more is known of the victim."""

    code = "REQUEST_UNSIGNED"
    http_status = 422
    template = "The request is unsigned, and {known} fields are filled in."
    remedy = "Start again."
    measure = "known"
    known: int


@check()
def request_is_signed(cart: Cart) -> Iterator[RequestUnsigned]:
    """No store's request is unsigned."""
    if cart.stores and cart.stores[0].request_id == "unsigned":
        known = 0 if cart.buyer_identity is None else sum(1 for _, value in cart.buyer_identity if value)
        yield RequestUnsigned(at="/stores/0/request_id", known=known)


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Lose the signature of the first store's request."""

    def unsigned(cart: Cart, context: Context, _pick: Pick) -> Case:
        return Case(with_store(cart, 0, request_id="unsigned"), context)

    return {RequestUnsigned: unsigned}
