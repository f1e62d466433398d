"""Generic operations that only read: retrieve, list, search, singletons, finding by parameters, previews, files."""

from typing import Any

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.generic.filters import conditions_of
from diddo_gateways.stripe_fake.generic.scanning import Condition, scan
from diddo_gateways.stripe_fake.generic.search_query import parse
from diddo_gateways.stripe_fake.generic.store import SINGLETON, Case
from diddo_gateways.stripe_fake.generic.values import data
from diddo_gateways.stripe_fake.lists import created_bounds, cursors, limit_of, list_body, position, sliced
from diddo_gateways.stripe_fake.operations import Answer
from diddo_gateways.stripe_fake.pages_v2 import InvalidPageToken, page_v2, place_of, token_of
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["find", "list_", "picked", "preview", "retrieve", "search", "show", "single"]

# As many of each kind as a list of several kinds looks at.
MOST_OF_A_KIND = 1000


async def retrieve(case: Case) -> Answer:
    """Return the object that the URL names."""
    return await case.subject()


async def list_(case: Case) -> Answer:
    """Return the page that a list request asks for."""
    if case.pattern.v2:
        return await _page_v2(case)
    kinds = case.pattern.kinds
    if len(kinds) > 1:
        return await _page_of_kinds(case)
    embedded = await _embedded(case)
    if embedded is not None:
        return sliced(case.call, embedded, kinds[0], case.call.url)
    params, work = case.call.params, case.call.work
    after, before = cursors(params)
    terms, conditions = _asked(case)
    documents, more = await scan(
        work.world,
        kinds[0],
        limit=limit_of(params),
        conditions=conditions,
        terms=terms,
        created=created_bounds(params.get("created")),
        after=None if after is None else await position(case.call, kinds[0], after, "starting_after"),
        before=None if before is None else await position(case.call, kinds[0], before, "ending_before"),
    )
    return list_body(documents, case.call.url, has_more=more)


async def search(case: Case) -> Answer:
    """Return the objects that a query finds, newest first."""
    kind, params = case.pattern.kinds[0], case.call.params
    facts = data("filters.json")
    fields = facts["searchable"][kind]
    paths = {name: facts["aliases"][f"{kind}.{name}"] for name in fields if f"{kind}.{name}" in facts["aliases"]}
    query = parse(params["query"], fields, paths)
    documents, more = await scan(
        case.call.work.world,
        kind,
        limit=limit_of(params),
        conditions=[query.holds],
        after=await _after_token(case, kind, params.get("page")),
    )
    return {
        "object": "search_result",
        "data": [orjson.loads(document.body) for document in documents],
        "has_more": more,
        "next_page": token_of(documents[-1].id) if more else None,
        "url": case.call.url,
    }


async def show(case: Case) -> Answer:
    """Return what there is one of."""
    return await single(case)


async def single(case: Case) -> JsonObject:
    """Return what there is one of, as it was set or as it is from the start; parameters say whose it is."""
    kind, work = case.pattern.kinds[0], case.call.work
    if kind == "account":
        own = await case.get(kind, work.world.account)
        if own is not None:
            return own
    kept = await work.get(SINGLETON, case.call.url)
    if kept is not None:
        return dict(kept["as"])
    said = case.call.params if case.pattern.does == "singleton" else {}
    return await case.writer.new(kind, said, owner=case.owner)


async def find(case: Case) -> Answer:
    """Return the object that the parameters describe."""
    return await picked(case)


async def picked(case: Case) -> JsonObject:
    """Return the newest object that the parameters describe.

    Raises:
        ResourceMissing: there is none.
    """
    kind, params = case.pattern.kinds[0], case.call.params
    said = {name: value for name, value in params.items() if name != "expires_at"}
    terms, conditions = conditions_of(case.tier, case.pattern, said)
    documents, _ = await scan(case.call.work.world, kind, limit=1, terms=terms, conditions=conditions)
    obj = await case.get(kind, documents[0].id) if documents else None
    if obj is None:
        name, value = next(iter(params.items()), ("id", ""))
        raise ResourceMissing(kind, str(value), param=name)
    return obj


async def preview(case: Case) -> Answer:
    """Return an object as it would be made, without keeping it."""
    return await case.writer.new(case.pattern.kinds[0], case.call.params, owner=case.owner)


def _asked(case: Case) -> tuple[list[list[str]], list[Condition]]:
    terms, conditions = conditions_of(case.tier, case.pattern, case.call.params)
    parent = case.pattern.parent
    if parent is not None:
        terms.append([f"{parent.field or 'within'}={case.parent_id}"])
    own = case.call.work.world.account
    if case.pattern.kinds[0] == "account":
        conditions.append(lambda obj: obj["id"] != own)
    return terms, conditions


async def _embedded(case: Case) -> list[JsonObject] | None:
    """Return the children that only the parent holds, or None when they are objects of their own."""
    parent, kind = case.pattern.parent, case.pattern.kinds[0]
    if kind in case.tier.makeable:
        return None
    if parent is None:
        return None
    owner = await case.get(parent.kind, case.parent_id or "") or {}
    last = case.pattern.operation.path.rpartition("/")[2]
    page = owner.get(last)
    return page["data"] if isinstance(page, dict) and isinstance(page.get("data"), list) else None


async def _page_of_kinds(case: Case) -> JsonObject:
    """Return a page of objects of several kinds, newest first."""
    terms, conditions = _asked(case)
    found: list[Document] = []
    for kind in case.pattern.kinds:
        documents, _ = await scan(case.call.work.world, kind, limit=MOST_OF_A_KIND, terms=terms, conditions=conditions)
        found += documents
    found.sort(key=lambda document: document.created, reverse=True)
    objects = [orjson.loads(document.body) for document in found]
    return sliced(case.call, objects, case.pattern.kinds[0], case.call.url)


async def _page_v2(case: Case) -> JsonObject:
    kind, params = case.pattern.kinds[0], case.call.params
    terms, conditions = _asked(case)
    limit = limit_of(params)
    documents, more = await scan(
        case.call.work.world,
        kind,
        limit=limit,
        terms=terms,
        conditions=conditions,
        after=await _after_token(case, kind, params.get("page")),
    )
    objects = [orjson.loads(document.body) for document in documents]
    return page_v2(case.call, objects, following=documents[-1].id if more else None)


async def _after_token(case: Case, kind: str, token: Any) -> int | None:
    """Return where the page of a token begins.

    Raises:
        ParameterRefused: it is no token of this list.
    """
    if token is None:
        return None
    try:
        return await position(case.call, kind, place_of(token), "page")
    except ResourceMissing as error:
        raise InvalidPageToken(token) from error
