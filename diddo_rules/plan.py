"""The plan: which checks run, and in which order. The order follows from the checks alone, never from who came first."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

import pluggy

from diddo_rules.checks import CheckInfo, info_of
from diddo_rules.context import Point
from diddo_rules.errors import PlanError
from diddo_rules.policies import MODES, Mode, OnFailure, Policies, Policy
from diddo_rules.report import Report, Skipped
from diddo_rules.store_settings import StoreSettings
from diddo_rules.violations import Violation

__all__ = ["Plan", "Step", "make_plan", "steps_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One check of one plugin, ready to be called with `arguments`.

    Those are some of `cart`, `context`, `settings` and `store_settings`. `name` is the check's name in reports,
    `plugin:function`. `policies` say by code what becomes of a finding, `exceptions` say it by store and code where a
    store differs. `priority`, `before` and `after` are those that count, and `placed_by` names the settings behind them.
    `asked` says whether it is asked at this enforcement point.
    """

    name: str
    plugin: str
    function: Callable[..., Any]
    info: CheckInfo
    arguments: tuple[str, ...]
    priority: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    placed_by: tuple[str, ...] = ()
    asked: bool = True
    settings: Any = None
    store_settings: StoreSettings[Any] | None = None
    policies: Mapping[str, Policy]
    exceptions: Mapping[str, Mapping[str, Policy]] = field(default_factory=dict)
    on_failure: OnFailure = "block"

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes that the check may find."""
        return tuple(violation.code for violation in self.info.yields)

    @property
    def rank(self) -> tuple[bool, int, tuple[str, ...], str, str]:
        """What decides between checks that no constraint orders; no two checks share it."""
        return self.info.is_io, self.priority, self.codes, self.plugin, self.function.__name__

    @cached_property
    def mode(self) -> Mode:
        """The strongest mode of any of its codes, anywhere."""
        modes = {policy.mode for policy in self.every_policy()}
        return next(mode for mode in MODES if mode in modes)

    @cached_property
    def blocks(self) -> bool:
        """Whether any of its findings could refuse a cart, or could if it were enforced."""
        return Policy(self.mode, "error") in self.every_policy()

    @property
    def muted(self) -> frozenset[str]:
        """The codes that are off, though the check runs for others."""
        return frozenset(code for code, policy in self.policies.items() if policy.mode == "off")

    def every_policy(self) -> Iterable[Policy]:
        """Return all policies of the check, also those of single stores."""
        return [policy for by_code in (self.policies, *self.exceptions.values()) for policy in by_code.values()]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps in the order in which they run, and those that do not run, as each report says.

    I/O checks come last, from `first_io` on. `unmatched` holds, as (check, name) pairs, the names in `before`, `after`
    and `requires` that no loaded check answers to: harmless when that plugin is not installed, and a slip of the pen
    otherwise. `moved` names by check the constraints that hold it back behind checks of a higher number.
    """

    steps: tuple[Step, ...]
    switched_off: tuple[Step, ...] = ()
    off: tuple[Skipped, ...] = ()
    unmatched: tuple[tuple[str, str], ...] = ()
    violations: Mapping[str, type[Violation]] = field(default_factory=dict)
    moved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def first_io(self) -> int:
        """The index of the first I/O check; the number of steps if there is none."""
        return next((index for index, step in enumerate(self.steps) if step.info.is_io), len(self.steps))

    @cached_property
    def clean(self) -> Report:
        """What is said of a cart without a finding: it is frozen, and the same for each, so it is made once."""
        ran = {mode: tuple(step.name for step in self.steps if step.mode == mode) for mode in MODES}
        shadow = Report(violations=(), ran=ran["shadow"], skipped=(), crashed=()) if ran["shadow"] else None
        return Report(violations=(), ran=ran["enforce"], skipped=self.off, crashed=(), shadow=shadow)

    @property
    def has_io(self) -> bool:
        """Whether there is any I/O check among the steps."""
        return self.first_io < len(self.steps)

    def every_step(self) -> tuple[Step, ...]:
        """Return all checks, also those that are off."""
        return (*self.steps, *self.switched_off)


