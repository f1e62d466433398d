# ruff: noqa: ARG001 (checks have the signature of their hook)
import itertools
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diddo_rules import Cart, Engine, PlanError, check, hookimpl


def names(engine: Any) -> list[str]:
    return [step.function.__name__ for step in engine.plan.steps]


def test_low_numbers_run_first(make_check: Callable[..., Any]) -> None:
    checks = [make_check(name, priority=priority) for name, priority in (("c", 3), ("a", 1), ("b", 2))]
    assert names(Engine(checks)) == ["a", "b", "c"]


def test_equal_numbers_run_by_code_then_plugin(make_check: Callable[..., Any]) -> None:
    checks = [make_check("z", code="A"), make_check("y", code="B"), make_check("b", code="C")]
    assert names(Engine(checks)) == ["z", "y", "b"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_does_not_depend_on_registration(make_check: Callable[..., Any], order: Any) -> None:
    checks = [
        make_check("one", code="ONE", priority=5, after=("TWO",)),
        make_check("two", code="TWO", priority=9),
        make_check("three", code="THREE", priority=7),
        make_check("four", code="FOUR", priority=8, before=("THREE",)),
    ]
    assert names(Engine(checks[index] for index in order)) == ["four", "three", "two", "one"]


def ranks(data: st.DataObject, count: Any) -> tuple[list[int], list[tuple[int, int]]]:
    """Draw a priority per check, and edges that go from lower to higher numbers, so that no circle can be."""
    priorities = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    pairs = list(itertools.combinations(range(count), 2))
    return priorities, data.draw(st.lists(st.sampled_from(pairs), unique=True))


@settings(max_examples=100)
@given(data=st.data())
def test_every_constraint_holds_in_whatever_order_checks_are_registered(
    make_check: Callable[..., Any], data: st.DataObject
) -> None:
    count = 6
    priorities, edges = ranks(data, count)
    checks = [
        make_check(
            f"check_{number}",
            code=f"C{number}",
            priority=priorities[number],
            # Each constraint is said by one of the two, now by this one and now by that.
            after=[f"C{one}" for one, other in edges if other == number and (one + other) % 2],
            before=[f"C{other}" for one, other in edges if one == number and not (one + other) % 2],
        )
        for number in range(count)
    ]
    planned = names(Engine(checks))
    assert planned == names(Engine(data.draw(st.permutations(checks))))
    for one, other in edges:
        assert planned.index(f"check_{one}") < planned.index(f"check_{other}")
    for first, second in itertools.pairwise(planned):
        if not edges:
            assert priorities[int(first[-1])] <= priorities[int(second[-1])]


def test_a_check_that_requires_another_runs_after_it(make_check: Callable[..., Any]) -> None:
    checks = [make_check("needy", code="A", priority=1, requires=("B",)), make_check("ground", code="B", priority=2)]
    assert names(Engine(checks)) == ["ground", "needy"]


def test_a_plugin_may_be_named_instead_of_a_code(make_check: Callable[..., Any]) -> None:
    checks = [make_check("one", code="A", priority=2, before=("two",)), make_check("two", code="B", priority=1)]
    assert names(Engine(checks)) == ["one", "two"]


def test_a_circle_is_named(make_check: Callable[..., Any]) -> None:
    checks = [
        make_check("bystander", code="D"),
        make_check("one", code="A", after=("C",)),
        make_check("two", code="B", after=("A",)),
        make_check("three", code="C", after=("B",)),
        make_check("behind", code="E", after=("C",)),
    ]
    with pytest.raises(PlanError) as refused:
        Engine(checks)
    said = str(refused.value)
    assert "in a circle: one:one before two:two" in said, "it begins at the lowest number"
    for edge in ("one:one before two:two (after=A)", "two:two before three:three (after=B)"):
        assert edge in said
    assert "three:three before one:one (after=C)" in said
    assert not re.search("bystander|behind", said)


def test_names_that_nobody_answers_to_are_listed(make_check: Callable[..., Any]) -> None:
    plan = Engine([make_check("one", before=("NOBODY",), after=("gone",), requires=("NOTHING",))]).plan
    assert plan.unmatched == (("one:one", "NOBODY"), ("one:one", "gone"), ("one:one", "NOTHING"))


def test_two_violations_never_share_a_code(make_check: Callable[..., Any]) -> None:
    with pytest.raises(PlanError, match="share the code SAME"):
        Engine([make_check("one", code="SAME"), make_check("two", code="SAME")])


def test_a_check_belongs_to_one_plugin(make_check: Callable[..., Any], make_module: Callable[..., ModuleType]) -> None:
    one = make_check("one")
    with pytest.raises(PlanError, match="in the plugins first and second"):
        Engine([make_module("first", one=one), make_module("second", one=one)])


def test_checks_of_one_plugin_have_names_of_their_own(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType]
) -> None:
    twins = make_module("twins", one=make_check("same", code="A"), other=make_check("same", code="B"))
    with pytest.raises(PlanError, match="2 checks are called twins:same"):
        Engine([twins])


