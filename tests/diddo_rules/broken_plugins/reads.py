"""Breaks the property reads: it declares the cost, and looks at the buyer as well."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class FreeForNobody(Violation):
    """Gifts have a recipient."""

    code = "FREE_FOR_NOBODY"
    http_status = 422
    template = "Nothing is paid, and nobody gets it."
    remedy = "Say who gets it."


@check(reads=("cost",))
def gifts_have_a_recipient(cart: Cart) -> Iterator[FreeForNobody]:
    """What is free is for somebody."""
    if cart.buyer_identity is None and cart.cost is None:
        yield FreeForNobody(at="/buyer_identity")
