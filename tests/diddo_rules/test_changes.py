# ruff: noqa: ARG001 (checks have the signature of their hook)
import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from diddo_rules import Cart, CartLine, CartStore, Context, Cost, Engine, Money, Variant, Violation, check, hookimpl
from diddo_rules.edits import with_line, with_store
from diddo_rules.testing import cases, gen_cart, installed_engine, replayed, valid_cases


class TooDear(Violation):
    """Dear orders are looked at first."""

    code = "TOO_DEAR"
    http_status = 422
    template = "{total} is too much."
    remedy = "Take less."
    measure = "total"
    total: Money


@check()
def not_too_dear(cart: Cart) -> Iterator[TooDear]:
    if cart.cost and cart.cost.total and cart.cost.total.value > 100:
        yield TooDear(at="/cost/total", total=cart.cost.total)


def priced(amount: int, currency: str = "USD") -> Cart:
    return Cart(id="cart", cost=Cost(total=Money(value=amount, currency=currency)))


@given(case=cases())
def test_no_change_is_never_refused(case: Any) -> None:
    if case.cart is not None:
        assert installed_engine().validate_change(case.cart, case.cart, case.context).ok


@given(before=valid_cases(), after=cases())
def test_from_a_valid_cart_everything_is_new(before: Any, after: Any) -> None:
    engine = installed_engine()
    if after.cart is not None:
        report = engine.validate_change(before.cart, after.cart, after.context)
        # The context is that of the cart after the change, in which the one before may not be valid.
        if engine.validate(before.cart, after.context).ok:
            assert report.violations == engine.validate(*after).violations


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (priced(50), priced(150), True),
        (priced(200), priced(150), False),
        (priced(150), priced(150), False),
        (priced(150), priced(200), True),
        (priced(150), priced(120, "EUR"), True),
    ],
)
def test_worse_is_refused_and_better_is_not(before: Cart, after: Cart, refused: Any) -> None:
    report = Engine([not_too_dear]).validate_change(before, after)
    assert report.ok is not refused
    assert len(report.tolerated) == (0 if refused or after.cost == priced(50).cost else 1)


