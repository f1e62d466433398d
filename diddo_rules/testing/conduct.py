"""The properties of how checks behave, whatever it is that they look for."""

from time import thread_time
from typing import Any

from diddo_rules.careful import CRASHES
from diddo_rules.cart import Cart
from diddo_rules.context import Case, Context, Pick
from diddo_rules.plan import Step
from diddo_rules.report import Crash, Report
from diddo_rules.testing.comparing import private, snapshot
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.damage import gen_damaged
from diddo_rules.testing.subject import Subject
from diddo_rules.time_limit import time_limit
from diddo_rules.tracking import tracked, tracked_context

__all__ = ["declared_only", "deterministic", "never_crashes", "order_independent", "pure", "reads", "within_budget"]

_FOREIGN = ("UndeclaredViolation", "NotAViolation")
_CPU_SECONDS = 0.05
"""A check takes microseconds; what takes a thousand times as long on a cart of twelve lines has a loop gone wrong."""

_MEASURED = 3


def within_budget(subject: Subject, pick: Pick) -> Complaint | None:
    """No check hangs, and none takes more than 50 ms of processor time for a cart, at the best of three times."""
    case = subject.gen_any(pick)
    for step in subject.asked(case, subject.report(case)):
        if all(_seconds(subject, step, case) > _CPU_SECONDS for _ in range(_MEASURED)):
            message = f"it takes more than {_CPU_SECONDS * 1000:g} ms of processor time for one cart"
            return _complaint(subject, "within-budget", step.name, message, case)
    return None


def _seconds(subject: Subject, step: Step, case: Case) -> float:
    started = thread_time()
    _attempt(subject, step, case)
    return thread_time() - started


def _attempt(subject: Subject, step: Step, case: Case) -> tuple[Any, ...] | None:
    """Return what the check says, or None if it crashes, which is for `never-crashes` to say."""
    try:
        return subject.ask(step, case)
    except CRASHES:
        return None


def pure(subject: Subject, pick: Pick) -> Complaint | None:
    """A validation leaves the cart, with everything in it, the context and the plugin's settings as they were."""
    case = private(subject.gen_any(pick))
    before = _state(subject, case)
    used = private(case)
    report = subject.report(used)
    if _state(subject, used) == before:
        return None
    for step in subject.asked(case, report):
        used = private(case)
        before = _state(subject, used)
        _attempt(subject, step, used)
        if _state(subject, used) != before:
            return _complaint(subject, "pure", step.name, "it changes what it is given", case, other=used)
    return None  # it was another plugin


def _state(subject: Subject, case: Case) -> Any:
    return snapshot((case.cart, case.context, subject.settings))


def deterministic(subject: Subject, pick: Pick) -> Complaint | None:
    """The same cart gets the same findings: when asked again, and when it is another copy of it."""
    case = subject.gen_any(pick)
    said = _said(subject, subject.report(case))
    for again in (case, case, private(case)):
        now = _said(subject, subject.report(again))
        if now != said:
            check = next((check for check, _ in (*now, *said) if _of(check, now) != _of(check, said)), None)
            return _complaint(subject, "deterministic", check, f"it first said {_told(said)}, then {_told(now)}", case)
    return None


def _said(subject: Subject, report: Report) -> tuple[tuple[str, Any], ...]:
    """Return the findings and crashes, each with its check."""
    crashes = [(crash.check, crash.exception) for crash in subject.crashes(report)]
    return (*subject.found(report), *crashes)


def _of(check: str, said: tuple[tuple[str, Any], ...]) -> list[Any]:
    return [it for name, it in said if name == check]


def _told(said: tuple[tuple[str, Any], ...]) -> str:
    return ", ".join(str(it) for _, it in said) or "nothing"


def never_crashes(subject: Subject, pick: Pick) -> Complaint | None:
    """Whatever is blank, absent, negative or huge in a cart, a check that is asked answers."""
    case = subject.gen_any(pick)
    crashes = [it for it in subject.crashes(subject.report(case)) if it.exception not in _FOREIGN]
    if not crashes:
        return None
    return _complaint(subject, "never-crashes", crashes[0].check, _told_in_a_line(crashes[0]), case)


def declared_only(subject: Subject, pick: Pick) -> Complaint | None:
    """A check yields violations, and only of the classes that it declares."""
    case = subject.gen_any(pick)
    foreign = _crashes(subject, subject.report(case), _FOREIGN)
    return _complaint(subject, "declared-only", foreign[0].check, foreign[0].message, case) if foreign else None


def _crashes(subject: Subject, report: Report, exceptions: tuple[str, ...]) -> list[Crash]:
    return [crash for crash in subject.crashes(report) if crash.exception in exceptions]


def _told_in_a_line(crash: Crash) -> str:
    lines = (line.strip() for line in crash.message.splitlines())
    said = (line for line in lines if line and not line.startswith("For further information visit "))  # pydantic's
    return f"{crash.exception}: {', '.join(said)}"


def reads(subject: Subject, pick: Pick) -> Complaint | None:
    """A check that declares what it reads reads nothing else, and nothing else changes what it finds."""
    case = subject.gen_any(pick)
    if case.cart is None:
        return None
    for step in subject.asked(case, subject.report(case)):
        if step.info.reads is None:
            continue
        beyond = _read_beyond(subject, step, step.info.reads, case.cart, case.context)
        if beyond:
            message = f"it reads {', '.join(beyond)}, yet declares {', '.join(step.info.reads) or 'nothing'}"
            return _complaint(subject, "reads", step.name, message, case)
        other = case._replace(cart=gen_damaged(pick, case.cart, spare=step.info.reads))
        if _attempt(subject, step, case) != _attempt(subject, step, other):
            message = "something that it does not declare to read changes what it finds"
            return _complaint(subject, "reads", step.name, message, case, other=other)
    return None


def _read_beyond(
    subject: Subject, step: Step, declared: tuple[str, ...], cart: Cart, context: Context
) -> tuple[str, ...]:
    noticing, noted = tracked(cart)
    noticing_context, context_is_read = tracked_context(context)
    _attempt(subject, step, Case(noticing, noticing_context))
    seen = ("context",) if context_is_read() and "context" not in declared else ()
    return (*noted.beyond(declared), *seen)


def order_independent(subject: Subject, pick: Pick) -> Complaint | None:
    """In whatever order plugins are registered and constraints let checks run, the plugin finds the same."""
    judges = subject.in_either_order
    if judges is None:
        return None
    case = subject.gen_any(pick)
    with time_limit(subject.seconds):
        first, last = (_said(subject, judge(*case)) for judge in judges)
    for check, _ in (*first, *last):
        if _of(check, first) != _of(check, last):
            message = f"it depends on which checks ran before it: {_told(first)}, or {_told(last)}"
            return _complaint(subject, "order-independent", check, message, case)
    return None


def _complaint(
    subject: Subject, name: str, check: str | None, message: str, case: Case, *, other: Case | None = None
) -> Complaint:
    return Complaint(
        property=name, plugin=subject.name, check=check, code=None, message=message, case=case, other=other
    )
