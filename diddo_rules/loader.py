"""Finding and importing plugins, each on its own, so that a broken one can be named."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from diddo_rules.checks import info_of
from diddo_rules.errors import PluginLoadError
from diddo_rules.hookspecs import HOOK_API, PROJECT

__all__ = [
    "FailedPlugin",
    "LoadedPlugin",
    "Loading",
    "enlist",
    "installed_plugins",
    "load_plugins",
    "named_plugin",
    "plugin_of",
]

_FILES = "<diddo plugin>"


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPlugin:
    """A plugin ready to be registered: pluggy compares plugins with ==, so this wrapper is never what it is given."""

    name: str
    plugin: object
    source: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    """A plugin that could not be imported, and why."""

    name: str
    source: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What came of loading: the plugins, the names of those that were switched off, and those that failed."""

    plugins: tuple[LoadedPlugin, ...]
    not_imported: tuple[str, ...] = ()
    failed: tuple[FailedPlugin, ...] = ()

    def require_all(self) -> None:
        """Raise `PluginLoadError` naming each plugin that failed, with its cause."""
        if self.failed:
            raise PluginLoadError("\n".join(f"plugin {it.name} ({it.source}): {it.cause}" for it in self.failed))


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    source: str
    version: str | None
    load: Callable[[], object]


def installed_plugins() -> Iterable[EntryPoint]:
    """Return the entry points of the installed plugins; none is imported yet."""
    return entry_points(group=PROJECT)


def load_plugins(
    installed: Iterable[EntryPoint], named: Iterable[str], *, directory: Path, want: Callable[[str], bool]
) -> Loading:
    """Import the installed plugins and those named in the settings, leaving out those that `want` refuses.

    Args:
        installed: entry points; a plugin's name is that of its entry point.
        named: `package.module`, `module:attribute`, `./file.py`, or rules as data in `./file.toml` or `./file.json`; the
            name is the text itself, or the file's stem.
        directory: what file names are relative to.
        want: asked with each plugin's name before it is imported.
    """
    found = [*map(_from_entry_point, installed), *(_from_name(name, directory) for name in dict.fromkeys(named))]
    plugins: list[LoadedPlugin] = []
    failed = list(_clashes(found))
    not_imported = [it.name for it in found if not want(it.name)]
    for it in found:
        if not want(it.name):
            continue
        try:
            plugins.append(LoadedPlugin(it.name, plugin_of(it.load()), it.source, it.version))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (any import may fail in any way, and must be named)
            failed.append(FailedPlugin(it.name, it.source, f"{type(error).__name__}: {error}"))
    return Loading(plugins=tuple(plugins), not_imported=tuple(not_imported), failed=tuple(failed))


def named_plugin(plugin: object) -> LoadedPlugin:
    """Give a bare module, object or check a name: the last part of its own."""
    if isinstance(plugin, LoadedPlugin):
        return plugin
    registrable = plugin_of(plugin)
    name = getattr(plugin, "__name__", type(plugin).__name__).rpartition(".")[2]
    return LoadedPlugin(name, registrable, getattr(plugin, "__module__", None) or name)


def plugin_of(loaded: Any) -> object:
    """Return what pluggy can register: the module or object itself, or a module around a lone check."""
    if info_of(loaded) is not None:
        alone: Any = ModuleType(f"{loaded.__module__}:{loaded.__name__}")
        alone.check = loaded
        return alone
    if isinstance(loaded, type):
        raise PluginLoadError(f"{loaded.__name__} is a class; name an instance of it")
    _require_hook_api(loaded)
    return loaded


def _require_hook_api(plugin: object) -> None:
    match getattr(plugin, "DIDDO_HOOK_API", (HOOK_API, HOOK_API)):
        case (int(oldest), int(newest)) if oldest <= newest:
            if not oldest <= HOOK_API <= newest:
                raise PluginLoadError(
                    f"it was written for the versions {oldest} to {newest} of the hook API, and this is {HOOK_API}"
                )
        case other:
            raise PluginLoadError(f"DIDDO_HOOK_API must be two numbers, the oldest and the newest, not {other!r}")


def _clashes(found: Iterable[_Found]) -> Iterable[FailedPlugin]:
    sources: dict[str, str] = {}
    for it in found:
        other = sources.setdefault(it.name, it.source)
        if other != it.source:
            yield FailedPlugin(it.name, it.source, f"{other} has the same name")


def _from_entry_point(entry_point: EntryPoint) -> _Found:
    distribution = entry_point.dist
    if distribution is None:
        return _Found(entry_point.name, entry_point.value, None, entry_point.load)
    source = f"{distribution.name}, {entry_point.value}"
    return _Found(entry_point.name, source, distribution.version, entry_point.load)


def _from_name(name: str, directory: Path) -> _Found:
    if name.endswith((".py", ".toml", ".json")):
        path = (directory / name).resolve()
        return _Found(path.stem, name, None, lambda: _module_from(path) if path.suffix == ".py" else _rules_from(path))
    module, _, attribute = name.partition(":")
    if not attribute:
        return _Found(name, name, None, lambda: importlib.import_module(module))
    return _Found(name, name, None, lambda: getattr(importlib.import_module(module), attribute))


def enlist(module: ModuleType) -> None:
    """Make a module known by its name, and so its parent: dataclasses and pickling look there."""
    sys.modules.setdefault(_FILES, ModuleType(_FILES, "Plugins that are files."))
    sys.modules[module.__name__] = module


def _rules_from(path: Path) -> ModuleType:
    from diddo_rules.declarative import load_rules  # noqa: PLC0415 (only who has such files)

    return load_rules(path)


def _module_from(path: Path) -> ModuleType:
    """Import a file under a name that no installed module can have."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    name = f"{_FILES}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    enlist(module)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
