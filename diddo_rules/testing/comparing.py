"""What has changed between carts: snapshots that miss nothing, copies that share nothing, and two changes in one."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from diddo_rules.context import Case, Context

__all__ = ["merged", "private", "snapshot", "value_at"]


_Part = TypeVar("_Part")


def private(case: Case) -> Case:
    """Return the case with a cart that shares no record with any other, and a context of its own."""
    return Case(_copied(case.cart), replace(case.context))


def _copied(value: _Part) -> _Part:
    """Return a deep copy of records and tuples, ten times as fast as `copy.deepcopy`."""
    copy: Any = value
    if isinstance(value, BaseModel):
        copy = value.model_copy()
        attributes = vars(copy)
        for name, it in attributes.items():
            if isinstance(it, BaseModel | tuple):
                attributes[name] = _copied(it)
    elif isinstance(value, tuple):
        copy = tuple([_copied(it) for it in value])
    return copy  # type: ignore[no-any-return]  # of the same type


def snapshot(value: Any) -> Any:
    """Return what two looks at the same thing can be compared by, also attributes that its type knows nothing of."""
    if isinstance(value, BaseModel):
        return type(value), snapshot(vars(value))
    if isinstance(value, tuple | list):
        return [snapshot(it) for it in value]
    if isinstance(value, Context):
        return [getattr(value, it.name) for it in fields(value)]
    if isinstance(value, dict):
        return {key: snapshot(it) if isinstance(it, _PARTS) else it for key, it in value.items()}
    return value


_PARTS = (BaseModel, tuple, list, dict)


def merged(valid: Case, one: Case, other: Case) -> Case | None:
    """Return `valid` with the changes of both; None where they have changed the same thing."""
    try:
        return Case(*_merged(tuple(valid), tuple(one), tuple(other)))
    except _SameThingError:
        return None


class _SameThingError(Exception):
    """Both have changed it."""


def _merged(base: Any, one: Any, other: Any) -> Any:
    if other is base or other == base:
        return one
    if one is base or one == base:
        return other
    if type(base) is type(one) is type(other):
        if isinstance(base, tuple) and len(base) == len(one) == len(other):
            return tuple(map(_merged, base, one, other))
        if isinstance(base, BaseModel):
            return base.model_copy(update=_merged_fields(type(base).model_fields, base, one, other))
        if is_dataclass(base) and not isinstance(base, type):
            return replace(base, **_merged_fields([it.name for it in fields(base)], base, one, other))
    raise _SameThingError


def _merged_fields(names: Iterable[str], base: Any, one: Any, other: Any) -> dict[str, Any]:
    return {name: _merged(getattr(base, name), getattr(one, name), getattr(other, name)) for name in names}


def value_at(value: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer in a cart.

    Raises:
        LookupError: there is no such place; what is None has no places in it.
    """
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, BaseModel) and name in {*type(value).model_fields, *type(value).model_computed_fields}:
            value = getattr(value, name)
        elif isinstance(value, tuple) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise LookupError(f"there is no {pointer}")
    return value
