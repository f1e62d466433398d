"""What breaks a cart on purpose breaks it in each way there is, in one place, and so that only its own error is found."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diddo_rules import BuyerIdentity, Cart, Case, Context, Cost, Engine, Money, Violation

Break = Callable[..., list[Case]]


def every_case(mutator: Callable[..., Case], cart: Cart, context: Context) -> Iterator[Case]:
    """Yield what comes of all the choices that a mutator may be given."""
    waiting: list[list[int]] = [[]]
    while waiting:
        chosen, counts = waiting.pop(), []

        def pick(count: int, chosen: Any = chosen, counts: Any = counts) -> int:
            counts.append(count)
            return chosen[len(counts) - 1] if len(counts) <= len(chosen) else 0

        yield mutator(cart, context, pick)
        for index in range(len(chosen), len(counts)):
            so_far = chosen + [0] * (index - len(chosen))
            waiting += [[*so_far, choice] for choice in range(1, counts[index])]


@pytest.fixture
def shelf(whole: dict[str, Any]) -> Cart:
    """A cart of two stores, the second with two lines."""
    first, second = whole["stores"]
    lines = [*second["cart_lines"], {"quantity": 1, "variant": {"id": "another"}}]
    return Cart.model_validate(whole | {"stores": [first, second | {"cart_lines": lines}]})


@pytest.fixture
def broken(diddo_engine: Engine) -> Break:
    """Return each way in which the cart is broken for the error of a code."""

    def broken(code: str, cart: Cart) -> list[Case]:
        violation: type[Violation] = diddo_engine.violations[code]
        return list(every_case(diddo_engine.mutators()[violation], cart, Context(cart_id=cart.id)))

    return broken


@pytest.fixture
def places(diddo_engine: Engine) -> Callable[[Case], list[tuple[str, str]]]:
    return lambda case: [(it.code, it.at) for it in diddo_engine.validate(*case).violations]


SHOWN_AT = {
    "CART_NOT_FOUND": [""] * 3,
    "ALREADY_SUBMITTED": ["", "/status"],
    "BUYER_IDENTITY_MISSING": ["/buyer_identity"] * 3,
    "MISSING_TOTAL_COST": ["/cost", "/cost/total"],
    "MISSING_STORES": ["/stores"],
    "MISSING_STORE_DOMAIN": ["/stores/0/store"] * 4 + ["/stores/1/store"] * 4,
    "SHIPPING_ADDRESS_UNAVAILABLE": [
        *("/stores/0/offer", "/stores/0/offer/selected_shipping_method", "/stores/0/offer/selected_shipping_method"),
        *("/stores/1/offer", "/stores/1/offer/selected_shipping_method", "/stores/1/offer/selected_shipping_method"),
    ],
    "MISSING_CART_LINES": ["/stores/0/cart_lines", "/stores/1/cart_lines"],
    "VARIANT_NOT_FOUND": [
        *["/stores/0/cart_lines/0/variant"] * 3,
        *["/stores/1/cart_lines/0/variant"] * 3,
        *["/stores/1/cart_lines/1/variant"] * 3,
    ],
}


@pytest.mark.parametrize("code", SHOWN_AT)
def test_each_way_to_break_a_cart_shows_its_own_error_alone(
    broken: Break, places: Callable[[Case], Any], shelf: Cart, code: str
) -> None:
    found = [places(case) for case in broken(code, shelf)]
    assert sorted(found) == [[(code, at)] for at in SHOWN_AT[code]]


def test_all_first_party_errors_are_among_them(diddo_engine: Engine) -> None:
    assert set(SHOWN_AT) == {it.code for it in diddo_engine.mutators() if it.__module__.startswith("diddo_plugins.")}


def test_a_lost_cart_was_asked_for_by_its_id_or_by_none(broken: Break, shelf: Cart) -> None:
    cases = broken("CART_NOT_FOUND", shelf)
    assert {case.context.cart_id for case in cases} == {shelf.id, "", None}
    assert {case.cart for case in cases} == {None}


def test_a_buyer_is_away_or_says_nothing(broken: Break, shelf: Cart) -> None:
    buyers = [case.cart.buyer_identity for case in broken("BUYER_IDENTITY_MISSING", shelf) if case.cart]
    assert None in buyers
    assert BuyerIdentity() in buyers
    assert BuyerIdentity(first_name="", email=" \t") in buyers


def test_domains_are_away_or_look_empty(broken: Break, shelf: Cart) -> None:
    domains = [case.cart.stores[0].store for case in broken("MISSING_STORE_DOMAIN", shelf) if case.cart]
    assert {None, "", " ", "\u200b"} <= set(domains)


def test_a_method_is_away_or_has_no_id(broken: Break, shelf: Cart) -> None:
    offers = [case.cart.stores[0].offer for case in broken("SHIPPING_ADDRESS_UNAVAILABLE", shelf) if case.cart]
    methods = [offer.selected_shipping_method for offer in offers if offer]
    assert None in methods
    assert " " in [method.id for method in methods if method]


def test_a_variant_is_away_or_has_no_id_or_is_gone_from_the_catalogue(broken: Break, shelf: Cart) -> None:
    cases = broken("VARIANT_NOT_FOUND", shelf)
    first = [case for case in cases if case.cart and case.cart.stores[0] != shelf.stores[0]]
    variants = [case.cart.stores[0].cart_lines[0].variant for case in first if case.cart]
    assert [it and it.id for it in variants if it is None or it.id == ""] in ([None, ""], ["", None])
    catalogues = [it.context.variant_known for it in cases if it.context.variant_known is not None]
    ids = [line.variant.id for store in shelf.stores for line in store.cart_lines if line.variant and line.variant.id]
    copies = [it.encode().decode() for it in ids]
    assert sorted(it for known in catalogues for it in copies if not known(it)) == sorted(ids)


@pytest.mark.parametrize(
    ("cost", "total"),
    [
        (None, None),
        (Cost(), None),
        (Cost(total=Money(value=700, currency="JPY"), is_estimated=True), Money(value=0, currency="JPY")),
    ],
)
def test_an_emptied_cart_costs_nothing_and_that_is_known(
    broken: Break, shelf: Cart, cost: Cost | None, total: Money | None
) -> None:
    (case,) = broken("MISSING_STORES", shelf.model_copy(update={"cost": cost}))
    assert case.cart is not None
    assert case.cart.cost == Cost(is_estimated=False, subtotal=total, tax=total, shipping=total, total=total)


def test_what_is_missing_already_is_still_missing(broken: Break, places: Callable[[Case], Any], shelf: Cart) -> None:
    bare = [store.model_copy(update={"offer": None}) for store in shelf.stores]
    cart = shelf.model_copy(update={"cost": None, "stores": tuple(bare)})
    assert [("MISSING_TOTAL_COST", "/cost") in places(case) for case in broken("MISSING_TOTAL_COST", cart)] == [True]
    for case in broken("SHIPPING_ADDRESS_UNAVAILABLE", cart):
        assert ("SHIPPING_ADDRESS_UNAVAILABLE", "/stores/0/offer") in places(case)
        assert ("SHIPPING_ADDRESS_UNAVAILABLE", "/stores/1/offer") in places(case)


def test_a_line_without_a_variant_stays_without(broken: Break, shelf: Cart) -> None:
    line = shelf.stores[0].cart_lines[0].model_copy(update={"variant": None})
    store = shelf.stores[0].model_copy(update={"cart_lines": (line,)})
    cases = broken("VARIANT_NOT_FOUND", shelf.model_copy(update={"stores": (store,)}))
    assert {case.cart.stores[0].cart_lines[0].variant for case in cases if case.cart} == {None}
    assert {case.context.variant_known for case in cases} == {None}


def test_an_offer_without_a_method_stays_without(broken: Break, shelf: Cart) -> None:
    offer = shelf.stores[0].offer
    assert offer is not None
    store = shelf.stores[0].model_copy(update={"offer": offer.model_copy(update={"selected_shipping_method": None})})
    cases = broken("SHIPPING_ADDRESS_UNAVAILABLE", shelf.model_copy(update={"stores": (store,)}))
    left = [case.cart.stores[0].offer for case in cases if case.cart]
    assert {it.selected_shipping_method for it in left if it} == {None}
