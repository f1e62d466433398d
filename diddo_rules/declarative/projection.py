"""Taking from a cart just those values that a rule reads, as plain JSON values."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from pydantic import BaseModel

from diddo_rules.declarative.logic import ROOTS, Path, Read, names_at
from diddo_rules.money import Money

__all__ = ["Tree", "cart_paths", "projected", "trees_of"]

Tree: TypeAlias = "Mapping[str, Tree] | None"
"""What to take of a record, by field; None takes all of it."""

_SCALARS = (type(None), bool, int, str)
_IN_CART: Mapping[str, Path] = {"cart": (), "store": ("stores",), "line": ("stores", "cart_lines")}


def trees_of(reads: Iterable[Read]) -> dict[str, Tree]:
    """Return what to take of each root, such as `{"line": {"variant": {"price": None}}}`."""
    whole: dict[str, Any] = {}
    for read in sorted(reads, key=lambda it: it.whole):  # what is taken whole wins
        *way, last = read.path
        tree = whole
        for step in way:
            tree = tree.setdefault(step, {})
            if tree is None:
                break
        else:
            tree[last] = None if read.whole else tree.get(last, {})
    return whole


def projected(value: Any, tree: Tree) -> Any:
    """Return what the tree takes of a record, of each in a tuple, or of None."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, tuple):
        return [projected(item, tree) for item in value]
    if isinstance(value, Enum):
        return value.value
    fields = _all_of(type(value)) if tree is None else tree
    return {name: projected(getattr(value, name), inner) for name, inner in fields.items()}


def _all_of(model: type[BaseModel]) -> Mapping[str, Tree]:
    return dict.fromkeys(names_at((), Money if issubclass(model, Money) else model) or ())


def cart_paths(reads: Iterable[Read], *, beside: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return the places as `@check(reads=...)` wants them: dotted, from the cart, amounts as a whole.

    Args:
        reads: what expressions read of their data.
        beside: paths from the cart that are looked at besides.
    """
    found = {((*_IN_CART[root], *_to_amount(rest, root)), whole) for (root, *rest), whole in reads if root in _IN_CART}
    found |= {(path, False) for path in beside}
    return tuple(sorted({".".join(path) for path, whole in found if path and not _is_said(path, whole, found)}))


def _is_said(path: Path, whole: bool, found: Iterable[tuple[Path, bool]]) -> bool:  # noqa: FBT001 (as in a Read)
    """Return whether another path says it already: one above that reads all, or one beyond, which has to pass by."""
    above = any(it and len(other) < len(path) and path[: len(other)] == other for other, it in found)
    beyond = any(len(other) > len(path) and other[: len(path)] == path for other, _ in found)
    return above or (beyond and not whole)


def _to_amount(rest: Sequence[str], root: str) -> Path:
    model = ROOTS["stores.cart_lines"][root]
    for length in range(1, len(rest) + 1):
        if names_at(tuple(rest[:length]), model) == names_at((), Money):
            return tuple(rest[:length])
    return tuple(rest)
