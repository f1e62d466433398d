"""Validating a cart anew after a change, asking only the checks that may read what was changed."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from diddo_rules.careful import CarefulPass, Halt, Stop
from diddo_rules.cart import Cart
from diddo_rules.checks import leads_somewhere
from diddo_rules.compiled import straight_line
from diddo_rules.context import Context
from diddo_rules.errors import PlanError
from diddo_rules.plan import Plan, Step
from diddo_rules.report import Report
from diddo_rules.violations import Violation

__all__ = ["Revalidation", "touches"]

_Line = Callable[[Cart, Context], Halt | None]
_DIFFERENT_CHANGES = 256


class Revalidation:
    """Validates anew by one plan; for each set of changed paths the checks are picked and compiled once."""

    def __init__(self, plan: Plan, stop: Stop) -> None:
        self._plan = plan
        self._stop: Stop = stop
        self._clean = plan.clean
        self._line_for = lru_cache(maxsize=_DIFFERENT_CHANGES)(self._make_line)

    def judge(self, report: Report, cart: Cart, changed: tuple[str, ...], context: Context) -> Report:
        """Return what a full validation would say, given what was said before the change."""
        run, touched = self._line_for(changed)
        if report is self._clean:
            if run(cart, context) is None:
                return report
            known: Mapping[str, tuple[Violation, ...]] = {
                step.name: () for step in self._plan.steps if step.name not in touched
            }
        elif report.plan is self._plan and report.cart_id is not None:
            known = {name: found for name, found in report.findings.items() if name not in touched}
        else:
            known = {}  # by other checks or settings, or of no cart: nothing that it says holds here
        careful = CarefulPass(self._plan, self._stop, cart, context, known=known)
        careful.go_on()
        return careful.report()

    def _make_line(self, changed: tuple[str, ...]) -> tuple[_Line, frozenset[str]]:
        for path in changed:
            if path != "context" and not leads_somewhere(path):
                raise PlanError(f"no cart has {path!r}")
        steps = [step for step in self._plan.steps if _is_touched(step, changed)]
        return straight_line(steps), frozenset(step.name for step in steps)


def _is_touched(step: Step, changed: tuple[str, ...]) -> bool:
    reads = step.info.reads
    return reads is None or any(touches(path, read) for path in changed for read in reads)


def touches(changed: str, read: str) -> bool:
    """Return whether one of two dotted paths covers the other."""
    return changed == read or changed.startswith(f"{read}.") or read.startswith(f"{changed}.")
