"""OpenTelemetry: a span and counts for each check, if its API package is installed and somebody records.

Nothing is imported here that the program has not imported itself: without a provider nobody would see it.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from diddo_rules.careful import CarefulPass, Stop
from diddo_rules.cart import Cart
from diddo_rules.compiled import Judge
from diddo_rules.context import Context
from diddo_rules.plan import Plan, Step
from diddo_rules.report import Report, verdict_of

__all__ = ["Observation", "observation", "observed"]

_NAME = "diddo_rules"
_TRACE = "opentelemetry.trace"


def observed(judge: Judge, plan: Plan, stop: Stop) -> Judge:
    """Return `judge` such that it is observed whenever somebody records; `judge` itself without the API package."""
    if find_spec("opentelemetry") is None:
        return judge

    imported = sys.modules.get

    def perhaps(cart: Cart | None, context: Context) -> Report:
        if imported(_TRACE) is None:  # the one question that each cart pays for where nobody records
            return judge(cart, context)
        with observation(plan, context) as seen:
            if seen is None:
                return judge(cart, context)
            careful = seen.careful(plan, stop, cart, context)
            careful.go_on()
            return seen.done(careful.report())

    return perhaps


def observation(plan: Plan, context: Context) -> AbstractContextManager["Observation | None"]:
    """Return what observes the validation of one cart, as a context manager; it gives None if nobody records."""
    trace = sys.modules.get(_TRACE)
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return nullcontext()
    return _observing(trace, plan, context)


@contextmanager
def _observing(trace: Any, plan: Plan, context: Context) -> "Iterator[Observation]":
    with trace.get_tracer(_NAME).start_as_current_span("diddo.validate", attributes={"diddo.point": context.point}):
        yield Observation(trace, plan, context)


class Observation:
    """Observes one validation: spans while it goes on, counts when it is done."""

    def __init__(self, trace: Any, plan: Plan, context: Context) -> None:
        self._trace = trace
        self._plan = plan
        self._point = context.point
        self._seconds: dict[str, float] = {}

    def careful(self, plan: Plan, stop: Stop, cart: Cart | None, context: Context) -> CarefulPass:
        """Return a pass in which each check has its span."""
        return _ObservedPass(self, plan, stop, cart, context)

    @contextmanager
    def check(self, step: Step) -> Iterator[None]:
        """Observe one check."""
        attributes = {"diddo.check": step.name, "diddo.plugin": step.plugin, "diddo.mode": step.mode}
        started = perf_counter()
        with self._trace.get_tracer(_NAME).start_as_current_span(f"diddo.check {step.name}", attributes=attributes):
            yield
        self._seconds[step.name] = perf_counter() - started

    def done(self, report: Report) -> Report:
        """Note the verdict, and count what each check said."""
        span = self._trace.get_current_span()
        span.set_attribute("diddo.ok", report.ok)
        span.set_attribute("diddo.codes", report.codes)
        from opentelemetry import metrics  # noqa: PLC0415  whoever records has imported it

        meter = metrics.get_meter(_NAME)
        verdicts = meter.create_counter("diddo.checks", description="Checks, by what they said")
        durations = meter.create_histogram("diddo.check.duration", unit="s", description="How long checks take")
        meter.create_counter("diddo.validations", description="Carts that were validated").add(
            1, {"diddo.ok": report.ok, "diddo.point": self._point}
        )
        for step in self._plan.steps:
            labels = {"diddo.check": step.name, "diddo.plugin": step.plugin, "diddo.mode": step.mode}
            verdicts.add(1, labels | {"diddo.verdict": verdict_of(step.name, report)})
            if step.name in self._seconds:
                durations.record(self._seconds[step.name], labels)
        return report


class _ObservedPass(CarefulPass):
    def __init__(self, observation: Observation, *args: Any) -> None:
        super().__init__(*args)
        self._observation = observation

    def ask(self, step: Step) -> None:
        with self._observation.check(step):
            super().ask(step)
