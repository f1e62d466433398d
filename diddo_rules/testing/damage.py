"""Carts that no mutator thinks of: any field blank, absent, negative, huge or of another currency, as JSON allows it."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from diddo_rules.context import Pick
from diddo_rules.money import Money
from diddo_rules.tracking import covers

__all__ = ["gen_damaged"]

_Model = TypeVar("_Model", bound=BaseModel)

_TEXTS = ("", " ", "0", "\u200b", "\u202eabc", "\x00", "None", "é" * 300)
_NUMBERS = (0, -1, 1, 2, 10**6, 10**15)
_AMOUNTS = (
    Money(value=0, currency="USD"),
    Money(value=-1, currency="USD"),
    Money(value=1, currency="XXX"),
    Money(value=10**15, currency="KWD"),
)


def gen_damaged(pick: Pick, model: _Model, *, spare: Sequence[str] = (), path: str = "") -> _Model:
    """Return the record with one of its fields, or one far below it, set to something odd that its type allows.

    Args:
        pick: what chooses.
        model: a cart, or a part of one.
        spare: dotted paths that stay as they are, with all below them, and that stay where they are.
        path: the path of `model` itself.
    """
    prefix = f"{path}." if path else ""
    names = [name for name in type(model).model_fields if _may_change(model, name, f"{prefix}{name}", spare)]
    if not names:
        return model
    name = names[pick(len(names))]
    below = f"{prefix}{name}"
    value = getattr(model, name)
    if _has_records(value) and (_leads_to(spare, below) or pick(3)):
        changed = _damaged_below(pick, value, spare, below)
    else:
        odd = _odd_values(type(model).model_fields[name].annotation, value)
        changed = odd[pick(len(odd))]
    return model.model_copy(update={name: changed})


def _may_change(model: BaseModel, name: str, path: str, spare: Sequence[str]) -> bool:
    if covers(spare, path):
        return False
    return not _leads_to(spare, path) or _has_records(getattr(model, name))


def _leads_to(spare: Sequence[str], path: str) -> bool:
    return any(it.startswith(f"{path}.") for it in spare)


def _has_records(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and isinstance(value[0], BaseModel)
    return isinstance(value, BaseModel) and not isinstance(value, Money)


def _damaged_below(pick: Pick, value: Any, spare: Sequence[str], path: str) -> Any:
    if not isinstance(value, tuple):
        return gen_damaged(pick, value, spare=spare, path=path)
    position = pick(len(value))
    changed = gen_damaged(pick, value[position], spare=spare, path=path)
    return (*value[:position], changed, *value[position + 1 :])


def _odd_values(annotation: Any, value: Any) -> Sequence[Any]:
    """Return values that the field's type allows; the first is the plainest way to have nothing."""
    if isinstance(value, tuple):
        return (), value * 2
    kinds = get_args(annotation) or (annotation,)
    odd: list[Any] = [None] if type(None) in kinds else []
    if bool in kinds:
        odd.append(not value)
    elif int in kinds:
        odd += _NUMBERS
    elif str in kinds:
        odd += _TEXTS
    elif Money in kinds:
        odd += _AMOUNTS
    elif isinstance(value, Enum):
        odd += [it for it in type(value) if it is not value]
    return odd or [value]
