"""Settings: flag, then `DIDDO_*` variable, then `diddo.toml`, then `[tool.diddo]` of pyproject.toml, then default.

Nothing is read at import: the folder to look in and the environment come in as arguments. An unknown key is an error
that offers the key that was meant, and names the file or variable it stands in.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short_repr
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from diddo_rules.context import POINTS, Point
from diddo_rules.errors import SettingsError
from diddo_rules.policies import CheckSettings, IoSettings, Layer
from diddo_rules.suggest import did_you_mean
from diddo_rules.toml_lines import line_of

__all__ = ["Names", "RulesSettings", "Settings", "load_settings", "origin_of", "validate_settings"]

_Model = TypeVar("_Model", bound=BaseModel)
_SECTIONS = ("rules", "checks", "plugins", "points", "stores", "sandbox")
_SECRET = re.compile("key|password|secret|token")
_VARIABLES = {"DIDDO_RULES_": "rules", "DIDDO_SANDBOX_": "sandbox"}


def _listed(value: Any) -> Any:
    """Let a variable or a flag give a list as `a,b`."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class RulesSettings(BaseModel):
    """The table `[rules]`.

    `load` names plugins besides the installed ones: `package.module`, `module:attribute`, or `./file.py`, or rules as
    data in `./file.toml` or `./file.json`; files are relative to the one that says so. `disable` and `enable` hold
    error codes and plugin names: an empty `enable` means everything, and `disable` wins. `stop` ends at the first
    violation or finds them all. `broken_plugins` says whether a plugin that cannot be loaded stops the start.
    `time_limit` is the seconds after which a check that is no I/O check is taken for hanging and stopped; the commands
    and the sandbox wait 2 seconds if nothing is said. The others are those of `IoSettings`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load: Names = ()
    disable: Names = ()
    enable: Names = ()
    stop: Literal["first", "all"] = "all"
    broken_plugins: Literal["stop", "skip"] = "stop"
    time_limit: Annotated[float, Field(gt=0)] | None = None
    io_budget: Annotated[float, Field(gt=0, le=60)] = 1.0
    io_breaker_failures: Annotated[int, Field(ge=1)] = 5
    io_breaker_seconds: Annotated[float, Field(gt=0)] = 30.0

    @property
    def io(self) -> IoSettings:
        """What I/O checks are given."""
        return IoSettings(
            budget=self.io_budget,
            breaker_failures=self.io_breaker_failures,
            breaker_seconds=self.io_breaker_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings: those of plugins (by name) and of the sandbox as they stand, all others validated.

    `origins` tells where a value comes from, by its dotted key: `{"rules.stop": "DIDDO_RULES_STOP"}`.
    `directory` is what relative paths in the settings are relative to.
    """

    rules: RulesSettings = field(default_factory=RulesSettings)
    checks: Mapping[str, CheckSettings] = field(default_factory=dict)
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    points: Mapping[Point, Layer] = field(default_factory=dict)
    stores: Mapping[str, Layer] = field(default_factory=dict)
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path()


def load_settings(
    directory: Path,
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, Any] = MappingProxyType({}),
    file: Path | None = None,
) -> Settings:
    """Read the settings that hold in `directory`.

    Args:
        directory: where to look for `diddo.toml` and `pyproject.toml`; the nearest folder above that has settings
            counts if this one has none.
        environ: the environment; `DIDDO_RULES_STOP` is `rules.stop`, `DIDDO_SANDBOX_PORT` is `sandbox.port`.
        flags: values from the command line by dotted key; None stands for a flag that was not given.
        file: read this file instead of looking for one; its tables stand as in `diddo.toml`.

    Raises:
        SettingsError: a file cannot be read, or a key or value is wrong.
    """
    files = [file] if file is not None else _nearest(directory.resolve())
    merged = _Merged()
    for path in files:
        merged.add_file(path)
    merged.add_variables(environ)
    for key, value in flags.items():
        if value is not None:
            merged.set(key, value, "--" + key.rpartition(".")[2].replace("_", "-"))
    return merged.settings(files[0].resolve().parent if files else directory.resolve())


def validate_settings(
    model: type[_Model], values: Mapping[str, Any], *, section: str, origins: Mapping[str, str] | None = None
) -> _Model:
    """Return `values` as an instance of `model`; keys it does not know are errors, whatever it says about extras.

    Args:
        model: what the values have to fit.
        values: the table, such as `settings.sandbox`.
        section: the table's dotted name, such as `sandbox` or `plugins.limits`, for the message.
        origins: `settings.origins`, so that the message can name the file.

    Raises:
        SettingsError: naming every wrong key, where it stands, and what was meant.
    """
    problems = list(_unknown_keys(model, values, section))
    if not problems:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                key = ".".join([section, *_steps(detail["loc"], values, missing=detail["type"] == "missing")])
                given = "" if _SECRET.search(key) else f" (it is {short_repr(detail['input'])})"
                problems.append((key, f"{detail['msg']}{given}."))
    lines = [f"{origin_of(key, origins or {})}{key}: {problem}" for key, problem in problems]
    raise SettingsError("\n".join(lines))


def _steps(path: Sequence[str | int], values: Any, *, missing: bool) -> Iterator[str]:
    """Yield the keys that lead to a wrong value: the validator also names the branches of its unions."""
    for position, step in enumerate(path):
        if missing and position == len(path) - 1:
            yield str(step)
        elif isinstance(values, Mapping) and step in values:
            yield str(step)
            values = values[str(step)]
        elif isinstance(values, list | tuple) and isinstance(step, int):
            yield str(step)
            values = values[step] if step < len(values) else None


