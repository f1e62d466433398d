"""Parameters written over objects: each where the object has a field of its name and the value suits its type.

What names another object must name one that is there. What has no field of its name is taken and has no effect.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.generic.derived import details_of
from diddo_gateways.stripe_fake.generic.fitting import NOTHING, as_map, choice, scalar
from diddo_gateways.stripe_fake.generic.references import References
from diddo_gateways.stripe_fake.generic.tier import Tier
from diddo_gateways.stripe_fake.generic.values import Values, empty_list
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.payments.cards import test_cards
from diddo_gateways.stripe_fake.shapes import blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Writer"]

# Only the server writes these.
OWN = frozenset({"id", "object", "created", "livemode", "deleted"})
# What says of a child in a list that it is to go.
REMOVED = frozenset({"deleted", "behavior"})


class Writer:
    """Makes and changes objects of any kind in one unit of work.

    Args:
        tier: what is known of the kinds.
        work: the unit of work.
        references: the objects that the request has named so far.
    """

    def __init__(self, tier: Tier, work: Work, references: References | None = None) -> None:
        self._tier = tier
        self._known = tier.known
        self._work = work
        self._values = Values(work)
        self._references = references or References(tier, work)

    async def new(
        self,
        kind: str,
        params: Mapping[str, Any],
        *,
        object_id: str | None = None,
        owner: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Return a new object of a kind; putting it into the work is the caller's to do.

        Args:
            kind: which kind.
            params: what is said of it.
            object_id: its id, when it is not a new one.
            owner: fields by which it names what it lives in.
        """
        obj = self._values.begin(kind, object_id)
        await self.write(obj, details_of(kind, {**params, **(owner or {})}, self._work.now), owner)
        return obj

    async def write(self, obj: JsonObject, params: Mapping[str, Any], owner: Mapping[str, str] | None = None) -> None:
        """Write parameters over an object and fill what it then requires."""
        kind: str = obj["object"]
        definition = self._known.definitions[self._known.resources[kind]]
        await self._fields(obj, definition, {name: value for name, value in params.items() if name not in OWN}, "", obj)
        for field, parent_id in (owner or {}).items():
            if field in definition["fields"]:
                obj[field] = parent_id
        self._references.inherit(obj, definition)
        self._values.complete(obj, kind)
        self._address_lists(obj)

    def first(self, value: Any, obj: JsonObject) -> Any:
        """Return a value of the tables as it is written into an object."""
        return self._values.made(value, obj)

    def complete(self, obj: JsonObject) -> None:
        """Fill what an object requires after a change by hand."""
        self._values.complete(obj, obj["object"])

    async def _fields(
        self, obj: JsonObject, definition: Node, params: Mapping[str, Any], place: str, whole: JsonObject
    ) -> None:
        for name, value in params.items():
            node = definition["fields"].get(name)
            if node is None:
                continue
            at = f"{place}[{name}]" if place else name
            fitted = await self._fit(node, value, obj.get(name), at, whole)
            if (value in ("", None) or fitted is None) and name not in definition["required"]:
                fitted = None
            if fitted is not NOTHING:
                obj[name] = fitted

    async def _fit(  # noqa: PLR0911  one arm per form
        self, node: Node, value: Any, current: Any, place: str, whole: JsonObject
    ) -> Any:
        """Return a parameter's value as a field of this type holds it, or NOTHING when it cannot."""
        resolved = self._known.resolve(node)
        if isinstance(resolved, str):
            if resolved.startswith("@"):
                return await self._one_of([resolved[1:]], value, place)
            # Parameters of times may say `now`, where the object has the second.
            return scalar(resolved, self._work.now if (resolved, value) == ("integer", "now") else value, place)
        if "fields" in resolved:
            return await self._part(resolved, value, current, place, whole)
        ((form, inner),) = resolved.items()
        match form:
            case "enum":
                return choice(inner, value)
            case "list":
                return await self._list(inner, value, place, whole)
            case "map":
                return await self._map(inner, as_map(value), current, place, whole)
            case "expandable":
                return await self._reference(inner, value, place)
            case "any_of":
                return await self._first_of(inner, value, current, place, whole)
            case "page":
                return await self._page(inner, value, current, place, whole)
        return NOTHING

    async def _part(self, definition: Node, value: Any, current: Any, place: str, whole: JsonObject) -> Any:
        if not isinstance(value, dict):
            return NOTHING
        part: JsonObject = {**current} if isinstance(current, dict) else blank_fields(definition)
        await self._fields(part, definition, value, place, whole)
        self._values.complete_fields(part, definition, whole)
        return part

    async def _map(self, inner: Node, given: Any, current: Any, place: str, whole: JsonObject) -> Any:
        if given is NOTHING or not given:
            return given
        held = current if isinstance(current, dict) else {}
        if inner == "string":
            return merged(held, given)
        fitted = {
            key: await self._fit(inner, element, held.get(key), f"{place}[{key}]", whole)
            for key, element in given.items()
        }
        return {**held, **{key: element for key, element in fitted.items() if element is not NOTHING}}

    async def _list(self, inner: Node, value: Any, place: str, whole: JsonObject) -> Any:
        if not isinstance(value, list):
            return [] if value in ("", None) else NOTHING
        fitted = [
            await self._fit(inner, element, None, f"{place}[{position}]", whole)
            for position, element in enumerate(value)
        ]
        return [element for element in fitted if element is not NOTHING]

    async def _first_of(self, parts: list[Node], value: Any, current: Any, place: str, whole: JsonObject) -> Any:
        kinds = [part[1:] for part in parts if isinstance(part, str) and part.startswith("@")]
        if kinds and isinstance(value, str):
            return await self._one_of(kinds, value, place)
        for part in parts:
            fitted = await self._fit(part, value, current, place, whole)
            if fitted is not NOTHING:
                return fitted
        return NOTHING

    async def _one_of(self, kinds: list[str], value: Any, place: str) -> Any:
        """Return the object of that id, of whichever kind it is; a card's token stands for a card."""
        if isinstance(value, dict):
            return await self.new(kinds[0], value)
        if not isinstance(value, str) or not value:
            return NOTHING
        if "card" in kinds and value in test_cards().by_token:
            return await self.new("card", {"source": value})
        found = await self._references.copy(kinds, value, place)
        return NOTHING if found is None else found

    async def _reference(self, kinds: list[str], value: Any, place: str) -> Any:
        if not isinstance(value, str) or not value:
            return NOTHING
        return await self._references.id_of(kinds, value, place)

    async def _page(self, inner: Node, value: Any, current: Any, place: str, whole: JsonObject) -> Any:
        """Return a list of children, each an object of its own: those named by id are changed, others are added."""
        if not isinstance(value, list):
            return NOTHING
        kind = next(self._known.resources_in(inner))
        page = empty_list()
        page |= current if isinstance(current, dict) else {}
        children = {child["id"]: child for child in page["data"]}
        for position, given in enumerate(value):
            if isinstance(given, dict):
                child = await self._child(kind, given, children, f"{place}[{position}]", whole)
                children[child["id"]] = child
                if REMOVED & set(given):
                    del children[child["id"]]
        return {**page, "data": list(children.values())}

    async def _child(
        self, kind: str, given: JsonObject, children: Mapping[str, JsonObject], place: str, whole: JsonObject
    ) -> JsonObject:
        child_id = given.get("id")
        if child_id is not None and child_id not in children:
            raise ResourceMissing(kind, child_id, param=f"{place}[id]", status=400)
        stored = None if child_id is None else await self._work.get(kind, child_id)
        child = stored or self._values.begin(kind)
        definition = self._known.definitions[self._known.resources[kind]]
        said = {name: value for name, value in details_of(kind, given, self._work.now).items() if name not in OWN}
        await self._fields(child, definition, said, place, child)
        child |= self._owner(kind, whole)
        self._values.complete(child, kind)
        if stored is None:
            self._work.insert(child)
        self._work.save(child)
        copy: JsonObject = orjson.loads(orjson.dumps(child))
        return copy

    def _owner(self, kind: str, parent: JsonObject) -> dict[str, str]:
        """Return the field by which a child of that kind names its parent."""
        return {
            embedding.child_field: parent["id"]
            for embedding in self._tier.embeddings(kind)
            if embedding.parent == parent["object"]
        }

    def _address_lists(self, obj: JsonObject) -> None:
        """Say in each list inside an object what it is the list of."""
        for field, node in self._known.fields(obj["object"]).items():
            page = obj.get(field)
            if isinstance(node, dict) and "page" in node and isinstance(page, dict) and not page["url"]:
                kind = next(self._known.resources_in(node["page"]))
                page["url"] = self._tier.collection(kind, obj["object"], obj.get("id", ""))
