"""Webhooks as they arrive: signed, filtered, tried again, stopped; and the dispatcher that sends them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe

from diddo_gateways.documents import Message, Settle
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.stripe_fake import due
from diddo_gateways.stripe_fake.app import PlatformEndpoint, StripeFake
from diddo_gateways.stripe_fake.deliveries import SANDBOX_RETRIES
from diddo_gateways.stripe_fake.signing import signature
from diddo_gateways.stripe_fake.work import Work
from diddo_gateways.worlds import World, Worlds

URL = "https://shop.test/hooks"
PLATFORM = "https://sandbox.test/hooks"
SECRET = "whsec_platform"
HOUR = 3600


class Receiver:
    """What stands at the end of every URL: keeps what comes and answers what it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes, dict[str, str]]] = []
        self.answers: list[Any] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, url: str, body: bytes, headers: Any) -> int:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.received.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def types(self, url: str = URL) -> list[str]:
        return [json.loads(body)["type"] for to, body, _ in self.received if to == url]


class Bench:
    """A fake in this thread's own loop, its worlds' clocks frozen, its receiver in memory."""

    def __init__(self, **settings: Any) -> None:
        self.runner = asyncio.Runner()
        self.receiver = Receiver()
        self.worlds = Worlds(MemoryDocuments())
        self.fake = StripeFake(self.worlds, pages_url="http://pages.test", deliver=self.receiver, **settings)
        self.world: World = self.runner.run(self.worlds.open("bench"))
        self.world.clock.freeze(1_800_000_000)
        self.endpoints = 0

    def listen(self, *events: str, url: str = URL) -> str:
        self.endpoints += 1
        return self.do(self._listen, f"we_{self.endpoints}", list(events or ("*",)), url)  # type: ignore[no-any-return]

    async def _listen(self, work: Work, name: str, events: list[str], url: str) -> str:
        work.insert(
            {"object": "webhook_endpoint", "id": name, "url": url, "status": "enabled", "enabled_events": events}
        )
        work.insert({"object": "webhook_secret", "id": name, "secret": f"whsec_{name}"})
        return name

    async def _emit(self, work: Work, event: str) -> str:
        return work.emit(event, {"id": "cus_1", "object": "customer", "name": "Ada"})

    def emit(self, event: str = "customer.created") -> str:
        return self.do(self._emit, event)  # type: ignore[no-any-return]

    def do(self, operation: Any, *args: Any) -> Any:
        async def run() -> Any:
            work = self.fake.work(self.world)
            result = await operation(work, *args)
            await work.commit()
            return result

        return self.runner.run(run())

    def dispatch(self) -> None:
        """Let the dispatcher do all that is due."""

        async def run() -> None:
            task = asyncio.create_task(self.fake.run())
            async with asyncio.timeout(10):
                await self.fake.settled()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        self.runner.run(run())

    def later(self, seconds: float) -> None:
        async def move() -> None:
            self.world.clock.advance(seconds)
            await self.world.save_clock()

        self.runner.run(move())
        self.dispatch()

    def stored(self, kind: str, name: str) -> Any:
        document = self.runner.run(self.world.get(kind, name))
        return None if document is None else json.loads(document.body)

    def waiting(self) -> Any:
        return self.runner.run(self.worlds.documents.waiting())


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.runner.close()


def test_a_delivery_is_signed_and_pretty(bench: Bench) -> None:
    endpoint = bench.listen()
    event_id = bench.emit()
    bench.dispatch()
    ((url, body, headers),) = bench.receiver.received
    assert url == URL
    assert body.startswith(b'{\n  "id": "evt_1')
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], f"whsec_{endpoint}")  # type: ignore[no-untyped-call]
    assert (event.id, event.type, event.pending_webhooks) == (event_id, "customer.created", 1)
    assert event.data.object.name == "Ada"
    assert "account" not in json.loads(body)
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("change", ["body", "secret", "age"])
def test_the_sdk_refuses_what_is_not_ours(bench: Bench, change: str) -> None:
    bench.listen()
    bench.emit()
    bench.dispatch()
    ((_, body, headers),) = bench.receiver.received
    header, secret = headers["Stripe-Signature"], "whsec_we_1"
    if change == "body":
        body = body.replace(b"Ada", b"Eve")
    elif change == "secret":
        secret = "whsec_other"
    else:
        header = signature(body, secret, at=1_600_000_000)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, header, secret)  # type: ignore[no-untyped-call]


