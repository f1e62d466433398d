"""Plain updates: parameters written over an object's fields, and what an event says of the values before."""

from collections.abc import Iterable, Mapping
from typing import Any

from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["differences", "overwrite"]


def overwrite(obj: JsonObject, params: Mapping[str, Any], fields: Iterable[str]) -> JsonObject:
    """Write the parameters among `fields` over an object and return the former values of what has changed.

    The empty string unsets a field. Metadata is merged key by key, and its former value lists the changed keys only,
    a new one as null.
    """
    before: JsonObject = {}
    for field in fields:
        if field in params:
            value = params[field]
            if field == "metadata":
                former = obj[field]
                obj[field] = now = merged(former, value)
                changed = [key for key in {**former, **now} if former.get(key) != now.get(key)]
                if changed:
                    before[field] = {key: former.get(key) for key in changed}
            else:
                value = None if value == "" else value
                if obj.get(field) != value:
                    before[field] = obj.get(field)
                    obj[field] = value
    return before


def differences(former: Mapping[str, Any], now: Mapping[str, Any]) -> JsonObject:
    """Return the former values of what has changed in an object, key by key where the value is an object itself."""
    changed: JsonObject = {}
    for name, value in former.items():
        new = now[name]
        if value == new:
            continue
        if isinstance(value, dict) and isinstance(new, dict):
            keys = [key for key in {**value, **new} if value.get(key) != new.get(key)]
            changed[name] = {key: value.get(key) for key in keys}
        else:
            changed[name] = value
    return changed
