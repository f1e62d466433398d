"""Breaks the property renders: its German text cannot be filled in."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check
from diddo_rules.violations import Translation


class Unaddressed(Violation):
    """A parcel has an address."""

    code = "UNADDRESSED"
    http_status = 422
    template = "There is no address, but {given}."
    remedy = "Give an address."
    translations = {"de": Translation("Statt einer Adresse: {given:d}.", "Adresse angeben.")}  # noqa: RUF012
    given: str


@check()
def parcel_has_an_address(cart: Cart) -> Iterator[Unaddressed]:
    """There is a buyer, who has an address."""
    if cart.buyer_identity is None:
        yield Unaddressed(at="/buyer_identity", given="nothing")