def test_an_endpoint_gets_what_it_listens_to(bench: Bench) -> None:
    bench.listen("customer.created", "charge.failed")
    bench.emit("customer.updated")
    bench.emit("customer.created")
    bench.dispatch()
    assert bench.receiver.types() == ["customer.created"]


def test_pending_webhooks_counts_down(bench: Bench) -> None:
    bench.listen()
    bench.listen(url="https://shop.test/other")
    event_id = bench.emit()
    assert bench.stored("event", event_id)["pending_webhooks"] == 2
    bench.dispatch()
    assert bench.stored("event", event_id)["pending_webhooks"] == 0
    assert len(bench.receiver.received) == 2
    assert bench.waiting() == []


@pytest.mark.parametrize("failure", [500, 404, 301, TimeoutError(), ConnectionError("refused")])
def test_a_failed_delivery_is_tried_again_on_the_worlds_clock(bench: Bench, failure: Any) -> None:
    bench.listen()
    bench.receiver.answers = [failure]
    event_id = bench.emit()
    bench.dispatch()
    assert len(bench.receiver.received) == 1
    assert bench.stored("event", event_id)["pending_webhooks"] == 1
    bench.later(SANDBOX_RETRIES[0] - 1)
    assert len(bench.receiver.received) == 1
    bench.later(1)
    assert [json.loads(body)["id"] for _, body, _ in bench.receiver.received] == [event_id, event_id]
    assert bench.stored("event", event_id)["pending_webhooks"] == 0
    record = bench.stored("delivery", f"{event_id}>we_1")
    assert [(attempt["attempt"], attempt["status"]) for attempt in record["attempts"]] == [
        (1, failure if isinstance(failure, int) else None),
        (2, 200),
    ]
    assert (record["delivered"], record["next_attempt"]) == (True, None)


def test_three_attempts_and_no_more(bench: Bench) -> None:
    bench.listen()
    bench.receiver.answers = [500, 500, 500, 500]
    event_id = bench.emit()
    bench.dispatch()
    for _ in range(5):
        bench.later(3 * HOUR)
    assert len(bench.receiver.received) == 3
    assert bench.waiting() == []
    record = bench.stored("delivery", f"{event_id}>we_1")
    assert (record["delivered"], record["next_attempt"], len(record["attempts"])) == (False, None, 3)
    assert bench.stored("event", event_id)["pending_webhooks"] == 1


@pytest.mark.parametrize("end", ["deleted", "disabled"])
def test_an_endpoint_that_is_gone_gets_nothing_more(bench: Bench, end: str) -> None:
    name = bench.listen()
    bench.receiver.answers = [500]
    event_id = bench.emit()
    bench.dispatch()

    async def stop(work: Work) -> None:
        endpoint = await work.fetch("webhook_endpoint", name)
        if end == "deleted":
            work.remove(endpoint)
        else:
            endpoint["status"] = "disabled"
            work.save(endpoint)

    bench.do(stop)
    bench.later(3 * HOUR)
    assert len(bench.receiver.received) == 1
    assert bench.waiting() == []
    assert bench.stored("event", event_id)["pending_webhooks"] == 0
    bench.emit()
    bench.dispatch()
    assert len(bench.receiver.received) == 1


def test_the_platform_hears_every_world_and_which_it_was() -> None:
    bench = Bench(platform_endpoints=[PlatformEndpoint(PLATFORM, SECRET, ("customer.created",))])
    bench.emit("customer.deleted")
    event_id = bench.emit()
    bench.dispatch()
    ((url, body, headers),) = bench.receiver.received
    assert url == PLATFORM
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)  # type: ignore[no-untyped-call]
    assert (event.id, event.account, event.pending_webhooks) == (event_id, bench.world.account, 0)
    assert "account" not in bench.stored("event", event_id)
    bench.runner.close()


def test_a_platform_endpoint_that_is_configured_no_more() -> None:
    bench = Bench(platform_endpoints=[PlatformEndpoint(PLATFORM, SECRET)])
    bench.emit()
    bench.fake.platform_endpoints = []
    bench.dispatch()
    assert bench.receiver.received == []
    assert bench.waiting() == []
    bench.runner.close()


