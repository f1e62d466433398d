"""Hypothesis strategies for carts and their parts; each is valid by construction, and shrinks to plain values.

They draw few numbers and filter nothing, so they are as fast as Hypothesis lets them be.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from hypothesis import reject, settings
from hypothesis import strategies as st

from diddo_rules.cart import BuyerIdentity, Cart, CartLine, CartStore, ShippingMethod, Variant
from diddo_rules.context import Case, Pick
from diddo_rules.engine import Engine
from diddo_rules.money import Money
from diddo_rules.testing.breaking import CannotBreak, gen_any, gen_broken, installed_engine
from diddo_rules.testing.drivers import NothingToPick, choice_bytes, replayed, unpacked
from diddo_rules.testing.generator import gen_cart, gen_case, gen_line, gen_shipping_method, gen_store, gen_variant
from diddo_rules.testing.pools import BUYERS, CURRENCIES
from diddo_rules.testing.profiles import NIGHTLY
from diddo_rules.testing.wild import gen_wild
from diddo_rules.violations import Violation

__all__ = [
    "buyer_identities",
    "cart_lines",
    "carts",
    "carts_with",
    "cases",
    "choices",
    "drawn",
    "money",
    "shipping_methods",
    "stores",
    "valid_carts",
    "valid_cases",
    "variants",
]

_T = TypeVar("_T")
_BIGGEST = 10**12
_CHOICES = 16
"""Enough for the longest cart and what breaks it; beyond, the plainest choices are made."""

_WILD_CHOICES = 2 * _CHOICES


def drawn(draw: st.DrawFn) -> Pick:
    """Return the driver that lets Hypothesis choose, and so shrink, replay and report."""

    def pick(count: int) -> int:
        if count < 1:
            raise NothingToPick
        return draw(_below(count))

    return pick


@lru_cache(maxsize=256)
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


def choices(count: int = _CHOICES) -> st.SearchStrategy[list[int]]:
    """Up to `count` choices for `replayed`; they shrink to fewer and smaller ones, and all are drawn at once."""
    size = choice_bytes(count)
    return st.binary(min_size=size, max_size=size).map(unpacked)


def _generated(generate: Callable[[Pick], _T], *, count: int = _CHOICES) -> st.SearchStrategy[_T]:
    return choices(count).map(lambda chosen: generate(replayed(chosen)))


def valid_carts(*, wild: bool | None = None) -> st.SearchStrategy[Cart]:
    """Carts in which no first-party check finds anything.

    With `wild`, any characters stand in titles, labels and names; by default that is so in the profile `nightly`.
    """
    if not _is_wild(wild):
        return _generated(gen_cart)
    return _generated(lambda pick: gen_wild(pick, gen_cart(pick)), count=_WILD_CHOICES)


def valid_cases(*, wild: bool | None = None) -> st.SearchStrategy[Case]:
    """Valid carts, with contexts in which they are valid: `engine.validate(*case)`; `wild` as in `valid_carts`."""
    if not _is_wild(wild):
        return _generated(gen_case)
    return _generated(lambda pick: _wild_case(pick, gen_case(pick)), count=_WILD_CHOICES)


def _is_wild(wild: bool | None) -> bool:  # noqa: FBT001  an option passed on
    return settings.get_current_profile_name() == NIGHTLY if wild is None else wild


def _wild_case(pick: Pick, case: Case) -> Case:
    return case if case.cart is None else case._replace(cart=gen_wild(pick, case.cart))


def carts_with(*violations: type[Violation], engine: Engine | None = None) -> st.SearchStrategy[Case]:
    """Cases in which each of the violations is found, and no other.

    They are cases rather than carts because some violations are a matter of context, and one is that there is no cart.
    `engine` says which plugins count; by default all that are installed do, with their default settings.
    """
    judge = engine or installed_engine()
    codes = {violation.code for violation in violations}

    def generate(pick: Pick) -> Case:
        if len(violations) == 1:
            return gen_broken(pick, violations, judge)
        try:
            case = gen_broken(pick, violations, judge)
        except CannotBreak:
            reject()
        if set(judge.validate(*case).codes) != codes:
            reject()
        return case

    return _generated(generate)


def cases(*, engine: Engine | None = None, wild: bool | None = None) -> st.SearchStrategy[Case]:
    """Valid cases and, mostly, such as are broken in one way, each way as often as any other; see `valid_carts`."""
    judge = engine or installed_engine()
    if not _is_wild(wild):
        return _generated(lambda pick: gen_any(pick, judge))
    return _generated(lambda pick: _wild_case(pick, gen_any(pick, judge)), count=_WILD_CHOICES)


def carts(*, engine: Engine | None = None, wild: bool | None = None) -> st.SearchStrategy[Cart]:
    """Valid and broken carts; where a case has no cart, a valid one stands in. `wild` as in `valid_carts`."""
    judge = engine or installed_engine()
    if not _is_wild(wild):
        return _generated(lambda pick: gen_any(pick, judge).cart or gen_cart(pick))
    return _generated(lambda pick: gen_wild(pick, gen_any(pick, judge).cart or gen_cart(pick)), count=_WILD_CHOICES)


def stores() -> st.SearchStrategy[CartStore]:
    """Stores with lines and a selected shipping method."""
    return _generated(gen_store)


def cart_lines() -> st.SearchStrategy[CartLine]:
    """Lines with a variant and its product."""
    return _generated(gen_line)


def variants() -> st.SearchStrategy[Variant]:
    """Variants with a price."""
    return _generated(gen_variant)


def shipping_methods() -> st.SearchStrategy[ShippingMethod]:
    """Shipping methods whose amounts add up."""
    return _generated(gen_shipping_method)


def buyer_identities() -> st.SearchStrategy[BuyerIdentity]:
    """Buyers of whom something is known: all of an address, or no more than a telephone number."""
    return st.sampled_from(BUYERS)


def money(*, currency: str | None = None) -> st.SearchStrategy[Money]:
    """Amounts, also negative and big, of one currency or of several with zero, two and three decimals."""
    currencies = st.sampled_from(CURRENCIES) if currency is None else st.just(currency)
    return st.builds(Money, value=st.integers(-_BIGGEST, _BIGGEST), currency=currencies)
