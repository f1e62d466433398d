"""Breaking valid carts on purpose, so that chosen violations are found and no other."""

from collections.abc import Collection
from functools import lru_cache

from diddo_rules.context import Case, Mutator, Pick
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.settings import Settings
from diddo_rules.testing.drivers import NothingToPick
from diddo_rules.testing.generator import gen_case
from diddo_rules.testing.limits import gen_near, limits_of
from diddo_rules.violations import Violation

__all__ = ["CannotBreak", "MutatorFailed", "gen_any", "gen_broken", "gen_mutated", "installed_engine"]


class CannotBreak(DiddoError):
    """A cart cannot be broken in the way that was asked for."""


class MutatorFailed(CannotBreak):
    """A plugin's mutator raised an error for `case`."""

    def __init__(self, violation: type[Violation], case: Case, error: Exception) -> None:
        super().__init__(f"the mutator of {violation.code} failed: {type(error).__name__}: {error}")
        self.violation = violation
        self.case = case


@lru_cache(maxsize=1)
def installed_engine() -> Engine:
    """Return an engine of all installed plugins, with their default settings."""
    return Engine.from_settings(Settings())


def gen_broken(pick: Pick, wanted: Collection[type[Violation]], engine: Engine) -> Case:
    """Return a valid case with the mutator of each wanted violation applied, the last check's first.

    One mutator makes its violation be found alone. Several may undo each other, as when the line that was given an
    unknown variant is then removed: ask the engine.

    Raises:
        CannotBreak: no plugin has a mutator for one of them, or nothing is left to break.
    """
    mutators = engine.mutators()
    case = gen_case(pick)
    for violation in _last_first(wanted, engine):
        if violation not in mutators:
            raise CannotBreak(f"no plugin offers a mutator for {violation.code}: implement the hook `mutators`")
        if case.cart is None:
            raise CannotBreak(f"there is no cart left in which {violation.code} could be found")
        broken = gen_mutated(pick, case, violation, mutators[violation])
        if broken is None:
            raise CannotBreak(f"nothing is left in which {violation.code} could be found")
        case = broken
    return case


def gen_mutated(pick: Pick, case: Case, violation: type[Violation], mutator: Mutator) -> Case | None:
    """Return the case as the mutator of the violation breaks it; None if the case has nothing that it could break.

    Raises:
        MutatorFailed: the mutator raises an error.
    """
    if case.cart is None:
        return None
    try:
        return mutator(case.cart, case.context, pick)
    except NothingToPick:
        return None
    except Exception as error:
        raise MutatorFailed(violation, case, error) from error


def gen_any(pick: Pick, engine: Engine) -> Case:
    """Return a case that is valid as far as the generator knows, or one that is broken in one way.

    Where the plugins' code or settings name numbers, every other valid case is at one of them, or next to it.
    """
    mutators = engine.mutators()
    choice = pick(1 + len(mutators))
    if choice == 0:
        case = gen_case(pick)
        limits = limits_of(engine.plan.steps)
        return case._replace(cart=gen_near(pick, case.cart, limits)) if limits and case.cart and pick(2) else case
    return gen_broken(pick, [sorted(mutators, key=lambda violation: violation.code)[choice - 1]], engine)


def _last_first(wanted: Collection[type[Violation]], engine: Engine) -> list[type[Violation]]:
    """Order them so that what is checked late, which is small, is broken before what holds it is removed."""
    ranks = {violation: rank for rank, step in enumerate(engine.plan.steps) for violation in step.info.yields}
    return sorted(wanted, key=lambda violation: -ranks.get(violation, -1))
