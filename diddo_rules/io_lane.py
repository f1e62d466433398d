"""The I/O lane: checks that ask other services run together, within one span of time for each cart."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterable, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from diddo_rules.careful import MOST_FINDINGS, CarefulPass, told
from diddo_rules.plan import Step
from diddo_rules.policies import IoSettings

__all__ = ["LATE", "Breaker", "IoLane", "awaited"]

LATE = "Late"
"""How the report calls the failure of a check that has not answered in time."""

_Result = TypeVar("_Result")
_LAST_WORD = 0.1
"""Seconds that a check which was cancelled has to clear up, before nobody waits for it any more."""


@dataclass(slots=True)
class Breaker:
    """Keeps carts from waiting for a service that is down."""

    settings: IoSettings
    clock: Callable[[], float]
    failures: int = 0
    closed_at: float = 0.0

    def lets_through(self) -> bool:
        """Return whether the check may be asked; of many carts, one tries a service that was down."""
        if self.failures < self.settings.breaker_failures:
            return True
        now = self.clock()
        if now < self.closed_at:
            return False
        self.closed_at = now + self.settings.breaker_seconds
        return True

    def note(self, *, failed: bool) -> None:
        """Note how the check went."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= self.settings.breaker_failures:
            self.closed_at = self.clock() + self.settings.breaker_seconds


def _nothing(_step: Step) -> AbstractContextManager[None]:
    return nullcontext()


class IoLane:
    """Runs the I/O checks of one engine, and remembers which of them are failing.

    Args:
        settings: the time, and when to give a service a rest.
        clock: seconds, of which only differences count.
    """

    def __init__(self, settings: IoSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def run(
        self,
        steps: Sequence[Step],
        careful: CarefulPass,
        around: Callable[[Step], AbstractContextManager[None]] = _nothing,
    ) -> dict[str, float]:
        """Ask all checks at once, and let `careful` note what they say, in the order of the plan.

        Args:
            steps: the I/O checks.
            careful: the pass of the cart, in which all other checks have had their say.
            around: what each of them runs within.

        Returns:
            the seconds that each check took, by its name, for those that answered.
        """
        asked = [step for step in steps if not careful.skips(step)]
        let_through = [step for step in asked if self._breaker(step).lets_through()]
        seconds: dict[str, float] = {}
        tasks = {
            step: asyncio.ensure_future(_ask(step, careful.arguments(step), seconds, around)) for step in let_through
        }
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._settings.budget)
        finally:
            for task in tasks.values():
                self._abandon(task)
        for step in asked:
            # What an earlier I/O check has found may leave a later one with nothing to say.
            if careful.skips(step):
                continue
            if step in tasks:
                self._take(step, tasks[step], careful)
            else:
                careful.fail(step, "CircuitOpen", f"the check failed {self._settings.breaker_failures} times in a row")
        return seconds

    def reset(self) -> None:
        """Forget all failures, so that every check is asked again."""
        self._breakers.clear()

    def _breaker(self, step: Step) -> Breaker:
        return self._breakers.setdefault(step.name, Breaker(self._settings, self._clock))

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        """Cancel a check that is late, and wait for it no longer: it may not heed the cancellation."""
        if task.done():
            self._forget(task)  # another check's finding may leave nobody to ask for its error
        else:
            task.cancel()
            self._abandoned.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not complain: the check was reported as late

    def _take(self, step: Step, task: asyncio.Task[Any], careful: CarefulPass) -> None:
        late = task in self._abandoned
        error = None if late or task.cancelled() else task.exception()
        self._breaker(step).note(failed=late or task.cancelled() or error is not None)
        if late:
            careful.fail(step, LATE, f"the check took longer than {self._settings.budget:g} s")
        elif task.cancelled():
            careful.fail(step, "Cancelled", "the check cancelled itself")
        elif error is not None:
            careful.fail(step, type(error).__name__, told(error))
        else:
            careful.take(step, task.result())


async def _ask(
    step: Step,
    arguments: list[Any],
    seconds: dict[str, float],
    around: Callable[[Step], AbstractContextManager[None]],
) -> Any:
    """Return all that the check yields or returns; a crash of any kind is an Exception."""
    started = time.perf_counter()
    try:
        with around(step):
            results = step.function(*arguments)
            return await _first(results) if inspect.isasyncgen(results) else await results
    except SystemExit as error:
        raise RuntimeError(f"the check called sys.exit({error.code!r})") from error
    finally:
        seconds[step.name] = time.perf_counter() - started


async def _first(results: AsyncIterable[Any]) -> list[Any]:
    """Return what a check yields, as far as it counts: one that yields for ever may never let the loop go on."""
    found: list[Any] = []
    async for result in results:
        found.append(result)
        if len(found) == MOST_FINDINGS:
            break
    return found


def awaited(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Return what a coroutine returns, run in an event loop of its own.

    `asyncio.run` would wait for ever for a check that is late and does not heed its cancellation.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_LAST_WORD))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.set_exception_handler(lambda _loop, _context: None)  # who is left was reported as late
        loop.close()
