"""A limit on how long a piece of code may take, so that a check that hangs is contained and can be named."""

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

__all__ = ["TimeLimitExceeded", "time_limit"]

_AT_ONCE = 1e-6
"""Seconds; a timer of 0 would be none."""

_SOON = 0.01
"""Seconds until it is tried again."""


class TimeLimitExceeded(BaseException):
    """The code took longer than it was allowed to; it is raised where the code stood.

    It is no `Exception`, since what hangs is often a loop that tries again after every `Exception`.
    """


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Interrupt the block with `TimeLimitExceeded` after so many seconds, and each time they pass again.

    Again, because the block may be a loop that survives the first interruption: one check that hangs is contained, and
    so is the next. None means no limit. It works by SIGALRM, which only the main thread is sent: on another thread,
    and on Windows, there is no limit. A timer that somebody else has set goes on afterwards, and one that would
    ring earlier is left alone.
    """
    if seconds is None or not _can_be_interrupted() or 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= seconds:
        yield
        return

    over = False

    def ring(_number: int, frame: FrameType | None) -> None:
        if over:
            return
        if _is_collecting(frame) or _is_waiting(frame):  # where an error would be lost, or break the event loop
            signal.setitimer(signal.ITIMER_REAL, _SOON, seconds)
        else:
            raise TimeLimitExceeded(f"it took longer than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, ring)
    started = monotonic()
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, max(_AT_ONCE, remaining - (monotonic() - started)), interval)


def _is_collecting(frame: FrameType | None) -> bool:
    """Return whether the code that was interrupted is one of the garbage collector's callbacks."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        if frame.f_code in callbacks:
            return True
        frame = frame.f_back
    return False


def _is_waiting(frame: FrameType | None) -> bool:
    """Return whether the code that was interrupted is the event loop, which waits for checks that have their own limit."""
    name = "" if frame is None else str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] in {"asyncio", "selectors"}


def _can_be_interrupted() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
