import asyncio
import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from diddo_rules.time_limit import TimeLimitExceeded, time_limit


@pytest.fixture(autouse=True)
def no_other_timer() -> Iterator[None]:
    """pytest-timeout's timer of minutes is put aside, so that the tests see their own alone."""
    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *timer)


def spin() -> None:
    while True:
        pass


def test_a_loop_without_end_is_interrupted_where_it_stands() -> None:
    with pytest.raises(TimeLimitExceeded, match=r"longer than 0\.02 s") as caught, time_limit(0.02):
        spin()
    assert caught.traceback[-2].name == "spin"


def test_what_survives_one_interruption_meets_the_next() -> None:
    with time_limit(0.01):
        for _ in range(3):
            with pytest.raises(TimeLimitExceeded):
                spin()


def test_a_callback_of_the_garbage_collector_is_let_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    finished = []

    def callback(_phase: str, _info: object) -> None:
        deadline = monotonic() + 0.03
        while monotonic() < deadline:
            pass
        finished.append(True)

    monkeypatch.setattr(gc, "callbacks", [callback])
    with time_limit(0.01):
        callback("start", {})
        with pytest.raises(TimeLimitExceeded):
            spin()
    assert finished


def test_a_loop_that_tries_again_after_every_exception_is_interrupted() -> None:
    def persist() -> None:
        while True:
            with suppress(Exception):
                spin()

    with pytest.raises(TimeLimitExceeded), time_limit(0.02):
        persist()


def test_an_event_loop_that_waits_is_let_wait_and_what_blocks_it_is_interrupted() -> None:
    async def blocks() -> None:
        await asyncio.sleep(0.05)
        spin()

    async def waits() -> str:
        blocking = asyncio.ensure_future(blocks())
        await asyncio.wait([blocking])
        return type(blocking.exception()).__name__

    with time_limit(0.02):
        assert asyncio.run(waits()) == "TimeLimitExceeded"


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_what_is_quick_enough_notices_nothing(seconds: float | None) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    with time_limit(seconds):
        assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) is (seconds is not None)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is handler


def test_another_timer_goes_on_afterwards_with_the_time_that_is_left() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 100, 7)
    with suppress(TimeLimitExceeded), time_limit(0.02):
        spin()
    remaining, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 99 <= remaining < 99.99
    assert interval == 7
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN


def test_a_timer_that_rings_earlier_is_left_alone() -> None:
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    deadline = monotonic() + 60
    with time_limit(100):
        while not rung and monotonic() < deadline:
            pass
    assert rung


def test_on_another_thread_there_is_no_limit() -> None:
    done = []

    def work() -> None:
        with time_limit(1e-6):
            done.append(sum(range(100_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
