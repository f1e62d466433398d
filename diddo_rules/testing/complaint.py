"""What the properties say when a plugin breaks one: who, which, and the cart that shows it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from diddo_rules.context import Case, Context
from diddo_rules.errors import DiddoError

__all__ = ["Complaint", "PluginFault", "case_as_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One property that does not hold for a plugin, and a case in which it does not.

    `check` (`plugin:function`) and `code` are None where no single one is to blame. `other` is the second case of
    properties that compare two, such as a cart before and after a change.
    """

    property: str
    plugin: str
    check: str | None
    code: str | None
    message: str
    case: Case
    other: Case | None = None

    def __str__(self) -> str:
        lines = [f"{self.property}: {self.check or self.plugin}: {self.message}", _text(self.case)]
        if self.other is not None:
            lines.append(f"and {_text(self.other)}")
        return "\n  ".join(lines)


class PluginFault(DiddoError, AssertionError):
    """A plugin breaks properties that every plugin has to keep; `complaints` holds one for each."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))


def case_as_json(case: Case) -> dict[str, Any]:
    """Return a case as plain JSON values: `cart` and, where it says anything, `context`; what has its default is left out.

    A context's catalogue is a function; it stands as `known_variants`, the ids of the cart's variants that it knows.
    """
    told: dict[str, Any] = {"cart": None}
    if case.cart is not None:
        told["cart"] = case.cart.model_dump(mode="json", exclude_defaults=True, exclude_computed_fields=True)
    context = _context_as_json(case)
    return told | {"context": context} if context else told


def _text(case: Case) -> str:
    return json.dumps(case_as_json(case), ensure_ascii=False)


def _context_as_json(case: Case) -> dict[str, Any]:
    context, plain = case.context, Context(cart_id=case.cart.id if case.cart else None)
    told = {
        name: getattr(context, name)
        for name in ("cart_id", "checkout_session_open", "point")
        if getattr(context, name) != getattr(plain, name)
    }
    if context.variant_known is not None and case.cart is not None:
        ids = {line.variant.id for store in case.cart.stores for line in store.cart_lines if line.variant}
        told["known_variants"] = sorted(it for it in ids if it and context.variant_known(it))
    return told
