"""`@check`: what makes a function a check, and what is known about it before it runs."""

import inspect
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from diddo_rules.cart import Cart
from diddo_rules.context import POINTS, USUAL_POINTS, Point
from diddo_rules.errors import CheckDefinitionError
from diddo_rules.hookspecs import hookimpl
from diddo_rules.violations import Violation

__all__ = ["SEVERITIES", "CheckInfo", "Severity", "check", "info_of", "leads_somewhere"]

_Check = TypeVar("_Check", bound=Callable[..., Any])
_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=str)
_ATTRIBUTE = "diddo_check"

Severity = Literal["error", "warning", "info"]
"""Whether a finding refuses the cart, travels with it as a warning, or is only told."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

DEFAULT_PRIORITY = 1000
"""After all first-party checks, which stand at 100, 200 … 900."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """What `@check` was told, and what it learnt from the function's signature.

    `before`, `after` and `requires` hold codes; the first two may hold plugin names as well. `reads` is None where the
    check does not say what it reads. `is_io` says that it is an `async def`.
    """

    priority: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    requires: tuple[str, ...]
    yields: tuple[type[Violation], ...]
    takes_no_cart: bool
    reads: tuple[str, ...] | None = None
    severity: Severity = "error"
    points: tuple[Point, ...] = USUAL_POINTS
    is_io: bool = False


def check(
    *,
    priority: int = DEFAULT_PRIORITY,
    before: Iterable[str | type[Violation]] = (),
    after: Iterable[str | type[Violation]] = (),
    requires: Iterable[str | type[Violation]] = (),
    yields: Iterable[type[Violation]] | None = None,
    reads: Iterable[str] | None = None,
    severity: Severity = "error",
    points: Iterable[Point] = USUAL_POINTS,
) -> Callable[[_Check], _Check]:
    """Make a function a check of the module it stands in.

    A plain function does no I/O. An `async def` may: such checks run together, after all others, within the time that
    the settings give them, and only where the engine is awaited.

    Args:
        priority: low numbers run first; the first-party checks stand at 100, 200 … 900.
        before: codes, violation classes or plugin names; this check runs before theirs, if they are loaded.
        after: likewise, and this check runs after theirs.
        requires: codes or violation classes; once one of them was found, this check has nothing to say and is
            skipped, and the report says so. It implies `after`.
        yields: the violation classes that the check may yield, where its return annotation, such as
            `Iterator[MissingStores]`, does not say it.
        reads: all that the check reads, as dotted paths without positions, such as `cost` or
            `stores.cart_lines.quantity`, each of which covers what is below it; `context` stands for the context. A
            check that says so is not run again when something else was changed.
        severity: `error` refuses the cart, `warning` travels with it, `info` is only told.
        points: where the check is asked: `cart`, where a change that adds a fault is then refused, `checkout`, `api`.

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
            reads=None if reads is None else _paths(reads, function),
            severity=_one_of(severity, SEVERITIES, function),
            points=tuple(_one_of(point, POINTS, function) for point in _listed(points, "points", function)),
            is_io=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
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


def _whole(priority: int, function: Callable[..., Any]) -> int:
    if type(priority) is not int:
        raise CheckDefinitionError(f"{_where(function)}: priority must be an int, not {priority!r}")
    return priority


def _listed(items: Iterable[_T], argument: str, function: Callable[..., Any]) -> Iterable[_T]:
    if isinstance(items, str | type):
        raise CheckDefinitionError(f"{_where(function)}: {argument} must be a tuple, even of one")
    return items


def _names(named: Iterable[str | type[Violation]], argument: str, function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(name if isinstance(name, str) else name.code for name in _listed(named, argument, function))


def _one_of(word: _Word, words: tuple[_Word, ...], function: Callable[..., Any]) -> _Word:
    if word not in words:
        raise CheckDefinitionError(f"{_where(function)}: {word!r} is none of {', '.join(words)}")
    return word


def _paths(paths: Iterable[str], function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the paths, each of which leads somewhere in a cart."""
    found = tuple(_listed(paths, "reads", function))
    for path in found:
        if path != "context" and not leads_somewhere(path):
            raise CheckDefinitionError(f"{_where(function)}: reads names {path!r}, which no cart has")
    return found


def leads_somewhere(path: str) -> bool:
    """Return whether a dotted path without positions, such as `stores.cart_lines`, leads to a field of the cart."""
    models: tuple[type[BaseModel], ...] = (Cart,)
    for name in path.split("."):
        annotations = [model.model_fields[name].annotation for model in models if name in model.model_fields]
        if not annotations:
            return False
        models = tuple(found for annotation in annotations for found in _models_in(annotation))
    return True


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


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
