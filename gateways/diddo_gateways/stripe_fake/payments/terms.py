"""How a payment is asked for: what a confirmation says beside the intent itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one confirmation is meant.

    Attributes:
        return_url: where the shopper goes after a challenge.
        off_session: the shopper is not there.
        error_on_requires_action: fail rather than ask the shopper for anything.
        use_stripe_sdk: Stripe.js takes the shopper to the challenge.
        session: the checkout session that is being paid, when it is.
        mandate: the id of a mandate that the customer has given before.
        mandate_data: how the customer gives a mandate now, as the parameter says it.
        by_customer: the customer's browser confirms, which shows the terms of a mandate itself.
        moto: the order came by mail or telephone, where nobody can be asked to authenticate.
        three_d_secure: an authentication that was made elsewhere, as the parameter says it.
    """

    return_url: str | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    use_stripe_sdk: bool = False
    session: str | None = None
    mandate: str | None = None
    mandate_data: Mapping[str, Any] | None = None
    by_customer: bool = False
    moto: bool = False
    three_d_secure: Mapping[str, Any] | None = None
