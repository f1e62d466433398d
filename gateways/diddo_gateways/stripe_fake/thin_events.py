"""Thin events, those of the second version of the API: they name an object and do not show it.

Most tell of the same as an event of the first version, by its type after `v1.`: they are made of it when somebody asks,
under an id that its own id gives. Others tell of one change among those that an event shows (`thin_events.json`), or of
what only the second version has: they are stored, as documents of kind `v2.core.event`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.endpoints import THIN

__all__ = [
    "KIND",
    "PREFIX",
    "SINGLE_CHANGES",
    "also_told",
    "blank_event",
    "moment",
    "notification",
    "of_snapshot",
    "reason",
    "snapshot_id",
]

JsonObject = dict[str, Any]

KIND = "v2.core.event"
PREFIX = "evt_test_"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What a notification tells; the rest is told to who fetches the event.
TOLD = ("id", "object", "type", "livemode", "created", "context", "related_object", "reason")


def snapshot_id(thin_id: str) -> str:
    """Return the id of the event of the first version that a thin event is made of."""
    return "evt_" + thin_id.removeprefix(PREFIX)


def moment(at: int) -> str:
    """Write Unix seconds as the second version of the API does."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def blank_event(event_id: str, event_type: str, created: int, obj: JsonObject) -> JsonObject:
    """Return a thin event about an object."""
    return {
        "id": event_id,
        "object": KIND,
        "changes": None,
        "context": None,
        "created": moment(created),
        "livemode": False,
        "reason": None,
        "related_object": _related(catalogue.load().thin_events.get(event_type), obj),
        "snapshot_event": None,
        "type": event_type,
    }


def of_snapshot(event: JsonObject) -> JsonObject | None:
    """Return an event of the first version as a thin one, or None when Stripe has no thin event of its type."""
    event_type, data = THIN + event["type"], event["data"]
    if event_type not in catalogue.load().thin_events:
        return None
    thin = blank_event(PREFIX + event["id"].removeprefix("evt_"), event_type, event["created"], data["object"])
    return thin | {
        "changes": _changes(data["object"], data.get("previous_attributes")),
        "reason": reason(event["request"]["id"], event["request"]["idempotency_key"]),
        "snapshot_event": event["id"],
    }


def reason(request_id: str | None, idempotency_key: str | None) -> JsonObject | None:
    """Return why an event came to be: the request, when there was one."""
    if request_id is None:
        return None
    return {"type": "request", "request": {"id": request_id, "idempotency_key": idempotency_key or ""}}


def also_told(
    event_type: str, obj: JsonObject, before: Mapping[str, Any] | None
) -> Iterator[tuple[str, JsonObject | None]]:
    """Yield what thin events tell one by one of the changes that an event of the first version shows.

    Args:
        event_type: the type of that event.
        obj: its object.
        before: its `previous_attributes`.

    Yields:
        The type of a thin event, and its `changes`.
    """
    for rule in SINGLE_CHANGES.get(event_type, ()):
        at = rule["at"]
        if before is None or at in before:
            name = rule["thin"].format(obj.get(at))
            if obj.get(at) == rule.get("is", obj.get(at)) and name in catalogue.load().thin_events:
                yield name, _changes(obj, None if before is None else {at: before[at]})


def notification(thin: JsonObject) -> JsonObject:
    """Return what is delivered of a thin event."""
    return {field: thin[field] for field in TOLD if field in thin}


def _changes(obj: JsonObject, before: Mapping[str, Any] | None) -> JsonObject | None:
    if before is None:
        return None
    after = {field: _as_before(obj.get(field), former) for field, former in before.items()}
    return {"before": dict(before), "after": after}


def _as_before(now: Any, former: Any) -> Any:
    """Return of metadata only the keys that have changed."""
    if isinstance(now, dict) and isinstance(former, dict):
        return {key: now.get(key) for key in former}
    return now


def _related(kind: str | None, obj: JsonObject) -> JsonObject | None:
    if kind is None:
        return None
    path = _path(kind)
    related = {"type": kind, "url": PLACEHOLDER.sub(lambda found: _step(found[1], path, obj), path)}
    return {"id": obj["id"], **related} if path.endswith("}") else related


def _step(placeholder: str, path: str, obj: JsonObject) -> str:
    """Return the id that stands in a URL for a placeholder: the last is the object's own, the others it names."""
    if path.endswith("{" + placeholder + "}"):
        return str(obj["id"])
    owner = obj.get(placeholder.removesuffix("_id"))
    return str(owner["id"] if isinstance(owner, dict) else owner)


@cache
def _path(kind: str) -> str:
    """Return the path that an object of a kind is retrieved at: the shortest that leads to one of many, if any does."""
    known = catalogue.load()
    operations = (*known.operations.values(), *known.unlisted.values())
    paths = [
        at.path for at in operations if at.method == "GET" and at.returns == "@" + kind and "preview" not in at.path
    ]
    return min(paths, key=lambda path: (not path.endswith("}"), path.count("{")))


def _read_rules() -> dict[str, list[JsonObject]]:
    found: dict[str, list[JsonObject]] = {}
    for rule in orjson.loads(resources.files(__package__).joinpath("thin_events.json").read_bytes()):
        found.setdefault(rule["of"], []).append(rule)
    return found


# By the type of an event, which of its changes thin events tell one by one.
SINGLE_CHANGES = _read_rules()
