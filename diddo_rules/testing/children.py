"""Child processes that start quickly, in the folder and the environment that their parent has now."""

import os
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

__all__ = ["child", "pipe", "shared_number"]

_PRELOADED = ["diddo_rules.testing.processes", "diddo_rules.testing.apart"]


def child(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that calls `target`, which has to be importable. It ends with its parent.

    Where there is a fork server, it imports the kit once, and each child after the first starts in a moment.
    """
    process: BaseProcess = _context().Process(
        target=_run, args=(Path.cwd(), dict(os.environ), target, arguments), daemon=True
    )
    process.start()
    return process


def pipe(*, duplex: bool) -> tuple[Connection, Connection]:
    """Return the two ends of a connection; if it is not duplex, the first one only receives."""
    ours, theirs = _context().Pipe(duplex)
    return ours, theirs


def shared_number(value: int) -> Any:
    """Return a number, its `value`, that parent and child both see."""
    return _context().RawValue("q", value)


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _run(folder: Path, environ: dict[str, str], target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    target(*arguments)
