"""A fake Stripe served over a loopback socket, and the official SDK pointed at it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import stripe
import uvicorn

from diddo_gateways.documents.opening import open_documents
from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.reading import NEWEST
from diddo_gateways.stripe_fake.shapes import check_answer, check_shape
from diddo_gateways.stripe_fake.versions import older
from diddo_gateways.worlds import World, Worlds

stripe.enable_telemetry = False


@dataclass
class Server:
    """A fake Stripe behind a socket, and ways to reach behind it."""

    fake: StripeFake
    url: str
    worlds: Worlds
    loop: asyncio.AbstractEventLoop

    def client(self, key: str = "sk_test_main", **options: Any) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url, "files": self.url}, **options)

    def call(self, coroutine: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def world(self, name: str = "main") -> World:
        opened: World = self.call(self.worlds.open(name))
        return opened

    def advance(self, seconds: float, world: str = "main") -> None:
        """Move a world's clock, and let what has become due happen."""

        async def move() -> None:
            opened = await self.worlds.open(world)
            opened.clock.advance(seconds)
            await opened.save_clock()

        self.call(move())


class Checked:
    """The fake, with every answer that is no error held against the shape that the SDK's types give it."""

    def __init__(self, fake: StripeFake) -> None:
        self.fake = fake
        self.deviations: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = [0]
        is_json = [False]
        # Who holds a publishable key sees less of an object, and older versions had other fields.
        in_full = [b"pk_test_" not in dict(scope.get("headers", ())).get(b"authorization", b"")]

        async def checking(message: Any) -> None:
            headers = dict(message.get("headers", ()))
            status[0] = message.get("status", status[0])
            is_json[0] = is_json[0] or headers.get(b"content-type") == b"application/json"
            in_full[0] = in_full[0] and older(headers.get(b"stripe-version", NEWEST).decode()) is None
            if (
                message["type"] == "http.response.body"
                and status[0] == 200
                and message["body"]
                and in_full[0]
                and is_json[0]
            ):
                found = self._deviations(scope, orjson.loads(message["body"]))
                self.deviations += [f"{scope['method']} {scope['path']}: {text}" for text in found]
            await send(message)

        await self.fake(scope, receive, checking)

    def _deviations(self, scope: Any, body: Any) -> list[str]:
        route = catalogue.load().route("GET" if scope["method"] == "HEAD" else scope["method"], scope["path"])
        promised = [] if route is None else check_answer(route.operation.returns, body)
        # What v2 leaves of a deleted object does not have its shape.
        own = route is not None and not scope["path"].startswith("/v2/")
        return promised + (check_shape(body) if own else [])


class AnnouncedServer(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[int], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._listening(self.servers[0].sockets[0].getsockname()[1])


@contextmanager
def serving(path: Path | None = None, *, deliver: Any = None, **settings: Any) -> Iterator[Server]:
    """Serve a fake until the block ends; `path` is its state file."""
    listening = threading.Event()
    running: list[tuple[Server, AnnouncedServer]] = []
    checked: list[Checked] = []

    async def main() -> None:
        documents = open_documents(path)
        worlds = Worlds(documents)
        fake = StripeFake(worlds, pages_url="http://pages.test", deliver=deliver, **settings)
        loop = asyncio.get_running_loop()

        def ready(port: int) -> None:
            running.append((Server(fake, f"http://127.0.0.1:{port}", worlds, loop), server))
            listening.set()

        checked.append(Checked(fake))
        config = uvicorn.Config(checked[0], port=0, log_level="warning", lifespan="on", loop="asyncio")
        server = AnnouncedServer(config, ready)
        await server.serve()
        await documents.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert listening.wait(20), "the server did not start"
    try:
        yield running[0][0]
    finally:
        running[0][1].should_exit = True
        thread.join(20)
    assert checked[0].deviations == []


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    """One server for all tests of a run; each test keeps to worlds of its own."""
    with serving() as server:
        yield server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own."""
    with serving() as server:
        yield server


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[Server]]:
    """Serves a fake until the block ends: for those that start it more than once, or with a state file."""
    return serving


@pytest.fixture
def client(server: Server) -> stripe.StripeClient:
    """The official SDK, in the world `main` of the test's own server."""
    return server.client()
