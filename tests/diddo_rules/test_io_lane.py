# ruff: noqa: ARG001 (checks have the signature of their hook)
import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from diddo_rules import (
    Cart,
    CheckSettings,
    Context,
    Engine,
    IoSettings,
    NeedsAwait,
    PlanError,
    Report,
    Violation,
    check,
)
from diddo_rules.io_lane import Breaker, awaited

QUICK = IoSettings(budget=0.02)


class OutOfStock(Violation):
    """Only what is in stock can be sold."""

    code = "OUT_OF_STOCK"
    http_status = 409
    template = "Store {position} has none left."
    remedy = "Take something else."
    position: int


class Blocked(Violation):
    """Found beside it."""

    code = "BLOCKED"
    http_status = 400
    template = "Blocked."
    remedy = "None."


@check()
async def in_stock(cart: Cart) -> list[OutOfStock]:
    await asyncio.sleep(0)
    return [OutOfStock(at="/stores/0", position=1)]


@check()
async def in_stock_one_by_one(cart: Cart) -> AsyncIterator[OutOfStock]:
    for position in range(len(cart.stores)):
        await asyncio.sleep(0)
        yield OutOfStock(at=f"/stores/{position}", position=position + 1)


@check()
async def never_answers(cart: Cart) -> list[OutOfStock]:
    await asyncio.Event().wait()
    return []


@check()
async def heeds_nobody(cart: Cart) -> list[OutOfStock]:
    for _ in range(2):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    return []


@check()
async def fails(cart: Cart) -> list[OutOfStock]:
    raise ConnectionError("nobody listens")


@check()
async def leaves(cart: Cart) -> list[OutOfStock]:
    sys.exit(3)


@check()
async def cancels_itself(cart: Cart) -> list[OutOfStock]:
    raise asyncio.CancelledError


@check()
async def says_nonsense(cart: Cart) -> list[OutOfStock]:
    return ["no violation"]  # type: ignore[list-item]


def validate(cart: Cart | None, *plugins: Any, **options: Any) -> Report:
    return asyncio.run(Engine(plugins, **options).validate_async(cart))


@pytest.mark.parametrize(("which", "places"), [(in_stock, 1), (in_stock_one_by_one, 2)])
def test_an_io_check_has_its_say(cart: Cart, which: Any, places: int) -> None:
    report = validate(cart, which)
    assert report.codes == ("OUT_OF_STOCK",) * places
    assert not report.ok


def test_who_does_not_await_is_told_by_name(cart: Cart) -> None:
    engine = Engine([in_stock])
    for call in (
        lambda: engine.validate(cart),
        lambda: engine.validate_change(cart, cart),
        lambda: engine.trace(cart),
        lambda: engine.revalidate(Report((), (), (), ()), cart, changed=("cost",)),
    ):
        with pytest.raises(NeedsAwait, match=r"await engine.validate_async\(cart, context\)`: in_stock:in_stock"):
            call()


def test_where_no_io_check_is_asked_nobody_has_to_await(cart: Cart) -> None:
    engine = Engine([in_stock], checks={"OUT_OF_STOCK": CheckSettings(mode="off")})
    assert engine.validate(cart).ok
    assert engine.validate(cart, Context(point="cart")).ok


def test_all_io_checks_are_asked_at_once(cart: Cart, make_check: Callable[..., Any]) -> None:
    met = asyncio.Barrier(2)  # each waits for the other

    def waiting(name: str) -> Any:
        async def waits(cart: Cart) -> list[OutOfStock]:
            await met.wait()
            return []

        waits.__name__ = name
        return check()(waits)

    report = validate(cart, waiting("one"), waiting("two"), io=IoSettings(budget=30))
    assert report.ok
    assert report.ran == ("one:one", "two:two")


@pytest.mark.parametrize(
    ("which", "exception"),
    [
        (never_answers, "Late"),
        (heeds_nobody, "Late"),
        (fails, "ConnectionError"),
        (leaves, "RuntimeError"),
        (cancels_itself, "Cancelled"),
        (says_nonsense, "NotAViolation"),
    ],
)
def test_what_fails_is_contained_and_named(cart: Cart, which: Any, exception: str) -> None:
    report = validate(cart, which, in_stock, io=QUICK)
    assert [(it.check, it.exception) for it in report.crashed] == [(f"{which.__name__}:{which.__name__}", exception)]
    assert report.codes == ("OUT_OF_STOCK",), "the others had their say"


@pytest.mark.parametrize("which", [never_answers, fails])
@pytest.mark.parametrize("policy", ["block", "warn", "pass"])
def test_the_settings_say_what_becomes_of_the_cart(cart: Cart, which: Any, policy: Any) -> None:
    report = validate(cart, which, io=QUICK, checks={"OUT_OF_STOCK": CheckSettings(on_failure=policy)})
    assert report.ok is (policy != "block")
    assert bool(report.crashed) is (policy != "pass")
    assert bool(report.skipped) is (policy == "pass")
    if policy == "pass":
        assert "which the settings let pass" in report.skipped[0].reason