def steps_of(
    implementations: Iterable[pluggy.HookImpl],
    *,
    settings: Mapping[str, StoreSettings[Any]],
    policies: Policies,
    point: Point,
) -> list[Step]:
    """Turn the registered implementations of `check_cart` into steps; `settings` are by plugin name.

    Raises:
        PlanError: one of them is a wrapper, lacks `@check`, wants settings that its plugin does not declare, is
            registered by two plugins, or has the name of another.
    """
    steps = [_step(implementation, settings, policies, point) for implementation in implementations]
    for function, times in Counter(step.function for step in steps).items():
        if times > 1:
            plugins = " and ".join(sorted(step.plugin for step in steps if step.function == function))
            raise PlanError(
                f"check {function.__name__} is in the plugins {plugins}: "
                "a plugin that needs another's function must import its module, not the check"
            )
    for name, times in Counter(step.name for step in steps).items():
        if times > 1:
            raise PlanError(f"{times} checks are called {name}: reports could not tell them apart")
    return steps


def _step(
    implementation: pluggy.HookImpl, settings: Mapping[str, StoreSettings[Any]], policies: Policies, point: Point
) -> Step:
    plugin = implementation.plugin_name
    function: Any = implementation.function
    info = _info(implementation)
    arguments = tuple(implementation.argnames)
    if plugin not in settings and not {"settings", "store_settings"}.isdisjoint(arguments):
        raise PlanError(
            f"plugin {plugin}: {function.__name__} takes settings, so the plugin must implement the hook settings_model"
        )
    name = f"{plugin}:{function.__name__}"
    own = settings.get(plugin)
    place: dict[str, Any] = {
        "priority": info.priority,
        "before": info.before,
        "after": info.after,
        "on_failure": "block",
    }
    placed_by = []
    codes = [violation.code for violation in info.yields]
    for code in codes:
        for what in place:
            for value, where in policies.overrides(what, (plugin, name, code), point):
                place[what] = value
                placed_by.append(where)
    return Step(
        name=name,
        plugin=plugin,
        function=function,
        info=info,
        arguments=arguments,
        placed_by=tuple(dict.fromkeys(placed_by)),
        asked=point in info.points or policies.speaks_of((plugin, name, *codes), point),
        settings=own and own.default,
        store_settings=own,
        policies=_policies(plugin, name, info, policies, point),
        exceptions={
            store: _policies(plugin, name, info, policies, point, store=store)
            for store, layer in policies.stores.items()
            if not {plugin, name, *codes}.isdisjoint(layer.checks)
        },
        **place,
    )


def _policies(
    plugin: str, name: str, info: CheckInfo, policies: Policies, point: Point, *, store: str | None = None
) -> dict[str, Policy]:
    return {
        violation.code: policies.policy((plugin, name, violation.code), info.severity, point=point, store=store)
        for violation in info.yields
    }


def _info(implementation: pluggy.HookImpl) -> CheckInfo:
    plugin, function = implementation.plugin_name, implementation.function
    if implementation.wrapper or implementation.hookwrapper:
        raise PlanError(f"plugin {plugin}: {function.__name__} wraps check_cart; wrap around_validation instead")
    info = info_of(function)
    if info is None:
        raise PlanError(f"plugin {plugin}: {function.__name__} implements check_cart without @check")
    return info


def make_plan(steps: Iterable[Step], *, point: Point) -> Plan:
    """Put the steps in order: constraints first, then the lowest priority, then code, plugin and function name.

    Raises:
        PlanError: constraints form a circle or make a plain check wait for an I/O check, or two violation classes
            share a code.
    """
    known = sorted(steps, key=lambda step: step.rank)
    reasons = {step: reason for step in known if (reason := _reason_to_leave_out(step, point))}
    on = [step for step in known if step not in reasons]
    followers = _followers(on)
    return Plan(
        steps=_sorted(on, followers),
        moved=_moved(followers),
        switched_off=tuple(reasons),
        off=tuple(Skipped(step.name, step.plugin, reason) for step, reason in reasons.items()),
        unmatched=tuple(_unmatched(known)),
        violations=_violations_by_code(known),
    )


