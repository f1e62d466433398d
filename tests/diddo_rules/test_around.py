# ruff: noqa: ARG001 (wrappers have the signature of their hook)
import asyncio
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from diddo_rules import Cart, Context, Engine, PlanError, Report, Violation, check, hookimpl


def one_fault(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield fault(at="", number=1)


def test_validation_can_be_wrapped(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType], cart: Cart
) -> None:
    seen = []

    @hookimpl(wrapper=True)
    def around_validation(cart: Cart, context: Context) -> Any:
        seen.append("before")
        report = yield
        seen.append(report.codes)
        return report

    spy = make_module("spy", around_validation=around_validation)
    report = Engine([make_check("one", does=one_fault), spy]).validate(cart)
    assert seen == ["before", ("FAULT",)]
    assert report.codes == ("FAULT",)
    assert not report.crashed


def failing_wrapper(cart: Cart, context: Context) -> Any:
    yield
    raise RuntimeError("broken wrapper")


def failing_early(cart: Cart, context: Context) -> Any:
    raise RuntimeError("broken wrapper")
    yield


def forgetful_wrapper(cart: Cart, context: Context) -> Any:
    yield


@pytest.mark.parametrize(
    ("wrapper", "exception"),
    [(failing_wrapper, "RuntimeError"), (failing_early, "RuntimeError"), (forgetful_wrapper, "NotAReport")],
)
def test_a_broken_wrapper_hides_no_verdict(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType], cart: Cart, wrapper: Any, exception: str
) -> None:
    spy = make_module("spy", around_validation=hookimpl(specname="around_validation", wrapper=True)(wrapper))
    report = Engine([make_check("one", does=one_fault), spy]).validate(cart)
    assert report.codes == ("FAULT",)
    assert [(it.check, it.plugin, it.exception) for it in report.crashed] == [("around_validation", "spy", exception)]


def test_nobody_replaces_validation(make_module: Callable[..., ModuleType]) -> None:
    @hookimpl
    def around_validation(cart: Cart, context: Context) -> None:
        return None

    with pytest.raises(PlanError, match="must be a wrapper"):
        Engine([make_module("usurper", around_validation=around_validation)])


def hanging_early(cart: Cart, context: Context) -> Any:
    while cart.id:
        pass
    yield


def hanging_late(cart: Cart, context: Context) -> Any:
    yield
    while cart.id:
        pass


@pytest.mark.parametrize("wrapper", [hanging_early, hanging_late])
@pytest.mark.parametrize("does_io", [False, True])
def test_a_hanging_wrapper_is_stopped_like_a_hanging_check(
    make_check: Callable[..., Any],
    make_module: Callable[..., ModuleType],
    cart: Cart,
    fault: type[Violation],
    wrapper: Any,
    *,
    does_io: bool,
) -> None:
    @check(yields=(fault,))
    async def asks(cart: Cart) -> list[Violation]:
        return list(one_fault(cart, fault))

    around = make_module("around", around_validation=hookimpl(wrapper=True)(wrapper))
    engine = Engine([asks if does_io else make_check("one", does=one_fault), around], time_limit=0.05)
    report = asyncio.run(engine.validate_async(cart)) if does_io else engine.validate(cart)
    assert report.codes == ("FAULT",)
    assert [(it.check, it.plugin, it.exception) for it in report.crashed] == [
        ("around_validation", "around", "TimeLimitExceeded")
    ]


@pytest.mark.parametrize("does_io", [False, True])
def test_revalidations_and_traces_are_wrapped_as_well(
    make_check: Callable[..., Any],
    make_module: Callable[..., ModuleType],
    cart: Cart,
    fault: type[Violation],
    *,
    does_io: bool,
) -> None:
    @check(yields=(fault,))
    async def asks(cart: Cart) -> list[Violation]:
        return []

    @hookimpl(wrapper=True)
    def around_validation(cart: Cart, context: Context) -> Any:
        report = yield
        return Report((), report.ran, (), ())

    lenient = make_module("lenient", around_validation=around_validation)
    engine = Engine([make_check("one", does=one_fault), lenient, *([asks] * does_io)])
    traced = asyncio.run(engine.trace_async(cart)) if does_io else engine.trace(cart)
    assert traced.ok
    assert traced.trace
    if not does_io:
        assert engine.revalidate(engine.validate(cart), cart, changed=("cost",)).ok
