"""How fast the engine and the testing kit are, as ratios of what the same machine does in the same minute.

Each pair is timed in turns, again and again, and the median of the ratios counts: the machine may be busy.
"""

import gc
from asyncio import Runner
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from statistics import median
from time import perf_counter, process_time
from types import FunctionType, ModuleType
from typing import Any

from hypothesis import HealthCheck, Phase, find, given, settings

from diddo_rules import Cart, Context, Engine, Settings, Violation, check
from diddo_rules.testing import gen_any, gen_cart, replayed, seeded, valid_carts

Report = Callable[[str, str, str], None]
"""Called with what was measured, the figure, and what it should be."""

_ROUNDS = 41
_CARTS_A_RUN = 100
_CONTEXT = Context()


def run(report: Report) -> None:
    """Measure everything, and call `report` once per row."""
    engine = Engine.from_settings(Settings())
    cart = gen_cart(replayed([0, 1, 1, 2, 1, 1, 0]))  # two stores of three lines
    _plan(report, engine, cart)
    _json(report, engine, cart)
    _one_field(report, engine, cart)
    _io(report, cart)
    _more_checks(report, cart)
    _violations(report)
    _kit(report, engine)


def _timed(call: Callable[[], object], times: int) -> float:
    """Return the seconds that one call takes."""
    started = perf_counter()
    for _ in range(times):
        call()
    return (perf_counter() - started) / times


def _paired(calls: Sequence[Callable[[], object]], *, times: int) -> tuple[float, list[float]]:
    """Return the first call's time in seconds, and for each call the median of its ratios to the first."""
    gc.disable()
    try:
        rounds = []
        for number in range(_ROUNDS):
            order = range(len(calls)) if number % 2 else reversed(range(len(calls)))
            seconds = {index: _timed(calls[index], times) for index in order}
            rounds.append([seconds[index] for index in range(len(calls))])
    finally:
        gc.enable()
    ratios = [median(seconds[index] / seconds[0] for seconds in rounds) for index in range(len(calls))]
    return median(seconds[0] for seconds in rounds), ratios


def _raw_loop(engine: Engine, cart: Cart) -> Callable[[], list[Violation]]:
    """Return the loop that one would write by hand: no isolation, no report, each check called with what it takes."""
    given_to = {("cart",): False, ("cart", "context"): True}
    calls = [(step.function, given_to[step.arguments]) for step in engine.plan.steps]

    def loop() -> list[Violation]:
        found: list[Violation] = []
        for function, takes_context in calls:
            for violation in function(cart, _CONTEXT) if takes_context else function(cart):
                found.append(violation)  # noqa: PERF402 (what one writes by hand)
        return found

    return loop


def _by_pluggy(engine: Engine, cart: Cart) -> Callable[[], list[Violation]]:
    hook: Any = engine.hook.check_cart

    def call() -> list[Violation]:
        return [
            it for results in hook(cart=cart, context=_CONTEXT, settings=None, store_settings=None) for it in results
        ]

    return call


def _plan(report: Report, engine: Engine, cart: Cart) -> None:
    calls = [_raw_loop(engine, cart), lambda: engine.validate(cart, _CONTEXT), _by_pluggy(engine, cart)]
    seconds, (_, plan, pluggy) = _paired(calls, times=2000)
    report("9 checks, raw loop", f"{seconds * 1e6:.2f} µs", "")
    report("9 checks, plan with isolation / raw loop", f"{plan:.2f}", "≤ 1.10")
    report("9 checks, pluggy's own hook call / raw loop", f"{pluggy:.2f}", "for comparison")


def _json(report: Report, engine: Engine, cart: Cart) -> None:
    text = cart.model_dump_json()
    read = Cart.model_validate_json
    calls = [lambda: read(text), lambda: engine.validate(read(text), _CONTEXT)]
    seconds, (_, verdict) = _paired(calls, times=500)
    report(f"JSON of {len(text)} bytes, pydantic's parse", f"{seconds * 1e6:.1f} µs", "")
    report("JSON to verdict / parse", f"{verdict:.2f}", "≤ 1.25")


