"""The document store in this process's memory: what a server keeps that has no state file.

Rows are plain tuples of bytes, texts and numbers, which Python's garbage collector stops looking at: with objects of a
class the pauses of a collection would grow with the store.
"""

import heapq
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from diddo_gateways.documents import (
    Change,
    Conflict,
    Document,
    Message,
    Postpone,
    Put,
    Remove,
    Send,
    Settle,
)

__all__ = ["MemoryDocuments"]

# id, body, version, seq, created, terms
Row = tuple[str, bytes, int, int, int, tuple[str, ...]]
WRITES = (Put, Remove)
VERSION: Final = 2
SEQ: Final = 3
CREATED: Final = 4
TERMS: Final = 5


class MemoryDocuments:
    """Documents in memory; they end with the process."""

    def __init__(self) -> None:
        self._collections: dict[str, dict[str, Collection]] = {}
        self._queues: dict[str, Queue] = {}

    async def get(self, world: str, kind: str, document_id: str) -> Document | None:
        """Return one document, or None."""
        collection = self._collection(world, kind)
        return None if collection is None else collection.get(document_id)

    async def kinds(self, world: str) -> list[str]:
        """Return the kinds of which the world has documents, in alphabetical order."""
        return sorted(kind for kind, collection in self._collections.get(world, {}).items() if collection.places)

    async def locate(self, kind: str, document_id: str) -> str | None:
        """Return the world that holds the document, or None."""
        for world, collections in self._collections.items():
            collection = collections.get(kind)
            if collection is not None and document_id in collection.places:
                return world
        return None

    async def page(
        self,
        world: str,
        kind: str,
        *,
        limit: int,
        terms: Sequence[Sequence[str]] = (),
        created: tuple[int, int] | None = None,
        after: int | None = None,
        before: int | None = None,
    ) -> list[Document]:
        """Return up to `limit` documents, newest first; see `Documents.page`."""
        collection = self._collection(world, kind)
        if collection is None:
            return []
        found: list[Document] = []
        for row in collection.walk(terms, after=after, before=before):
            if created is None or created[0] <= row[CREATED] <= created[1]:
                found.append(Document(*row[:TERMS]))
                if len(found) == limit:
                    break
        if before is not None:
            found.reverse()
        return found

    async def commit(self, world: str, changes: Sequence[Change]) -> None:
        """Carry out all changes, or none; see `Documents.commit`."""
        queue = self._queues.get(world)
        if queue is None:
            queue = self._queues[world] = Queue()
        collections = self._collections.setdefault(world, {})
        _check(collections, changes)
        queue.check(changes)
        for change in changes:
            if isinstance(change, Put):
                collection = collections.get(change.kind)
                if collection is None:
                    collection = collections[change.kind] = Collection()
                collection.put(change)
            elif isinstance(change, Remove):
                collections[change.kind].remove(change.id)
            else:
                queue.carry_out(change)

    def _collection(self, world: str, kind: str) -> "Collection | None":
        collections = self._collections.get(world)
        return None if collections is None else collections.get(kind)

    async def waiting(self) -> list[tuple[str, int]]:
        """Return each world that has queued messages, with the time at which its first is due."""
        firsts = ((world, queue.first()) for world, queue in self._queues.items())
        return [(world, due) for world, due in firsts if due is not None]

    async def claim(self, world: str, *, now: int, lease: int, limit: int) -> list[Message]:
        """Take messages that are due; see `Documents.claim`."""
        queue = self._queues.get(world)
        return [] if queue is None else queue.claim(now=now, lease=lease, limit=limit)

    async def close(self) -> None:
        """Forget everything."""
        self._collections.clear()
        self._queues.clear()


def _check(collections: dict[str, "Collection"], changes: Sequence[Change]) -> None:
    """Refuse changes of documents of which any would fail, before any is carried out."""
    versions: dict[tuple[str, str], int] = {}
    for change in changes:
        if isinstance(change, WRITES):
            key = change.kind, change.id
            version = versions.get(key)
            if version is None:
                collection = collections.get(change.kind)
                version = 0 if collection is None else collection.version(change.id)
            # Nothing is deleted that is not there.
            if version != change.version or (not version and isinstance(change, Remove)):
                raise Conflict(change.kind, change.id, change.version)
            versions[key] = version + 1 if isinstance(change, Put) else 0