def in_each_line(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    for position, store in enumerate(cart.stores):
        for number, line in enumerate(store.cart_lines):
            if line.quantity > 10:
                yield fault(at=f"/stores/{position}/cart_lines/{number}", number=line.quantity)


def store(domain: str, **quantities: int) -> CartStore:
    lines = tuple(CartLine(quantity=many, variant=Variant(id=name)) for name, many in quantities.items())
    return CartStore(store=domain, cart_lines=lines)


def test_a_line_is_the_same_though_others_before_it_are_gone(make_check: Callable[..., Any]) -> None:
    engine = Engine([make_check("many", does=in_each_line)])
    before = Cart(id="c", stores=(store("a.example", x=1, y=20), store("b.example", z=30)))
    after = Cart(id="c", stores=(store("b.example", z=30, x=1), store("a.example", y=20)))
    report = engine.validate_change(before, after)
    assert report.ok
    assert len(report.tolerated) == 2


def test_another_line_with_the_same_fault_is_new(make_check: Callable[..., Any]) -> None:
    engine = Engine([make_check("many", does=in_each_line)])
    before = Cart(id="c", stores=(store("a.example", x=20),))
    after = Cart(id="c", stores=(store("a.example", x=20, y=20),))
    report = engine.validate_change(before, after)
    assert [it.at for it in report.violations] == ["/stores/0/cart_lines/1"]
    assert [it.at for it in report.tolerated] == ["/stores/0/cart_lines/0"]


def test_what_could_not_be_told_before_is_not_held_against_the_change() -> None:
    empty = Cart(id="c", cost=Cost(total=Money(value=0, currency="USD")))
    filled = empty.model_copy(update={"stores": (store("a.example", x=1),)})
    report = installed_engine().validate_change(empty, filled)
    assert report.ok
    assert "SHIPPING_ADDRESS_UNAVAILABLE" in {it.code for it in report.tolerated}


def test_a_check_that_breaks_on_both_carts_traps_nobody(make_check: Callable[..., Any]) -> None:
    def crash(cart: Cart, fault: type[Violation]) -> Any:
        raise RuntimeError("broken on purpose")

    def crash_if_priced(cart: Cart, fault: type[Violation]) -> Any:
        if cart.cost:
            raise RuntimeError("broken on purpose")
        return ()

    bare = Cart(id="c")
    assert Engine([make_check("broken", does=crash)]).validate_change(bare, priced(1)).ok
    assert not Engine([make_check("broken", does=crash_if_priced)]).validate_change(bare, priced(1)).ok


@pytest.mark.parametrize("blank", [None, " "])
def test_the_faults_of_a_store_or_a_line_that_gets_its_name_are_not_new(blank: str | None) -> None:
    whole = gen_cart(replayed([]))
    nameless = with_store(whole, 0, store=blank, offer=None)
    report = installed_engine().validate_change(nameless, with_store(nameless, 0, store="shop.example"))
    assert (report.ok, [it.code for it in report.tolerated]) == (True, ["SHIPPING_ADDRESS_UNAVAILABLE"])
    other = with_store(whole, 0, store="other.example", offer=None)
    renamed = installed_engine().validate_change(other, with_store(other, 0, store="shop.example"))
    assert renamed.codes == ("SHIPPING_ADDRESS_UNAVAILABLE",)


def at(*pointers: str) -> Any:
    """Return what finds a fault at each of the places, whatever the cart."""
    return lambda _cart, fault: [fault(at=it, number=1) for it in pointers]


@pytest.mark.parametrize("pointer", ["/discounts/0", "/vouchers/0", "/stores/0/aisles/0", "/stores/0/zones/0"])
def test_only_stores_and_lines_are_told_by_what_they_are(make_check: Callable[..., Any], pointer: str) -> None:
    engine = Engine([make_check("somewhere", does=at(pointer))])
    one, other = store("a.example", x=1, y=1), store("b.example", z=1)
    before = Cart(id="c", stores=(one, other))
    turned = (store("a.example", y=1, x=1), other) if pointer.startswith("/stores") else (other, one)
    report = engine.validate_change(before, before.model_copy(update={"stores": turned}))
    assert (report.ok, len(report.tolerated)) == (True, 1)


def test_a_store_as_a_whole_is_told_by_its_domain(make_check: Callable[..., Any]) -> None:
    def of_a(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
        for position, it in enumerate(cart.stores):
            if it.store == "a.example":
                yield fault(at=f"/stores/{position}", number=1)

    engine = Engine([make_check("not_a", does=of_a)])
    one, other = store("a.example", x=1), store("b.example", z=1)
    report = engine.validate_change(Cart(id="c", stores=(one, other)), Cart(id="c", stores=(other, one)))
    assert (report.ok, [it.at for it in report.tolerated]) == (True, ["/stores/1"])


def test_of_two_faults_that_are_equal_one_may_be_new(make_check: Callable[..., Any]) -> None:
    def one_per_store(cart: Cart, fault: type[Violation]) -> Any:
        return [fault(at="/stores", number=1) for _ in cart.stores]

    engine = Engine([make_check("many", does=one_per_store)])
    one, other = store("a.example", x=1), store("b.example", z=1)
    report = engine.validate_change(Cart(id="c", stores=(one,)), Cart(id="c", stores=(one, other)))
    assert (len(report.violations), len(report.tolerated)) == (1, 1)


def test_what_one_check_could_not_say_before_excuses_no_other(make_check: Callable[..., Any]) -> None:
    def if_empty(cart: Cart, fault: type[Violation]) -> Any:
        return [] if cart.stores else [fault(at="/stores")]

    def if_filled(cart: Cart, fault: type[Violation]) -> Any:
        return [fault(at="/stores", number=1)] if cart.stores else []

    engine = Engine(
        [
            make_check("empty", code="EMPTY", does=if_empty, priority=1),
            make_check("waits", does=if_filled, requires=("EMPTY",), priority=2),
            make_check("does_not", does=if_filled, priority=3),
        ]
    )
    report = engine.validate_change(Cart(id="c"), Cart(id="c", stores=(store("a.example", x=1),)))
    assert (len(report.violations), len(report.tolerated)) == (1, 1)
    assert report.tolerated[0] is report.findings["waits:waits"][0]


def test_amounts_that_cannot_be_compared_are_worse_if_they_differ() -> None:
    class Uneven(Violation):
        """Tests need a measure without an order."""

        code = "UNEVEN"
        http_status = 422
        template = "{pieces}"
        remedy = "None."
        measure = "pieces"
        pieces: dict[str, int]

    @check()
    def is_even(cart: Cart) -> Iterator[Uneven]:
        yield Uneven(at="/stores", pieces={line.variant.id: line.quantity for line in cart.stores[0].cart_lines})

    engine, before = Engine([is_even]), Cart(id="c", stores=(store("a.example", x=1),))
    assert engine.validate_change(before, before.model_copy(deep=True)).ok
    assert not engine.validate_change(before, Cart(id="c", stores=(store("a.example", x=2),))).ok


@pytest.mark.parametrize("variant", [None, Variant(), Variant(id=" ")])
def test_a_line_whose_variant_gets_its_id_is_still_the_same(
    make_check: Callable[..., Any], variant: Variant | None
) -> None:
    engine = Engine([make_check("many", does=in_each_line)])
    named = Cart(id="c", stores=(store("a.example", x=20),))
    report = engine.validate_change(with_line(named, 0, 0, variant=variant), named)
    assert (report.ok, len(report.tolerated)) == (True, 1)


def test_where_there_was_no_cart_everything_is_new() -> None:
    report = Engine([not_too_dear]).validate_change(None, priced(150))
    assert report.codes == ("TOO_DEAR",)


@pytest.mark.parametrize("does_io", [False, True])
def test_to_stop_at_the_first_violation_hides_nothing_that_a_change_adds(
    make_check: Callable[..., Any], fault: type[Violation], *, does_io: bool
) -> None:
    @check(yields=(fault,))
    async def asks(cart: Cart) -> list[Violation]:
        return []

    def always(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
        yield fault(at="", number=1)

    engine = Engine([make_check("first", does=always, priority=1), not_too_dear, *([asks] * does_io)], stop="first")
    carts = priced(50), priced(150)
    report = asyncio.run(engine.validate_change_async(*carts)) if does_io else engine.validate_change(*carts)
    assert report.codes == ("TOO_DEAR",)
    assert [it.code for it in report.tolerated] == ["FAULT"]


def test_what_a_wrapper_finds_is_new_as_well(make_module: Callable[..., Any], fault: type[Violation]) -> None:
    @hookimpl(wrapper=True)
    def around_validation(cart: Cart, context: Context) -> Any:
        report = yield
        dear = cart.cost is not None and cart.cost.total is not None and cart.cost.total.value > 100
        return replace(report, violations=(fault(at="/cost", number=1),)) if dear else report

    engine = Engine([make_module("around", around_validation=around_validation)])
    assert engine.validate_change(priced(50), priced(150)).codes == ("FAULT",)
    assert engine.validate_change(priced(150), priced(150)).ok
