# ruff: noqa: ARG001 (checks have the signature of their hook)
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart, CheckSettings, Context, Cost, Engine, PlanError
from diddo_rules.testing import cases, installed_engine

FIELDS = ("cost", "buyer_identity", "stores", "status")


def counting(make_check: Callable[..., Any], asked: list[str], name: str, **options: Any) -> Any:
    def does(cart: Cart, fault: Any) -> Any:
        asked.append(name)
        return ()

    return make_check(name, does=does, **options)


@given(before=cases(), after=cases(), fields=st.sets(st.sampled_from(FIELDS)), stop=st.sampled_from(["all", "first"]))
def test_it_says_what_a_full_validation_says(before: Any, after: Any, fields: set[str], stop: Any) -> None:
    if before.cart is None or after.cart is None:
        return
    engine = Engine(installed_engine().plugins, stop=stop)
    changed = before.cart.model_copy(update={name: getattr(after.cart, name) for name in fields})
    first = engine.validate(*before)
    again = engine.revalidate(first, changed, changed=fields, context=before.context)
    assert again == engine.validate(changed, before.context)
    other = engine.revalidate(again, changed, changed=("context",), context=after.context)
    assert other == engine.validate(changed, after.context)


def test_only_what_reads_it_is_asked(make_check: Callable[..., Any], cart: Cart) -> None:
    asked: list[str] = []
    engine = Engine(
        [
            counting(make_check, asked, "total", reads=("cost.total",)),
            counting(make_check, asked, "lines", code="B", reads=("stores.cart_lines",)),
            counting(make_check, asked, "silent", code="C"),
        ]
    )
    report = engine.validate(cart)
    for changed, wanted in (
        (("cost",), ["silent", "total"]),
        (("cost.tax",), ["silent"]),
        (("stores.cart_lines.quantity",), ["lines", "silent"]),
        (("stores", "cost.total"), ["lines", "silent", "total"]),
        (("COST.TOTAL".lower(),), ["silent", "total"]),
        (("CONTEXT".lower(),), ["silent"]),
        ((), ["silent"]),
    ):
        asked.clear()
        assert engine.revalidate(report, cart, changed=changed) is report
        assert sorted(asked) == wanted


def test_what_was_found_elsewhere_still_holds(cart: Cart) -> None:
    engine = installed_engine()
    faulty = cart.model_copy(update={"buyer_identity": None, "cost": None})
    report = engine.validate(faulty)
    priced = faulty.model_copy(update={"cost": Cost(total=cart.cost and cart.cost.total)})
    assert engine.revalidate(report, priced, changed=("cost",)).codes == ("BUYER_IDENTITY_MISSING",)


def test_what_was_found_elsewhere_is_not_looked_for_again(make_check: Callable[..., Any], cart: Cart) -> None:
    asked: list[str] = []

    def finds(cart: Cart, fault: Any) -> Any:
        asked.append("lines")
        yield fault(at="/stores")

    total = counting(make_check, asked, "total", reads=("cost",))
    engine = Engine([total, make_check("lines", code="B", does=finds, reads=("stores",))])
    report = engine.validate(cart)
    asked.clear()
    assert engine.revalidate(report, cart, changed=("cost",)) == report
    assert asked == ["total"]


def test_a_report_by_other_settings_is_not_believed(make_check: Callable[..., Any], cart: Cart) -> None:
    asked: list[str] = []
    engine = Engine(
        [counting(make_check, asked, "total", reads=("cost",))], checks={"FAULT": CheckSettings(mode="off")}
    )
    report = engine.validate(cart)
    engine.set_mode("FAULT", "enforce")
    engine.revalidate(report, cart, changed=("stores",))
    assert asked == ["total"]


@pytest.mark.parametrize("path", ["cost.price", "a price"])
def test_no_cart_has_it(make_check: Callable[..., Any], cart: Cart, path: str) -> None:
    engine = Engine([make_check("one")])
    with pytest.raises(PlanError, match=f"no cart has '{path}'"):
        engine.revalidate(engine.validate(cart), cart, changed=(path,), context=Context())


def test_a_cart_that_has_come_into_being_is_validated_in_full(cart: Cart) -> None:
    engine = installed_engine()
    nothing = engine.validate(None, Context(cart_id="cart"))
    assert nothing.codes == ("CART_NOT_FOUND",)
    assert engine.revalidate(nothing, cart, changed=("cost",)).ok


def test_a_report_by_other_checks_of_the_same_names_is_not_believed(make_check: Callable[..., Any], cart: Cart) -> None:
    def finds(cart: Cart, fault: Any) -> Any:
        return [fault(at="/cost", number=1)]

    lenient = Engine([make_check("total", reads=("cost",))])
    strict = Engine([make_check("total", does=finds, reads=("cost",))])
    report = lenient.validate(cart)
    assert report == strict.plan.clean
    assert strict.revalidate(report, cart, changed=("stores",)).codes == ("FAULT",)
