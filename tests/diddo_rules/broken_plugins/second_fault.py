"""Breaks the property second-fault: it says nothing once a checkout is open, without saying that it `requires` that."""

from collections.abc import Iterator, Mapping

from diddo_rules import Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl
from diddo_rules.edits import with_store


class RequestForged(Violation):
    """A forged request is a fraud."""

    code = "REQUEST_FORGED"
    http_status = 422
    template = "The request is forged."
    remedy = "Start again."


@check()
def request_is_not_forged(cart: Cart, context: Context) -> Iterator[RequestForged]:
    """No store's request is forged, unless it is too late anyway."""
    if context.checkout_session_open:
        return
    if cart.stores and cart.stores[0].request_id == "forged":
        yield RequestForged(at="/stores/0/request_id")


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Forge the request of the first store."""

    def forged(cart: Cart, context: Context, _pick: Pick) -> Case:
        return Case(with_store(cart, 0, request_id="forged"), context)

    return {RequestForged: forged}
