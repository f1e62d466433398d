"""What a change of a cart has added or worsened, and what was wrong already."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from diddo_rules.cart import Cart
from diddo_rules.report import Report
from diddo_rules.text import is_blank
from diddo_rules.violations import Violation

__all__ = ["only_worsened"]

_Place = tuple[str | int, ...]


def only_worsened(before: Report, after: Report, *, carts: tuple[Cart | None, Cart | None]) -> Report:
    """Return `after` with what was wrong before, or what a skipped check could not say before, only tolerated.

    A fault is the same if it has the same code at the same place, where stores are told by their domains and lines by
    their variants, so that it is still the same when others are removed. It is worse if its `measure` has grown, or if
    there are more of it.
    """
    were = _by_fault(before.violations, carts[0])
    # Where there was no cart, nothing was wrong with it.
    hidden = set() if carts[0] is None else {it.check for it in before.skipped}
    worsened: list[Violation] = []
    tolerated: list[Violation] = list(before.tolerated)
    for fault, now in _by_fault(after.violations, carts[1]).items():
        for violation in now:
            known = were.get(fault) or were.get(_named_since(fault, violation.at, carts[0]), [])
            earlier = next((it for it in known if not _worse(violation, it)), None)
            if earlier is not None:
                known.remove(earlier)
                tolerated.append(violation)
            elif _checked_by(violation, after) & hidden:
                tolerated.append(violation)
            else:
                worsened.append(violation)
    broke = {it.check for it in before.crashed}
    return replace(
        after,
        violations=tuple(it for it in after.violations if any(it is other for other in worsened)),
        tolerated=tuple(tolerated),
        crashed=tuple(replace(it, blocks=it.blocks and it.check not in broke) for it in after.crashed),
    )


def _by_fault(violations: Iterable[Violation], cart: Cart | None) -> dict[tuple[str, _Place], list[Violation]]:
    found: dict[tuple[str, _Place], list[Violation]] = defaultdict(list)
    for violation in violations:
        found[violation.code, _place(violation.at, cart)].append(violation)
    return found


def _place(pointer: str, cart: Cart | None) -> _Place:
    """Return the place with the positions of stores and lines replaced by what they are."""
    steps = pointer.split("/")[1:]
    place: list[str | int] = list(steps)
    if cart is None or len(steps) < 2 or steps[0] != "stores" or not _within(steps[1], cart.stores):
        return tuple(place)
    store = cart.stores[int(steps[1])]
    place[1] = int(steps[1]) if store.store is None or is_blank(store.store) else store.store
    if len(steps) > 3 and steps[2] == "cart_lines" and _within(steps[3], store.cart_lines):
        variant = store.cart_lines[int(steps[3])].variant
        variant_id = variant.id if variant else None
        place[3] = int(steps[3]) if variant_id is None or is_blank(variant_id) else variant_id
    return tuple(place)


def _named_since(fault: tuple[str, _Place], pointer: str, cart: Cart | None) -> tuple[str, _Place]:
    """Return the fault as it was before its store got a domain, or its line a variant; else the fault itself."""
    code, place = fault
    was = _place(pointer, cart)
    same = all(isinstance(then, int) or then == now for then, now in zip(was, place, strict=True))
    return (code, was) if same else fault


def _within(position: str, items: tuple[object, ...]) -> bool:
    return position.isdecimal() and int(position) < len(items)


def _worse(now: Violation, before: Violation) -> bool:
    if now.measure is None:
        return False
    new, old = getattr(now, now.measure), getattr(before, now.measure)
    try:
        return bool(new > old)
    except (TypeError, ValueError):
        return bool(new != old)  # they cannot be compared, as amounts of two currencies: then any change counts


def _checked_by(violation: Violation, report: Report) -> set[str]:
    """Return the check that has found the violation; none if a wrapper has added it."""
    return {check for check, found in report.findings.items() if any(it is violation for it in found)}