class Collection:
    """The documents of one kind in one world, in the order in which they were made.

    Attributes:
        places: by id, where a document stands: its `seq`.
    """

    __slots__ = ("_by_term", "_first", "_rows", "places")

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        # By `seq`, which counts from 1; None where a document was deleted. All before `_first` are.
        self._rows: list[Row | None] = [None]
        self._first = 1
        self._by_term: dict[str, list[int]] = {}

    def get(self, document_id: str) -> Document | None:
        """Return a document, or None."""
        place = self.places.get(document_id)
        if place is None:
            return None
        row = self._rows[place]
        assert row is not None  # noqa: S101  what has a place is there
        return Document(*row[:TERMS])

    def version(self, document_id: str) -> int:
        """Return the version of a document, 0 when there is none."""
        place = self.places.get(document_id)
        row = None if place is None else self._rows[place]
        return 0 if row is None else row[VERSION]

    def put(self, put: Put) -> None:
        """Add a document, or replace it."""
        place = self.places.get(put.id)
        row = None if place is None else self._rows[place]
        if row is None:
            self._add(put)
            return
        terms = row[TERMS] if put.terms is None else _shared(put.terms)
        self._rows[row[SEQ]] = (row[0], _tight(put.body), row[VERSION] + 1, row[SEQ], row[CREATED], terms)
        if terms != row[TERMS]:
            self._unlist(row, sparing=terms)
            self._list(row[SEQ], [term for term in terms if term not in row[TERMS]])

    def _add(self, put: Put) -> None:
        seq = len(self._rows)
        terms = _shared(put.terms or ())
        self._rows.append((put.id, _tight(put.body), 1, seq, put.created, terms))
        self.places[put.id] = seq
        self._list(seq, terms)

    def _list(self, seq: int, terms: Sequence[str]) -> None:
        for term in terms:
            places = self._by_term.get(term)
            if places is None:
                self._by_term[term] = [seq]
            elif places[-1] < seq:
                places.append(seq)
            else:
                places.insert(bisect_left(places, seq), seq)

    def _unlist(self, row: Row, *, sparing: Sequence[str] = ()) -> None:
        for term in row[TERMS]:
            if term not in sparing:
                places = self._by_term[term]
                del places[bisect_left(places, row[SEQ])]
                if not places:
                    del self._by_term[term]

    def remove(self, document_id: str) -> None:
        """Delete a document that is there."""
        place = self.places.pop(document_id)
        row = self._rows[place]
        assert row is not None  # noqa: S101  what has a place is there
        self._unlist(row)
        self._rows[place] = None
        if place == self._first:
            # What is swept from the old end is not walked over again.
            while self._first < len(self._rows) and self._rows[self._first] is None:
                self._first += 1

    def walk(
        self, terms: Sequence[Sequence[str]], *, after: int | None = None, before: int | None = None
    ) -> Iterator[Row]:
        """Yield the rows that meet every group of terms: newest first, or oldest first when `before` is given."""
        low = self._first if before is None else max(self._first, before + 1)
        high = len(self._rows) if after is None else min(after, len(self._rows))
        rows = self._rows
        for place in self._places(terms, low, high, backward=before is None):
            row = rows[place]
            if row is not None and all(any(term in row[TERMS] for term in group) for group in terms):
                yield row

    def _places(self, terms: Sequence[Sequence[str]], low: int, high: int, *, backward: bool) -> Iterator[int]:
        """Yield places from `low` up to `high`: by the rarest lone term, which all must have, where there is one."""
        lone = [self._by_term.get(group[0], []) for group in terms if len(group) == 1]
        if not lone:
            return iter(range(high - 1, low - 1, -1) if backward else range(low, high))
        places = min(lone, key=len)
        start, end = bisect_left(places, low), bisect_left(places, high)
        span = range(end - 1, start - 1, -1) if backward else range(start, end)
        return (places[position] for position in span)


def _shared(terms: Sequence[str]) -> tuple[str, ...]:
    """Return the terms, each once, as texts that all rows and the index have in common."""
    return tuple(sys.intern(term) for term in dict.fromkeys(terms))


def _tight(body: bytes) -> bytes:
    """Return the bytes in as much memory as they need: orjson's keep the 8 kB that they were written into."""
    return memoryview(body).tobytes()


class Queue:
    """The messages of one world.

    Attributes:
        waiting: by id, its due time, attempt, place in the order of sending, and body.
    """

    __slots__ = ("_heap", "_sent", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[int, int, int, bytes]] = {}
        # Due time, place, id. An entry that says another due time than `waiting` is out of date.
        self._heap: list[tuple[int, int, str]] = []
        self._sent = 0

    def carry_out(self, change: Send | Settle | Postpone) -> None:
        """Queue a message, or change one that waits; one that does not wait is left alone."""
        match change:
            case Send():
                self._sent += 1
                self._set(change.id, change.due, 0, self._sent, change.body)
            case Settle():
                self.waiting.pop(change.id, None)
            case Postpone():
                held = self.waiting.get(change.id)
                if held is not None:
                    self._set(change.id, change.due, *held[1:])
            case _:
                assert_never(change)

    def check(self, changes: Sequence[Change]) -> None:
        """Refuse a second message of an id that waits: whoever queues it is at fault."""
        sent: set[str] = set()
        settled: set[str] = set()
        for change in changes:
            if isinstance(change, Settle):
                settled.add(change.id)
            elif isinstance(change, Send):
                if change.id in sent or (change.id in self.waiting and change.id not in settled):
                    raise ValueError(f"a message of the id {change.id} waits already")
                sent.add(change.id)

    def _set(self, message_id: str, due: int, attempt: int, place: int, body: bytes) -> None:
        self.waiting[message_id] = (due, attempt, place, body)
        heapq.heappush(self._heap, (due, place, message_id))

    def first(self) -> int | None:
        """Return when the first message is due, or None."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else None

    def claim(self, *, now: int, lease: int, limit: int) -> list[Message]:
        """Take up to `limit` messages that are due; each is due again after the lease."""
        taken: list[tuple[int, Message]] = []
        self._drop_outdated()
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            _, place, message_id = heapq.heappop(self._heap)
            _, attempt, _, body = self.waiting[message_id]
            taken.append((place, Message(message_id, body, now + lease, attempt + 1)))
            self.waiting[message_id] = (now + lease, attempt + 1, place, body)
            self._drop_outdated()
        for place, message in taken:
            heapq.heappush(self._heap, (message.due, place, message.id))
        return [message for _, message in sorted(taken, key=lambda pair: pair[0])]

    def _drop_outdated(self) -> None:
        heap = self._heap
        while heap:
            due, place, message_id = heap[0]
            held = self.waiting.get(message_id)
            if held is not None and held[0] == due and held[2] == place:
                return
            heapq.heappop(heap)
