"""Two rule sets side by side: the smallest carts on which they disagree, by code and direction."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from diddo_rules.context import POINTS, Case, Pick
from diddo_rules.engine import Engine
from diddo_rules.report import Report
from diddo_rules.testing.breaking import MutatorFailed, gen_mutated
from diddo_rules.testing.complaint import case_as_json
from diddo_rules.testing.damage import gen_damaged
from diddo_rules.testing.drivers import replayed
from diddo_rules.testing.generator import gen_case
from diddo_rules.testing.limits import gen_near, limits_of
from diddo_rules.testing.subject import report_on
from diddo_rules.testing.trying import Against, try_choices

__all__ = ["Disagreement", "Pair", "disagreements"]

Only = Literal["old", "new"]
_Said = tuple[str, str, str]
"""A code, what it does to the cart, and where; of a crash the check and `crash`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What only one of two rule sets says, and the smallest case found in which it does.

    `effect` is `error`, `warning`, `info` or `crash`; `code` is the check's name for a crash. `old` and `new` hold the
    codes that each has found in the case, whatever their effect.
    """

    code: str
    effect: str
    only: Only
    case: Case
    old: tuple[str, ...]
    new: tuple[str, ...]

    def __str__(self) -> str:
        what = "crashes" if self.effect == "crash" else f"is found ({self.effect})"
        told = json.dumps(case_as_json(self.case), ensure_ascii=False)
        return f"only with the {self.only} rules {self.code} {what}\n  {told}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two rule sets, and the cases on which both can be tried."""

    old: Engine
    new: Engine
    seconds: float | None = 1.0

    @cached_property
    def limits(self) -> tuple[int, ...]:
        """The whole numbers in the code and the settings of either."""
        return tuple(sorted({*limits_of(self.old.plan.steps), *limits_of(self.new.plan.steps)}))

    def gen_case(self, pick: Pick) -> Case:
        """Return a case: near the limits of either, broken by a mutator of either, with up to two odd values in it."""
        case = gen_case(pick)
        case = case._replace(context=replace(case.context, point=_POINTS[pick(len(_POINTS))]))
        if self.limits and case.cart and pick(2):
            case = case._replace(cart=gen_near(pick, case.cart, self.limits))
        return self._damaged(pick, self._broken(pick, case))

    def differences(self, case: Case) -> tuple[Disagreement, ...]:
        """Return what only one of the two says of a case, sorted."""
        reports = {"old": report_on(self.old, case, self.seconds), "new": report_on(self.new, case, self.seconds)}
        old, new = _said(reports["old"]), _said(reports["new"])
        codes = {"old": tuple(it[0] for it in sorted(old)), "new": tuple(it[0] for it in sorted(new))}
        only: list[tuple[_Said, Only]] = [(it, "old") for it in old - new]
        only += [(it, "new") for it in new - old]
        pairs = sorted({(code, effect, side) for (code, effect, _), side in only})
        return tuple(
            Disagreement(code=code, effect=effect, only=side, case=case, old=codes["old"], new=codes["new"])
            for code, effect, side in pairs
        )

    def _broken(self, pick: Pick, case: Case) -> Case:
        offered = [*self.old.mutators().items(), *self.new.mutators().items()]
        choice = pick(1 + len(offered))
        if choice == 0:
            return case
        violation, mutator = sorted(offered, key=lambda it: it[0].code)[choice - 1]
        try:
            return gen_mutated(pick, case, violation, mutator) or case
        except MutatorFailed:
            return case  # which is for the property `broken-alone` to say

    def _damaged(self, pick: Pick, case: Case) -> Case:
        cart = case.cart
        for _ in range((0, 1, 2)[pick(3)]):
            cart = cart and gen_damaged(pick, cart)
        return case._replace(cart=cart)


_POINTS = tuple(sorted(POINTS, key=lambda point: point != "api"))


def disagreements(
    old: Engine, new: Engine, *, count: int | None = None, seed: int = 0, time_limit: float | None = 1.0
) -> tuple[Disagreement, ...]:
    """Return what only one of two rule sets says, each with the smallest case found; nothing if they agree.

    Args:
        old: the rules as they were.
        new: the rules as they are; the same places, codes and effects are expected.
        count: how many cases are tried; None leaves it to the Hypothesis profile.
        seed: the same seed makes the same cases.
        time_limit: the seconds after which a check counts as hanging.
    """
    pair = Pair(old=old, new=new, seconds=time_limit)
    smallest: dict[tuple[str, str, Only], tuple[tuple[int, list[int]], Disagreement]] = {}
    kinds: dict[tuple[str, str, Only], type[Against]] = {}

    def agree(chosen: list[int]) -> None:
        found = {(it.code, it.effect, it.only): it for it in pair.differences(pair.gen_case(replayed(chosen)))}
        size = len(chosen), chosen
        for kind, it in found.items():
            if kind not in smallest or size < smallest[kind][0]:
                smallest[kind] = size, it
        for kind in found:
            raise kinds.setdefault(kind, type("Disagree", (Against,), {}))

    try_choices(agree, count=count, seed=seed)
    return tuple(smallest[kind][1] for kind in sorted(smallest))


def _said(report: Report) -> set[_Said]:
    effects = {"error": report.violations, "warning": report.warnings, "info": report.infos}
    said = {(it.code, effect, it.at) for effect, found in effects.items() for it in found}
    return said | {(crash.check, "crash", "") for crash in report.crashed}
