"""Trying mutants: each in a forked child of one warm process, which has imported whatever is not the project's."""

import gc
import importlib
import importlib.util
import multiprocessing
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = (
    "diddo_rules.testing.pytest_plugin",
    "diddo_sandbox.pytest_plugin",
    "_hypothesis_pytestplugin",
    "pytest_timeout",
    "anyio.pytest_plugin",
)
OPTIONS = ["-q", "-x", "--tb=no", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-o", "timeout=0"]
MEMORY = 4 << 30
# Per property: a fault that so few do not show deserves a test that shows it at once.
EXAMPLES = 20
# A mutant may be slower than the code as it is; one that takes this much longer does not end, and is killed by that.
PATIENCE, LEAST_PATIENCE = 5, 15.0

Mutant = dict[str, Any]


@dataclass(slots=True)
class Unchanged:
    """How the tests of a module went without a mutant: what each took, and what they have imported."""

    verdict: int = -1
    durations: dict[str, float] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """What all of it took."""
        return sum(self.durations.values())


def run_unchanged(tests: Sequence[str]) -> Unchanged:
    """Run the tests as they are, and import what they imported: children inherit it.

    Raises:
        RuntimeError: they fail, so that they could say nothing of mutants.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_child, args=(None, tests, Unchanged(), theirs))
    child.start()
    theirs.close()
    result: Unchanged = ours.recv()
    child.join()
    if result.verdict != 0:
        raise RuntimeError(f"{' '.join(tests)}: fails without a mutant, too")
    for name in result.modules:
        with suppress(ImportError), warnings.catch_warnings(action="ignore"):
            importlib.import_module(name)
    gc.freeze()  # or each child collects what it inherits
    return result


def try_all(
    mutants: Iterable[Mutant], tests: Sequence[str], unchanged: Unchanged, *, jobs: int
) -> Iterator[tuple[Mutant, bool]]:
    """Run the tests against each mutant, `jobs` at a time; yield it, and whether it was killed."""
    context = multiprocessing.get_context("fork")
    limit = max(LEAST_PATIENCE, PATIENCE * unchanged.seconds)
    running: dict[Any, tuple[Mutant, float]] = {}
    for mutant in mutants:
        child = context.Process(target=_child, args=(mutant, tests, unchanged))
        child.start()
        running[child] = mutant, time.monotonic() + limit
        while len(running) >= jobs:
            yield from _ended(running)
    while running:
        yield from _ended(running)


def _ended(running: dict[Any, tuple[Mutant, float]]) -> Iterator[tuple[Mutant, bool]]:
    """Yield those that are through, or out of time."""
    next_end = min(end for _, end in running.values())
    wait([child.sentinel for child in running], timeout=max(0.0, next_end - time.monotonic()))
    for child, (mutant, end) in list(running.items()):
        if not child.is_alive() or time.monotonic() > end:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.join()
            del running[child]
            yield mutant, child.exitcode != 0


def _child(mutant: Mutant | None, tests: Sequence[str], unchanged: Unchanged, report: Connection | None = None) -> None:
    """Run the tests, and end with their verdict."""
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    watch = _Watch(unchanged.durations)
    names = [it for name in PLUGINS for it in ("-p", name)]
    verdict = pytest.main([*OPTIONS, *names, *tests], plugins=[watch])
    if report is not None:
        report.send(Unchanged(verdict, watch.took, _imported()))
    sys.stdout.flush()
    os._exit(verdict)


def _imported() -> list[str]:
    """Return the modules that are neither the project's nor its tests'."""
    installed = (sys.prefix, sys.base_prefix)
    specs = [(name, getattr(module, "__spec__", None)) for name, module in list(sys.modules.items())]
    return [name for name, spec in specs if spec and spec.name == name and (spec.origin or "").startswith(installed)]


class _Watch:
    """A pytest plugin: quick tests first, since one failure is enough; few examples, and no time for making them small."""

    def __init__(self, durations: dict[str, float]) -> None:
        self._durations = durations
        self.took: dict[str, float] = {}

    def pytest_sessionstart(self) -> None:
        ci = settings.get_profile("ci")
        settings.register_profile("mutants", ci, phases=[Phase.explicit, Phase.generate], max_examples=EXAMPLES)
        settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._durations.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0.0) + report.duration


class _Finder:
    """Finds the mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        parts = Path(mutant["module"]).with_suffix("").parts
        package = next(index for index, part in enumerate(parts) if part.startswith("diddo_"))
        self._name = ".".join(parts[package:])
        self._loader = _Loader(self._name, str(ROOT / mutant["module"]))
        self._loader.mutated = mutant["source"]

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._loader.path, loader=self._loader)


class _Loader(SourceFileLoader):
    """Loads the module's file with another text."""

    mutated: str

    def get_code(self, _fullname: str) -> CodeType:
        with warnings.catch_warnings(action="ignore"):  # `is` with a literal is what some mutants are
            return compile(self.mutated, self.path, "exec", dont_inherit=True)
