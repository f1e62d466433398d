"""Who hears of events: webhook endpoints and event destinations of a world, and endpoints of the whole server.

What the API never shows again of an endpoint, or only when asked, is kept apart from it in a document of kind
`webhook_secret` and the same id: `secret`, `former` (rotated secrets, each with the Unix second `until` which it still
signs), `connect` and `own` (whether it hears of connected accounts, and of its own) and, for an event destination, `url`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.worlds import World

__all__ = [
    "CONNECT",
    "DESTINATION_KIND",
    "ENDPOINT_KIND",
    "ENDPOINT_KINDS",
    "ENDPOINT_LIMIT",
    "PLATFORM",
    "SECRET_KIND",
    "Endpoint",
    "PlatformEndpoint",
    "endpoints_of",
]

ENDPOINT_LIMIT = 16
ENDPOINT_KIND = "webhook_endpoint"
DESTINATION_KIND = "v2.core.event_destination"
ENDPOINT_KINDS = (ENDPOINT_KIND, DESTINATION_KIND)
SECRET_KIND = "webhook_secret"  # noqa: S105  a kind, not a secret
# What the id of an endpoint of the whole server begins with; its position follows.
PLATFORM = "platform:"
# What stands before the id of an endpoint of the platform that an account is connected to.
CONNECT = "connect:"
THIN = "v1."


@dataclass(frozen=True, slots=True)
class PlatformEndpoint:
    """An endpoint that receives the events of every world, as a Connect platform's does.

    It is in no account's list of endpoints; the events that it gets carry `account`.
    """

    url: str
    secret: str
    enabled_events: Sequence[str] = ("*",)


class Endpoint(NamedTuple):
    """What an event needs to know of an endpoint.

    Attributes:
        id: its id.
        enabled_events: the types that it listens to, those of thin events without their `v1.`.
        counts: whether `pending_webhooks` counts it: thin notifications and the server's own endpoints do not count.
        connect: whether it hears of connected accounts.
        own: whether it hears of its own account.
        thin: whether it gets thin notifications in place of events.
    """

    id: str
    enabled_events: frozenset[str]
    counts: bool = True
    connect: bool = False
    own: bool = True
    thin: bool = False

    def takes(self, event_type: str) -> bool:
        """Say whether events of that type in its own account go to this endpoint."""
        return (event_type in self.enabled_events or "*" in self.enabled_events) and self.own


async def endpoints_of(world: World, platform: Sequence[PlatformEndpoint]) -> list[Endpoint]:
    """Return the enabled endpoints of a world, those of the platform that it is connected to, and the server's."""
    found = [
        Endpoint(f"{PLATFORM}{position}", frozenset(endpoint.enabled_events), counts=False)
        for position, endpoint in enumerate(platform)
    ]
    found += await _enabled(world)
    if world.platform is not None:
        listening = [endpoint for endpoint in await _enabled(world.platform) if endpoint.connect]
        found += [it._replace(id=CONNECT + it.id, own=True) for it in listening]
    return found


async def _enabled(world: World) -> list[Endpoint]:
    found = []
    for kind in ENDPOINT_KINDS:
        for document in await world.page(kind, limit=ENDPOINT_LIMIT):
            obj = orjson.loads(document.body)
            # Destinations outside of the web are kept, and get nothing.
            if obj["status"] == "enabled" and obj.get("type", ENDPOINT_KIND) == ENDPOINT_KIND:
                found.append(await _endpoint(world, obj))
    return found


async def _endpoint(world: World, obj: dict[str, Any]) -> Endpoint:
    document = await world.get(SECRET_KIND, obj["id"])
    kept = {} if document is None else orjson.loads(document.body)
    connect = kept.get("connect", False)
    heard = Endpoint(obj["id"], frozenset(obj["enabled_events"]), connect=connect, own=kept.get("own", not connect))
    if obj.get("event_payload") != "thin":
        return heard
    every = catalogue.load().thin_events if "*" in heard.enabled_events else heard.enabled_events
    return heard._replace(enabled_events=frozenset(name.removeprefix(THIN) for name in every), counts=False, thin=True)
