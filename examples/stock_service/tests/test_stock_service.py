"""Against a real server on this machine: one that answers, and one that is slow, down or wrong."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stock_service as plugin

from diddo_rules import Cart, CheckSettings, Engine, IoSettings, NeedsAwait, Report, SettingsError
from diddo_rules.testing import gen_cart, replayed
from diddo_rules.testing.properties import check_plugin

PLENTY = 10_000
Answers = Callable[[list[str]], tuple[int, bytes]]


def has(count: int) -> Answers:
    """Have so many pieces of everything."""
    return lambda variants: (200, json.dumps({"available": dict.fromkeys(variants, count)}).encode())


class StockServer:
    """The service: `answer` says what it answers, and `asked` what it was asked."""

    def __init__(self) -> None:
        self.answer: Answers = has(PLENTY)
        self.asked: list[list[str]] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                variants = json.loads(self.rfile.read(int(self.headers["content-length"])))["variants"]
                outer.asked.append(variants)
                status, body = outer.answer(variants)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def hang(self, variants: list[str]) -> tuple[int, bytes]:
        """Answer when the test is over."""
        del variants
        self.released.wait(30)
        return 503, b""


@pytest.fixture
def service() -> Iterator[StockServer]:
    stock = StockServer()
    thread = threading.Thread(target=stock.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stock
    stock.released.set()
    stock.server.shutdown()
    stock.server.server_close()
    thread.join()


@pytest.fixture
def cart() -> Cart:
    return gen_cart(replayed([0, 1, 1, 2, 1, 1, 0]))


def engine(url: str, **options: Any) -> Engine:
    return Engine([plugin], settings={"stock_service": {"url": url}}, **options)


def validate(cart: Cart, url: str, **options: Any) -> Report:
    return asyncio.run(engine(url, **options).validate_async(cart))


def test_the_service_is_asked_once_for_the_whole_cart(service: StockServer, cart: Cart) -> None:
    assert validate(cart, service.url).ok
    assert service.asked == [sorted({line.variant.id for store in cart.stores for line in store.cart_lines})]


def test_too_few_are_told_with_what_there_is(service: StockServer, cart: Cart) -> None:
    service.answer = has(0)
    report = validate(cart, service.url)
    assert set(report.codes) == {"INSUFFICIENT_STOCK"}
    first = report.violations[0]
    assert first.message == f"Of the variant {first.variant_id!r} 0 can be had, and the cart holds {first.wanted}."
    assert first.at == "/stores/0/cart_lines/0/quantity"


def test_pieces_of_several_lines_count_together(service: StockServer, cart: Cart) -> None:
    line = cart.stores[0].cart_lines[0].model_copy(update={"quantity": 3})
    store = cart.stores[0].model_copy(update={"cart_lines": (line, line)})
    twice = cart.model_copy(update={"stores": (store,)})
    service.answer = has(5)
    assert [(it.wanted, it.missing) for it in validate(twice, service.url).violations] == [(6, 1)]


def test_an_empty_cart_asks_nobody(service: StockServer, cart: Cart) -> None:
    assert validate(cart.model_copy(update={"stores": ()}), service.url).ok
    assert service.asked == []


def test_taking_fewer_is_never_refused(service: StockServer, cart: Cart) -> None:
    def with_quantity(quantity: int) -> Cart:
        line = cart.stores[0].cart_lines[0].model_copy(update={"quantity": quantity})
        store = cart.stores[0].model_copy(update={"cart_lines": (line,)})
        return cart.model_copy(update={"stores": (store,)})

    service.answer = has(5)
    rules = engine(service.url)
    assert asyncio.run(rules.validate_change_async(with_quantity(20), with_quantity(10))).ok
    assert not asyncio.run(rules.validate_change_async(with_quantity(10), with_quantity(20))).ok


def test_a_slow_service_makes_nobody_wait_longer_than_the_budget(service: StockServer, cart: Cart) -> None:
    service.answer = service.hang
    report = validate(cart, service.url, io=IoSettings(budget=0.05))
    assert [(it.check, it.exception) for it in report.crashed] == [("stock_service:lines_are_in_stock", "Late")]
    assert not report.ok


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (500, b"{}"),
        lambda _: (200, b"not JSON"),
        lambda _: (200, b'{"stock": {}}'),
        lambda _: (200, b'{"available": {"variant_0": -1}}'),
        lambda _: (200, b'{"available": {"variant_0": "many"}}'),
        lambda _: (302, b""),
    ],
)
@pytest.mark.parametrize(("policy", "passes"), [("block", False), ("warn", True), ("pass", True)])
def test_a_service_that_is_wrong_is_a_failure_and_the_settings_say_what_follows(
    service: StockServer, cart: Cart, answer: Answers, policy: Any, passes: Any
) -> None:
    service.answer = answer
    settings = {"INSUFFICIENT_STOCK": CheckSettings(on_failure=policy)}
    assert validate(cart, service.url, checks=settings).ok is passes


def test_a_service_that_is_down_is_soon_left_in_peace(cart: Cart) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and not listened on
        rules = engine(f"http://127.0.0.1:{nobody.getsockname()[1]}", io=IoSettings(breaker_failures=2))
        failures = [asyncio.run(rules.validate_async(cart)).crashed[0].exception for _ in range(4)]
    assert failures == ["ConnectError", "ConnectError", "CircuitOpen", "CircuitOpen"]


def test_it_keeps_the_properties_of_every_plugin(service: StockServer) -> None:
    check_plugin(plugin, settings={"url": service.url}, count=20)


def test_who_does_not_await_is_told(cart: Cart) -> None:
    with pytest.raises(NeedsAwait, match="stock_service:lines_are_in_stock"):
        engine("http://127.0.0.1:9").validate(cart)


@pytest.mark.parametrize("settings", [{}, {"url": "stock.example"}, {"url": "http://a.test", "key": "x"}])
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"plugins\.stock_service\."):
        Engine([plugin], settings={"stock_service": settings})
