"""Worlds: private name spaces, one per API key, each with its own documents, ids and clock.

A world is an account of the fake Stripe and a tenant of the sandbox at once. `sk_test_<name>` and `pk_test_<name>`
open the world `<name>`; no key ever sees another's. Accounts that are connected to an account have worlds of their own,
on its clock: `<name>/<account>`, which no key can name.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Literal, NamedTuple

import orjson

from diddo_gateways.documents import Change, Document, Documents, Put, Send

__all__ = ["Clock", "Ids", "Key", "World", "Worlds", "parse_key", "world_name"]

LONGEST_NAME = 128
KEY = re.compile(rf"(sk|pk|rk)_test_([A-Za-z0-9_-]{{1,{LONGEST_NAME}}})")
FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")
KEY_KINDS: dict[str, Literal["secret", "publishable", "restricted"]] = {
    "sk": "secret",
    "pk": "publishable",
    "rk": "restricted",
}
ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TO_ALPHABET = bytes(ALPHABET[byte % 62] for byte in range(256))
CONNECTED = "/"
STATE = "world"
RESERVE = 1_000
# Seconds: whoever listens for messages looks by itself at least this often, so later ones need no announcement.
LOOKED_AFTER = 60


class Key(NamedTuple):
    """An API key taken apart: what it may do, and the world that it opens."""

    kind: Literal["secret", "publishable", "restricted"]
    world: str


def parse_key(key: str) -> Key | None:
    """Take an API key apart; None when it is no test-mode key."""
    found = KEY.fullmatch(key)
    return None if found is None else Key(KEY_KINDS[found[1]], found[2])


def world_name(test: str, number: int) -> str:
    """Return the name of a world for one test, by its id; the number tells apart two runs of it."""
    named = FOREIGN.sub("-", test.rpartition("/")[2]).strip("-")
    return f"{named[: LONGEST_NAME - 8]}-{number}"


@dataclass(slots=True)
class Clock:
    """The one clock of a world: real time, shifted or frozen.

    Args:
        source: real time in Unix seconds.
        offset: seconds that the clock is ahead of the source.
        frozen_at: the Unix second at which it stands still, or None when it runs.
    """

    source: Callable[[], float] = time.time
    offset: float = 0
    frozen_at: float | None = None

    def now(self) -> int:
        """Return the time in whole Unix seconds."""
        return int(self.time())

    def time(self) -> float:
        """Return the time in Unix seconds."""
        return self.source() + self.offset if self.frozen_at is None else self.frozen_at

    def freeze(self, at: float | None = None) -> None:
        """Stand still, now or at the Unix second `at`."""
        self.frozen_at = self.time() if at is None else at

    def resume(self) -> None:
        """Run on from where the clock stands."""
        if self.frozen_at is not None:
            self.offset = self.frozen_at - self.source()
            self.frozen_at = None

    def advance(self, seconds: float) -> None:
        """Move ahead by `seconds`.

        Raises:
            ValueError: `seconds` is negative; a clock that goes back would break the order of what has happened.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: {seconds} s")
        if self.frozen_at is None:
            self.offset += seconds
        else:
            self.frozen_at += seconds


class Ids:
    """Seeded ids: the n-th id of a prefix in a world is always the same.

    Numbers are reserved in blocks, so that a restarted world never repeats one; `marks` is what to keep.
    """

    def __init__(self, seed: str, marks: dict[str, int] | None = None) -> None:
        # Hashed, so that long names which share a beginning never share ids.
        self._seed = blake2b(seed.encode(), digest_size=16).digest()
        self._next: dict[str, int] = dict(marks or {})
        self._heads: dict[str, bytes] = {}
        self.marks: dict[str, int] = dict(marks or {})
        self.marks_moved = False

    def new(self, prefix: str, length: int) -> str:
        """Return `prefix` followed by `length` (at most 64) letters and digits."""
        number = self._next.get(prefix, 0)
        self._next[prefix] = number + 1
        if number >= self.marks.get(prefix, 0):
            self.marks[prefix] = number + RESERVE
            self.marks_moved = True
        head = self._heads.get(prefix)
        if head is None:
            head = self._heads[prefix] = b"%s:%s:" % (self._seed, prefix.encode())
        digest = blake2b(head + b"%d" % number, digest_size=length).digest()
        return prefix + digest.translate(TO_ALPHABET).decode()


