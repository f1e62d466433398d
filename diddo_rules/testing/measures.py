"""The property of violations that say how bad they are: their `measure` can be relied on."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from diddo_rules.cart import Cart
from diddo_rules.context import Case, Pick
from diddo_rules.edits import with_line
from diddo_rules.money import CurrencyMismatch
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.subject import Subject
from diddo_rules.violations import Violation

__all__ = ["monotone"]

_FACTORS = (1, 2, 5, 9, 10, 11, 90, 100, 1000)


def monotone(subject: Subject, pick: Pick) -> Complaint | None:
    """A `measure` can be compared, and as one number of a cart grows, it may fall and then rise, never the reverse.

    So there is a best value, perhaps at an end, and the further away from it a cart is, the worse it measures: as with
    a maximum, a minimum or a range. Texts, which put 10 before 9, are no measures, nor are remainders.
    """
    measured = [it for it in subject.mutators if it.measure is not None]
    cases = subject.gen_broken(pick, measured[pick(len(measured))]) if measured else None
    if cases is None or cases[1].cart is None:
        return None
    grow = _GROWING[pick(len(_GROWING))]
    grown = [cases[1]._replace(cart=grow(cases[1].cart, factor)) for factor in _FACTORS]
    risen = False
    for (_, _, less), (case, found, more) in pairwise(_measures(subject, grown)):
        change, fault = _compared(less, more)
        if fault is None and risen and change < 0:
            fault = f"falls from {less} to {more} after it has risen, as one number of the cart grows"
        if fault is not None:
            return _complaint(subject, found, fault, case, cases[1])
        risen = risen or change > 0
    return None


def _measures(subject: Subject, cases: list[Case]) -> Iterator[tuple[Case, Violation, Any]]:
    """Yield what is measured in each case in which the plugin finds just one thing."""
    for case in cases:
        found = [it for _, it in subject.found(subject.report(case))]
        if len(found) == 1 and found[0].measure is not None:
            yield case, found[0], getattr(found[0], found[0].measure)


def _compared(less: Any, more: Any) -> tuple[int, str | None]:
    """Return whether the measure falls (-1), stays or rises (1), or what is wrong with it."""
    try:
        fell, rose = bool(more < less), bool(more > less)
    except CurrencyMismatch:
        return 0, None
    except TypeError as error:
        return 0, f"cannot be compared: {error}"
    if fell == rose and more != less:
        return 0, f"says of {more} that it is neither more nor less than {less}"
    return rose - fell, None


def _with_more_pieces(cart: Cart, factor: int) -> Cart:
    line = next((line for store in cart.stores[:1] for line in store.cart_lines[:1]), None)
    return with_line(cart, 0, 0, quantity=line.quantity * factor) if line else cart


def _with_higher_total(cart: Cart, factor: int) -> Cart:
    if cart.cost is None or cart.cost.total is None:
        return cart
    return cart.model_copy(update={"cost": cart.cost.model_copy(update={"total": cart.cost.total * factor})})


_GROWING: tuple[Callable[[Cart, int], Cart], ...] = (_with_higher_total, _with_more_pieces)


def _complaint(subject: Subject, found: Violation, fault: str, case: Case, other: Case) -> Complaint:
    return Complaint(
        property="monotone",
        plugin=subject.name,
        check=None,
        code=found.code,
        message=f"its measure {fault}",
        case=case,
        other=other,
    )
