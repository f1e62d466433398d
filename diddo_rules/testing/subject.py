"""The plugin under test: its checks, what they say of a case, and the cases that it is tried on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationError

from diddo_rules.careful import CRASHES
from diddo_rules.compiled import Judge, compile_plan
from diddo_rules.context import POINTS, Case, Mutator, Pick, Point
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError, PluginLoadError
from diddo_rules.io_lane import LATE, awaited
from diddo_rules.plan import Step, make_plan
from diddo_rules.report import Crash, Report
from diddo_rules.store_settings import StoreSettings
from diddo_rules.suggest import did_you_mean
from diddo_rules.testing.breaking import gen_any, gen_mutated
from diddo_rules.testing.damage import gen_damaged
from diddo_rules.testing.drivers import seeded
from diddo_rules.testing.generator import gen_case
from diddo_rules.testing.limits import gen_near, limits_of
from diddo_rules.time_limit import TimeLimitExceeded, time_limit
from diddo_rules.violations import Violation

__all__ = ["CheckHangs", "Subject", "is_hanging", "report_on"]

_OURS = "diddo-rules, "  # how the source of a plugin begins that came with this distribution
_TRIES = 3
_SEARCHED = 100


class CheckHangs(DiddoError):
    """A check took longer for `case` than any check may."""

    def __init__(self, crash: Crash, case: Case) -> None:
        super().__init__(f"it hangs: {crash.message}")
        self.check = crash.check
        self.case = case


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """One plugin of an engine, as the properties see it; make it once with `Subject.of`.

    `seconds` is how long one cart may take before its checks count as hanging; None waits for ever.
    """

    name: str
    engine: Engine
    seconds: float | None

    @classmethod
    def of(cls, plugin_name: str, engine: Engine, *, seconds: float | None = 1.0) -> Self:
        """Return the plugin of that name.

        Raises:
            PluginLoadError: the engine has no such plugin.
        """
        names = {plugin.name for plugin in engine.plugins}
        if plugin_name not in names:
            raise PluginLoadError(f"there is no plugin {plugin_name}. {did_you_mean(plugin_name, names)}")
        return cls(name=plugin_name, engine=engine, seconds=seconds)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The enforcement points at which the plugin is asked; `api`, where all checks are by default, comes first."""
        asked = [
            point for point in POINTS if any(step.plugin == self.name for step in self.engine.plan_at(point).steps)
        ]
        return tuple(sorted(asked, key=lambda point: point != "api")) or ("api",)

    @cached_property
    def violations(self) -> tuple[type[Violation], ...]:
        """The violations that the plugin may find, by code."""
        steps = [step for point in self.points for step in self._steps_at[point]]
        found = {it.code: it for step in steps for it in step.info.yields if it.code not in step.muted}
        return tuple(found[code] for code in sorted(found))

    @cached_property
    def mutators(self) -> dict[type[Violation], Mutator]:
        """How to provoke them, where a plugin says it."""
        offered = self.engine.mutators()
        return {it: offered[it] for it in self.violations if it in offered}

    @cached_property
    def limits(self) -> tuple[int, ...]:
        """The whole numbers in the plugin's code and settings: where its verdict may turn."""
        return limits_of(self._steps_at[self.points[0]])

    @cached_property
    def settings(self) -> tuple[Any, ...]:
        """The plugin's settings, as they hold at its points and for single stores."""
        own = [step.store_settings for point in self.points for step in self._steps_at[point] if step.store_settings]
        return tuple(it for settings in own for it in (settings.default, *settings.by_store.values()))

    @cached_property
    def known(self) -> frozenset[str]:
        """The names of the checks that the plugin's author knows: its own and those of this distribution."""
        ours = {plugin.name for plugin in self.engine.plugins if plugin.source.startswith(_OURS)}
        steps = (step for point in POINTS for step in self.engine.plan_at(point).steps)
        return frozenset(step.name for step in steps if step.plugin in {*ours, self.name})

    def asked(self, case: Case, report: Report) -> tuple[Step, ...]:
        """Return the plugin's own checks that were asked about a case, without those that do I/O."""
        ran = {*report.ran, *(report.shadow.ran if report.shadow else ())}
        steps = self._steps_at[case.context.point]
        return tuple(step for step in steps if step.name in ran and not step.info.is_io)

    def ask(self, step: Step, case: Case) -> tuple[Any, ...]:
        """Return what one check says of a case, by itself; whatever it raises is raised."""
        values: dict[str, Any] = {"cart": case.cart, "context": case.context}
        values |= {"settings": step.settings, "store_settings": step.store_settings}
        with time_limit(self.seconds):
            return tuple(step.function(*[values[name] for name in step.arguments]))

    def report(self, case: Case) -> Report:
        """Return what the engine says of a case.

        Raises:
            CheckHangs: a check of the plugin took too long, twice.
        """
        report = report_on(self.engine, case, self.seconds)
        # Not just because the machine stood still for a moment.
        if self._hanging(report) and (again := self._hanging(report_on(self.engine, case, self.seconds))):
            raise CheckHangs(again[0], case)
        return report

    def report_of_change(self, before: Case, after: Case) -> Report:
        """Return what the engine says of the change from one cart to another, in the context of the second."""
        if after.cart is None:
            raise ValueError("a change leads to a cart")
        self.engine.reset_breakers()
        with time_limit(self.seconds):
            if self.engine.plan_at(after.context.point).has_io:
                return awaited(self.engine.validate_change_async(before.cart, after.cart, after.context))
            return self.engine.validate_change(before.cart, after.cart, after.context)

    def found(self, report: Report) -> Iterator[tuple[str, Violation]]:
        """Yield each finding of the plugin, whatever its severity and mode, with the name of its check."""
        for name, findings in report.findings.items():
            if name in self._names:
                for violation in findings:
                    yield name, violation

    def crashes(self, report: Report) -> tuple[Crash, ...]:
        """Return the crashes of the plugin's own checks."""
        shadow = report.shadow.crashed if report.shadow else ()
        return tuple(crash for crash in (*report.crashed, *shadow) if crash.plugin == self.name)

    def gen_valid(self, pick: Pick) -> Case | None:
        """Return a case in which no check of the engine finds anything; None if there seems to be none.

        What is valid is for all rules together to say: a limit may well refuse a cart that the generator calls valid.
        """
        for _ in range(_TRIES):
            case = self.gen_case(pick)
            if self.accepts(case):
                return case
        return self.accepted

    def gen_broken(self, pick: Pick, violation: type[Violation]) -> tuple[Case, Case] | None:
        """Return a valid case, and what the mutator of the violation makes of it; None if there is nothing to break."""
        valid = self.gen_valid(pick)
        if valid is None:
            return None
        valid = self._where_asked(valid, violation)
        broken = gen_mutated(pick, valid, violation, self.mutators[violation])
        return (valid, broken) if broken else None

    def gen_case(self, pick: Pick) -> Case:
        """Return a case that is valid as far as the generator knows, every other one at one of the plugin's limits."""
        case = self._at_a_point(gen_case(pick), pick)
        if case.cart is not None and self.limits and pick(2):
            return case._replace(cart=gen_near(pick, case.cart, self.limits))
        return case

    def gen_any(self, pick: Pick) -> Case:
        """Return any case: valid or broken by the mutator of any plugin, and mostly with one or two odd values in it."""
        case = self.gen_case(pick) if pick(2) == 0 else self._at_a_point(gen_any(pick, self.engine), pick)
        cart = case.cart
        for _ in range((0, 1, 1, 2)[pick(4)]):
            cart = cart and gen_damaged(pick, cart)
        return case._replace(cart=cart)

    def accepts(self, case: Case) -> bool:
        """Return whether no check of the engine finds anything."""
        report = self.report(case)
        return not report.crashed and not any(report.findings.values())

    @cached_property
    def accepted(self) -> Case | None:
        """A case that all checks accept; None if they refuse all of many."""
        tried = (self.gen_case(seeded(seed)) for seed in range(_SEARCHED))
        return next((case for case in tried if self.accepts(case)), None)

    @cached_property
    def refuses_all(self) -> bool:
        """Whether the plugin itself finds something in each of many valid cases."""
        tried = (self.gen_case(seeded(seed)) for seed in range(_SEARCHED))
        return all(any(self.found(self.report(case))) for case in tried)

    def refuses(self, check: str) -> bool:
        """Return whether the author of a check means its findings to refuse a cart."""
        return any(it.name == check and it.info.severity == "error" for it in self.engine.plan.every_step())

    def passes_by_default(self, check: str, case: Case) -> bool:
        """Return whether the settings are what refuses a case: the check accepts it by default, or has no default."""
        step = next(it for it in self._steps_at[case.context.point] if it.name == check)
        if step.settings is None or step.info.is_io:
            return False
        try:
            default = type(step.settings)()
        except ValidationError:
            return True
        try:
            return not self.ask(replace(step, settings=default, store_settings=StoreSettings(default)), case)
        except CRASHES:
            return False

    @cached_property
    def in_either_order(self) -> tuple[Judge, Judge] | None:
        """All checks as they stand, and as late as their constraints allow; None with I/O checks, which have no order.

        The second stands for other orders of registration, too, since those decide nothing but what comes last.
        """
        plan = self.engine.plan_at(self.points[0])
        if plan.has_io:
            return None
        last_first = [replace(step, priority=-step.priority) for step in reversed(plan.every_step())]
        return compile_plan(plan), compile_plan(make_plan(last_first, point=self.points[0]))

    def _at_a_point(self, case: Case, pick: Pick) -> Case:
        point = self.points[pick(len(self.points))]
        return case if point == "api" else case._replace(context=replace(case.context, point=point))

    def _where_asked(self, case: Case, violation: type[Violation]) -> Case:
        """Return the case at a point at which the violation is looked for."""
        points = [at for at in self.points if any(violation in it.info.yields for it in self.engine.plan_at(at).steps)]
        if case.context.point in points or not points:
            return case
        return case._replace(context=replace(case.context, point=points[0]))

    def _hanging(self, report: Report) -> list[Crash]:
        return [crash for crash in self.crashes(report) if is_hanging(crash)]

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(step.name for steps in self._steps_at.values() for step in steps)

    @cached_property
    def _steps_at(self) -> dict[Point, tuple[Step, ...]]:
        return {
            point: tuple(step for step in self.engine.plan_at(point).steps if step.plugin == self.name)
            for point in POINTS
        }


def is_hanging(crash: Crash) -> bool:
    """Return whether a check broke because it took too long."""
    return crash.exception in {TimeLimitExceeded.__name__, LATE}


def report_on(engine: Engine, case: Case, seconds: float | None) -> Report:
    """Return what an engine says of a case; a check that takes longer than `seconds` is among its crashes."""
    engine.reset_breakers()  # what a check says is not to depend on how it fared with other carts
    with time_limit(seconds):
        if engine.plan_at(case.context.point).has_io:
            return awaited(engine.validate_async(*case))
        return engine.validate(*case)
