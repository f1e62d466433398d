"""The fake Stripe as an ASGI application."""

import asyncio
from collections.abc import Sequence

from diddo_gateways.stripe_fake import resources
from diddo_gateways.stripe_fake.api import Api
from diddo_gateways.stripe_fake.catalogue import Operation
from diddo_gateways.stripe_fake.deliveries import SANDBOX_RETRIES
from diddo_gateways.stripe_fake.dispatcher import Dispatcher
from diddo_gateways.stripe_fake.endpoints import Endpoint, PlatformEndpoint
from diddo_gateways.stripe_fake.generic.documentation_ids import made_up
from diddo_gateways.stripe_fake.http import BodyTooLarge, ClientGone, Receive, Request, Scope, Send, read, send_response
from diddo_gateways.stripe_fake.operations import Answer, Call, Handled, operation, operations
from diddo_gateways.stripe_fake.signing import roll
from diddo_gateways.stripe_fake.transactions import transact
from diddo_gateways.stripe_fake.versions import served
from diddo_gateways.stripe_fake.work import API_VERSION, Deliver, MakeUp, Work
from diddo_gateways.worlds import World, Worlds

__all__ = ["Answer", "Call", "Deliver", "PlatformEndpoint", "StripeFake", "operation"]


class StripeFake:
    """The fake Stripe: every world of `worlds` is one of its accounts.

    Args:
        worlds: where the objects live; the key of a request opens the world of its name.
        pages_url: where the hosted pages are served, without a slash at the end.
        raw_cards: whether card numbers may be sent to the API, as on an account with raw card access.
        platform_endpoints: endpoints that receive the events of every world.
        deliver: posts a webhook (URL, body, headers) and returns the HTTP status; by default over a socket.
        retry_after: seconds from each failed attempt at a webhook to the next, on the world's clock; after the last
            there is none. By default as in one of Stripe's sandboxes; `deliveries.LIVE_RETRIES` is as in live mode.
        api_version: the version of the API of every account: of requests that name none, and of events.
        documentation_ids: whether ids such as `cus_xxxxxxxxxxxxx` name objects that are made when first asked for.
    """

    def __init__(
        self,
        worlds: Worlds,
        *,
        pages_url: str,
        raw_cards: bool = True,
        platform_endpoints: Sequence[PlatformEndpoint] = (),
        deliver: Deliver | None = None,
        retry_after: Sequence[int] = SANDBOX_RETRIES,
        api_version: str = API_VERSION,
        documentation_ids: bool = False,
    ) -> None:
        resources.load()
        self.worlds = worlds
        self.pages_url = pages_url.rstrip("/")
        self.raw_cards = raw_cards
        self.platform_endpoints = platform_endpoints
        self.deliver = deliver
        self.retry_after = retry_after
        self.api_version = served(api_version)
        self.made_up: MakeUp | None = made_up if documentation_ids else None
        self.endpoints: dict[str, list[Endpoint]] = {}
        self._api = Api(self, worlds, operations())
        self._dispatcher = Dispatcher(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; the application that mounts it owns the lifespan."""
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"the fake Stripe speaks HTTP, not {scope['type']}")
        try:
            request = await read(scope, receive)
        except ClientGone:
            return None
        except BodyTooLarge as error:
            bodiless = Request(scope["method"], scope["path"], b"", {}, b"")
            return await send_response(send, self._api.refusal(bodiless, error), head=False)
        return await send_response(send, await self._api.answer(request), head=request.method == "HEAD")

    async def run(self) -> None:
        """Deliver webhooks and do what is due, until cancelled; an application of its own does it by its lifespan."""
        await self._dispatcher.run()

    async def settled(self) -> None:
        """Wait until every webhook is delivered and nothing more is due now; `run` must be running."""
        await self._dispatcher.settled()

    async def roll_secret(self, world: World, endpoint_id: str, *, overlap: int = 0) -> str:
        """Give a webhook endpoint or event destination a new secret and return it, as Stripe's dashboard does.

        Args:
            world: whose endpoint.
            endpoint_id: which.
            overlap: seconds, at most a day, in which deliveries are signed with the former secret as well.

        Raises:
            ResourceMissing: there is no such endpoint.
        """
        return await transact(self, world, lambda work: roll(work, endpoint_id, overlap=overlap))

    async def _live(self, receive: Receive, send: Send) -> None:
        running: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                running = asyncio.create_task(self.run())
                await send({"type": "lifespan.startup.complete"})
            else:
                if running is not None:
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
                return await send({"type": "lifespan.shutdown.complete"})

    def handled(self, operation: Operation) -> Handled:
        """Return what answers an operation of the catalogue, and with what fidelity."""
        return self._api.handled(operation)

    def work(self, world: World) -> Work:
        """Return a new unit of work that no API request stands behind, as for a page or a timer."""
        return Work(self, world)
