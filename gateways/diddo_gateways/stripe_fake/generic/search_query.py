r"""Stripe's search language: `status:"active" AND -metadata["order"]:"6735"`.

Clauses of a field, an operator and a value, joined all by `AND` (or a space) or all by `OR`; `-` before a clause
negates it. `:` is equal, `~` contains (texts, at least three characters), `> < >= <=` compare numbers. Values of texts
stand in quotes, `\"` for a quote inside; `null` is a field that is not there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = ["Clause", "Query", "parse"]

MOST_CLAUSES = 10
SHORTEST_PART = 3
Form = Literal["number", "text", "token"]
TOKEN = re.compile(
    r"""\s*(?:
        (?P<field>-?[A-Za-z_][\w.]*(?:\["(?:[^"\\]|\\.)*"\]|\['(?:[^'\\]|\\.)*'\])?)
        \s*(?P<operator>>=|<=|[:~<>])\s*
        (?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)
        | (?P<joint>AND|OR)(?=\s|$)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
METADATA = re.compile(r"""metadata\[(?:"(.*)"|'(.*)')\]""", re.IGNORECASE | re.DOTALL)


class InvalidQuery(InvalidRequest):
    """A query that is not of the language, or asks for what the resource is not searched by."""

    began = False

    def __init__(self, message: str) -> None:
        super().__init__(message, param="query")


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: the value at `path` compared with `value`, which is None for `null`."""

    path: tuple[str, ...]
    operator: str
    value: str | None
    negated: bool

    def holds(self, obj: Mapping[str, Any]) -> bool:
        """Say whether an object meets the condition."""
        found: Any = obj
        for step in self.path:
            found = found.get(step) if isinstance(found, dict) else None
        return self._compare(found) is not self.negated

    def _compare(self, found: Any) -> bool:
        if isinstance(found, dict):
            found = found.get("id")
        if self.value is None or found is None:
            return self.value is None and found is None
        match self.operator:
            case ":":
                return _text(found) == self.value.lower()
            case "~":
                return self.value.lower() in _text(found)
        number, bound = float(found), float(self.value)
        return {">": number > bound, "<": number < bound, ">=": number >= bound, "<=": number <= bound}[self.operator]


@dataclass(frozen=True, slots=True)
class Query:
    """Clauses of which all must hold, or one."""

    clauses: tuple[Clause, ...]
    all: bool

    def holds(self, obj: Mapping[str, Any]) -> bool:
        """Say whether an object is found."""
        return (all if self.all else any)(clause.holds(obj) for clause in self.clauses)


def parse(text: str, fields: Mapping[str, Form], paths: Mapping[str, str] | None = None) -> Query:
    """Read a query.

    Args:
        text: the query.
        fields: the fields that the resource is searched by, besides its metadata.
        paths: where a field is found, if elsewhere than under its name.

    Raises:
        InvalidRequest: it is not of the language, or asks for something else.
    """
    clauses: list[Clause] = []
    joints: set[str] = set()
    expects_clause, at = True, 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if found is None or (found["joint"] is not None and expects_clause):
            raise InvalidQuery(f"We were unable to parse your search query at: {text[at:].strip()[:60]}")
        if found["joint"] is None:
            joints |= set() if expects_clause else {"AND"}
            clause = _clause(found["field"], found["operator"], found["value"], fields)
            clauses.append(replace(clause, path=_moved(clause.path, paths or {})))
        else:
            joints.add(found["joint"].upper())
        expects_clause, at = found["joint"] is not None, found.end()
    if expects_clause:
        raise InvalidQuery("Your search query is empty, or ends where another clause is expected.")
    if len(joints) > 1:
        raise InvalidQuery("You cannot combine AND and OR in one search query.")
    if len(clauses) > MOST_CLAUSES:
        raise InvalidQuery(f"A search query can have at most {MOST_CLAUSES} clauses.")
    return Query(tuple(clauses), joints != {"OR"})


def _clause(field: str, operator: str, value: str, fields: Mapping[str, Form]) -> Clause:
    negated, name = field.startswith("-"), field.removeprefix("-")
    metadata = METADATA.fullmatch(name)
    path = ("metadata", _unescaped(metadata[1] or metadata[2] or "")) if metadata else tuple(name.split("."))
    form = "token" if metadata else fields.get(name)
    if form is None:
        raise InvalidQuery(
            f"Field `{name}` is an unsupported search field. Searchable: {', '.join([*fields, 'metadata'])}."
        )
    return Clause(path, operator, _value(name, operator, value, form), negated)


def _moved(path: tuple[str, ...], paths: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(paths[path[0]].split(".")) if len(path) == 1 and path[0] in paths else path


def _value(name: str, operator: str, text: str, form: Form) -> str | None:
    quoted = text[0] in "\"'"
    value = _unescaped(text[1:-1]) if quoted else text
    if not quoted and value.lower() == "null" and operator == ":":
        return None
    if operator == "~" and (form != "text" or len(value) < SHORTEST_PART):
        raise InvalidQuery(
            f"The operator `~` needs a text field and at least {SHORTEST_PART} characters; it cannot be used for `{name}`."
            if form != "text"
            else f"The operator `~` needs at least {SHORTEST_PART} characters; `{name}` was given {len(value)}."
        )
    if operator in (">", "<", ">=", "<=") and form != "number":
        raise InvalidQuery(f"The operator `{operator}` is for numbers; it cannot be used for `{name}`.")
    if form == "number" and not re.fullmatch(r"-?\d{1,18}", value):
        raise InvalidQuery(f"`{name}` is compared with a number, not with {value!r}.")
    if not quoted and form != "number" and value.lower() not in ("true", "false"):
        raise InvalidQuery(f"The value of `{name}` must stand in quotes: {value}")
    return value


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _text(value: Any) -> str:
    return str(value).lower()
