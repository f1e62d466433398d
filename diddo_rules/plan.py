"""The plan: which checks run, and in which order. The order follows from the checks alone, never from who came first."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

import pluggy

from diddo_rules.checks import CheckInfo, info_of
from diddo_rules.errors import PlanError
from diddo_rules.report import Skipped
from diddo_rules.violations import Violation

__all__ = ["Plan", "Step", "make_plan", "steps_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One check of one plugin, ready to be called with `arguments`, some of `cart`, `context` and `settings`.

    `name` is the check's name in reports, `plugin:function`; findings with a code in `muted` do not count.
    """

    name: str
    plugin: str
    function: Callable[..., Iterable[Violation]]
    info: CheckInfo
    arguments: tuple[str, ...]
    settings: Any = None
    muted: frozenset[str] = frozenset()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that the check may find."""
        return tuple(violation.code for violation in self.info.yields)

    @property
    def rank(self) -> tuple[int, tuple[str, ...], str, str]:
        """What decides between checks that no constraint orders; no two checks share it."""
        return self.info.priority, self.codes, self.plugin, self.function.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in the order in which they run, and those that the settings have switched off, as each report says.

    `unmatched` holds, as (check, name) pairs, the names in `before`, `after` and `requires` that no loaded check
    answers to: harmless when that plugin is not installed, and a slip of the pen otherwise.
    """

    steps: tuple[Step, ...]
    switched_off: tuple[Step, ...] = ()
    off: tuple[Skipped, ...] = ()
    unmatched: tuple[tuple[str, str], ...] = ()
    violations: Mapping[str, type[Violation]] = field(default_factory=dict)


def steps_of(implementations: Iterable[pluggy.HookImpl], settings: Mapping[str, Any]) -> list[Step]:
    """Turn the registered implementations of `check_cart` into steps; `settings` are by plugin name.

    Raises:
        PlanError: one of them is a wrapper, lacks `@check`, wants settings that its plugin does not declare, is
            registered by two plugins, or has the name of another.
    """
    steps = [_step(implementation, settings) for implementation in implementations]
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


def _step(implementation: pluggy.HookImpl, settings: Mapping[str, Any]) -> Step:
    plugin = implementation.plugin_name
    function: Any = implementation.function
    if implementation.wrapper or implementation.hookwrapper:
        raise PlanError(f"plugin {plugin}: {function.__name__} wraps check_cart; wrap around_validation instead")
    info = info_of(function)
    if info is None:
        raise PlanError(f"plugin {plugin}: {function.__name__} implements check_cart without @check")
    if "settings" in implementation.argnames and plugin not in settings:
        raise PlanError(
            f"plugin {plugin}: {function.__name__} takes settings, so the plugin must implement the hook settings_model"
        )
    return Step(
        name=f"{plugin}:{function.__name__}",
        plugin=plugin,
        function=function,
        info=info,
        arguments=tuple(implementation.argnames),
        settings=settings.get(plugin),
    )


def make_plan(steps: Sequence[Step], *, switched_off: Sequence[Step] = ()) -> Plan:
    """Put the steps in order: constraints first, then the lowest priority, then code, plugin and function name.

    Raises:
        PlanError: constraints form a circle, or two violation classes share a code.
    """
    known = sorted((*steps, *switched_off), key=lambda step: step.rank)
    off = sorted(switched_off, key=lambda step: step.rank)
    return Plan(
        steps=_sorted(sorted(steps, key=lambda step: step.rank)),
        switched_off=tuple(off),
        off=tuple(Skipped(step.name, step.plugin, "switched off in the settings") for step in off),
        unmatched=tuple(_unmatched(known)),
        violations=_violations_by_code(known),
    )


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
        for name in (*step.info.before, *step.info.after, *step.info.requires):
            if name not in named:
                yield step.name, name


def _followers(steps: Sequence[Step]) -> dict[Step, dict[Step, str]]:
    """Return for each step those that must run later, each with the words that say so."""
    named = _answers_to(steps)
    followers: dict[Step, dict[Step, str]] = {step: {} for step in steps}
    for step in steps:
        for name in step.info.before:
            for other in named.get(name, ()):
                followers[step][other] = f"before={name}"
        for word, names in (("after", step.info.after), ("requires", step.info.requires)):
            for name in names:
                for other in named.get(name, ()):
                    followers[other][step] = f"{word}={name}"
    for step, later in followers.items():
        later.pop(step, None)  # a check that names its own plugin means the others in it
    return followers


def _sorted(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Sort topologically, always taking the step of lowest rank among those that are free to run."""
    followers = _followers(steps)
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
