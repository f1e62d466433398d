"""Breaks the property declared-only: it yields what its annotation does not name."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class Anonymous(Violation):
    """Somebody buys."""

    code = "ANONYMOUS"
    http_status = 422
    template = "Nobody buys."
    remedy = "Say who you are."


class WithoutEmail(Violation):
    """A receipt is sent by e-mail."""

    code = "WITHOUT_EMAIL"
    http_status = 422
    template = "There is no e-mail address."
    remedy = "Give one."


@check()
def buyer_can_be_written_to(cart: Cart) -> Iterator[Anonymous]:
    """There is a buyer, with something to write to."""
    buyer = cart.buyer_identity
    if buyer is None:
        yield Anonymous(at="/buyer_identity")
    elif buyer == type(buyer)():
        yield WithoutEmail(at="/buyer_identity/email")