def test_an_implementation_without_the_decorator_is_refused(make_module: Callable[..., ModuleType]) -> None:
    @hookimpl
    def check_cart(cart: Cart) -> Any:
        return []

    with pytest.raises(PlanError, match="plugin bare: check_cart implements check_cart without @check"):
        Engine([make_module("bare", check_cart=check_cart)])


@pytest.mark.parametrize("kind", ["wrapper", "hookwrapper"])
def test_a_single_check_cannot_be_wrapped(make_module: Callable[..., ModuleType], kind: Any) -> None:
    @hookimpl(specname="check_cart", **{kind: True})
    def spy(cart: Cart) -> Any:
        return (yield)

    with pytest.raises(PlanError, match="wrap around_validation instead"):
        Engine([make_module("spying", spy=spy)])


def test_a_circle_is_named_without_the_first_that_waits_for_it(make_check: Callable[..., Any]) -> None:
    checks = [
        make_check("behind", code="A", priority=1, after=("C",)),
        make_check("one", code="B", after=("C",)),
        make_check("two", code="C", after=("B",)),
    ]
    with pytest.raises(PlanError) as refused:
        Engine(checks)
    assert "one:one before two:two" in str(refused.value)
    assert "behind" not in str(refused.value)


def test_what_holds_a_check_back_behind_higher_numbers_is_said(make_check: Callable[..., Any]) -> None:
    checks = [
        make_check("first", code="A", priority=1, after=("B", "C")),
        make_check("second", code="B", priority=2, before=("C",)),
        make_check("third", code="C", priority=3, before=("D",)),
        make_check("fourth", code="D", priority=2, requires=("B",)),
    ]
    assert Engine(checks).plan.moved == {
        "first:first": ("after second:second (after=B)", "after third:third (after=C)"),
        "fourth:fourth": ("after third:third (before=D)",),
    }


def test_codes_that_are_off_are_muted(make_check: Callable[..., Any]) -> None:
    kinds = [make_check(code.lower(), code=code).diddo_check.yields[0] for code in ("A", "B", "C", "D")]

    @check(yields=kinds)
    def many(cart: Cart) -> Any:
        return ()

    engine = Engine([many], disable=["A"])
    engine.set_mode("B", "shadow")
    engine.set_mode("C", "OFF".lower())  # type: ignore[arg-type]  # as it comes from elsewhere
    [step] = engine.plan.steps
    assert (step.muted, step.mode) == ({"A", "C"}, "enforce")


def test_equal_numbers_and_codes_run_by_plugin_and_then_by_function(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType]
) -> None:
    early = make_module("early", z=make_check("z"), y=make_check("y"))
    late = make_module("late", b=make_check("b"), a=make_check("a"))
    assert names(Engine([late, early])) == ["y", "z", "a", "b"]


def test_store_settings_are_settings_too(make_module: Callable[..., ModuleType], fault: Any) -> None:
    @check(yields=(fault,))
    def by_store(cart: Cart, store_settings: Any) -> Any:
        return ()

    with pytest.raises(PlanError, match="plugin bare: by_store takes settings, so the plugin must implement the hook"):
        Engine([make_module("bare", by_store=by_store)])
