# ruff: noqa: ARG001 (checks have the signature of their hook)
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from diddo_rules import Cart, CheckDefinitionError, Context, Violation, check
from diddo_rules.checks import DEFAULT_PRIORITY, info_of


class First(Violation):
    """One."""

    code = "FIRST"
    http_status = 400
    template = "One."
    remedy = "None."


class Second(Violation):
    """Two."""

    code = "SECOND"
    http_status = 400
    template = "Two."
    remedy = "None."


def test_a_check_declares_what_it_yields_by_its_annotation() -> None:
    @check()
    def one(cart: Cart) -> Iterator[First]:
        yield First(at="")

    @check()
    def either(cart: Cart) -> Iterable[First | Second]:
        return [First(at=""), Second(at="")]

    @check(yields=(Second,))
    def said(cart: Cart) -> Any:
        yield Second(at="")

    assert info_of(one).yields == (First,)
    assert info_of(either).yields == (First, Second)
    assert info_of(said).yields == (Second,)


def test_a_check_stays_the_function_it_was() -> None:
    def function(cart: Cart) -> Iterator[First]:
        yield First(at="")

    assert check(priority=7)(function) is function
    assert list(function(None)) == [First(at="")]


def test_what_was_said_is_noted() -> None:
    @check(priority=5, before=("SECOND",), after=(Second, "plugin"), requires=[First])
    def marked(cart: Cart) -> Iterator[First]:
        yield First(at="")

    info = info_of(marked)
    assert (info.priority, info.before, info.after, info.requires) == (5, ("SECOND",), ("SECOND", "plugin"), ("FIRST",))


def test_without_a_priority_a_check_runs_after_the_first_party_ones() -> None:
    @check()
    def late(cart: Cart) -> Iterator[First]:
        yield First(at="")

    assert info_of(late).priority == DEFAULT_PRIORITY > 900


def test_a_check_says_by_its_annotation_whether_it_looks_at_absent_carts() -> None:
    @check()
    def present(cart: Cart) -> Iterator[First]:
        yield First(at="")

    @check()
    def absent(cart: Cart | None) -> Iterator[First]:
        yield First(at="")

    @check()
    def context_only(context: Context) -> Iterator[First]:
        yield First(at="")

    assert [info_of(it).takes_no_cart for it in (present, absent, context_only)] == [False, True, True]


def undeclared(cart: Cart) -> Any:
    yield First(at="")


def typed_when_checked_only(cart: "Nowhere") -> Iterator[First]:  # noqa: F821 (that is the point)
    yield First(at="")


def says_nothing(cart: Cart) -> Iterator[int]:
    yield 1


async def asynchronous(cart: Cart) -> Iterator[First]:
    return iter(())


async def asynchronous_generator(cart: Cart) -> Iterator[First]:
    yield First(at="")


def good(cart: Cart) -> Iterator[First]:
    yield First(at="")


@pytest.mark.parametrize(
    ("function", "options", "complaint"),
    [
        (undeclared, {}, "undeclared does not declare what it yields"),
        (says_nothing, {}, "does not declare what it yields"),
        (good, {"yields": ()}, "declares no violation"),
        (typed_when_checked_only, {}, "outside of `if TYPE_CHECKING`"),
        (First, {}, "marks functions"),
        (good, {"priority": "100"}, "priority must be an int"),
        (good, {"priority": True}, "priority must be an int"),
        (good, {"before": "SECOND"}, "before must be a tuple"),
        (good, {"requires": Second}, "requires must be a tuple"),
    ],
)
def test_a_function_that_cannot_be_a_check_is_refused_at_once(function: Any, options: Any, complaint: str) -> None:
    with pytest.raises(CheckDefinitionError, match=complaint):
        check(**options)(function)


def test_a_bare_decorator_is_refused() -> None:
    with pytest.raises(TypeError):
        check(good)
