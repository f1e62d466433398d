"""Sandboxes for tests: in process without a socket, or on a port of their own."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import uvicorn

from diddo_gateways.documents import Documents
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.in_process import Response, call
from diddo_rules import Engine, Settings
from diddo_rules.testing.checkout_server import Reply
from diddo_sandbox.app import Sandbox, open_sandbox
from diddo_sandbox.running import AnnouncedServer
from diddo_sandbox.settings import SandboxSettings

__all__ = ["InProcessSandbox", "RunningSandbox", "sandbox_server"]

T = TypeVar("T")
HOST = "sandbox.test"
ORIGIN = f"http://{HOST}"


class InProcessSandbox:
    """A sandbox that is called without a socket, from synchronous code; use it as a context manager.

    Webhooks to itself are delivered in process; `settle` waits until all that is due has been done.

    Args:
        settings: how it runs.
        engine: what validates carts; by default every installed plugin.
        documents: where everything is kept; in memory by default.
        clock: real time in Unix seconds.
        before_start: called with the application before it does anything by itself, as delivering what was left.
    """

    def __init__(
        self,
        settings: SandboxSettings | None = None,
        *,
        engine: Engine | None = None,
        documents: Documents | None = None,
        clock: Callable[[], float] | None = None,
        before_start: Callable[[Sandbox], None] = lambda _: None,
    ) -> None:
        self._before_start = before_start
        self._settings = settings or SandboxSettings(allowed_hosts=(HOST,))
        self._engine = engine or Engine.from_settings(Settings())
        self._documents = documents or MemoryDocuments()
        self._clock = {} if clock is None else {"source": clock}
        self._runner = asyncio.Runner()
        self._lifespan: _Lifespan | None = None

    def __enter__(self) -> Self:
        self.app: Sandbox = self._runner.run(
            open_sandbox(self._settings, self._engine, self._documents, base_url=ORIGIN, **self._clock)
        )
        self._before_start(self.app)
        self._lifespan = _Lifespan(self.app)
        self._runner.run(self._lifespan.start())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._lifespan is not None  # noqa: S101  entered before
        self._runner.run(self._lifespan.stop())
        self._runner.close()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "sk_test_default",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request; a body that is not bytes is sent as JSON."""
        sent = dict(headers or {})
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self._runner.run(call(self.app, method, ORIGIN + path, headers=sent, body=raw))
        return Reply(answer.status, answer.headers, answer.body)

    def together(
        self, count: int, method: str, path: str, body: bytes = b"", *, key: str | None = "sk_test_default"
    ) -> list[Reply]:
        """Send the same request many times at once."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}

        async def race() -> list[Response]:
            calls = (call(self.app, method, ORIGIN + path, headers=headers, body=body) for _ in range(count))
            return await asyncio.gather(*calls)

        return [Reply(answer.status, answer.headers, answer.body) for answer in self._runner.run(race())]

    def settle(self) -> None:
        """Wait until every message that is due has been handled: webhooks delivered, timers run."""
        self.run(self.app.services.stripe.settled())

    def run(self, work: Awaitable[T]) -> T:
        """Run something in the sandbox's event loop."""

        async def awaited() -> T:
            return await work

        return self._runner.run(awaited())


class _Lifespan:
    """Starts and stops an ASGI application as a server does."""

    def __init__(self, app: Sandbox) -> None:
        self._app = app
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._task = asyncio.create_task(self._app(scope, self._inbox.get, self._outbox.put))  # type: ignore[arg-type]
        await self._say("lifespan.startup")

    async def stop(self) -> None:
        await self._say("lifespan.shutdown")
        assert self._task is not None  # noqa: S101  started before
        await self._task

    async def _say(self, message: str) -> None:
        await self._inbox.put({"type": message})
        answer = await self._outbox.get()
        if answer["type"] != f"{message}.complete":
            raise RuntimeError(f"{message}: {answer}")


@dataclass
class RunningSandbox:
    """A sandbox that listens on a port: `url` is its origin, `loop` the event loop that it runs in."""

    url: str
    app: Sandbox = field(repr=False)
    loop: asyncio.AbstractEventLoop = field(repr=False)


@contextlib.contextmanager
def sandbox_server(
    settings: SandboxSettings | None = None, *, engine: Engine | None = None, documents: Documents | None = None
) -> Iterator[RunningSandbox]:
    """Run a sandbox in a thread, on a free loopback port, for as long as the context lasts."""
    # Named TCP, so that asyncio sends at once: held back for an acknowledgement, each answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    started = threading.Event()
    servers: list[tuple[uvicorn.Server, RunningSandbox]] = []
    failures: list[BaseException] = []

    async def run() -> None:
        app = await open_sandbox(
            settings or SandboxSettings(),
            engine or Engine.from_settings(Settings()),
            documents or MemoryDocuments(),
            base_url=url,
        )
        server = AnnouncedServer(
            uvicorn.Config(app, access_log=False, log_config=None, log_level="warning"), started.set
        )
        servers.append((server, RunningSandbox(url, app, asyncio.get_running_loop())))
        await server.serve(sockets=[listener])

    def run_in_thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001  raised again where the server is wanted
            failures.append(error)
            started.set()

    thread = threading.Thread(target=run_in_thread, name="sandbox")
    thread.start()
    started.wait(timeout=30)
    if failures:
        listener.close()
        raise failures[0]
    server, running = servers[0]
    try:
        yield running
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()
