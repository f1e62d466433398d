"""Breaks the property valid-passes: amounts are taken for dollars, whatever the currency."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class NotInCents(Violation):
    """Amounts are shown with cents."""

    code = "NOT_IN_CENTS"
    http_status = 422
    template = "The total has no cents."
    remedy = "Pay in dollars."


@check()
def total_has_cents(cart: Cart) -> Iterator[NotInCents]:
    """The total is shown with a decimal point."""
    total = cart.cost.total if cart.cost else None
    if total is not None and "." not in total.display_value:
        yield NotInCents(at="/cost/total")
