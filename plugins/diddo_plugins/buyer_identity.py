"""Whether anybody is known to buy."""

from collections.abc import Iterator, Mapping

from diddo_plugins import translations as texts
from diddo_plugins.cart import CartNotFound
from diddo_rules import ApiCall, BuyerIdentity, Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl, is_blank

__all__ = ["BuyerIdentityMissing", "buyer_is_known", "mutators"]


class BuyerIdentityMissing(Violation):
    """Merchants need to know who buys and where to send it; that each field is right is asked when it is entered."""

    code = "BUYER_IDENTITY_MISSING"
    http_status = 400
    template = "The cart has no customer information."
    remedy = "Send the customer's name, address and contact with POST /cart/customer."
    translations = texts.BUYER_IDENTITY_MISSING
    cleared_by = ApiCall("POST", "/cart/customer", "Says who buys.")


@check(priority=300, requires=(CartNotFound,), reads=("buyer_identity",))
def buyer_is_known(cart: Cart) -> Iterator[BuyerIdentityMissing]:
    """The cart has a buyer identity, and at least one of its fields says something."""
    buyer = cart.buyer_identity
    if buyer is None or all(map(is_blank, vars(buyer).values())):
        yield BuyerIdentityMissing(at="/buyer_identity")


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Take the buyer away, or leave only blanks of it."""
    return {BuyerIdentityMissing: _without_buyer}


def _without_buyer(cart: Cart, context: Context, pick: Pick) -> Case:
    buyer = (None, BuyerIdentity(), BuyerIdentity(first_name="", email=" \t"))[pick(3)]
    return Case(cart.model_copy(update={"buyer_identity": buyer}), context)
