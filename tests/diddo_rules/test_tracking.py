import copy
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from diddo_rules import Cart, CartStatus, Context, Money
from diddo_rules.testing import valid_carts
from diddo_rules.tracking import covers, tracked, tracked_context

EVERYTHING = tuple(sorted(Cart.model_fields))


def of_status(cart: Cart) -> Any:
    match cart:
        case Cart(status=CartStatus.SUBMITTED):
            return "submitted"
    return cart.status.value


READINGS: list[tuple[Callable[[Cart], Any], tuple[str, ...]]] = [
    (lambda cart: cart.cost.total + cart.cost.total * 2 > cart.cost.tax, ("cost.tax", "cost.total")),
    (lambda cart: cart.cost.total.value, ("cost.total",)),
    (lambda cart: cart.cost is None, ("cost",)),
    (lambda cart: bool(cart.stores), ("stores",)),
    (lambda cart: len(cart.stores[0].cart_lines), ("stores.cart_lines",)),
    (
        lambda cart: [line.quantity for store in cart.stores for line in store.cart_lines],
        ("stores.cart_lines.quantity",),
    ),
    (lambda cart: [store.offer.not_available_ids for store in cart.stores], ("stores.offer.not_available_ids",)),
    (lambda cart: all(vars(cart.buyer_identity).values()), ("buyer_identity",)),
    (lambda cart: dict(cart.cost), ("cost",)),
    (lambda cart: cart.cost.model_dump(), ("cost",)),
    (of_status, ("status",)),
    (operator.attrgetter("buyer_identity.email"), ("buyer_identity.email",)),
    (lambda cart: cart.stores[0].offer == cart.stores[-1].offer, ("stores.offer",)),
    (lambda cart: cart.cost is cart.cost, ("cost",)),
    (lambda cart: (cart.id, cart.model_fields_set), ("id",)),
    (hash, EVERYTHING),
    (repr, EVERYTHING),
    (copy.deepcopy, EVERYTHING),
    (lambda cart: cart.model_dump_json(), EVERYTHING),
    (lambda cart: cart.model_copy(update={"id": "other"}).cost.total, EVERYTHING),
    (lambda cart: type(cart).__name__, ()),
]


@pytest.mark.parametrize(("reading", "paths"), READINGS)
def test_what_is_read_is_noted_and_reads_the_same(reading: Callable[[Cart], Any], paths: tuple[str, ...]) -> None:
    @settings(max_examples=10)
    @given(valid_carts())
    def read_it(cart: Cart) -> None:
        noticing, reads = tracked(cart)
        assert reading(noticing) == reading(cart)
        assert reads() == paths

    read_it()


@given(valid_carts())
def test_a_tracked_cart_is_a_cart_and_leaves_the_cart_alone(cart: Cart) -> None:
    before = cart.model_dump_json()
    noticing, reads = tracked(cart)
    assert isinstance(noticing, Cart)
    assert reads() == ()
    assert isinstance(noticing.cost.total, Money)
    assert Cart.model_validate(noticing) is noticing
    assert noticing == cart
    assert cart == noticing
    with pytest.raises(ValueError, match="frozen"):
        noticing.id = "other"
    assert cart.model_dump_json() == before


def test_what_leads_to_a_declared_path_may_be_looked_into(cart: Cart) -> None:
    noticing, reads = tracked(cart)
    assert [store.offer.selected_shipping_method.id for store in noticing.stores]
    assert reads.beyond(["stores.offer.selected_shipping_method"]) == ()
    assert reads.beyond(["stores"]) == ()
    assert reads.beyond(["stores.offer.subtotal"]) == ("stores.offer.selected_shipping_method.id",)
    noticing, reads = tracked(cart.model_copy(update={"stores": ()}))
    assert not noticing.stores
    assert reads.beyond(["stores.store"]) == ()
    assert reads.beyond(["cost"]) == ("stores",)


def test_to_see_that_nothing_is_there_is_to_look_into_it(cart: Cart) -> None:
    noticing, reads = tracked(cart.model_copy(update={"cost": None}))
    assert noticing.cost is None
    assert reads() == ("cost",)
    assert reads.beyond(["cost.total"]) == ()
    assert reads.beyond(["stores"]) == ("cost",)


@pytest.mark.parametrize(
    ("declared", "path", "covered"),
    [(("cost",), "cost.total", True), (("cost",), "cost", True), (("cost",), "costs", False), (("a.b",), "a", False)],
)
def test_a_path_covers_what_is_below_it(declared: tuple[str, ...], path: str, *, covered: bool) -> None:
    assert covers(declared, path) is covered


def test_a_context_notes_whether_it_is_read() -> None:
    noticing, is_read = tracked_context(Context(cart_id="1"))
    assert isinstance(noticing, Context)
    assert not is_read()
    assert noticing.cart_id == "1"
    assert is_read()