def _one_field(report: Report, engine: Engine, cart: Cart) -> None:
    verdict = engine.validate(cart, _CONTEXT)
    buyer, costs_more = ("buyer_identity",), ("cost",)
    calls = [
        lambda: engine.validate(cart, _CONTEXT),
        lambda: engine.revalidate(verdict, cart, changed=buyer, context=_CONTEXT),
        lambda: engine.revalidate(verdict, cart, changed=costs_more, context=_CONTEXT),
    ]
    _, (_, buyers, costs) = _paired(calls, times=2000)
    report("9 checks, buyer_identity changed / full pass", f"{buyers:.2f}", "≤ 0.20")
    report("9 checks, cost changed / full pass", f"{costs:.2f}", "≤ 0.20")


def _io(report: Report, cart: Cart) -> None:
    """The I/O lane's own cost: checks that answer at once, beside the same loop without any."""

    async def answers_at_once(cart: Cart) -> list[_Found]:
        del cart
        return []

    def with_io(count: int) -> Engine:
        plugin = ModuleType("asking")
        for number in range(count):
            copied = FunctionType(answers_at_once.__code__, answers_at_once.__globals__, f"check_{number}")
            copied.__annotations__ = {"cart": Cart}
            setattr(plugin, copied.__name__, check(yields=(_Found,))(copied))
        return Engine([*Engine.from_settings(Settings()).plugins, *([plugin] if count else [])])

    plain, one, five = (with_io(count) for count in (0, 1, 5))
    with Runner() as runner:
        loop = runner.get_loop()

        def validating(engine: Engine) -> Callable[[], object]:
            async def many() -> None:
                for _ in range(_CARTS_A_RUN):
                    await engine.validate_async(cart, _CONTEXT)

            return lambda: loop.run_until_complete(many())

        calls = [validating(engine) for engine in (plain, one, five)]
        seconds, (_, with_one, with_five) = _paired(calls, times=1)
    each = seconds / _CARTS_A_RUN * 1e6
    report("9 checks, awaited", f"{each:.1f} µs", "")
    report("I/O lane, one check: added to a cart", f"{each * (with_one - 1):.1f} µs", "")
    report("I/O lane, five checks: added to a cart", f"{each * (with_five - 1):.1f} µs", "")


class _Found(Violation):
    """Never found: the checks that are measured in numbers find nothing."""

    code = "FOUND"
    http_status = 400
    template = "Found."
    remedy = "None."


def _numbered_checks(count: int) -> ModuleType:
    plugin = ModuleType("numbered")
    for number in range(count):

        def checks(cart: Cart) -> Iterator[_Found]:
            for store in cart.stores:
                if not store.store:
                    yield _Found(at="")

        checks.__name__ = f"check_{number:04}"
        setattr(plugin, checks.__name__, check()(checks))
    return plugin


