"""One cart's way through the steps that looks at everything: skips, crashes, what counts and what does not."""

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from reprlib import repr as short_repr
from traceback import TracebackException
from typing import Any, Literal

from diddo_rules.cart import Cart
from diddo_rules.context import Context
from diddo_rules.plan import Plan, Step
from diddo_rules.policies import Policy
from diddo_rules.report import Crash, Report, Skipped
from diddo_rules.time_limit import TimeLimitExceeded
from diddo_rules.violations import Violation

__all__ = ["CRASHES", "MOST_FINDINGS", "NO_RESULTS", "CarefulPass", "Halt", "Stop", "told"]

Stop = Literal["first", "all"]

# A check that calls sys.exit() must not take the server with it.
CRASHES = (Exception, SystemExit, TimeLimitExceeded)

# Where the straight line stopped: the step's index, its results, the first of them or else the error.
Halt = tuple[int, Any, object, BaseException | None]
NO_RESULTS = object()

MOST_FINDINGS = 10_000
"""What one check may find in one cart: one that yields for ever would fill the memory."""


def told(error: BaseException) -> str:
    """Return what an exception says, also if its own `str` crashes."""
    return str(TracebackException.from_exception(error))


class _Side:
    """What is said by checks of one mode."""

    def __init__(self) -> None:
        self.found: dict[str, list[Violation]] = {"error": [], "warning": [], "info": []}
        self.ran: list[str] = []
        self.skipped: list[Skipped] = []
        self.crashed: list[Crash] = []

    def everything(self) -> Iterable[Violation]:
        return chain(*self.found.values())

    def report(self, **more: Any) -> Report:
        return Report(
            violations=tuple(self.found["error"]),
            warnings=tuple(self.found["warning"]),
            infos=tuple(self.found["info"]),
            ran=tuple(self.ran),
            crashed=tuple(self.crashed),
            **{"skipped": tuple(self.skipped), **more},
        )


