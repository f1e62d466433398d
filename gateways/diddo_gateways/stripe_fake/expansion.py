"""`expand[]`: ids in an answer replaced by the objects that they name, as the catalogue's shapes allow."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["as_seen", "expanded", "includes"]

DEEPEST = 4
LISTS = ("list", "search_result")

Include = Callable[[Work, JsonObject, str], Awaitable[Any]]
_includes: dict[tuple[str, str], Include] = {}
# Brings a copy of an object up to date for whoever looks at it now.
Seen = Callable[[Work, JsonObject], None]
_seen: dict[str, Seen] = {}


def includes(kind: str, field: str) -> Callable[[Include], Include]:
    """Register how a field is made that a kind of object has only when it is asked for, as a session's `line_items`.

    A field of a part of the object is named with its path, `total_details.breakdown`. The function gets the work, the
    object (the copy that is to be answered) and the field's name.
    """

    def register(include: Include) -> Include:
        _includes[kind, field] = include
        return include

    return register


def as_seen(kind: str) -> Callable[[Seen], Seen]:
    """Register how an object of a kind is brought up to date that says something of the present moment.

    The function gets the work and the object, which it changes.
    """

    def register(seen: Seen) -> Seen:
        _seen[kind] = seen
        return seen

    return register


async def expanded(work: Work, answer: JsonObject | bytes, paths: Iterable[str]) -> JsonObject:
    """Return a copy of an answer with the named properties expanded.

    Raises:
        InvalidRequest: a property cannot be expanded, or a path is more than four levels deep.
    """
    copy: JsonObject = orjson.loads(answer if isinstance(answer, bytes) else orjson.dumps(answer))
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:  # a list's `data` counts as one of them
            raise InvalidRequest(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", param="expand"
            )
        await _Expansion(work, path, is_list=copy["object"] in LISTS).into(copy, steps)
    return copy


class Place(NamedTuple):
    """Where a field stands: in a resource, at a path that ends with a dot, or at its top."""

    resource: JsonObject
    path: str = ""


class _Expansion:
    """One path of one `expand[]`, walked down the answer."""

    def __init__(self, work: Work, path: str, *, is_list: bool) -> None:
        self._work = work
        self._path = path
        self._is_list = is_list
        self._known = catalogue.load()

    async def into(self, obj: Any, steps: list[str]) -> None:
        """Expand below an object that stands in full: a resource, or a list object."""
        if isinstance(obj, list):
            for element in obj:
                await self.into(element, steps)
        elif isinstance(obj, dict) and steps:
            if obj.get("object") in LISTS:
                await self._into_list(obj, steps)
            elif not obj.get("deleted"):
                await self._field(obj, self._known.fields(obj["object"]), steps, Place(obj))

    async def _into_list(self, page: JsonObject, steps: list[str]) -> None:
        if steps[0] != "data" or len(steps) < 2:
            raise self._refused()
        if not page["data"]:
            return
        await self.into(page["data"], steps[1:])

    async def _field(self, obj: JsonObject, fields: dict[str, Node], steps: list[str], place: Place) -> None:
        field, *rest = steps
        node = fields.get(field)
        if node is None:
            raise self._refused()
        include = _includes.get((place.resource["object"], place.path + field))
        if include is not None and field not in obj:
            obj[field] = await include(self._work, place.resource, field)
        elif not rest and not self._expandable(node):
            raise self._refused()
        value = obj.get(field)
        if value is None:
            return
        kinds = [*self._known.resources_in(self._element(node))]
        if kinds and self._expandable(node):
            obj[field] = value = await self._object(value, kinds)
        if rest:
            await self._below(value, node, rest, Place(place.resource, f"{place.path}{field}."))

    async def _below(self, value: Any, node: Node, rest: list[str], place: Place) -> None:
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and "object" in part:
                await self.into(part, rest)
            elif isinstance(part, dict):
                definition = self._known.resolve(self._element(node))
                await self._field(part, definition.get("fields", {}), rest, place)

    def _element(self, node: Node) -> Node:
        return node["list"] if isinstance(node, dict) and "list" in node else node

    def _expandable(self, node: Node) -> bool:
        inner = self._element(node)
        return isinstance(inner, dict) and "expandable" in inner

    async def _object(self, value: Any, kinds: list[str]) -> Any:
        if isinstance(value, list):
            return [await self._object(element, kinds) for element in value]
        if not isinstance(value, str):
            return value
        for kind in kinds:
            found = await self._work.get(kind, value)
            if found is not None:
                # A copy: what stands below it may be expanded too, and the original is to be stored.
                copy = orjson.loads(orjson.dumps(found))
                if kind in _seen:
                    _seen[kind](self._work, copy)
                return copy
            deleted = await self._work.get("deleted", value)
            if deleted is not None:
                return deleted["as"]
        return value

    def _refused(self) -> InvalidRequest:
        message = f"This property cannot be expanded ({self._path})."
        if self._is_list and not self._path.startswith("data."):
            message += f" You may want to try expanding 'data.{self._path}' instead."
        return InvalidRequest(message, param="expand")
