"""Thin events: `/v2/core/events`. They are made by the work that changes things and can be read for 30 days."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake import thin_events
from diddo_gateways.stripe_fake.endpoints import THIN
from diddo_gateways.stripe_fake.errors import ParameterRefused, ResourceMissing
from diddo_gateways.stripe_fake.generic.scanning import scan
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import limit_of
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.pages_v2 import InvalidPageToken, page_v2, place_of
from diddo_gateways.stripe_fake.resources.events import KEPT_FOR, MOST_TYPES
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = thin_events.KIND
PLACES = re.compile(r"(\d+)?,(\d+)?")

filtered_by(KIND, "type")


@operation("GET /v2/core/events/{id}")
async def retrieve(call: Call) -> Answer:
    """Return a thin event of the last 30 days."""
    work, event_id = call.work, call.path["id"]
    found = await work.get(KIND, event_id) if event_id.startswith(thin_events.PREFIX) else None
    if found is None and event_id.startswith(thin_events.PREFIX):
        snapshot = await work.world.get("event", thin_events.snapshot_id(event_id))
        found = None if snapshot is None else thin_events.of_snapshot(orjson.loads(snapshot.body))
    if found is None or found["created"] < thin_events.moment(work.now - KEPT_FOR):
        raise ResourceMissing(KIND, event_id)
    return found


@operation("GET /v2/core/events")
async def list_(call: Call) -> Answer:
    """List thin events of the last 30 days, newest first: by type, by object, by time."""
    params, limit = call.params, limit_of(call.params)
    types = params.get("types", [])
    if len(types) > MOST_TYPES:
        raise ParameterRefused(f"You can filter by at most {MOST_TYPES} types.", param="types")
    stored, snapshots = _places(params.get("page"))
    asked = _Asked(call, types)
    ahead = [*await asked.stored(stored, limit), *await asked.snapshots(snapshots, limit)]
    ahead.sort(key=lambda found: found[0].created, reverse=True)
    shown = ahead[:limit]
    following = _following(shown, stored, snapshots) if len(ahead) > limit else None
    return page_v2(call, [event for _, event in shown], following=following)


class _Asked:
    """What a list asks for, of the events that are stored and of those that are made of others."""

    def __init__(self, call: Call, types: Sequence[str]) -> None:
        self._work: Work = call.work
        self._types = types
        self._object_id = call.params.get("object_id")
        self._created = _bounds(call.params.get("created", {}), since=call.work.now - KEPT_FOR)

    async def stored(self, after: int | None, limit: int) -> list[tuple[Document, JsonObject]]:
        return await self._found(KIND, self._types, after, limit, lambda event: event)

    async def snapshots(self, after: int | None, limit: int) -> list[tuple[Document, JsonObject]]:
        named = [name.removeprefix(THIN) for name in self._types if name.startswith(THIN)]
        if self._types and not named:
            return []
        return await self._found("event", named, after, limit, thin_events.of_snapshot)

    async def _found(
        self,
        kind: str,
        types: Sequence[str],
        after: int | None,
        limit: int,
        read: Callable[[JsonObject], JsonObject | None],
    ) -> list[tuple[Document, JsonObject]]:
        """Return one event more than a page holds, if there are so many, each with the document that it is made of."""

        def is_wanted(event: JsonObject) -> bool:
            thin = read(event)
            about = None if thin is None else (thin.get("related_object") or {}).get("id")
            return thin is not None and self._object_id in (None, about)

        terms = [[f"type={name}" for name in types]] if types else []
        bounds = self._created
        documents, _ = await scan(
            self._work.world, kind, limit=limit + 1, conditions=[is_wanted], terms=terms, created=bounds, after=after
        )
        return [(document, thin) for document in documents if (thin := read(orjson.loads(document.body))) is not None]


def _bounds(created: JsonObject, *, since: int) -> tuple[int, int]:
    """Turn times into inclusive bounds in Unix seconds; events happen at whole seconds."""
    least, most = since, 1 << 60
    for word, text in created.items():
        at = _seconds(text, f"created[{word}]")
        if word.startswith("g"):
            least = max(least, at + (word == "gt"))
        else:
            most = min(most, at - (word == "lt"))
    return least, most


def _seconds(text: str, param: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise ParameterRefused(f"Invalid timestamp: {text}", param=param) from error


def _places(token: Any) -> tuple[int | None, int | None]:
    """Return where the page of a token begins, among stored events and among those that others are made of."""
    if token is None:
        return None, None
    found = PLACES.fullmatch(place_of(token))
    if found is None:
        raise InvalidPageToken(token)
    return tuple(int(place) if place else None for place in found.groups())  # type: ignore[return-value]


def _following(shown: list[tuple[Document, JsonObject]], stored: int | None, snapshots: int | None) -> str:
    places = {"stored": stored, "snapshots": snapshots}
    for document, event in shown:
        places["stored" if document.id == event["id"] else "snapshots"] = document.seq
    return ",".join("" if place is None else str(place) for place in places.values())
