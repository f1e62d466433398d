"""Breaking valid carts on purpose, so that chosen violations are found and no other."""

from collections.abc import Collection
from functools import lru_cache

from diddo_rules.context import Case, Pick
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.settings import Settings
from diddo_rules.testing.drivers import NothingToPick
from diddo_rules.testing.generator import gen_case
from diddo_rules.violations import Violation

__all__ = ["CannotBreak", "gen_any", "gen_broken", "installed_engine"]


class CannotBreak(DiddoError):
    """A cart cannot be broken in the way that was asked for."""


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
        try:
            case = mutators[violation](case.cart, case.context, pick)
        except NothingToPick as nothing:
            raise CannotBreak(f"nothing is left in which {violation.code} could be found") from nothing
    return case


def gen_any(pick: Pick, engine: Engine) -> Case:
    """Return a valid case, or one that is broken in one way."""
    mutators = engine.mutators()
    choice = pick(1 + len(mutators))
    if choice == 0:
        return gen_case(pick)
    return gen_broken(pick, [sorted(mutators, key=lambda violation: violation.code)[choice - 1]], engine)


def _last_first(wanted: Collection[type[Violation]], engine: Engine) -> list[type[Violation]]:
    """Order them so that what is checked late, which is small, is broken before what holds it is removed."""
    ranks = {violation: rank for rank, step in enumerate(engine.plan.steps) for violation in step.info.yields}
    return sorted(wanted, key=lambda violation: -ranks.get(violation, -1))
