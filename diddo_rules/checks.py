"""`@check`: what makes a function a check, and what is known about it before it runs."""

import inspect
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from diddo_rules.errors import CheckDefinitionError
from diddo_rules.hookspecs import hookimpl
from diddo_rules.violations import Violation

__all__ = ["CheckInfo", "check", "info_of"]

_Check = TypeVar("_Check", bound=Callable[..., Iterable[Violation]])
_ATTRIBUTE = "diddo_check"

DEFAULT_PRIORITY = 1000
"""After all first-party checks, which stand at 100, 200 … 900."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """What `@check` was told, and what it learnt from the function's signature.

    `before`, `after` and `requires` hold codes; the first two may hold plugin names as well.
    """

    priority: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    requires: tuple[str, ...]
    yields: tuple[type[Violation], ...]
    takes_no_cart: bool


def check(
    *,
    priority: int = DEFAULT_PRIORITY,
    before: Iterable[str | type[Violation]] = (),
    after: Iterable[str | type[Violation]] = (),
    requires: Iterable[str | type[Violation]] = (),
    yields: Iterable[type[Violation]] | None = None,
) -> Callable[[_Check], _Check]:
    """Make a function a check of the module it stands in.

    Args:
        priority: low numbers run first; the first-party checks stand at 100, 200 … 900.
        before: codes, violation classes or plugin names; this check runs before theirs, if they are loaded.
        after: likewise, and this check runs after theirs.
        requires: codes or violation classes; once one of them was found, this check has nothing to say and is
            skipped, and the report says so. It implies `after`.
        yields: the violation classes that the check may yield, where its return annotation, such as
            `Iterator[MissingStores]`, does not say it.

    Raises:
        CheckDefinitionError: the function cannot be a check.
    """

    def mark(function: _Check) -> _Check:
        _require_plain_function(function)
        info = CheckInfo(
            priority=_whole(priority, function),
            before=_names(before, "before", function),
            after=_names(after, "after", function),
            requires=_names(requires, "requires", function),
            yields=_declared(function) if yields is None else tuple(yields),
            takes_no_cart=_takes_no_cart(function),
        )
        if not info.yields:
            raise CheckDefinitionError(f"{_where(function)} declares no violation: it could never find anything")
        setattr(function, _ATTRIBUTE, info)
        return hookimpl(specname="check_cart")(function)

    return mark


def info_of(function: Callable[..., Any]) -> CheckInfo | None:
    """Return what `@check` noted on the function, or None if it is no check."""
    info = getattr(function, _ATTRIBUTE, None)
    return info if isinstance(info, CheckInfo) else None


def _where(function: Callable[..., Any]) -> str:
    return f"check {function.__module__}.{function.__qualname__}"


def _require_plain_function(function: Callable[..., Any]) -> None:
    if not inspect.isfunction(function):
        raise CheckDefinitionError(f"@check marks functions, and {function!r} is none")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise CheckDefinitionError(f"{_where(function)} is async: a check is a plain function that does no I/O")


def _whole(priority: int, function: Callable[..., Any]) -> int:
    if type(priority) is not int:
        raise CheckDefinitionError(f"{_where(function)}: priority must be an int, not {priority!r}")
    return priority


def _names(named: Iterable[str | type[Violation]], argument: str, function: Callable[..., Any]) -> tuple[str, ...]:
    if isinstance(named, str | type):
        raise CheckDefinitionError(f"{_where(function)}: {argument} must be a tuple, even of one")
    return tuple(name if isinstance(name, str) else name.code for name in named)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError as error:
        raise CheckDefinitionError(
            f"{_where(function)}: {error}. The annotations of a check are read at run time, "
            "so import what they name outside of `if TYPE_CHECKING`."
        ) from error


def _declared(function: Callable[..., Any]) -> tuple[type[Violation], ...]:
    """Return the violation classes in an annotation such as `Iterator[A | B]`."""
    found = tuple(_violations_in(_hints(function).get("return")))
    if not found:
        raise CheckDefinitionError(
            f"{_where(function)} does not declare what it yields: annotate it like "
            "`-> Iterator[MissingStores]`, or say `@check(yields=(MissingStores,))`"
        )
    return found


def _violations_in(annotation: Any) -> Iterable[type[Violation]]:
    if isinstance(annotation, type) and issubclass(annotation, Violation):
        yield annotation
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _violations_in(argument)


def _takes_no_cart(function: Callable[..., Any]) -> bool:
    """Return whether the check can be asked about a cart that does not exist."""
    if "cart" not in inspect.signature(function).parameters:
        return True
    hint = _hints(function).get("cart")
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
