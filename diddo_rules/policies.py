"""What the settings say of each check: its mode, its severity, its place in the order; here, there and in one store."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field

from diddo_rules.checks import Severity
from diddo_rules.context import Point
from diddo_rules.errors import SettingsError
from diddo_rules.suggest import did_you_mean

__all__ = [
    "MODES",
    "CheckSettings",
    "IoSettings",
    "Layer",
    "Mode",
    "Names",
    "OnFailure",
    "Policies",
    "Policy",
]

Mode = Literal["enforce", "shadow", "off"]
"""Whether a finding counts, is only recorded, or is not looked for."""

MODES: tuple[Mode, ...] = get_args(Mode)

OnFailure = Literal["block", "warn", "pass"]
"""What becomes of a cart when an I/O check fails or is late: refused, let through and told, or let through."""


Names = tuple[str, str, str]
"""What settings may call a finding, the weakest name first: its plugin, its check, its code."""


class Policy(NamedTuple):
    """What becomes of a finding."""

    mode: Mode
    severity: Severity


class CheckSettings(BaseModel):
    """The table `[checks.NAME]`, where NAME is a code, a plugin, or a check such as `cost:total_is_known`.

    What is not said stays as it is. Of several tables that mean one check, the one with its code wins over the one
    with its name, and that over the one with its plugin. `priority`, `before` and `after` replace what the check says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode | None = None
    severity: Severity | None = None
    priority: int | None = None
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    on_failure: OnFailure | None = None


class IoSettings(BaseModel):
    """What I/O checks are given.

    `budget` is the seconds that all I/O checks of one cart have together. After `breaker_failures` failures of a check
    in a row it is not asked for `breaker_seconds`, and counts as failed at once; then one cart tries it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: float = Field(default=1.0, gt=0, le=60)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_seconds: float = Field(default=30.0, gt=0)


class Layer(BaseModel):
    """The tables `checks` and `plugins` of one enforcement point, or of one store: they win over the general ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: Mapping[str, CheckSettings] = {}
    plugins: Mapping[str, Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Everything that the settings say of checks.

    An empty `enable` means everything; `disable` wins over it; both hold codes and plugin names. `checks` holds
    everywhere, `points` at one enforcement point, `stores` for what is found in the part of one store (by its domain),
    and `modes` is what somebody has said at run time, which wins over all.
    """

    enable: frozenset[str] = frozenset()
    disable: frozenset[str] = frozenset()
    checks: Mapping[str, CheckSettings] = field(default_factory=dict)
    points: Mapping[Point, Layer] = field(default_factory=dict)
    stores: Mapping[str, Layer] = field(default_factory=dict)
    modes: Mapping[str, Mode] = field(default_factory=dict)

    def want_plugin(self, name: str) -> bool:
        """Return whether the plugin has to be imported at all."""
        if name in self.disable:
            return False
        # Codes are in capitals, and which plugin has a code is known only once it is imported.
        return not self.enable or name in self.enable or any(word.isupper() for word in self.enable)

    def with_mode(self, name: str, mode: Mode) -> "Policies":
        """Return the policies with one more word said at run time."""
        return replace(self, modes={**{it: was for it, was in self.modes.items() if it != name}, name: mode})

    def tables(self, point: Point) -> Iterator[tuple[str, Mapping[str, CheckSettings]]]:
        """Yield the tables of checks that hold at a point, each with its dotted name; the last one wins."""
        yield "checks", self.checks
        if point in self.points:
            yield f"points.{point}.checks", self.points[point].checks

    def speaks_of(self, names: Iterable[str], point: Point) -> bool:
        """Return whether the settings of the point give a mode to any of these names: so it is asked there."""
        layer = self.points.get(point)
        return layer is not None and any(said.mode is not None for said in _said(layer.checks, names))

    def policy(self, names: Names, severity: Severity, *, point: Point, store: str | None = None) -> Policy:
        """Return what becomes of a finding, in the part of `store` or elsewhere; `severity` is what its check says."""
        policy = Policy("enforce" if self._wants(names) else "off", severity)
        tables = [table for _, table in self.tables(point)]
        if store is not None:
            tables.append(self.stores[store].checks)
        for table in tables:
            for said in _said(table, names):
                policy = Policy(said.mode or policy.mode, said.severity or policy.severity)
        for name in self.modes:  # the last word counts
            if name in names:
                policy = policy._replace(mode=self.modes[name])
        return policy

    def overrides(self, setting: str, names: Names, point: Point) -> Iterator[tuple[Any, str]]:
        """Yield what the settings say of `priority`, `before`, `after` or `on_failure`, and where; the last one wins."""
        for where, table in self.tables(point):
            for name in names:
                if name in table and (value := getattr(table[name], setting)) is not None:
                    yield value, f"{where}.{name}.{setting}"

    def require_known(
        self,
        plugins: Collection[str],
        checks: Collection[str],
        codes: Collection[str],
        *,
        unsure: bool,
        place_of: Callable[[str], str],
    ) -> None:
        """Raise `SettingsError` for a word that is neither a code, nor a plugin, nor, where that may be, a check.

        `unsure` says that plugins were not imported, so that nobody knows what codes and checks they have. `place_of`
        tells of a dotted key in which file and line it stands.
        """
        for setting, words in (("rules.enable", self.enable), ("rules.disable", self.disable)):
            problem = "neither the code of a loaded check nor a plugin"
            _require(sorted(words), {*plugins, *codes}, place_of(setting) + setting, problem)
        layers = {f"points.{it}": layer for it, layer in self.points.items()}
        layers |= {f"stores.{it}": layer for it, layer in self.stores.items()}
        tables = {"checks": self.checks} | {f"{where}.checks": layer.checks for where, layer in layers.items()}
        known = {*plugins, *checks, *codes}
        if unsure:
            tables = {}
        problem = "neither the code of a loaded check, nor a check, nor a plugin"
        for where, table in tables.items():
            for name in table:
                _require([name], known, place_of(f"{where}.{name}") + where, problem)
        for where, layer in layers.items():
            for name in layer.plugins:
                _require([name], plugins, place_of(f"{where}.plugins.{name}") + f"{where}.plugins", "no plugin")
        for domain, layer in self.stores.items():
            _require_no_order(layer, f"stores.{domain}", place_of)

    def _wants(self, names: Names) -> bool:
        if not self.disable.isdisjoint(names):
            return False
        return not self.enable or not self.enable.isdisjoint(names)


def _said(table: Mapping[str, CheckSettings], names: Iterable[str]) -> Iterator[CheckSettings]:
    return (table[name] for name in names if name in table)


def _require(words: Iterable[str], known: Collection[str], where: str, problem: str) -> None:
    for word in words:
        if word not in known:
            raise SettingsError(f"{where}: {word} is {problem}. {did_you_mean(word, known)}")


def _require_no_order(layer: Layer, where: str, place_of: Callable[[str], str]) -> None:
    """Raise for what cannot differ within one cart, whose checks run once for all its stores."""
    for name, said in layer.checks.items():
        for setting in ("priority", "before", "after", "on_failure"):
            if getattr(said, setting) is not None:
                key = f"{where}.checks.{name}.{setting}"
                raise SettingsError(f"{place_of(key)}{key}: one store of a cart cannot have its own")
