"""The fake Stripe for tests: the official SDK calls it in the same process, without a socket, sync and async alike."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from diddo_gateways.documents.opening import open_documents
from diddo_gateways.in_process import Response, call
from diddo_gateways.stripe_fake.app import Deliver, StripeFake
from diddo_gateways.stripe_sdk import StripeClient, ThreadedClient
from diddo_gateways.worlds import World, Worlds

__all__ = ["InProcessStripe"]

_Result = TypeVar("_Result")
_STARTED_WITHIN = 30
_PAGES = "http://stripe.test"


class InProcessStripe:
    """A fake Stripe in a thread of its own; use it as a context manager.

    The thread is what lets synchronous code, and code in any event loop, call the same server.

    Args:
        state: the file that keeps everything; in memory by default.
        clock: real time in Unix seconds.
        deliver: takes a webhook (URL, body, headers) and returns the HTTP status; by default it is sent over a socket.
        raw_cards: whether card numbers may be sent to the API.
        documentation_ids: whether ids such as `cus_xxxxxxxxxxxxx` name objects that are made when first asked for.
    """

    def __init__(
        self,
        state: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        deliver: Deliver | None = None,
        raw_cards: bool = True,
        documentation_ids: bool = False,
    ) -> None:
        self._state = state
        self._clock = clock
        self._options: dict[str, Any] = {
            "deliver": deliver,
            "raw_cards": raw_cards,
            "documentation_ids": documentation_ids,
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake Stripe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._end()

    def client(self, key: str = "sk_test_main", **options: Any) -> StripeClient:
        """Return an SDK client; its methods and their `…_async` forms both reach the fake.

        Args:
            key: `sk_test_<name>`: the world of that name.
            options: further options of `stripe.StripeClient`, such as `max_network_retries`.
        """
        addresses: Any = {"api": _PAGES, "files": _PAGES, "meter_events": _PAGES}
        return StripeClient(key, base_addresses=addresses, http_client=ThreadedClient(self._send), **options)

    def now(self, world: str = "main") -> int:
        """Return a world's time in Unix seconds."""
        return self._run(self._set_clock(world, lambda _: None))

    def freeze(self, at: int | None = None, *, world: str = "main") -> int:
        """Stop a world's clock, now or at a Unix second, and return its time."""
        return self._run(self._set_clock(world, lambda it: it.clock.freeze(at)))

    def advance(self, seconds: int, *, world: str = "main") -> int:
        """Move a world's clock forward, wait until all that fell due by it has been done, and return its time."""
        return self._run(self._set_clock(world, lambda it: it.clock.advance(seconds)))

    def resume(self, *, world: str = "main") -> int:
        """Let a frozen clock run on, and return its time."""
        return self._run(self._set_clock(world, lambda it: it.clock.resume()))

    def settle(self) -> None:
        """Wait until every webhook that is due has been delivered, and every timer has run."""
        self._run(self._fake.settled())

    def roll_secret(self, endpoint_id: str, *, overlap: int = 0, world: str = "main") -> str:
        """Give a webhook endpoint or event destination a new secret and return it, as Stripe's dashboard does.

        Args:
            endpoint_id: which.
            overlap: seconds, at most a day, in which deliveries are signed with the former secret as well.
            world: whose.
        """
        return self._run(self._roll_secret(world, endpoint_id, overlap))

    async def _roll_secret(self, name: str, endpoint_id: str, overlap: int) -> str:
        return await self._fake.roll_secret(await self._worlds.open(name), endpoint_id, overlap=overlap)

    async def _start(self) -> None:
        self._documents = open_documents(self._state)
        self._worlds = Worlds(self._documents, source=self._clock)
        self._fake = StripeFake(self._worlds, pages_url=_PAGES, **self._options)
        self._running = asyncio.create_task(self._fake.run())

    async def _stop(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._documents.close()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STARTED_WITHIN)
        self._loop.close()

    async def _set_clock(self, name: str, change: Callable[[World], None]) -> int:
        world = await self._worlds.open(name)
        change(world)
        await world.save_clock()
        await self._fake.settled()
        return world.clock.now()

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Future[Response]:
        sending = call(self._fake, method, url, headers=headers, body=body)
        return asyncio.run_coroutine_threadsafe(sending, self._loop)

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