def test_a_stopped_dispatcher_delivers_after_its_lease(bench: Bench) -> None:
    bench.listen()
    bench.emit()

    async def interrupted() -> None:
        started = asyncio.Event()

        async def hang(_url: str, _body: bytes, _headers: Any) -> int:
            started.set()
            await asyncio.Event().wait()
            return 200

        bench.fake.deliver = hang
        task = asyncio.create_task(bench.fake.run())
        async with asyncio.timeout(10):
            await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    bench.runner.run(interrupted())
    bench.fake.deliver = bench.receiver
    bench.dispatch()
    assert bench.receiver.received == [], "whoever claimed it still has it"
    bench.later(60)
    assert bench.receiver.types() == ["customer.created"]


def test_a_clock_set_ahead_does_not_send_twice_what_is_under_way(bench: Bench) -> None:
    bench.listen()
    bench.emit()

    async def slow() -> int:
        sent, begun, go = [], asyncio.Event(), asyncio.Event()

        async def wait(url: str, _body: bytes, _headers: Any) -> int:
            sent.append(url)
            begun.set()
            await go.wait()
            return 200

        bench.fake.deliver = wait
        task = asyncio.create_task(bench.fake.run())
        async with asyncio.timeout(10):
            await begun.wait()
        for _ in range(3):
            bench.world.clock.advance(1000)
            await bench.world.save_clock()
            await asyncio.sleep(0)
        go.set()
        async with asyncio.timeout(10):
            await bench.fake.settled()
        task.cancel()
        return len(sent)

    assert bench.runner.run(slow()) == 1
    assert bench.waiting() == []


def test_one_crash_does_not_stop_the_others(bench: Bench, monkeypatch: Any, caplog: Any) -> None:
    async def crash(_work: Work, _message: Message, _data: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setitem(due._handlers, "crash", crash)  # noqa: SLF001  a handler that only this test has

    async def queue(work: Work) -> None:
        work.later("crash", work.now, message_id="crash>1")

    bench.do(queue)
    bench.listen()
    bench.emit()
    bench.dispatch()
    assert bench.receiver.types() == ["customer.created"]
    assert "crash>1 of world bench failed (attempt 1)" in caplog.text
    for _ in range(12):
        bench.later(60)
    assert "(attempt 10)" in caplog.text
    assert "(attempt 11)" not in caplog.text
    assert bench.waiting() == []


def test_a_timer_runs_when_its_time_has_come(bench: Bench, monkeypatch: Any) -> None:
    ran: list[int] = []

    async def note(work: Work, message: Message, data: Any) -> None:
        ran.append(data["number"])
        await work.commit(Settle(message.id))

    monkeypatch.setitem(due._handlers, "note", note)  # noqa: SLF001  a handler that only this test has

    async def queue(work: Work) -> None:
        work.later("note", work.now + 100, message_id="note>1", number=7)

    bench.do(queue)
    bench.dispatch()
    bench.later(99)
    assert ran == []
    bench.later(1)
    assert ran == [7]


def test_deliveries_at_once_are_bounded(bench: Bench) -> None:
    bench.listen()

    async def many(work: Work) -> None:
        for _ in range(200):
            work.emit("customer.created", {"id": "cus_1", "object": "customer"})

    bench.do(many)
    bench.dispatch()
    assert len(bench.receiver.received) == 200
    assert 1 < bench.receiver.most_at_once <= 32


def test_over_a_socket(own_shop: Any) -> None:
    """From the SDK's endpoint to real bytes on a real connection, redirects not followed."""
    arrived: asyncio.Queue[tuple[bytes, dict[str, str]]] = own_shop.call(_queue())

    async def receive() -> asyncio.Server:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            await arrived.put((await reader.readexactly(int(headers["content-length"])), headers))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        return await asyncio.start_server(answer, "127.0.0.1", 0)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        await server.wait_closed()

    server = own_shop.call(receive())
    port = server.sockets[0].getsockname()[1]
    endpoint = own_shop.client.v1.webhook_endpoints.create(
        {"url": f"http://127.0.0.1:{port}/hooks", "enabled_events": ["payment_intent.succeeded"]}
    )
    intent = own_shop.pay()
    body, headers = own_shop.call(asyncio.wait_for(arrived.get(), 10))
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], endpoint.secret)  # type: ignore[no-untyped-call]
    assert event.data.object.id == intent.id
    assert event.request.id.startswith("req_")
    own_shop.call(own_shop.server.fake.settled())
    assert own_shop.client.v1.events.retrieve(event.id).pending_webhooks == 0
    own_shop.call(stop(server))


async def _queue() -> asyncio.Queue[Any]:
    return asyncio.Queue()
