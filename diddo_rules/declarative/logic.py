"""JSON-logic as rules may use it: which operators there are, what of a cart an expression reads, and its compilation.

The operators are those on which evaluators in other languages agree: `var`, `===`, `!==`, `<`, `<=`, `>`, `>=`, `!`,
`!!`, `and`, `or`, `if`, `+`, `-`, `*`, `/`, `%`, `max`, `min`, `cat`, `in`, `map`, `filter`, `reduce`, `all`, `some`,
`none`. The loose `==` is not among them, nor is a default in `var`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from pydantic import BaseModel

from diddo_rules.cart import Cart, CartLine, CartStore
from diddo_rules.errors import PluginLoadError
from diddo_rules.money import Money
from diddo_rules.suggest import did_you_mean
from diddo_rules.violations import pointer

if TYPE_CHECKING:
    from datalogic_py import Rule

__all__ = ["OPERATORS", "ROOTS", "LogicFault", "Path", "Read", "compiled", "names_at", "reads_in"]

Path = tuple[str, ...]
"""The steps to a value without positions, such as `("line", "variant", "price")`."""

_ITERATING = ("map", "filter", "all", "some", "none")

# How many arguments each operator takes, at least and at most.
_ANY = (1, 1000)
_ARGUMENTS = (
    dict.fromkeys(("var", "!", "!!"), (1, 1))
    | dict.fromkeys(("===", "!==", ">", ">=", "-", "/", "%", "in", *_ITERATING), (2, 2))
    | dict.fromkeys(("<", "<="), (2, 3))
    | dict.fromkeys(("and", "or", "if", "+", "*", "max", "min", "cat"), _ANY)
    | {"reduce": (3, 3)}
)
OPERATORS = frozenset(_ARGUMENTS)

_INSTEAD = {"==": "===", "!=": "!=="}

# What an expression can begin with, by what the rule looks at, and what that is.
_FOR_CART: dict[str, type[BaseModel] | None] = {"cart": Cart}
_FOR_STORE = {**_FOR_CART, "store": CartStore, "store_number": None}
ROOTS: Mapping[str | None, Mapping[str, type[BaseModel] | None]] = {
    None: _FOR_CART,
    "stores": _FOR_STORE,
    "stores.cart_lines": {**_FOR_STORE, "line": CartLine, "line_number": None},
}

_LISTS = ("stores", "cart_lines", "shipping_methods", "not_available_ids")
_MONEY = ("value", "currency", "display_value")
_MOST_OPERATIONS = 1_000_000
"""What one evaluation may do, so that a rule cannot stop a server."""


class Read(NamedTuple):
    """A place that an expression looks at; `whole` says that it takes the value itself, and not only its length."""

    path: Path
    whole: bool = True


class LogicFault(ValueError):
    """An expression cannot work; `at` is the JSON pointer of the place within it."""

    def __init__(self, problem: str, at: Path) -> None:
        super().__init__(f"{problem} (at {pointer(*at)})" if at else problem)


_Scope = Callable[[str, Path], Path | None]
"""Turns the name in a `var`, and where that stands, into a path; None if it is of a computed value."""


def reads_in(logic: Any, for_each: str | None) -> list[Read]:
    """Return what an expression reads of its data, whose parts are those of `ROOTS`.

    Raises:
        LogicFault: it uses an operator that rules do not have, or a place that no cart has.
    """
    return list(_reads(logic, _data_of(for_each), ()))


def compiled(logic: Any) -> "Rule":
    """Return the expression ready for evaluation.

    Raises:
        LogicFault: it is no right expression.
        PluginLoadError: the evaluator is not installed.
    """
    engine, text = _engine(), json.dumps(logic)  # a bare text would be taken for JSON
    for found in engine.check(text):
        if found["severity"] == "error":
            raise LogicFault(found["message"], tuple(found["pointer"].split("/")[1:]))
    rule: Rule = engine.compile(text)
    return rule


@cache
def _engine() -> Any:
    try:
        from datalogic_py import Engine  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise PluginLoadError("rules as data need an extra: pip install 'diddo-rules[declarative]'") from error
    return Engine(families=[], config={"division_by_zero": "throw_error", "ops_budget": _MOST_OPERATIONS})


def names_at(path: Path, model: type[BaseModel] | None) -> tuple[str, ...] | None:
    """Return the names that can follow a path from a model; None if it does not lead anywhere.

    Positions, such as the 0 in `stores.0`, are passed over.
    """
    names = _names_of(model)
    for step in path:
        if step.isdecimal():
            continue
        if step not in names:
            return None
        model = None if model is None or model is Money else _model_in(model.model_fields[step].annotation)
        names = _names_of(model)
    return names


def _names_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    if model is None:
        return ()
    return _MONEY if model is Money else tuple(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def _reads(logic: Any, scope: _Scope, at: Path) -> Iterator[Read]:
    if isinstance(logic, list):
        for index, item in enumerate(logic):
            yield from _reads(item, scope, (*at, str(index)))
    elif isinstance(logic, dict):
        operator, arguments = _operation(logic, at)
        inner = (*at, operator)
        if operator == "var":
            path = scope(_name(arguments, inner), inner)
            yield from () if path is None else (Read(path),)
        elif operator in _ITERATING or operator == "reduce":
            path, reads = _iteration(operator, arguments, scope, inner)
            yield from reads
            if operator == "filter" and path is not None:
                yield Read(path)  # whose members are the result
        else:
            yield from _reads(arguments, scope, inner)


def _operation(logic: Mapping[str, Any], at: Path) -> tuple[str, Any]:
    if len(logic) != 1:
        raise LogicFault(f"an operation has one operator, and here are {len(logic)}: {', '.join(logic) or 'none'}", at)
    ((operator, arguments),) = logic.items()
    if operator not in OPERATORS:
        meant = f"Use {_INSTEAD[operator]}." if operator in _INSTEAD else did_you_mean(operator, OPERATORS)
        raise LogicFault(f"rules have no operator {operator}. {meant}", at)
    least, most = _ARGUMENTS[operator]
    count = len(arguments) if isinstance(arguments, list) else 1
    if not least <= count <= most:
        wanted = str(least) if least == most else f"at least {least}" if count < least else f"at most {most}"
        raise LogicFault(f"{operator} takes {wanted} arguments, not {count}", at)
    return operator, arguments


def _name(arguments: Any, at: Path) -> str:
    name = arguments[0] if isinstance(arguments, list) else arguments
    if not isinstance(name, str):
        raise LogicFault("var takes one name, written out", at)
    return name


def _iteration(operator: str, arguments: Any, scope: _Scope, at: Path) -> tuple[Path | None, list[Read]]:
    """Return the path of what is gone through, if it stands in the data, and all that is read on the way."""
    source, inner, *rest = arguments
    path, reads = _source(source, scope, (*at, "0"))
    item = _item_of(path)
    reads += _reads(inner, _current(item) if operator == "reduce" else item, (*at, "1"))
    return path, [*reads, *_reads(rest, scope, at)]


def _source(source: Any, scope: _Scope, at: Path) -> tuple[Path | None, list[Read]]:
    """Return what an iteration goes through: a list of the data, what is made from one, or one that is written out."""
    if isinstance(source, list):
        return None, list(_reads(source, scope, at))
    operator, arguments = _operation(source, at) if isinstance(source, dict) else ("", None)
    if operator == "var":
        path = scope(_name(arguments, (*at, "var")), at)
        if path is not None and path[-1] not in _LISTS:
            raise LogicFault(f"{'.'.join(path)} is no list", at)
        return path, [] if path is None else [Read(path, whole=False)]
    if operator == "filter":
        return _iteration(operator, arguments, scope, (*at, operator))
    if operator == "map":
        return None, list(_reads(source, scope, at))
    raise LogicFault("what is gone through has to be a list: a var, a map, a filter, or written out", at)


def _item_of(path: Path | None) -> _Scope:
    def find(name: str, at: Path) -> Path | None:
        return None if path is None else _checked((*path, *_steps(name)), at)

    return find


def _current(item: _Scope) -> _Scope:
    def find(name: str, at: Path) -> Path | None:
        first, _, rest = name.partition(".")
        if first not in {"current", "accumulator"}:
            raise LogicFault(f"within reduce there are current and accumulator, and no {name}", at)
        return item(rest, at) if first == "current" else None

    return find


def _data_of(for_each: str | None) -> _Scope:
    def find(name: str, at: Path) -> Path | None:
        roots = ROOTS[for_each]
        first, *rest = _steps(name) or ("",)
        if first not in roots:
            raise LogicFault(f"there is no {name!r}: it has to begin with {' or '.join(roots)}", at)
        if first == "cart" and not rest:
            raise LogicFault("a rule cannot read the cart as a whole: name what it needs", at)
        return _checked((first, *rest), at)

    return find


def _steps(name: str) -> Path:
    return tuple(name.split(".")) if name else ()


def _checked(path: Path, at: Path) -> Path:
    """Return the path without positions, if it leads somewhere."""
    model = ROOTS["stores.cart_lines"][path[0]]
    for length in range(1, len(path)):
        names = names_at(path[1:length], model) or ()
        step = path[length]
        if not step.isdecimal() and step not in names:
            said = ".".join(path[: length + 1])
            raise LogicFault(f"there is no {said}. {did_you_mean(step, names)}", at)
    return tuple(step for step in path if not step.isdecimal())