class CarefulPass:
    """One cart's way through a plan: `go_on`, then `report`.

    Args:
        plan: the steps, and what is off.
        stop: whether to end at the first violation.
        cart: the cart, or None if there is none.
        context: the circumstances.
        known: findings by check that still hold, so that these checks are not asked.
    """

    def __init__(
        self,
        plan: Plan,
        stop: Stop,
        cart: Cart | None,
        context: Context,
        *,
        known: Mapping[str, tuple[Violation, ...]] | None = None,
    ) -> None:
        self.plan = plan
        self._first_only = stop == "first"
        self.cart = cart
        self._values: dict[str, Any] = {"cart": cart, "context": context}
        self._known = known or {}
        self._findings: dict[str, tuple[Violation, ...]] = {}
        self._enforced, self._shadow = _Side(), _Side()

    def go_on(self, halt: Halt | None = None) -> None:
        """Ask every check but the I/O checks, from the start or from where the straight line stopped."""
        steps = self.plan.steps[: self.plan.first_io]
        begin = 0
        if halt is not None:  # all before that was clean
            index, results, first, error = halt
            for step in steps[:index]:
                self.take(step, ())
            step, begin = steps[index], index + 1
            if error is None:
                self.take(step, _rest(results, first))
            else:
                self.crash(step, error, results)
        for step in steps[begin:]:
            if not self.skips(step):
                self.ask(step)

    def skips(self, step: Step) -> bool:
        """Return whether there is a reason not to ask the check; the reason is noted."""
        reason = self._reason_to_skip(step)
        if reason is not None:
            self._side(step).skipped.append(Skipped(step.name, step.plugin, reason))
        return reason is not None

    def ask(self, step: Step) -> None:
        """Call the check and note what it says."""
        if step.name in self._known:
            self.take(step, self._known[step.name])
            return
        results: Any = NO_RESULTS
        try:
            results = step.function(*self.arguments(step))
        except CRASHES as error:
            self.crash(step, error, results)
        else:
            self.take(step, results)

    def arguments(self, step: Step) -> list[Any]:
        """Return what the check is called with."""
        values = self._values
        values["settings"], values["store_settings"] = step.settings, step.store_settings
        return [values[name] for name in step.arguments]

    def take(self, step: Step, results: Iterable[Any]) -> None:
        """Note what a check yields, and that it ran."""
        found: list[Violation] = []
        yields, policies, everywhere = step.info.yields, step.policies, not step.exceptions
        enforced, shadowed, first_only = self._enforced.found, self._shadow.found, self._first_only
        self._side(step).ran.append(step.name)
        try:
            for result in islice(results, MOST_FINDINGS):
                if type(result) not in yields:
                    self._note_foreign(step, result)
                    continue
                found.append(result)
                policy = policies[result.code] if everywhere else self._policy(step, result)
                if policy.mode == "enforce":
                    enforced[policy.severity].append(result)
                    if first_only and policy.severity == "error":
                        break
                elif policy.mode == "shadow":
                    shadowed[policy.severity].append(result)
        except CRASHES as error:
            self.crash(step, error, results, ran=True)
        else:
            self._findings[step.name] = tuple(found)
            if len(found) == MOST_FINDINGS:
                self.note(step, "TooManyFindings", f"the check yields {MOST_FINDINGS} violations or more")

    def crash(self, step: Step, error: BaseException, results: object = NO_RESULTS, *, ran: bool = False) -> None:
        """Note that a check broke, after it had returned `results`."""
        if not ran:
            self._side(step).ran.append(step.name)
        if results is not NO_RESULTS and not isinstance(results, Iterable):
            missing = f"the check returned {short_repr(results)} instead of violations: is a yield missing?"
            self.note(step, "NotAViolation", missing)
        else:
            self.note(step, type(error).__name__, told(error))

    def fail(self, step: Step, exception: str, message: str) -> None:
        """Note that an I/O check failed or was late, and do with the cart what the settings say."""
        if step.on_failure == "pass":
            reason = f"it failed, which the settings let pass: {exception}: {message}"
            self._side(step).skipped.append(Skipped(step.name, step.plugin, reason))
        else:
            self._side(step).ran.append(step.name)
            self.note(step, exception, message, blocks=step.on_failure == "block")

    def note(self, step: Step, exception: str, message: str, *, blocks: bool = True) -> None:
        """Note a crash; it refuses the cart only if a finding of the check could."""
        crash = Crash(step.name, step.plugin, exception, message, blocks=blocks and step.blocks)
        self._side(step).crashed.append(crash)

    def report(self) -> Report:
        """Return what came of it all."""
        shadow = None
        if self.plan.clean.shadow is not None or any(self._shadow.everything()):
            shadow = self._shadow.report()
        return self._enforced.report(
            skipped=(*self._enforced.skipped, *self.plan.off),
            shadow=shadow,
            cart_id=None if self.cart is None else self.cart.id,
            findings=self._findings,
            plan=self.plan,
        )

    def _side(self, step: Step) -> _Side:
        return self._shadow if step.mode == "shadow" else self._enforced

    def _policy(self, step: Step, violation: Violation) -> Policy:
        if step.exceptions and self.cart is not None and violation.at.startswith("/stores/"):
            position = int(violation.at.split("/")[2])
            domain = self.cart.stores[position].store if position < len(self.cart.stores) else None
            if domain is not None and domain in step.exceptions:
                return step.exceptions[domain][violation.code]
        return step.policies[violation.code]

    def _reason_to_skip(self, step: Step) -> str | None:
        refused = self._enforced.found["error"]
        if self._first_only and refused:
            return f"stopped at the first violation, {refused[0].code}"
        if step.info.requires:
            # What is only recorded must not silence what counts.
            sides = (self._enforced, self._shadow) if step.mode == "shadow" else (self._enforced,)
            for found in (it for side in sides for it in side.everything()):
                if found.code in step.info.requires:
                    return f"{found.code} was found"
        if self.cart is None and not step.info.takes_no_cart:
            return "there is no cart"
        return None

    def _note_foreign(self, step: Step, result: object) -> None:
        if isinstance(result, Violation):
            undeclared = f"the check yielded {type(result).__name__}, which it does not declare"
            self.note(step, "UndeclaredViolation", undeclared)
        else:
            self.note(step, "NotAViolation", f"the check yielded {short_repr(result)}, which is no violation")


def _rest(results: Any, first: object) -> Iterable[Any]:
    """Return all results: a generator goes on behind its first result, and a list starts over."""
    return chain((first,), results) if iter(results) is results else results
