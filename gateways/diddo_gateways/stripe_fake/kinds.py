"""What the store needs to know of each kind of object: which of its fields lists are filtered by."""

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["filtered_by", "filters_of", "is_declared", "term", "terms_of"]

_filters: dict[str, tuple[str, ...]] = {}
_readers: dict[str, Callable[[dict[str, Any]], list[str]]] = {}


def filtered_by(kind: str, *fields: str) -> None:
    """Declare the fields of a kind that lists can be filtered by.

    `customer_details.email` is a nested one, `items.data.*.price` one of each element of a list.

    Called once, in the resource's file. A field that holds an object with an id is indexed by that id.
    """
    if kind in _filters:
        raise ValueError(f"the filters of {kind} are declared twice")
    _filters[kind] = fields
    _readers[kind] = _reader(fields)


def is_declared(kind: str) -> bool:
    """Say whether the filters of a kind have been declared."""
    return kind in _filters


def terms_of(kind: str, obj: dict[str, Any]) -> list[str]:
    """Return the index terms of an object: `field=value` for each declared field that is not null."""
    reader = _readers.get(kind)
    return [] if reader is None else reader(obj)


def term(field: str, value: Any) -> str:
    """Return one index term; booleans and ids read as Stripe writes them in a query."""
    if isinstance(value, str):
        return f"{field}={value}"
    if value is True:
        return field + "=true"
    if value is False:
        return field + "=false"
    if isinstance(value, dict):
        value = value.get("id")
    return f"{field}={value}"


def filters_of(kind: str) -> Iterable[str]:
    """Return the declared filter fields of a kind."""
    return _filters.get(kind, ())


def _reader(fields: tuple[str, ...]) -> Callable[[dict[str, Any]], list[str]]:
    flat = [field for field in fields if "." not in field]
    nested = [(field, field.split(".")) for field in fields if "." in field and "*" not in field]
    listed = [(field, field.split(".*.")) for field in fields if "*" in field]

    def read(obj: dict[str, Any]) -> list[str]:
        terms = [term(field, value) for field in flat if (value := obj.get(field)) is not None]
        for field, path in nested:
            inner = _at(obj, path)
            if inner is not None:
                terms.append(term(field, inner))
        for field, (outer, rest) in listed:
            found = (_at(element, rest.split(".")) for element in _at(obj, outer.split(".")) or ())
            terms += [term(field, inner) for inner in found if inner is not None]
        return terms

    return read


def _at(value: Any, path: list[str]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
