"""The fake Stripe as an ASGI application."""

from collections.abc import Sequence

from diddo_gateways.stripe_fake import resources
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import Deliver, Endpoint, PlatformEndpoint, Work
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
    """

    def __init__(
        self,
        worlds: Worlds,
        *,
        pages_url: str,
        raw_cards: bool = True,
        platform_endpoints: Sequence[PlatformEndpoint] = (),
        deliver: Deliver | None = None,
    ) -> None:
        resources.load()
        self.worlds = worlds
        self.pages_url = pages_url.rstrip("/")
        self.raw_cards = raw_cards
        self.platform_endpoints = platform_endpoints
        self.deliver = deliver
        self.endpoints: dict[str, list[Endpoint]] = {}

    def work(self, world: World) -> Work:
        """Return a new unit of work that no API request stands behind, as for a page or a timer."""
        return Work(self, world)
