"""Objects of generic operations in the store: found where the URL says they are, kept, and shown in their parents."""

from dataclasses import dataclass
from typing import Any

import orjson

from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.generic.documentation_ids import is_documentation_id
from diddo_gateways.stripe_fake.generic.patterns import Parent, Pattern
from diddo_gateways.stripe_fake.generic.references import References
from diddo_gateways.stripe_fake.generic.tier import Tier
from diddo_gateways.stripe_fake.generic.writing import Writer
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["SINGLETON", "Case", "case_of"]

# What there is one of, and has no id, is stored under the URL that it is read at: `{"object": …, "id": URL, "as": it}`.
SINGLETON = "singleton"


@dataclass(slots=True)
class Case:
    """One call of a generic operation, and the parent that its URL leads through, which is there."""

    tier: Tier
    pattern: Pattern
    call: Call
    writer: Writer
    parent_id: str | None

    @property
    def owner(self) -> dict[str, str]:
        """The field by which a child names its parent, with the parent's id; empty when it names none."""
        parent = self.pattern.parent
        return {} if parent is None or parent.field is None else {parent.field: self.parent_id or ""}

    @property
    def within(self) -> str | None:
        """The parent's id for the store, when children do not say it themselves."""
        parent = self.pattern.parent
        return self.parent_id if parent is not None and parent.field is None else None

    async def subject(self) -> JsonObject:
        """Return the object that the URL names.

        Raises:
            ResourceMissing: there is none, or it lives elsewhere.
        """
        placeholder = self.pattern.subject or ""
        object_id = self.call.path[placeholder]
        for kind in self.pattern.kinds:
            obj = await self.get(kind, object_id)
            if obj is not None and await self._lives_here(obj):
                return obj
            if obj is not None and self.call.work.fake.made_up is not None and is_documentation_id(kind, object_id):
                obj |= self.owner
                return obj
        # Of several kinds the last is the one that the others are called by: a card is a source.
        raise ResourceMissing(self.pattern.kinds[-1], object_id, param=placeholder)

    async def get(self, kind: str, object_id: str) -> JsonObject | None:
        """Return an object, or None; an account's own object is there from the start."""
        work = self.call.work
        obj = await work.get(kind, object_id)
        if obj is None and kind == "account" and object_id == work.world.account:
            obj = await self._own_account(object_id)
            work.insert(obj)
        return obj

    async def _own_account(self, account: str) -> JsonObject:
        platform = self.call.work.world.platform
        made = None if platform is None else await platform.get("account", account)
        if made is None:
            return await self.writer.new("account", {}, object_id=account)
        obj: JsonObject = orjson.loads(made.body)
        return obj

    async def _lives_here(self, obj: JsonObject) -> bool:
        parent = self.pattern.parent
        if parent is None:
            return True
        if parent.field is not None:
            return bool(_id_of(obj.get(parent.field)) == self.parent_id)
        terms = [[f"within={self.parent_id}"]]
        page = await self.call.work.world.page(obj["object"], limit=1000, terms=terms)
        return any(document.id == obj["id"] for document in page)

    async def keep(self, obj: JsonObject) -> None:
        """Store a new object and show it in the lists of what it lives in."""
        self.call.work.insert(obj, within=self.within)
        await self.reflect(obj)

    async def changed(self, obj: JsonObject) -> None:
        """Store an object that has changed, likewise."""
        self.call.work.save(obj, within=self.within)
        await self.reflect(obj)

    def tell(self, obj: JsonObject, suffix: str, before: JsonObject | None = None) -> bool:
        """Emit the event of that suffix for an object, and say whether Stripe has one."""
        if self.pattern.v2:
            return self._tell_thin(f"{obj['object']}.{suffix}", obj)
        event_type = self.tier.event(obj["object"], suffix, self.pattern.parent)
        if event_type is not None:
            self.call.work.emit(event_type, obj, before)
        return event_type is not None

    def _tell_thin(self, event_type: str, obj: JsonObject) -> bool:
        known = event_type in self.tier.known.thin_events
        if known:
            self.call.work.emit_thin(event_type, obj)
        return known

    async def reflect(self, child: JsonObject, *, removed: bool = False) -> None:
        """Bring the lists inside the objects that a child lives in up to date."""
        work = self.call.work
        for embedding in self.tier.embeddings(child["object"]):
            parent_id = _id_of(child.get(embedding.child_field))
            parent = await work.get(embedding.parent, parent_id) if parent_id else None
            page = None if parent is None else parent.get(embedding.field)
            if parent is None or not isinstance(page, dict):
                continue
            ids = [element["id"] for element in page["data"]]
            copy = orjson.loads(orjson.dumps(child))
            if child["id"] in ids:
                page["data"][ids.index(child["id"])] = copy
            else:
                page["data"].insert(0, copy)
            if removed:
                page["data"] = [element for element in page["data"] if element["id"] != child["id"]]
            work.save(parent)


async def case_of(tier: Tier, pattern: Pattern, call: Call) -> Case:
    """Return a call with its parent found.

    Raises:
        ResourceMissing: there is no such parent.
    """
    references = References(tier, call.work)
    case = Case(tier, pattern, call, Writer(tier, call.work, references), None)
    if pattern.parent is not None:
        parent = await _parent(case, pattern.parent)
        case.parent_id = parent["id"]
        references.meet(parent)
    return case


async def _parent(case: Case, parent: Parent) -> JsonObject:
    object_id = case.call.path[parent.placeholder]
    obj = await case.get(parent.kind, object_id)
    if obj is None:
        raise ResourceMissing(parent.kind, object_id, param=parent.placeholder)
    return obj


def _id_of(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value
