"""Worker processes for a fuzzing run, which survives each of them: one that dies or hangs is replaced, and named."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Self

from diddo_rules.engine import Engine
from diddo_rules.testing.children import child, pipe, shared_number
from diddo_rules.testing.failures import Failure, StoredCase
from diddo_rules.testing.fuzzing import Fuzzer, Job, Part, Suspect

__all__ = ["Died", "Made", "Probe", "Ran", "Shrink", "Survived", "Try", "Workers", "how_it_ended"]

_TO_START = 60.0
"""Seconds that a process gets before its first case, and for tasks that are not cases."""

_LOOKS = 0.1
"""Seconds between two looks at workers that say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A range of cases to judge; `until` says from which case on a plugin is not to be tried."""

    index: int
    numbers: range
    until: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """A suspect to make a failure of."""

    suspect: Suspect
    shrink: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A suspect that no process has survived, to learn what its cart was, and which check it was."""

    suspect: Suspect


@dataclass(frozen=True, slots=True)
class Ran:
    """A range of cases is done."""

    task: Try
    part: Part


@dataclass(frozen=True, slots=True)
class Made:
    """A failure is made."""

    task: Shrink
    failure: Failure


@dataclass(frozen=True, slots=True)
class Died:
    """A worker has not come back from a task.

    `number` is that of the case it was at, or -1 if it had not begun any. `case` and `check` are the last that a `Probe` has told.
    """

    task: "Task"
    number: int
    how: str
    hung: bool
    case: StoredCase | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Survived:
    """A worker has come back from a `Probe`."""

    task: Probe


Task = Try | Shrink | Probe
Result = Ran | Made | Died | Survived


class _Worker:
    """One process, what it was given, and the case that it is at."""

    def __init__(self, make_engine: Callable[[], Engine], job: Job) -> None:
        self.connection, theirs = pipe(duplex=True)
        self._at = shared_number(-1)
        self._process = child(_work, theirs, self._at, make_engine, job)
        theirs.close()
        self.task: Task | None = None
        self._seen = (-1, monotonic())
        self._told: tuple[StoredCase | None, str | None] = None, None

    def give(self, task: Task) -> None:
        """Hand it a task; a worker that is dead already will be noticed by its connection."""
        self.task = task
        self._at.value = -1
        self._seen = (-1, monotonic())
        self._told = None, None
        try:
            self.connection.send(task)
        except OSError:
            return

    def result(self) -> Result | None:
        """Return what it has sent, or that it died; None if it has more to say."""
        try:
            said: Result | StoredCase | str = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            return self._died(how_it_ended(self._process.exitcode), hung=False)
        if isinstance(said, StoredCase):
            self._told = said, None
            return None
        if isinstance(said, str):
            self._told = self._told[0], said
            return None
        self.task = None
        return said

    def _died(self, how: str, *, hung: bool) -> Died:
        if self.task is None:
            raise RuntimeError("a worker without a task has died")
        task, self.task = self.task, None
        return Died(task, self._at.value, how, hung, *self._told)

    def stuck(self, patience: float) -> Died | None:
        """Return its death, by our hand, if it has been at the same case for longer than `patience` seconds."""
        at, since = self._seen
        if self._at.value != at:
            self._seen = (self._at.value, monotonic())
        elif self.task is not None and monotonic() - since > (patience if at >= 0 else max(patience, _TO_START)):
            self.stop()
            return self._died(f"it did not come back within {patience:g} s, and nothing could interrupt it", hung=True)
        return None

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()


class Workers:
    """Processes that do tasks in any order: `with Workers(…) as workers: for result in workers.do(tasks): …`.

    Args:
        make_engine: called in each process; it has to be importable, as all that processes are given.
        job: what is to be done.
        count: how many processes.
        patience: after how many seconds without a sign of life a process counts as hanging.
    """

    def __init__(self, make_engine: Callable[[], Engine], job: Job, *, count: int, patience: float = 30.0) -> None:
        self._make_engine, self._job, self._patience = make_engine, job, patience
        self._workers = [_Worker(make_engine, job) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def do(self, tasks: Iterator[Task]) -> Iterator[Result | None]:
        """Yield results as they come, and None while there are none; each asks for another task first.

        Whoever stops listening leaves workers at their tasks: leave the block then.
        """
        while True:
            for worker in self._workers:
                if worker.task is None and (task := next(tasks, None)) is not None:
                    worker.give(task)
            busy = {worker.connection: worker for worker in self._workers if worker.task is not None}
            if not busy:
                return
            ready: list[Any] = wait(list(busy), timeout=_LOOKS)
            for worker in [busy.pop(connection) for connection in ready]:
                yield self._kept(worker, worker.result())
            for worker in busy.values():
                if (died := worker.stuck(self._patience)) is not None:
                    yield self._kept(worker, died)
            yield None

    def _kept(self, worker: _Worker, result: Result | None) -> Result | None:
        """Put a new worker in the place of one that died."""
        if isinstance(result, Died):
            worker.stop()
            self._workers[self._workers.index(worker)] = _Worker(self._make_engine, self._job)
        return result


def how_it_ended(code: int | None) -> str:
    """Return in words what became of a process, by its exit code."""
    if code is not None and code < 0:
        return f"it ended the process with {signal.Signals(-code).name}"
    return f"it ended the process with the exit code {code}"


def _work(connection: Connection, at: Any, make_engine: Callable[[], Engine], job: Job) -> None:
    """Do tasks until the other end is closed. Ctrl-C is for the other end, and what checks print is not the result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    fuzzer = Fuzzer(make_engine(), job)

    def begins(number: int) -> None:
        at.value = number

    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        connection.send(_done(fuzzer, task, begins, connection.send))


def _done(
    fuzzer: Fuzzer, task: Task, begins: Callable[[int], None], tell: Callable[[StoredCase | str], None]
) -> Result:
    if isinstance(task, Try):
        return Ran(task, fuzzer.run(task.numbers, until=task.until, begins=begins))
    if isinstance(task, Shrink):
        return Made(task, fuzzer.failure(task.suspect, shrink=task.shrink))
    begins(task.suspect.number)
    fuzzer.probe(task.suspect.number, tell=tell)
    return Survived(task)
