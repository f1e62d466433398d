"""Filters of lists, read from the catalogue: a parameter that names a field of the listed kind picks by equality.

A range picks by comparison, a list by any of its values; `filters.json` names the parameters that mean another field,
and the values that mean every object. What names no field is taken and has no effect; `without_effect` lists those.
"""

import operator
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from diddo_gateways.stripe_fake.generic.patterns import Pattern
from diddo_gateways.stripe_fake.generic.scanning import Condition, values_at
from diddo_gateways.stripe_fake.generic.tier import Tier
from diddo_gateways.stripe_fake.generic.values import data
from diddo_gateways.stripe_fake.kinds import filtered_by, filters_of, is_declared, term

__all__ = ["conditions_of", "declare", "without_effect"]

NO_FILTERS = frozenset(
    {"limit", "starting_after", "ending_before", "expand", "created", "page", "query", "include", "order_by"}
)
# What a flag asks: `status is "not_started"`.
IS = "is "
BOUNDS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def declare(tier: Tier) -> None:
    """Declare to the store the fields by which the generic kinds' lists are filtered, once per process."""
    wanted: dict[str, list[str]] = {}
    for pattern in tier.patterns.values():
        for kind in pattern.kinds:
            fields = wanted.setdefault(kind, [])
            if pattern.parent is not None and pattern.parent.field in tier.known.fields(kind):
                fields.append(pattern.parent.field or "")
            if pattern.does == "list":
                fields += [name for name in _names(tier, pattern) if _is_indexed(tier, kind, name)]
    for kind, fields in wanted.items():
        if fields and not is_declared(kind):
            filtered_by(kind, *dict.fromkeys(fields))


def conditions_of(tier: Tier, pattern: Pattern, params: Mapping[str, Any]) -> tuple[list[list[str]], list[Condition]]:
    """Return what a list request asks for: terms of the store's index, and conditions for what the index does not know."""
    kind = pattern.kinds[0]
    terms: list[list[str]] = []
    conditions: list[Condition] = []
    for name, value in params.items():
        if name in NO_FILTERS or value in data("filters.json")["every"].get(f"{kind}.{name}", ()):
            continue
        field = _field(tier, pattern, name)
        if field is None:
            continue
        if field in filters_of(kind) and isinstance(value, str | bool | int):
            terms.append([term(field, value)])
        else:
            conditions += _conditions(field, value)
    return terms, conditions


def without_effect(tier: Tier, pattern: Pattern) -> list[str]:
    """Return the filters of a list that have no effect: they name nothing that the listed objects hold."""
    return [name for name in _names(tier, pattern) if _field(tier, pattern, name) is None]


def _names(tier: Tier, pattern: Pattern) -> list[str]:
    params = pattern.operation.params
    fields = tier.known.definitions[params]["fields"] if params else {}
    return [name for name in fields if name not in NO_FILTERS]


def _field(tier: Tier, pattern: Pattern, name: str) -> str | None:
    """Return the dotted field that a filter is about; a space and a comparison may follow it, as in `created gt`."""
    for kind in pattern.kinds:
        fields = tier.known.fields(kind)
        aliases: Mapping[str, str | None] = data("filters.json")["aliases"]
        if f"{kind}.{name}" in aliases:
            return aliases[f"{kind}.{name}"]
        for spelling in (name, name.removesuffix("s"), name.removesuffix("es")):
            if spelling in fields:
                return spelling
    return None


def _is_indexed(tier: Tier, kind: str, name: str) -> bool:
    node = tier.known.resolve(tier.known.fields(kind).get(name))
    return isinstance(node, str) or (isinstance(node, dict) and bool({"enum", "expandable"} & set(node)))


def _conditions(field: str, value: Any) -> Iterator[Condition]:
    path, _, comparison = field.partition(" ")
    steps = tuple(path.split("."))
    if comparison.startswith(IS):
        yield partial(_is, steps, orjson.loads(comparison.removeprefix(IS)), value)
    elif comparison:
        yield partial(_within, steps, {comparison: value})
    elif isinstance(value, dict) and set(value) <= set(BOUNDS):
        yield partial(_within, steps, value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _conditions(f"{path}.{name}", inner)
    else:
        yield partial(_among, steps, value if isinstance(value, list) else [value])


def _is(steps: tuple[str, ...], wanted: Any, asked: Any, obj: dict[str, Any]) -> bool:
    return (wanted in values_at(obj, steps)) is asked


def _within(steps: tuple[str, ...], bounds: Mapping[str, Any], obj: dict[str, Any]) -> bool:
    return any(value is not None and _holds(value, bounds) for value in values_at(obj, steps))


def _holds(value: Any, bounds: Mapping[str, Any]) -> bool:
    return all(BOUNDS[name](value, bound) for name, bound in bounds.items())


def _among(steps: tuple[str, ...], wanted: list[Any], obj: dict[str, Any]) -> bool:
    return any(value in wanted for value in values_at(obj, steps))
