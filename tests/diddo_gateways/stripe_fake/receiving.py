"""A shop whose webhooks arrive here: what was posted where, and what the receiver answers."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import stripe

numbers = itertools.count()


class Received:
    """One webhook as it came."""

    def __init__(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        self.url, self.body = url, body
        self.signature = headers["Stripe-Signature"]
        self.content: dict[str, Any] = json.loads(body)

    def verified(self, secret: str) -> Any:
        """Let the SDK verify it."""
        return stripe.Webhook.construct_event(self.body, self.signature, secret)  # type: ignore[no-untyped-call]


class HookedShop:
    """A shop on a server of its own, with a receiver at the end of every URL."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.name = f"hooked{next(numbers)}"
        self.client: stripe.StripeClient = server.client(f"sk_test_{self.name}")
        self.v1 = self.client.v1
        self.received: list[Received] = []
        # What the receiver answers, in order; then 200.
        self.answers: list[int] = []

    async def take(self, url: str, body: bytes, headers: Any) -> int:
        self.received.append(Received(url, body, dict(headers)))
        return self.answers.pop(0) if self.answers else 200

    def settle(self, seconds: float = 0) -> list[Received]:
        """Move the clock, wait for all deliveries, and return what has come since the last time."""

        async def run() -> None:
            if seconds:
                world = await self.server.worlds.open(self.name)
                world.clock.advance(seconds)
                await world.save_clock()
            async with asyncio.timeout(20):
                await self.server.fake.settled()

        self.server.call(run())
        came, self.received = self.received, []
        return came

    def types(self, seconds: float = 0) -> list[str]:
        return sorted(received.content["type"] for received in self.settle(seconds))

    def raw(self, method: str, path: str, **options: Any) -> Any:
        """Call the API without the SDK."""
        headers = {"Authorization": f"Bearer sk_test_{self.name}", **options.pop("headers", {})}
        with httpx2.Client(base_url=self.server.url, trust_env=False) as client:
            return client.request(method, path, headers=headers, **options)


def hooked_shop(serve: Callable[..., AbstractContextManager[Any]], **settings: Any) -> Iterator[HookedShop]:
    """Serve a shop until the test ends."""
    shops: list[HookedShop] = []

    async def deliver(url: str, body: bytes, headers: Any) -> int:
        return await shops[0].take(url, body, headers)

    with serve(deliver=deliver, **settings) as server:
        shops.append(HookedShop(server))
        yield shops[0]
