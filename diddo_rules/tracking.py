"""Carts that notice what is read of them, so that it can be told, and proved, what a check depends on.

A tracked cart is a real `Cart` to `isinstance`, to comparison and to its own methods. Paths are dotted and without
positions: `stores.cart_lines.quantity`. Amounts are leaves: `cost.total` is read as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from diddo_rules.cart import Cart
from diddo_rules.context import Context
from diddo_rules.money import Money

__all__ = ["Reads", "covers", "records_in", "tracked", "tracked_context"]

_Model = TypeVar("_Model", bound=BaseModel)
_NOTES = "diddo tracking"  # no field can be called so
_WHOLE = "__dict__"
_own = object.__getattribute__


@dataclass(slots=True, eq=False)
class Reads:
    """What was read so far: call it for the paths.

    `values` are the paths of what was read as a whole. `structure` are those of records and lists that were only
    looked into, to see whether they are there, how long they are, and what is in them.
    """

    values: set[str] = field(default_factory=set)
    structure: set[str] = field(default_factory=set)

    def __call__(self) -> tuple[str, ...]:
        """Return the paths, sorted; one that only led to another is left out."""
        led_on = {
            path for path in self.structure if any(_is_below(other, path) for other in self.values | self.structure)
        }
        return tuple(sorted(self.values | (self.structure - led_on)))

    def beyond(self, declared: Iterable[str]) -> tuple[str, ...]:
        """Return the paths that were read though `declared` covers them not, sorted.

        To look into what leads to a declared path is part of reading that path.
        """
        allowed = tuple(declared)
        undeclared = {path for path in self.values if not covers(allowed, path)}
        undeclared |= {
            path
            for path in self.structure
            if not covers(allowed, path) and not any(_is_below(it, path) for it in allowed)
        }
        return tuple(path for path in self() if path in undeclared)


def covers(declared: Iterable[str], path: str) -> bool:
    """Return whether a path is among the declared ones, or below one of them."""
    return any(path == it or _is_below(path, it) for it in declared)


def _is_below(path: str, other: str) -> bool:
    return path.startswith(f"{other}.")


def tracked(cart: Cart) -> tuple[Cart, Reads]:
    """Return the cart as one that notes what is read of it, and the notes; the cart itself is left as it is.

    What goes behind the attributes, as `object.__getattribute__` does, is not noticed.
    """
    reads = Reads()
    return _tracked_model(cart, "", reads), reads


def tracked_context(context: Context) -> tuple[Context, Callable[[], bool]]:
    """Return the context as one that notes whether anything is read of it."""
    values = {it.name: getattr(context, it.name) for it in fields(context)}
    noticing = _TrackedContext(**values)
    seen: list[bool] = []
    object.__setattr__(noticing, "seen", seen)
    return noticing, lambda: bool(seen)


class _TrackedContext(Context):
    __slots__ = ("seen",)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__"):
            _own(self, "seen").append(True)
        return _own(self, name)


class _Tracking:
    """Comes before a model's class, and sees each attribute that is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return _own(self, name).__mro__[2]  # the model's own, which comparison asks for
        if name != _WHOLE and name not in _own(self, "__class__").model_fields:
            return _own(self, name)
        attributes = _own(self, _WHOLE)
        if _NOTES not in attributes:  # a copy, of which nobody keeps notes
            return _own(self, name)
        notes: tuple[BaseModel, str, Reads, dict[str, Any]] = attributes[_NOTES]
        original, path, reads, known = notes
        if name == _WHOLE:
            reads.values |= {path} if path else set(type(original).model_fields)
            return vars(original)
        if name not in known:
            below = f"{path}.{name}" if path else name
            (reads.structure if name in _branches(type(original)) else reads.values).add(below)
            known[name] = _noticing(getattr(original, name), below, reads)
        return known[name]


def _noticing(value: Any, path: str, reads: Reads) -> Any:
    """Return what the next reads go through: records are tracked, and so are those in a list."""
    if isinstance(value, BaseModel) and not isinstance(value, Money):
        return _tracked_model(value, path, reads)
    if isinstance(value, tuple):
        return tuple([_noticing(item, path, reads) for item in value])
    return value


@lru_cache(maxsize=64)
def _branches(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields that lead on to other fields, also where they happen to be empty."""
    return frozenset(name for name, it in model.model_fields.items() if any(records_in(it.annotation)))


def records_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the kinds of records that a field may hold; amounts are none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Money:
        yield annotation
    for argument in get_args(annotation):
        yield from records_in(argument)


def _tracked_model(model: _Model, path: str, reads: Reads) -> _Model:
    """Return a copy of the record whose class is one that tracks, made without validation."""
    tracking = _tracking_class(type(model))
    copy: _Model = tracking.__new__(tracking)
    object.__setattr__(copy, _WHOLE, {**vars(model), _NOTES: (model, path, reads, {})})
    object.__setattr__(copy, "__pydantic_fields_set__", model.model_fields_set)
    object.__setattr__(copy, "__pydantic_extra__", None)
    object.__setattr__(copy, "__pydantic_private__", None)
    return copy


@lru_cache(maxsize=64)
def _tracking_class(model: type[BaseModel]) -> Any:
    metaclass: Any = type(model)
    return metaclass(model.__name__, (_Tracking, model), {"__module__": __name__})
