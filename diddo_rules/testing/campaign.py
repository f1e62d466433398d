"""A whole fuzzing run: cases dealt out to processes, what comes back put in order, and failures made of suspects.

The outcome depends on the seed and the number of cases alone, not on how many processes there are nor on how fast
they run: what is behind the case that ends a plugin's trial is dropped, whoever has done it already.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import BinaryIO

from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.testing.coverage import Coverage
from diddo_rules.testing.failures import Failure
from diddo_rules.testing.fuzzing import Job, Part, Share, Suspect, unseen
from diddo_rules.testing.processes import Died, Made, Probe, Ran, Result, Shrink, Task, Try, Workers
from diddo_rules.testing.subject import Subject

__all__ = ["Budget", "Outcome", "fuzz"]

_RANGE = 250
"""Cases in a task: a tenth of a second's work."""

_GRACE = 2.0
"""Seconds that processes get to finish what they are at, after Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much is to be done: so many cases, or for so many seconds; `shard` (from 1) of `shards` equal parts."""

    count: int | None = None
    seconds: float | None = None
    shard: int = 1
    shards: int = 1

    def ranges(self) -> Iterator[range]:
        """Yield the numbers of the cases, range by range; without a count they go on for ever."""
        start = (self.shard - 1) * _RANGE
        while self.count is None or start < self.count:
            stop = start + _RANGE
            yield range(start, stop if self.count is None else min(stop, self.count))
            start += self.shards * _RANGE


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a run: by plugin what was seen, the failures, and whether somebody ended it early.

    `never_provoked` holds codes with their plugins, of those that were tried to the end. `compared` counts the cases
    on which a plugin was compared with an earlier release.
    """

    job: Job
    shares: dict[str, Share]
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    compared: int = 0
    never_provoked: tuple[tuple[str, str], ...] = ()

    @property
    def coverage(self) -> Coverage:
        """What was seen of all plugins together."""
        together = Coverage()
        for share in self.shares.values():
            together.merge(share.coverage)
        return together

    @property
    def suspects(self) -> list[Suspect]:
        """The first case of each fault; behind a fault in what all stands on, the others say nothing."""
        found: dict[tuple[str, str, str, str], Suspect] = {}
        for share in self.shares.values():
            broken = [it for it in share.suspects.values() if self._is_the_end(it)]
            for suspect in broken or share.suspects.values():
                known = found.setdefault(suspect.key(), suspect)
                found[suspect.key()] = min(known, suspect, key=lambda it: it.number)
        return sorted(found.values(), key=lambda it: it.number)

    def _is_the_end(self, suspect: Suspect) -> bool:
        return suspect.choices is None or self.job.property(suspect.property).fundamental


def fuzz(
    make_engine: Callable[[], Engine],
    job: Job,
    *,
    budget: Budget,
    jobs: int = 1,
    patience: float = 30.0,
    export: BinaryIO | None = None,
    watch: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Fuzz plugins, and return what came of it.

    Args:
        make_engine: makes the engine, in this process and in each of the others; it has to be importable.
        job: what is to be done.
        budget: how much of it.
        jobs: how many processes do it.
        patience: the seconds after which a process that nothing can interrupt is given up.
        export: where the cases go, as lines of JSON.
        watch: called again and again with what has come so far.

    Raises:
        DiddoError: the engine cannot be made, has no such plugin, or the processes do not start.
    """
    engine = make_engine()
    subjects = [Subject.of(name, engine) for name in job.plugins]
    run = _Run(job, budget, export)
    started = monotonic()
    with Workers(make_engine, job, count=jobs, patience=patience) as workers:
        run.listen(workers, run.tries(), watch)
        run.listen(workers, run.shrinks(), watch)
    outcome = run.outcome
    for suspect in outcome.suspects:
        if suspect.key() not in {it.key() for it in outcome.failures}:
            outcome.failures.append(_unseen(suspect, job, engine))
    outcome.failures.sort(key=lambda it: (it.seed, it.key()))
    outcome.seconds = monotonic() - started
    tried = [it for it in subjects if outcome.shares[it.name].ended is None]
    outcome.never_provoked = tuple(outcome.coverage.never(tried))
    return outcome


def _unseen(suspect: Suspect, job: Job, engine: Engine) -> Failure:
    return unseen(suspect, job.property(suspect.property), engine, seed=job.seed_of(suspect.number))


