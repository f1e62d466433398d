"""Tracing one cart through the plan: what each check said, how long it took, and what it read."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from diddo_rules.careful import CRASHES, CarefulPass
from diddo_rules.cart import Cart
from diddo_rules.loader import LoadedPlugin
from diddo_rules.plan import Step
from diddo_rules.report import Report, TraceEntry, verdict_of
from diddo_rules.tracking import tracked

__all__ = ["TimedPass"]


class TimedPass(CarefulPass):
    """A careful pass that also notes the seconds that each check took, and which checks have tampered with the cart."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seconds: dict[str, float] = {}
        self._tampered: set[str] = set()

    def ask(self, step: Step) -> None:
        """Call the check, note what it says, how long that took, and whether the cart is still what it was."""
        before = _state(self.cart)
        started = perf_counter()
        super().ask(step)
        self.seconds[step.name] = perf_counter() - started
        if _state(self.cart) != before:
            self._tampered.add(step.name)

    def traced_report(self, plugins: Mapping[str, LoadedPlugin]) -> Report:
        """Return the report with one entry per check: those that run in their order, then the rest.

        What a check reads is learnt by asking it a second time, with a cart that keeps a record.
        """
        report = self.report()
        entries = []
        for step in self.plan.every_step():
            entry = _entry(step, plugins, report)
            if entry.verdict in {"passed", "found"}:
                reads = None if step.info.is_io else _reads(step, self.cart, self.arguments(step))
                entry = replace(entry, seconds=self.seconds.get(step.name), reads=reads)
            if step.name in self._tampered:
                entry = replace(entry, reason="it has changed the cart, so the checks after it saw another one")
            entries.append(entry)
        return replace(report, trace=tuple(entries))


def _state(cart: Cart | None) -> object:
    """Return what the cart holds; a cart that was changed into what cannot be written out is told apart as well."""
    try:
        return None if cart is None else cart.model_dump_json()
    except CRASHES as error:
        return repr(error)


def _reads(step: Step, cart: Cart | None, arguments: list[Any]) -> tuple[str, ...] | None:
    if cart is None:
        return None
    proxy, reads = tracked(cart)
    values = [proxy if name == "cart" else value for name, value in zip(step.arguments, arguments, strict=True)]
    try:
        results = step.function(*values)
        for _ in results if isinstance(results, Iterable) else ():
            pass
    except CRASHES:
        return None  # it takes the record for what it is not; the real cart it has passed
    return tuple(sorted(reads()))


def _entry(step: Step, plugins: Mapping[str, LoadedPlugin], report: Report) -> TraceEntry:
    function = inspect.unwrap(step.function)
    verdict = verdict_of(step.name, report)
    return TraceEntry(
        check=step.name,
        plugin=step.plugin,
        version=plugins[step.plugin].version,
        mode=step.mode,
        verdict="off" if step.mode == "off" else verdict,
        codes=tuple(dict.fromkeys(violation.code for violation in report.findings.get(step.name, ()))),
        file=function.__code__.co_filename,
        line=function.__code__.co_firstlineno,
        reason=_reason(step, report),
    )


def _reason(step: Step, report: Report) -> str | None:
    sides = [report] if report.shadow is None else [report, report.shadow]
    for skipped in (it for side in sides for it in side.skipped if it.check == step.name):
        return skipped.reason
    for crash in (it for side in sides for it in side.crashed if it.check == step.name):
        return f"{crash.exception}: {crash.message}"
    return None
