"""What every plugin has to keep, whatever its rules are; `check_plugin` tries it on carts made for the purpose."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from diddo_rules.context import Pick
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.loader import installed_plugins, named_plugin
from diddo_rules.settings import RulesSettings, Settings, load_settings
from diddo_rules.suggest import did_you_mean
from diddo_rules.testing import conduct, verdicts
from diddo_rules.testing.breaking import MutatorFailed
from diddo_rules.testing.complaint import Complaint, PluginFault
from diddo_rules.testing.measures import monotone
from diddo_rules.testing.subject import CheckHangs, Subject

__all__ = ["PROPERTIES", "Complaint", "PluginFault", "Property", "check_plugin", "complaints_about", "ends_all"]

_Judge = Callable[[Subject, Pick], Complaint | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One thing that every plugin keeps.

    `claim` says it in a sentence. `judge` is a function of the subject and of the choices that `pick` makes: it makes
    its own carts from them, so the same choices say the same again. Where the plugin breaks a property that is
    `fundamental`, the others have nothing to stand on, and are not judged.
    """

    name: str
    claim: str
    judge: _Judge
    fundamental: bool = False


def _property(judge: _Judge, *, fundamental: bool = False) -> Property:
    name = judge.__name__.replace("_", "-")

    @wraps(judge)
    def careful(subject: Subject, pick: Pick) -> Complaint | None:
        try:
            return judge(subject, pick)
        except CheckHangs as hanging:
            return _of_hanging(subject, hanging)
        except MutatorFailed as failed:
            own = failed.violation in subject.violations
            return _of_mutator(subject, failed) if own and judge is verdicts.broken_alone else None

    claim = (judge.__doc__ or "").partition("\n")[0]
    return Property(name=name, claim=claim, judge=careful, fundamental=fundamental)


def _of_hanging(subject: Subject, hanging: CheckHangs) -> Complaint:
    """Whichever property meets it, a check that hangs breaks this one."""
    return Complaint(
        property="within-budget",
        plugin=subject.name,
        check=hanging.check,
        code=None,
        message=str(hanging),
        case=hanging.case,
    )


def _of_mutator(subject: Subject, failed: MutatorFailed) -> Complaint:
    return Complaint(
        property="broken-alone",
        plugin=subject.name,
        check=None,
        code=failed.violation.code,
        message=str(failed),
        case=failed.case,
    )


PROPERTIES = (
    _property(conduct.within_budget, fundamental=True),
    _property(conduct.pure, fundamental=True),
    _property(conduct.deterministic, fundamental=True),
    _property(conduct.never_crashes),
    _property(conduct.declared_only),
    _property(conduct.reads),
    _property(conduct.order_independent),
    _property(verdicts.renders),
    _property(verdicts.points_at_a_place),
    _property(verdicts.valid_passes),
    _property(verdicts.broken_alone),
    _property(verdicts.remedied),
    _property(verdicts.second_fault),
    _property(verdicts.no_trap),
    _property(monotone),
)
"""In the order in which they are judged, the fundamental ones first."""


def check_plugin(
    plugin: object,
    *,
    settings: Mapping[str, Any] | None = None,
    count: int | None = None,
    seed: int = 0,
    time_limit: float | None = 1.0,
    without: Collection[str] = (),
) -> None:
    """Try every property on a plugin, next to all plugins that are installed.

    Args:
        plugin: a module, an object or a check, or the name of an installed plugin, a module or a file (`./rule.py`).
        settings: the plugin's settings; its defaults if there are none.
        count: how many cases are made for each property; by default as many as the Hypothesis profile says.
        seed: the same seed makes the same cases.
        time_limit: the seconds after which a check counts as hanging.
        without: names of properties that are not for this plugin.

    Raises:
        PluginFault: properties do not hold; the text names each, with the check and the smallest case found.
        DiddoError: there is no such plugin, no such property, or the plugin cannot be loaded.
    """
    engine, name = _engine_with(plugin, settings)
    subject = Subject.of(name, engine, seconds=time_limit)
    complaints = [it for _, it in complaints_about(subject, count=count, seed=seed, without=without) if it]
    if complaints:
        raise PluginFault(complaints)


def complaints_about(
    subject: Subject, *, count: int | None = None, seed: int = 0, without: Collection[str] = ()
) -> Iterator[tuple[Property, Complaint | None]]:
    """Try the properties in their order, and yield what is to be said about each; end with a fundamental fault.

    A check that hangs is a complaint of the property within-budget, whichever property meets it.

    Raises:
        DiddoError: `without` names a property that there is not.
    """
    from diddo_rules.testing.trying import smallest_complaint  # noqa: PLC0415 (it imports Hypothesis, which is slow)

    known = {it.name for it in PROPERTIES}
    for name in without:
        if name not in known:
            raise DiddoError(f"there is no property {name}. {did_you_mean(name, known)}")
    for it in PROPERTIES:
        if it.name not in without:
            complaint = smallest_complaint(it.judge, subject, count=count, seed=seed)
            yield it, complaint
            if complaint is not None and ends_all(it, complaint):
                return


def ends_all(judged: Property, complaint: Complaint) -> bool:
    """Return whether the other properties have nothing to stand on after this complaint."""
    return judged.fundamental or complaint.property != judged.name


def _engine_with(plugin: object, settings: Mapping[str, Any] | None) -> tuple[Engine, str]:
    """Return an engine of the installed plugins and this one, and this one's name in it.

    Other plugins have the settings of the current folder, since some cannot do without; its modes count for nothing.
    """
    found = load_settings(Path.cwd(), os.environ)
    load, name = found.rules.load, _name_of(plugin)
    tables = dict(found.plugins) if settings is None else {**found.plugins, name: settings}
    if isinstance(plugin, str):
        if plugin not in {*load, *(it.name for it in installed_plugins())}:
            load = (*load, plugin)
        rules = RulesSettings(load=load)
        return Engine.from_settings(Settings(rules=rules, plugins=tables, directory=found.directory)), name
    rules = RulesSettings(load=load, disable=(name,) if _is_known(name, load) else ())
    others = Engine.from_settings(Settings(rules=rules, plugins=found.plugins, directory=found.directory))
    return Engine([*others.plugins, plugin], settings=tables), name


def _is_known(name: str, load: Collection[str]) -> bool:
    return name in {*(it.name for it in installed_plugins()), *(_name_of(it) for it in load)}


def _name_of(plugin: object) -> str:
    if isinstance(plugin, str):
        return Path(plugin).stem if plugin.endswith((".py", ".toml", ".json")) else plugin.rpartition("/")[2]
    return named_plugin(plugin).name
