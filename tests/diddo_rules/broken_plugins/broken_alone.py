"""Breaks the property broken-alone: its mutator breaks something else as well."""

from collections.abc import Iterator, Mapping

from diddo_rules import BuyerIdentity, Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl


class WithoutCountry(Violation):
    """Taxes go by country."""

    code = "WITHOUT_COUNTRY"
    http_status = 422
    template = "The buyer's country is {country}."
    remedy = "Give a country."
    country: str


@check()
def country_is_known(cart: Cart) -> Iterator[WithoutCountry]:
    """The buyer has no country that there is not."""
    buyer = cart.buyer_identity
    if buyer is None or buyer.country_code == "ZZ":
        yield WithoutCountry(at="/buyer_identity/country_code", country="ZZ")


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Take the country away, and once in a while all the rest."""

    def nowhere(cart: Cart, context: Context, pick: Pick) -> Case:
        buyer = (BuyerIdentity(country_code="ZZ"), None)[pick(2)]
        return Case(cart.model_copy(update={"buyer_identity": buyer}), context)

    return {WithoutCountry: nowhere}
