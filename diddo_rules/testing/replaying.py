"""Repeating a failure: the very cart in the file where there is one to judge, the same choices otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diddo_rules.context import Case, Pick
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.drivers import replayed, seeded
from diddo_rules.testing.failures import HIDDEN, Failure, surroundings
from diddo_rules.testing.properties import PROPERTIES, Property
from diddo_rules.testing.subject import Subject

__all__ = ["AGREES", "AGREES_CLAIM", "complaint_of", "differences", "replay", "settings_of"]

if TYPE_CHECKING:
    from diddo_rules.testing.differential import Disagreement

AGREES = "agrees-with-its-release"
"""What is broken where a plugin and an earlier release of it disagree; both have to be there to judge it."""

AGREES_CLAIM = "The plugin says what an earlier release of it said."


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stored(Subject):
    """A subject whose only case is that of the file."""

    only: Case = field()

    def gen_case(self, pick: Pick) -> Case:
        del pick
        return self.only

    def gen_valid(self, pick: Pick) -> Case | None:
        del pick
        return self.only

    def gen_any(self, pick: Pick) -> Case:
        del pick
        return self.only

    @cached_property
    def refuses_all(self) -> bool:
        """Whether the plugin refuses every valid case, which the one in the file cannot tell."""
        return Subject.of(self.name, self.engine, seconds=self.seconds).refuses_all


def replay(
    failure: Failure, engine: Engine, *, against: Engine | None = None, seconds_per_cart: float = 1.0
) -> Complaint | None:
    """Judge the failure's property again, and return what it complains of now, if anything.

    `against` is the engine with the earlier release, for a failure that is a disagreement of the two.

    Properties that compare two cases make both of them from the recorded choices, which mean the same as long as
    generator, plugin and settings are the same: `differences` says what is not.

    Raises:
        DiddoError: the engine has no such plugin, or there is no such property.
    """
    if failure.property == AGREES:
        return _disagreement(failure, engine, against, seconds_per_cart)
    wanted = _property(failure.property)
    if failure.case is not None and failure.other is None:
        subject: Subject = _Stored(
            name=_known(failure, engine), engine=engine, seconds=seconds_per_cart, only=failure.case.case()
        )
        return wanted.judge(subject, replayed(failure.choices or ()))
    subject = Subject.of(failure.plugin, engine, seconds=seconds_per_cart)
    pick = seeded(failure.seed) if failure.choices is None else replayed(failure.choices)
    return wanted.judge(subject, pick)


def _disagreement(failure: Failure, engine: Engine, against: Engine | None, seconds: float) -> Complaint | None:
    from diddo_rules.testing.differential import Pair  # noqa: PLC0415 (it imports Hypothesis, which is slow)

    if against is None or failure.case is None:
        raise DiddoError("this failure is a disagreement with an earlier release: say --against where that is")
    case = failure.case.case()
    found = Pair(old=against, new=engine, seconds=seconds).differences(case)
    now = next((it for it in found if it.code in {failure.code, failure.check}), None)
    if now is None:
        return None
    return complaint_of(now, failure.plugin)


def _known(failure: Failure, engine: Engine) -> str:
    return Subject.of(failure.plugin, engine).name


def _property(name: str) -> Property:
    found = next((it for it in PROPERTIES if it.name == name), None)
    if found is None:
        raise DiddoError(f"there is no property {name} in this version")
    return found


def complaint_of(found: "Disagreement", plugin: str) -> Complaint:
    """Return a disagreement with an earlier release as the complaint that it is."""
    crashes = found.effect == "crash"
    what = "crashes" if crashes else f"is found ({found.effect})"
    return Complaint(
        property=AGREES,
        plugin=plugin,
        check=found.code if crashes else None,
        code=None if crashes else found.code,
        message=f"only with the {found.only} release {found.code} {what}",
        case=found.case,
    )


def differences(failure: Failure, engine: Engine) -> Iterator[str]:
    """Yield, in words, what is not as it was when the failure was found: versions, settings, and the plan."""
    point = failure.case.context.point if failure.case else "api"
    now: dict[str, Any] = surroundings(engine, failure.plugin, point)
    for package, version in sorted(failure.versions.items()):
        if now["versions"].get(package) != version:
            yield f"{package} is {now['versions'].get(package)}, and was {version}"
    current = {it.name: it.version for it in engine.plugins}
    for plugin, version in sorted({it.plugin: it.version for it in failure.plan}.items()):
        if plugin not in current:
            yield f"the plugin {plugin} is not there"
        elif current[plugin] != version:
            yield f"the plugin {plugin} is {current[plugin]}, and was {version}"
    if [it.check for it in failure.plan] != [it.check for it in now["plan"]]:
        yield "the checks, or their order, are others"
    if failure.settings != now["settings"]:
        yield f"the settings of {failure.plugin} are others"


def settings_of(failure: Failure) -> dict[str, Any]:
    """Return the settings that the plugin had, but for secrets, which no file holds."""
    return {name: value for name, value in failure.settings.items() if value != HIDDEN}
