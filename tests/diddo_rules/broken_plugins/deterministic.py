"""Breaks the property deterministic: it samples."""

from collections.abc import Iterator
from itertools import count

from diddo_rules import Cart, Violation, check

_ASKED = count()


class SampledForReview(Violation):
    """Some carts without a buyer are looked at by a person."""

    code = "SAMPLED_FOR_REVIEW"
    http_status = 422
    template = "The cart is to be reviewed."
    remedy = "Wait."


@check()
def cart_is_not_sampled(cart: Cart) -> Iterator[SampledForReview]:
    """Two carts of three without a buyer pass."""
    if cart.buyer_identity is None and next(_ASKED) % 3 == 0:
        yield SampledForReview(at="/buyer_identity")
