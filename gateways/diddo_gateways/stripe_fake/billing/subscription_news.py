"""Telling of subscriptions: their events, each with what was different before.

Events: `customer.subscription.updated` and the others of `customer.subscription`.
"""

from typing import Any

import orjson

from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["former", "snapshot", "tell"]


def snapshot(obj: JsonObject) -> JsonObject:
    """Return a copy of an object as it is now, to compare it with later."""
    copy: JsonObject = orjson.loads(orjson.dumps(obj))
    return copy


def former(before: JsonObject, now: JsonObject) -> JsonObject:
    """Return the former values of what has changed: of objects within only the fields that have, lists as a whole."""
    changed: dict[str, Any] = {}
    for name in {**before, **now}:
        was, is_ = before.get(name), now.get(name)
        if was == is_:
            continue
        both = isinstance(was, dict) and isinstance(is_, dict)
        changed[name] = former(was, is_) if both else was  # type: ignore[arg-type]  # both are dicts
    return changed


def tell(work: Work, subscription: JsonObject, before: JsonObject, *types: str) -> None:
    """Save a subscription and emit that it was updated, if it was; then the further events about it."""
    work.save(subscription)
    changed = former(before, subscription)
    if changed:
        work.emit("customer.subscription.updated", subscription, changed)
    for event_type in types:
        work.emit(f"customer.subscription.{event_type}", subscription)
