"""Lists: cursor pages, newest first, with the filters that a kind declares."""

from collections.abc import Sequence
from typing import Any

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused, ResourceMissing
from diddo_gateways.stripe_fake.generic.scanning import Condition, scan
from diddo_gateways.stripe_fake.kinds import filters_of, term
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["created_bounds", "cursors", "limit_of", "list_body", "listed", "position", "selected", "sliced"]

DEFAULT_LIMIT = 10
MOST = 100
FOREVER = 1 << 60


async def listed(
    call: Call,
    kind: str,
    url: str | None = None,
    *,
    terms: Sequence[Sequence[str]] = (),
    conditions: Sequence[Condition] = (),
    noun: str | None = None,
) -> bytes:
    """Return the page of a kind's objects that a call asks for, as the bytes of a list object.

    Every declared filter of the kind is taken from the call's parameters, besides `limit`, the cursors and `created`.

    Args:
        call: the call.
        kind: which objects.
        url: what the list object says it is the list of; by default what was called.
        terms: further conditions, as `World.page` takes them.
        conditions: those that the store's index cannot answer.
        noun: the word for the kind in an error about a cursor.

    Raises:
        InvalidRequest: the limit is out of range, both cursors are given, or a cursor names no object.
    """
    documents, more = await selected(call, kind, terms=terms, conditions=conditions, noun=noun)
    return list_body(documents, url or call.url, has_more=more)


async def selected(
    call: Call,
    kind: str,
    *,
    terms: Sequence[Sequence[str]] = (),
    conditions: Sequence[Condition] = (),
    noun: str | None = None,
) -> tuple[list[Document], bool]:
    """Return the stored objects of the page that a call asks for, and whether there are more; see `listed`."""
    params = call.params
    limit = limit_of(params)
    after, before = cursors(params)
    await _check_customer(call, kind)
    return await scan(
        call.work.world,
        kind,
        limit=limit,
        conditions=conditions,
        terms=[*terms, *_filters(kind, params)],
        created=created_bounds(params.get("created")),
        after=None if after is None else await position(call, kind, after, "starting_after", noun),
        before=None if before is None else await position(call, kind, before, "ending_before", noun),
    )


async def _check_customer(call: Call, kind: str) -> None:
    """Refuse to list what belongs to a customer who never was; one who was deleted still owns what there is."""
    customer = call.params.get("customer")
    if customer and "customer" in filters_of(kind):
        work = call.work
        if await work.get("customer", customer) is None and await work.get("deleted", customer) is None:
            raise ResourceMissing("customer", customer, param="customer", status=400)


def sliced(call: Call, objects: Sequence[JsonObject], noun: str, url: str) -> JsonObject:
    """Return the page that a call asks for of objects that are stored inside another, in their own order.

    Raises:
        InvalidRequest: the limit is out of range, both cursors are given, or a cursor names none of them.
    """
    limit = limit_of(call.params)
    after, before = cursors(call.params)
    ids = [obj["id"] for obj in objects]
    cursor, param = (after, "starting_after") if before is None else (before, "ending_before")
    if cursor is not None and cursor not in ids:
        raise ResourceMissing(noun, cursor, param=param, status=400)
    if before is not None:
        ahead = objects[: ids.index(before)]
        return {"object": "list", "data": list(ahead[-limit:]), "has_more": len(ahead) > limit, "url": url}
    rest = objects if after is None else objects[ids.index(after) + 1 :]
    return {"object": "list", "data": list(rest[:limit]), "has_more": len(rest) > limit, "url": url}


def list_body(documents: Sequence[Document], url: str, *, has_more: bool) -> bytes:
    """Return the bytes of a list object of stored objects."""
    data = b",".join([document.body for document in documents])
    return b'{"object":"list","data":[%b],"has_more":%b,"url":"%b"}' % (
        data,
        b"true" if has_more else b"false",
        url.encode(),
    )


def limit_of(params: dict[str, Any]) -> int:
    """Return how many objects a page may have.

    Raises:
        ParameterRefused: fewer than one, or more than a hundred.
    """
    limit: int = params.get("limit", DEFAULT_LIMIT)
    code = "parameter_invalid_integer"
    if limit < 1:
        raise ParameterRefused("This value must be greater than or equal to 1.", param="limit", code=code)
    if limit > MOST:
        raise ParameterRefused(f"This value must be less than or equal to {MOST}.", param="limit", code=code)
    return limit


def cursors(params: JsonObject) -> tuple[str | None, str | None]:
    """Return `starting_after` and `ending_before`.

    Raises:
        InvalidRequest: both are given.
    """
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None and before is not None:
        raise InvalidRequest("You may only specify one of these parameters: starting_after, ending_before.")
    return after, before


async def position(call: Call, kind: str, object_id: str, param: str, noun: str | None = None) -> int:
    """Return where in the list a cursor's object stands.

    Raises:
        ResourceMissing: there is no such object.
    """
    document = await call.work.world.get(kind, object_id)
    if document is None:
        raise ResourceMissing(noun or kind, object_id, param=param, status=400)
    return document.seq


def _filters(kind: str, params: dict[str, Any]) -> list[list[str]]:
    found = []
    for field in filters_of(kind):
        value: Any = params
        for step in field.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            found.append([term(field, value)])
    return found


def created_bounds(wanted: Any) -> tuple[int, int] | None:
    """Turn `created`, a second or a range of them, into inclusive bounds."""
    if wanted is None:
        return None
    if isinstance(wanted, int):
        return wanted, wanted
    least = max(wanted.get("gte", -FOREVER), wanted.get("gt", -FOREVER) + 1)
    most = min(wanted.get("lte", FOREVER), wanted.get("lt", FOREVER) - 1)
    return least, most
