"""First values: what an object of any kind holds before anybody has said anything about it.

`values.json` says it for fields whose type leaves a choice; everything else comes from the type. A value that starts
with `$` is made: `$now+60` (Unix seconds), `$year+3`, `$secret` (of the object's id, or `$secret pst_test_`), `$page` (a
URL), `$list`, `$code`, `$version`, `$new <kind>`.
`preferred` orders the values of enums that nothing else decides.
"""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.shapes import blank, blank_fields
from diddo_gateways.stripe_fake.work import API_VERSION, JsonObject, Work

__all__ = ["Values", "data", "empty_list", "new_id", "prefix_of", "put"]

TIMES = ("_at", "_date", "_end", "_start", "updated", "start", "end", "timestamp", "frozen_time", "expires", "date")


@cache
def data(name: str) -> dict[str, Any]:
    """Return one of the tier's data files."""
    found: dict[str, Any] = orjson.loads(resources.files(__package__).joinpath(name).read_bytes())
    return found


def prefix_of(kind: str) -> str | None:
    """Return what ids of a kind begin with, or None for kinds that are named, as a capability is."""
    entry = data("prefixes.json").get(kind)
    return None if entry is None else str(entry["prefix"])


def new_id(work: Work, kind: str) -> str:
    """Return a new id for an object of a kind; one that is named gets a name that nothing else has."""
    entry = data("prefixes.json").get(kind, {"prefix": kind + "_", "length": 8})
    return work.new_id(entry["prefix"], entry["length"])


def put(obj: JsonObject, path: str, value: Any) -> None:
    """Write a value at a dotted path, where all but the last step must be there."""
    *steps, last = path.split(".")
    for step in steps:
        inner = obj.get(step)
        if not isinstance(inner, dict):
            return
        obj = inner
    obj[last] = value


def empty_list() -> JsonObject:
    """Return a list object with nothing in it; whoever holds it says what it is the list of."""
    return {"object": "list", "data": [], "has_more": False, "url": ""}


class Values:
    """The first values of the objects that one unit of work makes."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known = catalogue.load()
        self._table = data("values.json")

    def begin(self, kind: str, object_id: str | None = None) -> JsonObject:
        """Return a new object with id, time and first values; `complete` fills what is then still required."""
        obj = blank(kind)
        fields = self._known.fields(kind)
        if "id" in fields:
            obj["id"] = object_id or new_id(self._work, kind)
        for field in fields:
            if field in ("created", "livemode", "created_at"):
                obj[field] = self._time(fields[field]) if field != "livemode" else False
        required = self._known.definitions[self._known.resources[kind]]["required"]
        # Others than these are filled last: what the object is made from may say them.
        flags = {name: value for name, value in self._table["*"].items() if value is True and name in required}
        for path, value in (flags | self._table.get(kind, {})).items():
            if path.partition(".")[0] in fields:
                put(obj, path, self.made(value, obj))
        return obj

    def complete(self, obj: JsonObject, kind: str) -> None:
        """Fill whatever an object of a kind requires and does not have, at every depth."""
        self.complete_fields(obj, self._known.definitions[self._known.resources[kind]], obj)

    def complete_fields(self, obj: JsonObject, definition: Node, whole: JsonObject) -> None:
        """Likewise for a part of the object `whole`."""
        for field, node in definition["fields"].items():
            if field in definition["required"] and obj.get(field) is None:
                obj[field] = self._value(node, field, whole)
            elif isinstance(obj.get(field), dict | list):
                self._within(obj[field], node, whole)

    def made(self, value: Any, whole: JsonObject) -> Any:  # noqa: PLR0911  one arm per word
        """Return a value of the tables, made if it is to be."""
        if not isinstance(value, str) or not value.startswith("$"):
            return orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value
        name, _, more = value[1:].replace(" ", "+").partition("+")
        match name:
            case "now":
                return self._work.now + int(more or 0)
            case "year":
                return datetime.fromtimestamp(self._work.now, UTC).year + int(more)
            case "secret":
                return self._work.new_id(more or f"{whole['id']}_secret_", 24)
            case "page":
                return f"{self._work.fake.pages_url}/{whole.get('id') or self._work.new_id(whole['object'] + '_', 16)}"
            case "list":
                return empty_list()
            case "new":
                return new_id(self._work, more)
            case "code":
                return self._work.new_id("", 8).upper()
        return API_VERSION

    def _within(self, value: Any, node: Node, whole: JsonObject) -> None:
        resolved = self._known.resolve(node)
        for part in value if isinstance(value, list) else [value]:
            inner = (
                self._known.resolve(resolved["list"]) if isinstance(value, list) and "list" in resolved else resolved
            )
            if isinstance(part, dict) and isinstance(inner, dict) and "fields" in inner:
                self.complete_fields(part, inner, whole)

    def _value(self, node: Node, field: str, whole: JsonObject) -> Any:  # noqa: PLR0911  one arm per form
        """Return a value that a required field can have."""
        named = self._table["*"].get(field)
        resolved = self._known.resolve(node)
        if isinstance(resolved, str):
            return self._scalar(resolved, field, whole) if named is None else self.made(named, whole)
        if "fields" in resolved:
            part = blank_fields(resolved)
            self.complete_fields(part, resolved, whole)
            return part
        ((form, inner),) = resolved.items()
        match form:
            case "enum":
                return next((value for value in self._table["preferred"] if value in inner), inner[0])
            case "expandable":
                return new_id(self._work, inner[0])
            case "any_of":
                return self._value(inner[0], field, whole)
            case "page":
                return empty_list()
        return [] if form == "list" else {} if form == "map" else None

    def _scalar(self, form: str, field: str, whole: JsonObject) -> Any:
        if form.startswith("@"):
            obj = self.begin(form[1:])
            self.complete(obj, form[1:])
            return obj
        if field.endswith(TIMES) and form in ("integer", "datetime"):
            return self._time(form)
        if form == "string" and self._is_time_text(field, whole):
            return self._time("datetime")
        zero: dict[str, Any] = {"integer": 0, "number": 0, "boolean": False, "decimal": "0", "datetime": self._iso()}
        return zero.get(form, "")

    def _is_time_text(self, field: str, whole: JsonObject) -> bool:
        """Say whether a text is a time: v2 writes times as text, and the SDK does not tell them apart."""
        return str(whole.get("object", "")).startswith("v2.") and field.endswith(TIMES)

    def _time(self, form: Node) -> int | str:
        return self._work.now if form == "integer" else self._iso()

    def _iso(self) -> str:
        return datetime.fromtimestamp(self._work.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