class _File(str):
    """The name of a settings file, which also knows where its keys stand."""

    __slots__ = ("path", "prefix")
    path: Path
    prefix: str

    def line_of(self, key: str) -> str:
        """Return `:12`, or nothing where the file has changed since."""
        line = line_of(self.path.read_text("utf-8"), self.prefix + key)
        return "" if line is None else f":{line}"


def origin_of(key: str, origins: Mapping[str, str]) -> str:
    """Return `diddo.toml:12: ` for a key, or for the nearest key above it, whose origin is known."""
    nearest = key
    while nearest:
        if nearest in origins:
            origin = origins[nearest]
            return f"{origin}{origin.line_of(key) if isinstance(origin, _File) else ''}: "
        nearest = nearest.rpartition(".")[0]
    return ""


def _unknown_keys(model: type[BaseModel], values: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    fields = {info.alias or name: info for name, info in model.model_fields.items()} | dict(model.model_fields)
    for key, value in values.items():
        if key not in fields:
            yield f"{path}.{key}", f"there is no such setting. {did_you_mean(key, fields)}"
            continue
        inner = fields[key].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, Mapping):
            yield from _unknown_keys(inner, value, f"{path}.{key}")


def _nearest(directory: Path) -> list[Path]:
    """Return the files with settings in the nearest folder that has any, the one that wins first."""
    for folder in (directory, *directory.parents):
        own, shared = folder / "diddo.toml", folder / "pyproject.toml"
        found = [own] if own.is_file() else []
        if shared.is_file() and "diddo" in _read(shared).get("tool", {}):
            found.append(shared)
        if found:
            return found
    return []


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _table(value: Any, path: Path, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{path.name}: {name} must be a table, not {value!r}")
    return value


class _Merged:
    """The tables as they fill up: files first, the one that wins before the other, then what overrides them."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
        self._origins: dict[str, str] = {}

    def add_file(self, path: Path) -> None:
        """Take from a file what no file before it has said."""
        shared = path.name == "pyproject.toml"
        prefix = "tool.diddo." if shared else ""
        content = _read(path)
        tables = _table(content.get("tool", {}).get("diddo", {}), path, "tool.diddo") if shared else content
        origin = _File(path.name)
        origin.path, origin.prefix = path, prefix
        for name, table in tables.items():
            if name not in _SECTIONS:
                place = f"{origin}{origin.line_of(name)}"
                raise SettingsError(f"{place}: {prefix}{name}: no such table. {did_you_mean(name, _SECTIONS)}")
            for key, value in _table(table, path, prefix + name).items():
                if f"{name}.{key}" not in self._origins:
                    self.set(f"{name}.{key}", value, origin)

    def add_variables(self, environ: Mapping[str, str]) -> None:
        """Take the variables; those that name no table of ours belong to somebody else."""
        for variable, value in environ.items():
            for prefix, section in _VARIABLES.items():
                if variable.startswith(prefix):
                    self.set(f"{section}.{variable.removeprefix(prefix).lower()}", value, variable)

    def set(self, key: str, value: Any, origin: str) -> None:
        """Set one value by its dotted key."""
        section, _, name = key.partition(".")
        self._tables[section][name] = value
        self._origins[key] = origin

    def settings(self, directory: Path) -> Settings:
        """Return what came together."""
        for section in ("checks", "plugins", "points", "stores"):
            for name in self._tables[section]:
                self._require_table(self._tables[section][name], f"{section}.{name}")
        for point in self._tables["points"]:
            if point not in POINTS:
                origin = origin_of(f"points.{point}", self._origins)
                raise SettingsError(f"{origin}points.{point}: there is no such point. {did_you_mean(point, POINTS)}")
        layers: dict[str, dict[str, Layer]] = {
            section: {name: self._layer(table, f"{section}.{name}") for name, table in self._tables[section].items()}
            for section in ("points", "stores")
        }
        return Settings(
            rules=validate_settings(RulesSettings, self._tables["rules"], section="rules", origins=self._origins),
            checks=self._checks(self._tables["checks"], "checks"),
            plugins=self._tables["plugins"],
            points={point: layers["points"][point] for point in POINTS if point in layers["points"]},
            stores=layers["stores"],
            sandbox=self._tables["sandbox"],
            origins=self._origins,
            directory=directory,
        )

    def _require_table(self, value: Any, section: str) -> None:
        if not isinstance(value, dict):
            raise SettingsError(f"{origin_of(section, self._origins)}{section} must be a table, not {value!r}")

    def _layer(self, table: dict[str, Any], section: str) -> Layer:
        for name in ("checks", "plugins"):
            self._require_table(table.get(name, {}), f"{section}.{name}")
            for key, value in table.get(name, {}).items():
                self._require_table(value, f"{section}.{name}.{key}")
        checks = self._checks(table.get("checks", {}), f"{section}.checks")
        return validate_settings(Layer, table | {"checks": checks}, section=section, origins=self._origins)

    def _checks(self, tables: dict[str, Any], section: str) -> dict[str, CheckSettings]:
        return {
            name: validate_settings(CheckSettings, table, section=f"{section}.{name}", origins=self._origins)
            for name, table in tables.items()
        }
