"""The properties of what a plugin finds: it is right, it can be told, and a cart can be brought out of it."""

import json
import warnings
from typing import Any

from pydantic_core import to_jsonable_python

from diddo_rules.cart import Cart
from diddo_rules.checks import leads_somewhere
from diddo_rules.context import Case, Pick
from diddo_rules.testing.breaking import gen_mutated
from diddo_rules.testing.comparing import merged, private, value_at
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.subject import Subject
from diddo_rules.violations import Violation

__all__ = ["broken_alone", "no_trap", "points_at_a_place", "remedied", "renders", "second_fault", "valid_passes"]


def renders(subject: Subject, pick: Pick) -> Complaint | None:
    """Each finding has a message and a remedy in each of its languages, and survives JSON."""
    case = subject.gen_any(pick)
    for check, violation in subject.found(subject.report(case)):
        for locale in (None, *violation.translations):
            try:
                _require_plain(violation, locale)
                fault = _fault_of(violation.to_error(locale))
            except Exception as raised:  # noqa: BLE001 (a template or a fact may fail in any way, and is to be named)
                fault = f"fails with {type(raised).__name__}: {raised}"
            if fault:
                message = f"its text in {locale or 'English'} {fault}"
                return _complaint(subject, "renders", check, violation, message, case)
    return None


def _require_plain(violation: Violation, locale: str | None) -> None:
    """Raise what the violation itself survives, so that a shopper is refused all the same."""
    template = violation.template if locale is None else violation.translations[locale].template
    template.format(at=violation.at, **violation.facts)
    to_jsonable_python(violation.facts)


def _fault_of(error: dict[str, Any]) -> str | None:
    if not error["message"].strip() or not error["details"]["remedy"].strip():
        return "is blank"
    if json.loads(json.dumps(error)) != error:
        return "is not the same after JSON"
    return None


def points_at_a_place(subject: Subject, pick: Pick) -> Complaint | None:
    """Each finding points at a place that the cart has, or at a field of a part that the cart lacks."""
    case = subject.gen_any(pick)
    for check, violation in subject.found(subject.report(case)):
        if not _is_a_place(case.cart, violation.at):
            message = f"it points at {violation.at!r}, which is no place in the cart"
            return _complaint(subject, "points-at-a-place", check, violation, message, case)
    return None


def _is_a_place(cart: Cart | None, pointer: str) -> bool:
    """Return whether the place is there, or would be if what holds it were there."""
    if cart is None:
        return pointer == ""
    parent, _, name = pointer.rpartition("/")
    try:
        value_at(cart, pointer)
    except LookupError:
        # A part that is absent has no fields to look at, so its type is asked.
        return bool(name) and not name.isdecimal() and _is_absent(cart, parent) and _leads_somewhere(pointer)
    return pointer == "" or pointer.startswith("/")


def _is_absent(cart: Cart, pointer: str) -> bool:
    try:
        return value_at(cart, pointer) is None
    except LookupError:
        return False


def _leads_somewhere(pointer: str) -> bool:
    return leads_somewhere(".".join(step for step in pointer.split("/")[1:] if not step.isdecimal()))


def valid_passes(subject: Subject, pick: Pick) -> Complaint | None:
    """A valid cart passes, unless a limit (a finding with a `measure`) or the plugin's settings are what refuses it.

    In any case some valid carts pass: what refuses all of them has its condition the wrong way round. What a check
    finds that only warns or informs, as its author says, refuses nothing.
    """
    case = subject.gen_case(pick)
    report = subject.report(case)
    for check, violation in subject.found(report):
        if not subject.refuses(check):
            continue
        if subject.refuses_all:
            message = f"it refuses every valid cart: {_words_of(violation)}"
            return _complaint(subject, "valid-passes", check, violation, message, case)
        if violation.measure is None and not subject.passes_by_default(check, case):
            message = f"it refuses a valid cart: {_words_of(violation)} (If it is a limit, say how far with `measure`.)"
            return _complaint(subject, "valid-passes", check, violation, message, case)
    return None


def _words_of(violation: Violation) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it cannot be said is for `renders` to say
        return violation.message