class World:
    """One world: its documents through its own name, its ids, its clock.

    Attributes:
        platform: the world whose account this one's is connected to, or None.
    """

    def __init__(
        self,
        name: str,
        documents: Documents,
        *,
        ids: Ids,
        clock: Clock,
        version: int,
        on_send: Callable[[], None],
        platform: "World | None" = None,
    ) -> None:
        self.name = name
        self.ids = ids
        self.clock = clock
        self.platform = platform
        self._documents = documents
        self._version = version
        self._on_send = on_send

    @cached_property
    def account(self) -> str:
        """The id of the world's account at the fake Stripe, such as `acct_1…`."""
        connected = self.name.partition(CONNECTED)[2]
        return (
            connected or "acct_1" + blake2b(self.name.encode(), digest_size=15).digest().translate(TO_ALPHABET).decode()
        )

    async def get(self, kind: str, document_id: str) -> Document | None:
        """Return one document of this world, or None."""
        return await self._documents.get(self.name, kind, document_id)

    async def page(
        self,
        kind: str,
        *,
        limit: int,
        terms: Sequence[Sequence[str]] = (),
        created: tuple[int, int] | None = None,
        after: int | None = None,
        before: int | None = None,
    ) -> list[Document]:
        """Return documents of this world, newest first; see `Documents.page`."""
        return await self._documents.page(
            self.name, kind, limit=limit, terms=terms, created=created, after=after, before=before
        )

    async def commit(self, changes: Sequence[Change]) -> None:
        """Carry out all changes, or none; see `Documents.commit`.

        Raises:
            Conflict: a document was not at the expected version.
        """
        if self.ids.marks_moved:
            changes = [*changes, self._state()]
            await self._documents.commit(self.name, changes)
            self._version += 1
            self.ids.marks_moved = False
        else:
            await self._documents.commit(self.name, changes)
        soon = self.clock.now() + LOOKED_AFTER
        if any(isinstance(change, Send) and change.due <= soon for change in changes):
            self._on_send()

    async def save_clock(self) -> None:
        """Keep the clock's setting over a restart, and let what has become due go out."""
        await self._documents.commit(self.name, [self._state()])
        self._version += 1
        self._on_send()

    def _state(self) -> Put:
        state = {"ids": self.ids.marks, "offset": self.clock.offset, "frozen_at": self.clock.frozen_at}
        return Put(STATE, STATE, orjson.dumps(state), version=self._version)


class Worlds:
    """All worlds of one server, opened at first use.

    Args:
        documents: the store that they share.
        source: real time in Unix seconds.
    """

    def __init__(self, documents: Documents, *, source: Callable[[], float] = time.time) -> None:
        self.documents = documents
        self._source = source
        self._open: dict[str, World] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_send(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit that queued a message due soon, and after a clock was set.

        Messages due in more than `LOOKED_AFTER` seconds are not announced: the listener is to look that often anyway.
        """
        self._listeners.append(listener)

    async def open(self, name: str) -> World:
        """Return the world of that name, as it was kept, or new."""
        world = self._open.get(name)
        if world is None:
            world = await self._load(name)
            # Another caller may have opened it meanwhile: all must share one.
            world = self._open.setdefault(name, world)
        return world

    async def connected(self, platform: World, account: str) -> World:
        """Return the world of an account that is connected to a platform's: its own documents, the platform's clock."""
        return await self.open(platform.name + CONNECTED + account)

    async def holding(self, kind: str, document_id: str) -> World | None:
        """Return the world that holds a document, or None."""
        name = await self.documents.locate(kind, document_id)
        return None if name is None else await self.open(name)

    async def _load(self, name: str) -> World:
        kept = await self.documents.get(name, STATE, STATE)
        state = {} if kept is None else orjson.loads(kept.body)
        owner, connected, _ = name.partition(CONNECTED)
        platform = await self.open(owner) if connected else None
        clock = Clock(self._source, state.get("offset", 0), state.get("frozen_at"))
        return World(
            name,
            self.documents,
            ids=Ids(name, state.get("ids")),
            clock=clock if platform is None else platform.clock,
            platform=platform,
            version=0 if kept is None else kept.version,
            on_send=self._announce,
        )

    def _announce(self) -> None:
        for listener in self._listeners:
            listener()
