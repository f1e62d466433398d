"""Idempotency keys: the first answer of a key is kept for a day on the world's clock, and given again."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

import orjson

from diddo_gateways.documents import Change, Document, Put, Remove
from diddo_gateways.stripe_fake.errors import IdempotencyKeyInUse, IdempotencyMismatch, ParameterRefused
from diddo_gateways.worlds import World

__all__ = ["Attempt", "Idempotency", "Kept"]

KIND = "idempotency_key"
LONGEST = 255
KEPT_FOR = 86_400
# Every so many records the oldest are looked at; each time more may go than have come.
SWEEP_EVERY = 64
SWEPT = 128
# The answer stands last in the record, byte for byte, and is not parsed on its way in or out.
BODY = b',"body":'


class Kept(NamedTuple):
    """The answer that was given first: status, body, and the id of the request that it was given to."""

    status: int
    body: bytes
    request_id: str


class Attempt(NamedTuple):
    """One request with a key: what is recorded under it, and the expired record that it replaces."""

    key: str
    fingerprint: str
    stale: Document | None


class Idempotency:
    """The keys of every world."""

    def __init__(self) -> None:
        self._running: set[tuple[str, str]] = set()
        self._since_sweep = 0

    async def look_up(self, world: World, key: str, *, name: str, request: bytes) -> Kept | Attempt:
        """Return the answer kept for a key, or the attempt that is to be recorded.

        Args:
            world: whose key.
            key: the key, at most 255 characters.
            name: the request's method and path.
            request: its parameters, in an order that does not depend on the client. Only a digest of them is kept: they
                may hold card details.

        Raises:
            ParameterRefused: the key is too long.
            IdempotencyMismatch: it was used for another request.
        """
        if len(key) > LONGEST:
            raise ParameterRefused(f"Idempotency keys can have up to {LONGEST} characters, but yours has {len(key)}.")
        fingerprint = blake2b(name.encode() + b"\n" + request, key=key.encode()[:64], digest_size=16).hexdigest()
        document = await world.get(KIND, key)
        if document is None:
            return Attempt(key, fingerprint, None)
        head, _, body = document.body.partition(BODY)
        record = orjson.loads(head + b"}")
        if record["created"] + KEPT_FOR <= world.clock.now():
            return Attempt(key, fingerprint, document)
        if record["fingerprint"] != fingerprint:
            raise IdempotencyMismatch(key)
        return Kept(record["status"], body[:-1], record["request"])

    def start(self, world: World, key: str) -> None:
        """Take a key for the time of one request.

        Raises:
            IdempotencyKeyInUse: another request with it is under way.
        """
        if (world.name, key) in self._running:
            raise IdempotencyKeyInUse(key)
        self._running.add((world.name, key))

    def end(self, world: World, key: str) -> None:
        """Give a key back."""
        self._running.discard((world.name, key))

    async def record(self, world: World, attempt: Attempt, kept: Kept) -> list[Change]:
        """Return the changes that keep an answer, to be written with what the request changed."""
        now = world.clock.now()
        head = orjson.dumps(
            {"created": now, "fingerprint": attempt.fingerprint, "status": kept.status, "request": kept.request_id}
        )
        body = b"%b%b%b}" % (head[:-1], BODY, kept.body)
        changes = list(await self._sweep(world, now, sparing=attempt.key))
        if attempt.stale is not None:
            changes.append(Remove(KIND, attempt.key, attempt.stale.version))
        changes.append(Put(KIND, attempt.key, body, created=now))
        return changes

    async def _sweep(self, world: World, now: int, *, sparing: str) -> Iterable[Change]:
        self._since_sweep += 1
        if self._since_sweep < SWEEP_EVERY:
            return ()
        self._since_sweep = 0
        oldest = await world.page(KIND, limit=SWEPT, before=0)
        return [
            Remove(KIND, document.id, document.version)
            for document in oldest
            if document.created + KEPT_FOR <= now and document.id != sparing
        ]
