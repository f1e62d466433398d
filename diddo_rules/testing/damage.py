"""Carts that no mutator thinks of: any field blank, absent, negative, huge or of another currency, as JSON allows it."""

from collections.abc import Iterator, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from diddo_rules.cart import Cart
from diddo_rules.context import Pick
from diddo_rules.money import Money
from diddo_rules.tracking import covers, records_in

__all__ = ["gen_damaged"]

_TEXTS = ("", " ", "0", "\u200b", "\u202eabc", "\x00", "None", "é" * 300)
_NUMBERS = (0, -1, 10**15)
_AMOUNTS = (
    Money(value=0, currency="USD"),
    Money(value=-1, currency="USD"),
    Money(value=1, currency="XXX"),
    Money(value=10**15, currency="KWD"),
)


def gen_damaged(pick: Pick, cart: Cart, *, spare: Sequence[str] = ()) -> Cart:
    """Return the cart with one field somewhere in it set to something odd that its type allows.

    Args:
        pick: what chooses.
        cart: any cart; it stays as it is where there is nothing at the place that was chosen.
        spare: dotted paths that stay as they are, with all below them, and that stay where they are.
    """
    places = _places(tuple(spare))
    return _changed(pick, cart, places[pick(len(places))].split(".")) if places else cart


@lru_cache(maxsize=256)
def _places(spare: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths that may be changed; texts, of which there are many, stand there less often than the rest."""
    return tuple(
        path
        for path, weight in _weighed(Cart)
        if not covers(spare, path) and not any(it.startswith(f"{path}.") for it in spare)
        for _ in range(weight)
    )


def _weighed(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, int]]:
    for name, info in model.model_fields.items():
        yield f"{prefix}{name}", 1 if str in get_args(info.annotation) else 3
        for record in records_in(info.annotation):
            yield from _weighed(record, f"{prefix}{name}.")


def _changed(pick: Pick, model: Any, names: Sequence[str]) -> Any:
    """Return the record with what the names lead to set to something odd; unchanged where they lead to nothing."""
    name, *below = names
    value = getattr(model, name)
    if not below:
        odd = _odd_values(type(model).model_fields[name].annotation, value)
        changed: Any = odd[pick(len(odd))]
    elif isinstance(value, tuple) and value:
        at = pick(len(value))
        changed = (*value[:at], _changed(pick, value[at], below), *value[at + 1 :])
    elif isinstance(value, BaseModel):
        changed = _changed(pick, value, below)
    else:
        return model
    return model.model_copy(update={name: changed})


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