def broken_alone(subject: Subject, pick: Pick) -> Complaint | None:
    """What the mutator of a violation does to a valid cart leads to that violation, and to no other.

    What is found by plugins that are neither this one nor ours does not count: its author cannot know them.
    """
    made = _gen_broken(subject, pick)
    if made is None:
        return None
    violation, valid, broken = made
    codes = {
        it.code for name, found in subject.report(broken).findings.items() if name in subject.known for it in found
    }
    if codes == {violation.code}:
        return None
    message = f"its mutator was to provoke it alone, and {' and '.join(sorted(codes)) or 'nothing'} was found"
    return _complaint(subject, "broken-alone", None, violation, message, broken, other=valid)


def remedied(subject: Subject, pick: Pick) -> Complaint | None:
    """A cart that was broken passes again as soon as it is put right, as often as that happens."""
    made = _gen_broken(subject, pick)
    if made is None:
        return None
    _, valid, broken = made
    subject.report(broken)
    for check, found in subject.found(subject.report(private(valid))):
        message = "it is still found after the cart was put right"
        return _complaint(subject, "remedied", check, found, message, valid, other=broken)
    return None


def second_fault(subject: Subject, pick: Pick) -> Complaint | None:
    """A second fault elsewhere never hides the first, unless the first one's check `requires` that it is absent.

    Elsewhere means that what the first finding points at is just as it was.
    """
    faults = _gen_two_faults(subject, pick)
    if faults is None:
        return None
    first, both = faults
    now = subject.report(both)
    unheard = {it.check for it in now.skipped} | {it.check for it in subject.crashes(now)}
    still = {(check, it.code, it.at) for check, it in subject.found(now)}
    for check, found in subject.found(subject.report(first)):
        if (check, found.code, found.at) not in still and check not in unheard and _untouched(first, both, found.at):
            message = "a second fault hides it, which its check does not say with `requires`"
            return _complaint(subject, "second-fault", check, found, message, both, other=first)
    return None


def _untouched(one: Case, other: Case, pointer: str) -> bool:
    try:
        return bool(value_at(one.cart, pointer) == value_at(other.cart, pointer))
    except LookupError:
        return False


def no_trap(subject: Subject, pick: Pick) -> Complaint | None:
    """A change that makes nothing worse is not refused: none at all, and one that mends the other of two faults.

    What the refusal points at has to be just as it was, for then nobody has made it worse.
    """
    faults = _gen_two_faults(subject, pick)
    if faults is None:
        return None
    mended, both = faults
    for before, after in ((both, both), (both, mended)):
        if before.cart is None or after.cart is None or before.context != after.context:
            continue
        report = subject.report_of_change(before, after)
        for violation in report.violations:
            if type(violation) in subject.violations and _untouched(before, after, violation.at):
                message = "it refuses a change that makes nothing worse"
                return _complaint(subject, "no-trap", None, violation, message, after, other=before)
    return None


def _gen_broken(subject: Subject, pick: Pick) -> tuple[type[Violation], Case, Case] | None:
    """Return a violation of the plugin, a valid case, and what the violation's mutator makes of it."""
    own = tuple(subject.mutators)
    violation = own[pick(len(own))] if own else None
    cases = subject.gen_broken(pick, violation) if violation else None
    return (violation, *cases) if violation and cases else None


def _gen_two_faults(subject: Subject, pick: Pick) -> tuple[Case, Case] | None:
    """Return a case with a fault that the plugin finds, and the same with a fault of another kind elsewhere."""
    made = _gen_broken(subject, pick)
    if made is None:
        return None
    violation, valid, first = made
    others = sorted(
        (it for it in subject.engine.mutators().items() if it[0] is not violation), key=lambda it: it[0].code
    )
    second = gen_mutated(pick, valid, *others[pick(len(others))]) if others else None
    both = merged(valid, first, second) if second else None
    return (first, both) if both else None


def _complaint(
    subject: Subject,
    name: str,
    check: str | None,
    violation: Violation | type[Violation] | None,
    message: str,
    case: Case,
    *,
    other: Case | None = None,
) -> Complaint:
    return Complaint(
        property=name,
        plugin=subject.name,
        check=check,
        code=violation.code if violation else None,
        message=message,
        case=case,
        other=other,
    )
