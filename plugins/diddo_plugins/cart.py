"""Whether there is a cart to check out, and whether that has not happened already."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from diddo_plugins import translations as texts
from diddo_rules import ApiCall, Cart, CartStatus, Case, Context, Mutator, Pick, Violation, check, hookimpl

__all__ = ["AlreadySubmitted", "CartNotFound", "cart_exists", "cart_is_not_submitted", "mutators"]


class CartNotFound(Violation):
    """Only a cart that exists can be checked out; ids of carts that expired or belong to another key are unknown."""

    code = "CART_NOT_FOUND"
    http_status = 400
    template = "There is no cart with the id {cart_id!r}."
    remedy = "Create a cart by adding an item with POST /cart/add, and use the id it answers with."
    translations = texts.CART_NOT_FOUND
    cleared_by = ApiCall("POST", "/cart/add", "Makes a cart.")
    cart_id: str


class AlreadySubmitted(Violation):
    """A cart is checked out once: a second checkout session could charge the shopper twice."""

    code = "ALREADY_SUBMITTED"
    http_status = 409
    template = "A checkout session was already created for the cart {cart_id!r}."
    remedy = "Follow the cart with GET /cart/status/:id, or start a new cart for another order."
    translations = texts.ALREADY_SUBMITTED
    cleared_by = ApiCall("GET", "/cart/status/{cart_id}", "Tells how its payment stands.")
    cart_id: str


@check(priority=100, reads=("context",))
def cart_exists(cart: Cart | None, context: Context) -> Iterator[CartNotFound]:
    """There is a cart with the id that was asked for."""
    if cart is None:
        yield CartNotFound(at="", cart_id=context.cart_id or "")


@check(priority=200, requires=(CartNotFound,), reads=("id", "status", "context"))
def cart_is_not_submitted(cart: Cart, context: Context) -> Iterator[AlreadySubmitted]:
    """No checkout session was created for the cart, and it has not become an order."""
    if cart.status is CartStatus.SUBMITTED:
        yield AlreadySubmitted(at="/status", cart_id=cart.id)
    elif context.checkout_session_open:
        yield AlreadySubmitted(at="", cart_id=cart.id)


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Lose the cart; submit it."""
    return {CartNotFound: _lost, AlreadySubmitted: _submitted}


def _lost(cart: Cart, context: Context, pick: Pick) -> Case:
    asked_for = (cart.id, "", None)[pick(3)]
    return Case(None, replace(context, cart_id=asked_for))


def _submitted(cart: Cart, context: Context, pick: Pick) -> Case:
    if pick(2):
        return Case(cart, replace(context, checkout_session_open=True))
    return Case(cart.model_copy(update={"status": CartStatus.SUBMITTED}), context)
