"""Generic operations that change something: create, update, delete, actions, singletons that are set."""

from typing import Any

import orjson

from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.generic.reads import picked, single
from diddo_gateways.stripe_fake.generic.store import SINGLETON, Case
from diddo_gateways.stripe_fake.generic.values import data, put
from diddo_gateways.stripe_fake.operations import Answer
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["act", "create", "delete", "set_", "update"]


class NothingThere(ResourceMissing):
    """What the URL takes off an object, the object does not have."""

    def __init__(self, field: str, kind: str, object_id: str) -> None:
        super().__init__(field, object_id, param=None)
        self.message = f"No active {field} for {kind}: {object_id}"


async def create(case: Case) -> Answer:
    """Make an object from the parameters, store it when it has an id, and tell of it."""
    if not case.pattern.kinds:
        return {}
    params = case.call.params
    kind = _chosen(case.pattern.kinds, params)
    obj = await case.writer.new(kind, params, owner=case.owner)
    if "id" in obj:
        await case.keep(obj)
        case.tell(obj, "created")
    return obj


async def update(case: Case) -> Answer:
    """Write the parameters over an object; what has changed is told with the values before."""
    obj = await case.subject()
    before = orjson.loads(orjson.dumps(obj))
    await case.writer.write(obj, case.call.params)
    return await _changed(case, obj, before, "updated")


async def delete(case: Case) -> Answer:
    """Remove an object and return what is left of it."""
    if case.pattern.subject is None and case.pattern.parent is not None:
        return await _take_off(case)
    obj = await case.subject() if case.pattern.subject else await picked(case)
    kind = obj["object"]
    case.call.work.remove(obj)
    await case.reflect(obj, removed=True)
    case.tell(obj, "deleted")
    if case.pattern.v2:
        return {"id": obj["id"], "object": kind}
    deletable = "deleted" in case.tier.known.fields(kind)
    return {"id": obj["id"], "object": kind, "deleted": True} if deletable else obj


async def act(case: Case) -> Answer:
    """Carry out an action: the parameters are written over the object, and what `actions.json` says of the verb."""
    obj = await case.subject()
    verb = case.pattern.verb
    rules = data("actions.json")
    rule = rules.get(f"{obj['object']} {verb}") or rules.get(verb, {})
    if "refused" in rule:
        raise InvalidRequest(rule["refused"])
    before = orjson.loads(orjson.dumps(obj))
    if rule.get("writes", True):
        await case.writer.write(obj, case.call.params)
    for path, value in rule.get("set", {}).items():
        _put(case, obj, path, value)
    case.writer.complete(obj)
    return await _changed(case, obj, before, rule.get("event", "updated"))


async def set_(case: Case) -> Answer:
    """Write the parameters over what there is one of."""
    obj = await single(case)
    before = orjson.loads(orjson.dumps(obj))
    await case.writer.write(obj, case.call.params)
    work, url = case.call.work, case.call.url
    kept = await work.get(SINGLETON, url)
    if kept is None:
        work.insert({"object": SINGLETON, "id": url, "as": obj})
    else:
        kept["as"] = obj
        work.save(kept)
    if obj != before:
        case.tell(obj, "updated", _former(obj, before))
    return obj


async def _changed(case: Case, obj: JsonObject, before: JsonObject, suffix: str) -> JsonObject:
    if obj == before:
        return obj
    if isinstance(obj.get("updated"), int):
        obj["updated"] = case.call.work.now
    await case.changed(obj)
    if not case.tell(obj, suffix, _former(obj, before) if suffix == "updated" else None) and suffix != "updated":
        case.tell(obj, "updated", _former(obj, before))
    return obj


async def _take_off(case: Case) -> JsonObject:
    """Take off its parent the one object that the last step of the URL names, as a customer's discount."""
    parent = case.pattern.parent
    field = case.pattern.operation.path.rpartition("/")[2]
    kind = case.pattern.kinds[0]
    owner = None if parent is None else await case.get(parent.kind, case.parent_id or "")
    held = (owner or {}).get(field)
    if owner is None or not isinstance(held, dict):
        raise NothingThere(field, "" if parent is None else parent.kind, case.parent_id or "")
    owner[field] = None
    case.call.work.save(owner)
    case.tell(held, "deleted")
    return {"id": held["id"], "object": kind, "deleted": True}


def _put(case: Case, obj: JsonObject, path: str, value: Any) -> None:
    """Write one value of an action; a list holds values of an enum, of which the first that the field knows is meant."""
    node: Any = {"fields": case.tier.known.fields(obj["object"])}
    for step in path.split("."):
        node = case.tier.known.resolve(node)
        node = node["fields"].get(step) if isinstance(node, dict) and "fields" in node else None
        if node is None:
            return
    if isinstance(value, list):
        enum = case.tier.known.resolve(node)
        allowed = enum.get("enum", value) if isinstance(enum, dict) else value
        value = next((choice for choice in value if choice in allowed), None)
        if value is None:
            return
    first, _, rest = path.partition(".")
    if rest and not isinstance(obj.get(first), dict):
        obj[first] = {}
    put(obj, path, case.writer.first(value, obj))


def _chosen(kinds: tuple[str, ...], params: JsonObject) -> str:
    """Return the kind that the parameters ask for, of those that an operation can make."""
    if len(kinds) == 1:
        return kinds[0]
    given = next((params[name] for name in ("source", "external_account", "bank_account") if name in params), None)
    said = given.get("object") if isinstance(given, dict) else None
    bank = "bank_account" in params or (isinstance(given, str) and given.startswith("btok_"))
    wanted = said or ("bank_account" if bank else "source" if str(given).startswith("src_") else "card")
    return wanted if wanted in kinds else kinds[0]


def _former(obj: JsonObject, before: JsonObject) -> JsonObject:
    """Return the former values of the fields that have changed; of metadata the changed keys only."""
    former = {field: value for field, value in before.items() if obj.get(field) != value}
    former |= {field: None for field in obj if field not in before}
    if "metadata" in former:
        old, new = before["metadata"] or {}, obj["metadata"] or {}
        former["metadata"] = {key: old.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}
    return former
