"""Sandboxes for the checkout machine of `diddo_rules.testing`: in process, or over real HTTP with its webhooks seen."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from diddo_gateways.documents import Change, Document, Documents, Message
from diddo_gateways.documents.opening import open_documents
from diddo_gateways.in_process import Response, call
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_rules import Engine, Settings
from diddo_rules.testing.checkout_server import CheckoutServer, Delivery, HttpCheckoutServer, Reply, Request
from diddo_sandbox.app import Sandbox
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import ORIGIN, InProcessSandbox, sandbox_server

__all__ = ["InProcessCheckoutServer", "ListeningCheckoutServer"]


class Killed(BaseException):
    """The process is gone: no handler of the server catches this, and nothing is stored any more."""


class MortalDocuments:
    """A document store whose process dies after so many writes; what was stored outlives it.

    `deadline` counts the writes that are still carried out, None for no end; `died` is set by the next one.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.deadline: int | None = None
        self.died = asyncio.Event()

    def _write(self) -> None:
        if self.deadline == 0:
            self.died.set()
        self._read()
        if self.deadline is not None:
            self.deadline -= 1

    def _read(self) -> None:
        if self.died.is_set():
            raise Killed

    async def get(self, world: str, kind: str, document_id: str) -> Document | None:
        """See `Documents.get`."""
        self._read()
        return await self._documents.get(world, kind, document_id)

    async def kinds(self, world: str) -> list[str]:
        """See `Documents.kinds`."""
        self._read()
        return await self._documents.kinds(world)

    async def locate(self, kind: str, document_id: str) -> str | None:
        """See `Documents.locate`."""
        self._read()
        return await self._documents.locate(kind, document_id)

    async def page(self, world: str, kind: str, **query: Any) -> list[Document]:
        """See `Documents.page`."""
        self._read()
        return await self._documents.page(world, kind, **query)

    async def commit(self, world: str, changes: Sequence[Change]) -> None:
        """See `Documents.commit`."""
        self._write()
        await self._documents.commit(world, changes)

    async def waiting(self) -> list[tuple[str, int]]:
        """See `Documents.waiting`."""
        self._read()
        return await self._documents.waiting()

    async def claim(self, world: str, *, now: int, lease: int, limit: int) -> list[Message]:
        """See `Documents.claim`."""
        self._write()
        return await self._documents.claim(world, now=now, lease=lease, limit=limit)

    async def close(self) -> None:
        """Leave the store open for the next process."""


class InProcessCheckoutServer(CheckoutServer):
    """A sandbox in this process, without a socket; use it as a context manager.

    Args:
        settings: how the sandbox runs; with a state file, a restart opens it anew.
        engine: what validates carts; by default every installed plugin.
    """

    inbox = "http://inbox.test"
    can_restart = True
    can_refuse = True

    def __init__(self, settings: SandboxSettings | None = None, *, engine: Engine | None = None) -> None:
        super().__init__()
        self._settings = settings
        self._engine = engine or Engine.from_settings(Settings())
        self._state = None if settings is None else settings.state
        self._kept = open_documents(self._state)
        self._refusing = False

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.__exit__()
        asyncio.run(self._kept.close())

    def _start(self) -> None:
        self._documents = MortalDocuments(self._kept)
        sandbox = InProcessSandbox(
            self._settings, engine=self._engine, documents=self._documents, before_start=self._watch
        )
        self.sandbox = sandbox.__enter__()

    def _watch(self, app: Sandbox) -> None:
        _tap(app.services.stripe, self.deliveries, self.inbox, lambda: self._refusing)

    def send(self, request: Request) -> Reply:
        """Call the application."""
        return self.sandbox.run(self._send(request))

    def race(self, requests: Sequence[Request]) -> list[Reply]:
        """Call the application with all requests at once."""

        async def together() -> list[Reply]:
            return await asyncio.gather(*map(self._send, requests))

        return self.sandbox.run(together())

    async def _send(self, request: Request) -> Reply:
        method, path, headers, body = request
        answer: Response = await call(self.sandbox.app, method, ORIGIN + path, headers=headers, body=body)
        return Reply(answer.status, answer.headers, answer.body)

    def settle(self, key: str) -> None:  # noqa: ARG002  all worlds settle
        """Wait until all that is due has been done."""
        self.sandbox.settle()

    def restart(self, during: Request | None = None, *, after: int = 0) -> None:
        """Let the application die over a request, and start another one over the same documents."""
        if during is not None:
            self._documents.deadline = after
            self.sandbox.run(self._until_dead(during))
        self._documents.died.set()
        self.sandbox.__exit__()
        if self._state is not None:
            asyncio.run(self._kept.close())
            self._kept = open_documents(self._state)
        self._start()

    async def _until_dead(self, request: Request) -> None:
        asyncio.get_running_loop().set_exception_handler(_ignore_the_dead)
        died = asyncio.create_task(self._documents.died.wait())
        lived = asyncio.create_task(self._live(request))
        await asyncio.wait([died, lived], return_when=asyncio.FIRST_COMPLETED)
        for task in (died, lived):
            task.cancel()
        await asyncio.gather(died, lived, return_exceptions=True)

    async def _live(self, request: Request) -> None:
        await self._send(request)
        await self.sandbox.app.services.stripe.settled()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let every webhook fail."""
        self._refusing = True
        try:
            yield
        finally:
            self._refusing = False


class ListeningCheckoutServer(HttpCheckoutServer):
    """A sandbox of its own that listens on loopback, in a thread; use it as a context manager."""

    can_refuse = True

    def __init__(self, settings: SandboxSettings | None = None, *, engine: Engine | None = None) -> None:
        self._running = ExitStack()
        self._refusing = False
        running = self._running.enter_context(sandbox_server(settings, engine=engine))
        super().__init__(running.url)
        self._stripe = running.app.services.stripe

    def __enter__(self) -> Self:
        super().__enter__()
        _tap(self._stripe, self.deliveries, None, lambda: self._refusing)
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._running.close()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let every webhook fail."""
        self._refusing = True
        try:
            yield
        finally:
            self._refusing = False


def _tap(stripe: StripeFake, deliveries: list[Delivery], inbox: str | None, refusing: Callable[[], bool]) -> None:
    """Note each webhook that leaves the fake Stripe; those to `inbox` end here."""
    send = stripe.deliver
    assert send is not None  # noqa: S101  the sandbox delivers in its own way

    async def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if refusing():
            deliveries.append(Delivery(url, headers, body, accepted=False))
            raise ConnectionError("nobody answers webhooks")
        status = 200 if inbox is not None and url.startswith(inbox) else await send(url, body, headers)
        deliveries.append(Delivery(url, headers, body, accepted=200 <= status < 300))
        return status

    stripe.deliver = deliver


def _ignore_the_dead(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)