def _more_checks(report: Report, cart: Cart) -> None:
    for count in (100, 1000):
        engine = Engine([_numbered_checks(count)])
        calls = [_raw_loop(engine, cart), lambda engine=engine: engine.validate(cart, _CONTEXT)]
        seconds, (_, plan) = _paired(calls, times=20_000 // count)
        report(f"{count} checks, plan / raw loop", f"{plan:.2f}", "≤ 1.10")
        report(f"{count} checks, plan", f"{seconds * plan * 1e3:.3f} ms", "≤ 0.25 ms for 1000")


class _Numbered(Violation):
    """Found as often as is asked for."""

    code = "NUMBERED"
    http_status = 400
    template = "Number {number}."
    remedy = "None."
    number: int


def _violations(report: Report) -> None:
    many = 100

    @check()
    def finds(cart: Cart) -> Iterator[_Numbered]:
        del cart
        for number in range(many):
            yield _Numbered(at="/stores", number=number)

    @check(priority=2000)
    def finds_one(cart: Cart) -> Iterator[_Numbered]:
        del cart
        yield _Numbered(at="/stores", number=0)

    cart = Cart(id="1")
    few, lots = Engine([finds_one]), Engine([finds])
    calls = [lambda: few.validate(cart), lambda: lots.validate(cart)]
    seconds, (_, ratio) = _paired(calls, times=300)
    report("one more violation", f"{seconds * (ratio - 1) / (many - 1) * 1e6:.2f} µs", "≤ 0.4 µs")
    report("a cart with one violation, all in all", f"{seconds * 1e6:.2f} µs", "")


def _kit(report: Report, engine: Engine) -> None:
    pick = seeded(1)
    made = _rate(lambda: engine.validate(gen_cart(pick), _CONTEXT))
    report("valid carts made and checked, seeded", f"{made:,.0f} per CPU second", "≥ 25,000")
    parse = partial(Cart.model_validate_json, gen_cart(replayed([0, 1, 1, 2, 1, 1, 0])).model_dump_json())
    _, (_, ratio) = _paired([parse, lambda: engine.validate(gen_cart(pick), _CONTEXT)], times=200)
    report("the same / pydantic's parse of six lines' JSON", f"{ratio:.2f}", "≤ 0.80")
    broken = _rate(lambda: engine.validate(*gen_any(pick, engine)))
    report("valid and broken carts, seeded", f"{broken:,.0f} per CPU second", "")
    report("valid carts, Hypothesis", f"{_hypothesis_rate():,.0f} per CPU second", "≥ 1,500")
    seconds, calls, lines = _shrunk()
    report("a four-way bug, shrunk", f"{seconds:.2f} s, {calls} calls, {lines} lines", "< 1 s, 2 lines")


def _rate(call: Callable[[], object], times: int = 1000) -> float:
    """Return how often a CPU second has room for the call."""
    seconds = []
    for _ in range(15):
        started = process_time()
        for _ in range(times):
            call()
        seconds.append((process_time() - started) / times)
    return 1 / median(seconds)


def _four_way_bug(cart: Cart) -> bool:
    lines = [line for store in cart.stores for line in store.cart_lines]
    return (
        cart.cost is not None
        and cart.cost.total is not None
        and cart.cost.total.currency == "KWD"
        and len(lines) > 1
        and any(line.quantity >= 99 for line in lines)
        and any(line.variant and line.variant.price and line.variant.price.value >= 99_999 for line in lines)
    )


def _shrunk() -> tuple[float, int, int]:
    """Return the median seconds and calls that shrinking takes, and the most lines that are left."""
    shrunk = [_shrunk_from(start) for start in range(9)]
    return median(it[0] for it in shrunk), round(median(it[1] for it in shrunk)), max(it[2] for it in shrunk)


def _shrunk_from(start: int) -> tuple[float, int, int]:
    found: list[float] = []

    def condition(cart: Cart) -> bool:
        is_found = _four_way_bug(cart)
        if is_found or found:
            found.append(process_time())
        return is_found

    quiet = settings(max_examples=5000, database=None, deadline=None)
    cart = find(valid_carts(), condition, settings=quiet, random=Random(start))  # noqa: S311 (a seed)
    return process_time() - found[0], len(found), sum(len(store.cart_lines) for store in cart.stores)


def _hypothesis_rate() -> float:
    count = 1000
    seen = 0

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(valid_carts())
    def draw(cart: Cart) -> None:
        nonlocal seen
        seen += bool(cart.stores)

    started = process_time()
    draw()
    return seen / (process_time() - started)


if __name__ == "__main__":
    print(f"{'':56}{'measured':>24}  aim")
    run(lambda what, figure, aim: print(f"{what:56}{figure:>24}  {aim}"))
