"""Rules as data made into checks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from keyword import iskeyword
from string import Formatter
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from diddo_rules.cart import Cart
from diddo_rules.checks import check
from diddo_rules.declarative.document import RuleDocument, RuleFile
from diddo_rules.declarative.examples import mutator_of
from diddo_rules.declarative.logic import ROOTS, LogicFault, Path, Read, compiled, names_at, reads_in
from diddo_rules.declarative.projection import Tree, cart_paths, projected, trees_of
from diddo_rules.errors import CheckDefinitionError
from diddo_rules.hookspecs import hookimpl
from diddo_rules.loader import enlist
from diddo_rules.money import Money
from diddo_rules.violations import ApiCall, Translation, Violation, pointer

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from datalogic_py import Rule

__all__ = ["load_rules"]

_NUMBERS = ("store_number", "line_number")


def load_rules(path: "FilePath") -> ModuleType:
    """Return the plugin that a file of rules makes, named by the file's stem.

    Raises:
        PluginLoadError: the file cannot be read, a rule cannot work, or the evaluator is not installed; the text names
            file, line, rule and key.
    """
    file = RuleFile(path.resolve())
    plugin = ModuleType(f"<diddo plugin>.{path.stem}", f"The rules of {path.name}.")
    violations: dict[str, type[Violation]] = {}
    for index, document in enumerate(file.rules):
        if document.code in violations:
            raise file.fault(index, "code", "another rule of the file has this code")
        violations[document.code] = violation = _violation(document, partial(file.fault, index), plugin.__name__)
        rule = _rule(document, violation, partial(file.fault, index))
        setattr(plugin, document.code.lower(), _check(rule, document, file, line=file.line(index)))
        setattr(plugin, violation.__name__, violation)
    mutators = {violations[it.code]: mutator_of(it) for it in file.rules if it.examples.violating}
    if mutators:
        # No code can be called so.
        setattr(plugin, "mutators of the rules", hookimpl(specname="mutators")(lambda: mutators))
    enlist(plugin)
    return plugin


_Fault = Callable[[str, object], Exception]
"""Makes the error for a key of one rule."""


class _Place(NamedTuple):
    """What a rule looks at: its path in the cart, itself, and what expressions are given of it."""

    path: tuple[str | int, ...]
    record: Any
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule ready to run; `trees` are what to take of each root, `numbers` the facts that count what is looked at."""

    violation: type[Violation]
    for_each: str | None
    when: "Rule"
    facts: Mapping[str, "Rule"]
    trees: Mapping[str, Tree]
    at: Path
    numbers: tuple[str, ...]
    reads: tuple[str, ...]


def _violation(document: RuleDocument, fault: _Fault, module: str) -> type[Violation]:
    """Make the violation class; its facts are those that are computed, and the numbers of what is looked at."""
    _require_plain_names(document, fault)
    facts = dict.fromkeys((*document.facts, *_numbers(document.for_each)), Any)
    body = {
        "__doc__": document.why,
        "__module__": module,
        "__annotations__": facts,
        "code": document.code,
        "http_status": document.http_status,
        "template": document.message,
        "remedy": document.remedy,
        "measure": document.measure,
        "cleared_by": document.cleared_by and ApiCall(**document.cleared_by.model_dump()),
        "translations": {tag: Translation(it.message, it.remedy) for tag, it in document.translations.items()},
    }
    make: Any = type(Violation)
    try:
        made: type[Violation] = make(document.code.title().replace("_", ""), (Violation,), body)
    except CheckDefinitionError as error:
        raise fault("message", error) from error
    return made


def _require_plain_names(document: RuleDocument, fault: _Fault) -> None:
    """Raise unless all facts are names, and templates hold nothing but names, which every language can fill in."""
    for name in document.facts:
        taken = name in _NUMBERS or name == "at" or hasattr(Violation, name)
        if taken or iskeyword(name) or not name.isidentifier():
            raise fault(f"facts.{name}", "a fact cannot be called so")
    texts = {"message": document.message} | {
        f"translations.{tag}.message": it.message for tag, it in document.translations.items()
    }
    for key, text in texts.items():
        try:
            fields = [it for it in Formatter().parse(text) if it[1] is not None]
        except ValueError as error:
            raise fault(key, error) from error
        for _, field, form, conversion in fields:
            if form or conversion or not str(field).isidentifier():
                raise fault(key, f"between braces there can only be the name of a fact, and not {field!r}")


