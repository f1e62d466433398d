"""Pages of stored objects that meet conditions which the store's index does not know."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.worlds import World

__all__ = ["Condition", "scan", "values_at"]

Condition = Callable[[dict[str, Any]], bool]
CHUNK = 100


async def scan(
    world: World,
    kind: str,
    *,
    limit: int,
    conditions: Sequence[Condition] = (),
    terms: Sequence[Sequence[str]] = (),
    created: tuple[int, int] | None = None,
    after: int | None = None,
    before: int | None = None,
) -> tuple[list[Document], bool]:
    """Return up to `limit` documents that meet every condition, newest first, and whether there are more.

    The arguments are those of `World.page`; without conditions the store does it alone.
    """
    found: list[Document] = []
    wanted = limit + 1
    size = CHUNK if conditions else wanted
    while len(found) < wanted:
        page = await world.page(kind, limit=size, terms=terms, created=created, after=after, before=before)
        met = [document for document in page if _meets(document, conditions)]
        found = [*met, *found] if before is not None else [*found, *met]
        if len(page) < size:
            break
        after, before = (None, page[0].seq) if before is not None else (page[-1].seq, None)
    more = len(found) > limit
    # Towards the front of the list the one too many is the newest.
    return (found[-limit:] if before is not None else found[:limit]), more


def _meets(document: Document, conditions: Sequence[Condition]) -> bool:
    if not conditions:
        return True
    obj = orjson.loads(document.body)
    return all(condition(obj) for condition in conditions)


def values_at(obj: Any, path: Sequence[str]) -> list[Any]:
    """Return the values at a path: every element's where it leads through a list, an object's id where it ends at one."""
    for position, step in enumerate(path):
        if isinstance(obj, list):
            return [value for element in obj for value in values_at(element, path[position:])]
        obj = obj.get(step) if isinstance(obj, dict) else None
    return [_plain(value) for value in (obj if isinstance(obj, list) else [obj])]


def _plain(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) and "id" in value else value
