"""A fake Stripe served over a loopback socket, and the official SDK pointed at it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import stripe
import uvicorn

from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_gateways.stripe_fake.app import PlatformEndpoint, StripeFake
from diddo_gateways.worlds import World, Worlds

stripe.enable_telemetry = False


@dataclass
class Server:
    """A fake Stripe behind a socket. Its clock starts at `now` and moves only when a test moves it."""

    fake: StripeFake
    url: str
    worlds: Worlds
    loop: asyncio.AbstractEventLoop
    now: float
    deliveries: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

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


@contextmanager
def serving(path: Path | None = None, *, deliver: Any = None, **settings: Any) -> Iterator[Server]:
    """Serve a fake until the block ends; `path` is its state file."""
    ready = threading.Event()
    servers: list[Server] = []
    stop: list[Callable[[], None]] = []

    async def main() -> None:
        documents = SqliteDocuments(path)
        worlds = Worlds(documents)
        fake = StripeFake(worlds, pages_url="http://pages.test", deliver=deliver, **settings)
        config = uvicorn.Config(fake, port=0, log_level="warning", lifespan="on", loop="asyncio")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.002)
        port = server.servers[0].sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        servers.append(Server(fake, f"http://127.0.0.1:{port}", worlds, loop, 0))

        def end() -> None:
            server.should_exit = True

        stop.append(lambda: loop.call_soon_threadsafe(end))
        ready.set()
        await task
        await documents.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(10), "the server did not start"
    try:
        yield servers[0]
    finally:
        stop[0]()
        thread.join(10)


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
def client(server: Server) -> stripe.StripeClient:
    """The official SDK, in the world `main` of the test's own server."""
    return server.client()


__all__ = ["PlatformEndpoint", "Server", "serving"]