class _Run:
    """The state of a run: what was handed out, and what has come back in order."""

    def __init__(self, job: Job, budget: Budget, export: BinaryIO | None) -> None:
        self.outcome = Outcome(job=job, shares={name: Share() for name in job.plugins})
        self._job, self._budget, self._export = job, budget, export
        self._waiting: dict[int, Part] = {}
        self._again: list[Try] = []
        self._fatal: dict[int, list[Suspect]] = {}
        self._due = 0
        self._started = monotonic()

    def listen(self, workers: Workers, tasks: Iterator[Task], watch: Callable[[Outcome], None]) -> None:
        """Take what comes; after Ctrl-C, what comes in the next moments."""
        results = workers.do(tasks)
        try:
            self._take_all(results, watch)
        except KeyboardInterrupt:
            self.outcome.interrupted = True
            over = monotonic() + _GRACE
            self._take_all(results, watch, until=over)

    def _take_all(
        self, results: Iterator[Result | None], watch: Callable[[Outcome], None], until: float | None = None
    ) -> None:
        for result in results:
            if result is not None:
                self._take(result)
            self.outcome.seconds = monotonic() - self._started
            watch(self.outcome)
            if until is not None and monotonic() > until:
                return

    def tries(self) -> Iterator[Task]:
        """Yield ranges of cases until the budget is used up, or no plugin is left to be tried."""
        for index, numbers in enumerate(self._budget.ranges()):
            yield from self._once_more()
            if self._is_over():
                break
            ended = {name: it.ended for name, it in self.outcome.shares.items() if it.ended is not None}
            yield Try(index=index, numbers=numbers, until=ended)
        yield from self._once_more()

    def _once_more(self) -> Iterator[Task]:
        while self._again and not self.outcome.interrupted:
            yield self._again.pop()

    def _is_over(self) -> bool:
        seconds = self._budget.seconds
        late = seconds is not None and monotonic() - self._started > seconds
        return late or self.outcome.interrupted or all(it.ended is not None for it in self.outcome.shares.values())

    def shrinks(self) -> Iterator[Task]:
        """Yield the suspects; what killed a process kills another, so that it is known what it was."""
        self._merge_rest()
        for suspect in self.outcome.suspects:
            if suspect.choices is not None:
                yield Shrink(suspect=suspect, shrink=not self.outcome.interrupted)
            elif suspect.case is None:
                yield Probe(suspect=suspect)

    def _take(self, result: Result) -> None:
        if isinstance(result, Ran):
            self._waiting[result.task.index] = result.part
            self._merge_ready()
        elif isinstance(result, Made):
            self.outcome.failures.append(result.failure)
        elif isinstance(result, Died) and isinstance(result.task, Try):
            self._without_what_killed(result.task, result)
        elif isinstance(result, Died) and isinstance(result.task, Probe):
            suspect = result.task.suspect
            plugin = result.check.rpartition(":")[0] if result.check else suspect.plugin
            told = replace(suspect, plugin=plugin, check=result.check, case=result.case)
            self.outcome.shares[suspect.plugin].suspects[suspect.key()] = told

    def _without_what_killed(self, task: Try, died: Died) -> None:
        """Have the range done again, without the plugin from the case on that its process has not survived."""
        if died.number < 0:
            raise DiddoError(f"a worker process did not start: {died.how}")
        plugin, _ = self._job.dealt(died.number)
        broken = "within-budget" if died.hung else "never-crashes"
        suspect = Suspect(number=died.number, plugin=plugin, property=broken, message=died.how, choices=None)
        self._fatal.setdefault(task.index, []).append(suspect)
        until = {**task.until, plugin: died.number}
        self._again.append(Try(index=task.index, numbers=task.numbers, until=until))

    def _merge_ready(self) -> None:
        while self._due in self._waiting:
            self._merge(self._due, self._waiting.pop(self._due))
            self._due += 1

    def _merge_rest(self) -> None:
        """Merge what stands behind a gap, as there is after Ctrl-C."""
        for index in sorted(self._waiting):
            self._merge(index, self._waiting.pop(index))

    def _merge(self, index: int, part: Part) -> None:
        for plugin, share in part.items():
            mine = self.outcome.shares[plugin]
            if mine.ended is not None:
                continue
            mine.coverage.merge(share.coverage)
            for suspect in (*share.suspects.values(), *self._fatal_of(index, plugin)):
                mine.suspect(suspect)
            mine.ended = share.ended
            for line in share.exported if self._export else ():
                self._export.write(line + b"\n")  # type: ignore[union-attr]  # asked for above

    def _fatal_of(self, index: int, plugin: str) -> Iterator[Suspect]:
        return (it for it in self._fatal.get(index, ()) if it.plugin == plugin)