def _reason_to_leave_out(step: Step, point: Point) -> str | None:
    if step.mode == "off":
        return "switched off in the settings"
    if not step.asked:
        return f"not asked at {point}"
    return None


def _violations_by_code(steps: Iterable[Step]) -> dict[str, type[Violation]]:
    by_code: dict[str, type[Violation]] = {}
    for step in steps:
        for violation in step.info.yields:
            other = by_code.setdefault(violation.code, violation)
            if other is not violation:
                first, second = sorted(f"{it.__module__}.{it.__qualname__}" for it in (other, violation))
                raise PlanError(f"{first} and {second} share the code {violation.code}")
    return by_code


def _answers_to(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Return the steps by each name that `before`, `after` and `requires` may use for them."""
    named: dict[str, list[Step]] = {}
    for step in steps:
        for name in {step.plugin, *step.codes}:
            named.setdefault(name, []).append(step)
    return named


def _unmatched(steps: Iterable[Step]) -> Iterable[tuple[str, str]]:
    named = _answers_to(steps)
    for step in steps:
        for name in (*step.before, *step.after, *step.info.requires):
            if name not in named:
                yield step.name, name


def _followers(steps: Sequence[Step]) -> dict[Step, dict[Step, str]]:
    """Return for each step those that must run later, each with the words that say so."""
    named = _answers_to(steps)
    followers: dict[Step, dict[Step, str]] = {step: {} for step in steps}
    for step in steps:
        for name in step.before:
            for other in named.get(name, ()):
                followers[step][other] = f"before={name}"
        for word, names in (("after", step.after), ("requires", step.info.requires)):
            for name in names:
                for other in named.get(name, ()):
                    followers[other][step] = f"{word}={name}"
    for step, later in followers.items():
        later.pop(step, None)  # a check that names its own plugin means the others in it
        for other, words in later.items():
            if step.info.is_io and not other.info.is_io:
                raise PlanError(f"{other.name} cannot wait for {step.name} ({words}): I/O checks run after all others")
    return followers


def _moved(followers: Mapping[Step, Mapping[Step, str]]) -> dict[str, tuple[str, ...]]:
    """Return by check the constraints that let it run after a check of higher priority number."""
    moved: dict[str, tuple[str, ...]] = {}
    for step, later in followers.items():
        for other, words in later.items():
            if step.rank > other.rank:
                moved[other.name] = (*moved.get(other.name, ()), f"after {step.name} ({words})")
    return moved


def _sorted(steps: Sequence[Step], followers: Mapping[Step, Mapping[Step, str]]) -> tuple[Step, ...]:
    """Sort topologically, always taking the step of lowest rank among those that are free to run."""
    waits_for = Counter(other for later in followers.values() for other in later)
    free = [(step.rank, step) for step in steps if not waits_for[step]]
    heapify(free)
    ordered: list[Step] = []
    while free:
        _, step = heappop(free)
        ordered.append(step)
        for other in followers[step]:
            waits_for[other] -= 1
            if not waits_for[other]:
                heappush(free, (other.rank, other))
    if len(ordered) < len(steps):
        raise PlanError(_circle([step for step in steps if step not in ordered], followers))
    return tuple(ordered)


def _circle(stuck: Sequence[Step], followers: Mapping[Step, Mapping[Step, str]]) -> str:
    """Name one circle among the steps that wait for each other, walking back from the lowest ranked."""
    before = {step: min((it for it in stuck if step in followers[it]), key=lambda it: it.rank) for step in stuck}
    path = [stuck[0]]
    while path[-1] not in path[:-1]:
        path.append(before[path[-1]])
    circle = path[path.index(path[-1]) :][::-1]
    edges = [f"{one.name} before {other.name} ({followers[one][other]})" for one, other in pairwise(circle)]
    return f"checks wait for each other in a circle: {', '.join(edges)}"
