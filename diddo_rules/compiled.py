"""Running a plan: a straight line of generated calls while all is well, and a careful loop from the first finding on.

Nearly every cart is clean, and most checks find nothing. The straight line calls each check with just the arguments it
takes, and has no list, no branch and no loop over checks, so isolating them costs next to nothing. It decides nothing:
as soon as a check finds something or crashes, it stops, and the careful loop goes on from there.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from reprlib import repr as short_repr
from traceback import TracebackException
from typing import Any, Literal

from diddo_rules.cart import Cart
from diddo_rules.context import Context
from diddo_rules.plan import Plan, Step
from diddo_rules.report import Crash, Report, Skipped
from diddo_rules.violations import Violation

__all__ = ["CRASHES", "Judge", "Stop", "compile_plan"]

Judge = Callable[[Cart | None, Context], Report]
Stop = Literal["first", "all"]

# A check that calls sys.exit() must not take the server with it.
CRASHES = (Exception, SystemExit)

# Where the straight line stopped: the step's index, its results, the first of them or else the error.
_Halt = tuple[int, Any, object, BaseException | None]
_NO_RESULTS = object()


def compile_plan(plan: Plan, *, stop: Stop = "all") -> Judge:
    """Return a function that judges one cart by the plan."""
    straight_line = _straight_line(plan.steps)
    # Frozen, and the same for each clean cart: so it is made once.
    clean = Report(violations=(), ran=tuple(step.name for step in plan.steps), skipped=plan.off, crashed=())

    def judge(cart: Cart | None, context: Context) -> Report:
        if cart is None:
            return _CarefulPass(plan, stop, cart, context).run(plan.steps)
        halt = straight_line(cart, context)
        if halt is None:
            return clean
        return _CarefulPass(plan, stop, cart, context).resume(halt)

    return judge


def _straight_line(steps: Sequence[Step]) -> Callable[[Cart, Context], _Halt | None]:
    """Generate the function that calls each check in turn, until one finds something or crashes."""
    names: dict[str, Any] = {"crashes": CRASHES, "no_results": _NO_RESULTS}
    lines = ["def run(cart, context):", "    try:", "        pass"]
    for index, step in enumerate(steps):
        names |= {f"check_{index}": step.function, f"settings_{index}": step.settings}
        arguments = ", ".join(f"settings_{index}" if name == "settings" else name for name in step.arguments)
        lines += [
            f"        step, results = {index}, no_results",
            f"        results = check_{index}({arguments})",
            "        for violation in results:",
            f"            return {index}, results, violation, None",
        ]
    lines += ["    except crashes as error:", "        return step, results, None, error"]
    exec("\n".join(lines), names)  # noqa: S102 (the text holds no name but those given here)
    run: Callable[[Cart, Context], _Halt | None] = names["run"]
    return run


class _CarefulPass:
    """One cart's way through the steps that looks at everything: skips, crashes, and what is not a violation."""

    def __init__(self, plan: Plan, stop: Stop, cart: Cart | None, context: Context) -> None:
        self._plan = plan
        self._first_only = stop == "first"
        self._no_cart = cart is None
        self._values: dict[str, Any] = {"cart": cart, "context": context}
        self._found: list[Violation] = []
        self._skipped: list[Skipped] = []
        self._crashed: list[Crash] = []

    def resume(self, halt: _Halt) -> Report:
        """Go on where the straight line stopped; all before that was clean."""
        index, results, first, error = halt
        step = self._plan.steps[index]
        if error is None:
            self._collect(step, results, first)
        else:
            self._note_crash(step, error, results)
        return self.run(self._plan.steps[index + 1 :])

    def run(self, steps: Sequence[Step]) -> Report:
        """Ask each of the steps, unless there is a reason not to, and return the report."""
        for step in steps:
            reason = self._reason_to_skip(step)
            if reason is None:
                self._collect(step, _NO_RESULTS)
            else:
                self._skipped.append(Skipped(step.name, step.plugin, reason))
        not_asked = {it.check for it in self._skipped}
        return Report(
            violations=tuple(self._found),
            ran=tuple([step.name for step in self._plan.steps if step.name not in not_asked]),
            skipped=(*self._skipped, *self._plan.off),
            crashed=tuple(self._crashed),
        )

    def _reason_to_skip(self, step: Step) -> str | None:
        if self._found:
            if self._first_only:
                return f"stopped at the first violation, {self._found[0].code}"
            for found in self._found:
                if found.code in step.info.requires:
                    return f"{found.code} was found"
        if self._no_cart and not step.info.takes_no_cart:
            return "there is no cart"
        return None

    def _collect(self, step: Step, results: Any, first: object = _NO_RESULTS) -> None:
        """Take the step's results, of which `first` was taken already; ask for them where that has not happened."""
        try:
            if results is _NO_RESULTS:
                self._values["settings"] = step.settings
                results = step.function(*[self._values[name] for name in step.arguments])
            elif iter(results) is results:  # a generator goes on behind its first result; a list starts over
                results = chain((first,), results)
            yields, muted = step.info.yields, step.muted
            for result in results:
                if type(result) not in yields:
                    self._note_foreign(step, result)
                elif result.code not in muted:
                    self._found.append(result)
                    if self._first_only:
                        return
        except CRASHES as error:
            self._note_crash(step, error, results)

    def _note_foreign(self, step: Step, result: object) -> None:
        if isinstance(result, Violation):
            undeclared = f"the check yielded {type(result).__name__}, which it does not declare"
            self._note(step, "UndeclaredViolation", undeclared)
        else:
            self._note(step, "NotAViolation", f"the check yielded {short_repr(result)}, which is no violation")

    def _note_crash(self, step: Step, error: BaseException, results: object) -> None:
        if results is not _NO_RESULTS and not isinstance(results, Iterable):
            missing = f"the check returned {short_repr(results)} instead of violations: is a yield missing?"
            self._note(step, "NotAViolation", missing)
        else:
            # Not str(error): that may crash as well.
            self._note(step, type(error).__name__, str(TracebackException.from_exception(error)))

    def _note(self, step: Step, exception: str, message: str) -> None:
        self._crashed.append(Crash(step.name, step.plugin, exception, message))