def _rule(document: RuleDocument, violation: type[Violation], fault: _Fault) -> _Rule:
    expressions = {"when": document.when} | {f"facts.{name}": logic for name, logic in document.facts.items()}
    rules: dict[str, Rule] = {}
    reads: list[Read] = []
    for key, logic in expressions.items():
        try:
            reads += reads_in(logic, document.for_each)
            rules[key] = compiled({"!!": [logic]} if key == "when" else logic)
        except LogicFault as error:
            raise fault(key, error) from error
    at = tuple(document.at.split("/")[1:])
    return _Rule(
        violation=violation,
        for_each=document.for_each,
        when=rules.pop("when"),
        facts={key.removeprefix("facts."): rule for key, rule in rules.items()},
        trees=trees_of(reads),
        at=at,
        numbers=_numbers(document.for_each),
        reads=cart_paths(reads, beside=_passed_by(document, at, fault)),
    )


def _numbers(for_each: str | None) -> tuple[str, ...]:
    return tuple(name for name in _NUMBERS if name in ROOTS[for_each])


def _passed_by(document: RuleDocument, at: Path, fault: _Fault) -> Iterator[Path]:
    """Yield the paths from the cart that are looked at to find what is at fault, and to say where."""
    root = {None: "cart", "stores": "store", "stores.cart_lines": "line"}[document.for_each]
    if names_at(at, ROOTS[document.for_each][root]) is None:
        raise fault("at", f"a {root} has no {document.at}")
    here = tuple(document.for_each.split(".")) if document.for_each else ()
    yield here
    if len(at) > 1:
        yield (*here, *(step for step in at if not step.isdecimal()))


def _check(rule: _Rule, document: RuleDocument, file: RuleFile, *, line: int) -> Callable[[Cart], Iterable[Violation]]:
    """Return the check, of which `inspect.unwrap` tells that it stands in the file of rules."""

    @wraps(_written(document, file, line=line))
    def finds(cart: Cart) -> Iterator[Violation]:
        return _found(rule, cart)

    return check(
        priority=document.priority,
        before=document.before,
        after=document.after,
        requires=document.requires,
        severity=document.severity,
        points=document.points,
        yields=(rule.violation,),
        reads=rule.reads,
    )(finds)


def _written(document: RuleDocument, file: RuleFile, *, line: int) -> Callable[[Cart], Any]:
    """Return what is never called, and only tells where the rule stands, and to the testing kit its numbers."""
    logic = document.when

    def written(cart: Cart) -> Any:
        return cart, logic

    name = document.code.lower()
    place: dict[str, Any] = {
        "co_filename": str(file.path),
        "co_firstlineno": line,
        "co_name": name,
        "co_qualname": name,
    }
    written.__code__ = written.__code__.replace(**place)
    written.__name__ = written.__qualname__ = name
    written.__module__ = f"<diddo plugin>.{file.path.stem}"
    written.__doc__ = document.why
    return written


def _found(rule: _Rule, cart: Cart) -> Iterator[Violation]:
    for place in _places(rule, cart):
        if rule.when.evaluate(place.data):
            facts = {name: _fact(name, logic.evaluate(place.data)) for name, logic in rule.facts.items()}
            numbers = {name: place.data[name] for name in rule.numbers}
            yield rule.violation(at=pointer(*place.path, *_existing(place.record, rule.at)), **facts, **numbers)


def _places(rule: _Rule, cart: Cart) -> Iterator[_Place]:
    trees = rule.trees
    data = {"cart": projected(cart, trees["cart"])} if "cart" in trees else {}
    if rule.for_each is None:
        yield _Place((), cart, data)
        return
    for index, store in enumerate(cart.stores):
        inner = data | {"store_number": index + 1}
        if "store" in trees:
            inner["store"] = projected(store, trees["store"])
        if rule.for_each == "stores":
            yield _Place(("stores", index), store, inner)
            continue
        for number, line in enumerate(store.cart_lines):
            seen = {"line": projected(line, trees["line"])} if "line" in trees else {}
            yield _Place(("stores", index, "cart_lines", number), line, inner | seen | {"line_number": number + 1})


def _existing(record: Any, at: Path) -> Path:
    """Return as much of the path as is there: nothing is below what is null, or behind the end of a list."""
    for length, step in enumerate(at[:-1], 1):
        if isinstance(record, tuple):
            record = record[int(step)] if int(step) < len(record) else None
        else:
            record = getattr(record, step)
        if record is None:
            return at[:length]
    return at


def _fact(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_fact(name, item) for item in value)
    if isinstance(value, dict):
        if not {"value", "currency"} <= value.keys():
            raise TypeError(f"the fact {name} is a record; name the field of it that is meant")
        return Money.model_validate(value)
    return "" if value is None else value