def test_a_failing_service_is_left_in_peace_and_tried_again(cart: Cart) -> None:
    asked: list[float] = []
    now = [0.0]
    down = [True]

    @check()
    async def counts(cart: Cart) -> list[OutOfStock]:
        asked.append(now[0])
        if down[0]:
            raise ConnectionError("down")
        return []

    engine = Engine([counts], io=IoSettings(breaker_failures=3, breaker_seconds=10), clock=lambda: now[0])

    def ask() -> Report:
        return asyncio.run(engine.validate_async(cart))

    for _ in range(5):
        report = ask()
    assert asked == [0.0, 0.0, 0.0]
    assert [it.exception for it in report.crashed] == ["CircuitOpen"]
    now[0] = 10.0
    assert [it.exception for it in ask().crashed] == ["ConnectionError"], "one cart tries"
    assert [it.exception for it in ask().crashed] == ["CircuitOpen"], "the next do not"
    now[0], down[0] = 20.0, False
    assert ask().ok
    assert ask().ok
    assert asked == [0.0, 0.0, 0.0, 10.0, 20.0, 20.0]


def test_while_one_cart_tries_the_others_do_not(cart: Cart) -> None:
    asked = 0

    @check()
    async def fails_slowly(cart: Cart) -> list[OutOfStock]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise ConnectionError("down")

    now = [0.0]
    engine = Engine([fails_slowly], io=IoSettings(breaker_failures=1, breaker_seconds=10), clock=lambda: now[0])

    async def crowd() -> None:
        await engine.validate_async(cart)
        now[0] = 11.0
        await asyncio.gather(*(engine.validate_async(cart) for _ in range(20)))

    asyncio.run(crowd())
    assert asked == 2


def test_when_a_trial_brings_no_news_another_cart_tries_after_the_same_rest() -> None:
    now = [0.0]
    breaker = Breaker(IoSettings(breaker_failures=1, breaker_seconds=10), lambda: now[0])
    breaker.note(failed=True)
    tried = []
    for now[0] in (9.5, 12.0, 12.5, 21.5, 22.0, 22.5):
        tried += [now[0]] if breaker.lets_through() else []
    assert tried == [12.0, 22.0]


def test_io_checks_come_last_whatever_their_priority(cart: Cart, make_check: Callable[..., Any]) -> None:
    @check(priority=1)
    async def early(cart: Cart) -> list[OutOfStock]:
        return []

    report = validate(cart, early, make_check("plain", priority=900))
    assert report.ran == ("plain:plain", "early:early")


def test_a_plain_check_cannot_wait_for_an_io_check(make_check: Callable[..., Any]) -> None:
    with pytest.raises(PlanError, match=r"plain:plain cannot wait for in_stock:in_stock \(requires=OUT_OF_STOCK\)"):
        Engine([in_stock, make_check("plain", requires=("OUT_OF_STOCK",))])


def test_an_io_check_is_not_asked_what_is_already_settled(cart: Cart) -> None:
    asked = []

    @check()
    def blocks(cart: Cart) -> Iterator[Blocked]:
        yield Blocked(at="")

    @check(requires=("BLOCKED",))
    async def costly(cart: Cart) -> list[OutOfStock]:
        asked.append(cart)
        return []

    report = validate(cart, blocks, costly)
    assert [(it.check, it.reason) for it in report.skipped] == [("costly:costly", "BLOCKED was found")]
    report = validate(cart, blocks, costly, stop="first")
    assert report.skipped[0].reason.startswith("stopped at the first violation")
    assert not asked
    assert validate(None, costly).skipped[0].reason == "there is no cart"


def test_what_one_io_check_finds_leaves_another_without_a_say(cart: Cart) -> None:
    @check(requires=("OUT_OF_STOCK",))
    async def prices_hold(cart: Cart) -> list[Blocked]:
        return [Blocked(at="")]

    report = validate(cart, in_stock, prices_hold)
    assert report.codes == ("OUT_OF_STOCK",)
    assert [it.reason for it in report.skipped] == ["OUT_OF_STOCK was found"]


def test_the_hook_around_validation_is_around_io_checks_too(cart: Cart, make_module: Callable[..., Any]) -> None:
    from diddo_rules import hookimpl  # noqa: PLC0415  only here

    seen: list[Any] = []

    @hookimpl(wrapper=True)
    def around_validation(cart: Cart, context: Context) -> Any:
        seen.append("before")
        report = yield
        seen.append(report.codes)
        return report

    validate(cart, make_module("spy", around_validation=around_validation), in_stock)
    assert seen == ["before", ("OUT_OF_STOCK",)]


