"""A plugin's earlier release, loaded beside the present one without touching it, to compare the two."""

import importlib
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import DistributionFinder, EntryPoint, MetadataPathFinder
from pathlib import Path

from diddo_rules.engine import Engine
from diddo_rules.errors import PluginLoadError
from diddo_rules.hookspecs import PROJECT
from diddo_rules.loader import LoadedPlugin, load_plugins

__all__ = ["put_release", "release_of"]


def put_release(engine: Engine, plugin: str, path: Path) -> None:
    """Put the release at `path` in the place of a plugin of this engine; its settings stay.

    Raises:
        DiddoError: the engine has no such plugin, there is no release of it, or it does not fit in.
    """
    release = release_of(plugin, path)
    engine.unregister(plugin)
    engine.register(release)


def release_of(plugin: str, path: Path) -> LoadedPlugin:
    """Load a plugin from a file, a folder with its module, or a wheel, which may be unpacked.

    What the release imports from its own distribution comes from there, and `diddo_rules` itself from here. The modules
    that are loaded already stay what they are. An import inside of a function that runs later finds the present ones.

    Raises:
        PluginLoadError: there is no such plugin there, or it cannot be imported.
    """
    if not path.exists():
        raise PluginLoadError(f"there is no release at {path}")
    installed, named, version = _entry_points(plugin, path)
    with _apart(path):
        loading = load_plugins(installed, named, directory=Path(), want=lambda _: True)
    loading.require_all()
    return LoadedPlugin(plugin, loading.plugins[0].plugin, str(path), version)


def _entry_points(plugin: str, path: Path) -> tuple[list[EntryPoint], list[str], str | None]:
    """Return what to load: the entry point of that name, or else the file itself, or the module of that name."""
    if path.suffix == ".py":
        return [], [str(path.absolute())], None
    for distribution in MetadataPathFinder.find_distributions(DistributionFinder.Context(path=[str(path)])):
        for it in distribution.entry_points.select(group=PROJECT, name=plugin):
            return [it], [], distribution.version
    return [], [plugin], None


@contextmanager
def _apart(path: Path) -> Iterator[None]:
    """Import from `path` first, and forget what was imported."""
    ours = _top_level(path) - {"diddo_rules"}
    present = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ours}
    _forget(present)
    entry = str(path.absolute())
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(entry)
        _forget([name for name in sys.modules if name.partition(".")[0] in ours])
        sys.modules.update(present)


def _forget(names: Iterable[str]) -> None:
    for name in names:
        del sys.modules[name]


def _top_level(path: Path) -> set[str]:
    """Return the names of the modules and packages in a folder or wheel; files are imported under a name of their own."""
    if path.suffix == ".py":
        return {"<diddo plugin>"}
    if path.is_dir():
        return {it.stem for it in path.iterdir()}
    with zipfile.ZipFile(path) as wheel:
        return {Path(name).parts[0].removesuffix(".py") for name in wheel.namelist()}
