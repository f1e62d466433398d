"""Breaks the property reads behind the back of whoever watches attributes."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class SecretlyAnonymous(Violation):
    """Somebody buys."""

    code = "SECRETLY_ANONYMOUS"
    http_status = 422
    template = "Nobody buys."
    remedy = "Say who you are."


@check(reads=("cost",))
def somebody_buys(cart: Cart) -> Iterator[SecretlyAnonymous]:
    """There is a buyer."""
    if object.__getattribute__(cart, "buyer_identity") is None:
        yield SecretlyAnonymous(at="/buyer_identity")