def test_changes_and_traces_can_be_awaited(cart: Cart) -> None:
    engine = Engine([in_stock])
    report = asyncio.run(engine.validate_change_async(cart, cart))
    assert report.ok
    assert [it.code for it in report.tolerated] == ["OUT_OF_STOCK"]
    started = time.perf_counter()
    [entry] = asyncio.run(engine.trace_async(cart)).trace or ()
    assert (entry.verdict, entry.codes, entry.reads) == ("found", ("OUT_OF_STOCK",), None)
    assert entry.seconds is not None
    assert 0 < entry.seconds < time.perf_counter() - started


def test_a_check_that_is_abandoned_leaves_no_noise(cart: Cart, recwarn: pytest.WarningsRecorder) -> None:
    @check()
    async def dies_late(cart: Cart) -> list[OutOfStock]:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("after the cart was answered")

    async def run() -> Report:
        noise: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: noise.append(what))
        report = await Engine([dies_late], io=QUICK).validate_async(cart)
        for _ in range(3):
            await asyncio.sleep(0)
        assert noise == []
        return report

    assert [it.exception for it in asyncio.run(run()).crashed] == ["Late"]
    assert not recwarn.list


def test_the_rest_of_a_service_begins_when_its_trial_has_failed() -> None:
    now = [0.0]
    breaker = Breaker(IoSettings(breaker_failures=1, breaker_seconds=10), lambda: now[0])
    breaker.note(failed=True)
    now[0] = 12.0
    assert breaker.lets_through()
    now[0] = 15.0
    breaker.note(failed=True)
    tried = []
    for now[0] in (22.0, 24.5, 25.0):
        tried += [now[0]] if breaker.lets_through() else []
    assert tried == [25.0]


def test_lateness_is_a_failure_that_opens_the_circuit(cart: Cart) -> None:
    engine = Engine([never_answers], io=IoSettings(budget=0.02, breaker_failures=1))
    told = [asyncio.run(engine.validate_async(cart)).crashed[0].exception for _ in range(2)]
    assert told == ["Late", "CircuitOpen"]


def test_a_check_that_has_nothing_left_to_say_silences_no_other(cart: Cart) -> None:
    @check(priority=1)
    async def blocked(cart: Cart) -> list[Blocked]:
        return [Blocked(at="")]

    @check(priority=2, requires=(Blocked,))
    async def waits(cart: Cart) -> list[OutOfStock]:
        return [OutOfStock(at="/stores/0", position=1)]

    @check(priority=3)
    async def does_not(cart: Cart) -> list[OutOfStock]:
        return [OutOfStock(at="/stores/1", position=2)]

    report = asyncio.run(Engine([blocked, waits, does_not]).validate_async(cart))
    assert [it.at for it in report.violations] == ["", "/stores/1"]


def test_what_is_left_behind_may_clear_up_and_what_is_not_needs_no_waiting() -> None:
    cleared: list[str] = []

    async def left_behind() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            cleared.append("up")

    async def answers(*, leaves: bool) -> int:
        if leaves:
            tasks.append(asyncio.ensure_future(left_behind()))
            await asyncio.sleep(0)
        return 7

    tasks: list[asyncio.Task[None]] = []
    assert (awaited(answers(leaves=False)), cleared) == (7, [])
    assert (awaited(answers(leaves=True)), cleared) == (7, ["up"])


def test_only_failures_in_a_row_open_the_circuit() -> None:
    breaker = Breaker(IoSettings(breaker_failures=3), lambda: 0.0)
    let_through = []
    for failed in (True, True, False, True, True, True):
        breaker.note(failed=failed)
        let_through.append(breaker.lets_through())
    assert let_through == [True, True, True, True, True, False]


def test_an_io_check_that_yields_for_ever_is_stopped_and_named(cart: Cart) -> None:
    @check()
    async def yields_for_ever(cart: Cart) -> AsyncIterator[OutOfStock]:
        while True:
            yield OutOfStock(at="/stores/0", position=1)  # without awaiting: no budget could end it

    report = validate(cart, yields_for_ever)
    assert [it.exception for it in report.crashed] == ["TooManyFindings"]


def test_an_error_that_nobody_has_to_be_told_of_leaves_no_noise(cart: Cart) -> None:
    @check(requires=("OUT_OF_STOCK",))
    async def settled_already(cart: Cart) -> list[Blocked]:
        raise ConnectionError("down")

    noise: list[Any] = []

    async def run() -> Report:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: noise.append(what))
        report = await Engine([in_stock, settled_already]).validate_async(cart)
        gc.collect()
        await asyncio.sleep(0)
        return report

    assert [it.reason for it in asyncio.run(run()).skipped] == ["OUT_OF_STOCK was found"]
    assert noise == []
