"""A unit of work: what one request, one click on a page or one due timer reads and changes, committed at once."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from diddo_gateways.documents import Change, Put, Remove, Send, Settle
from diddo_gateways.stripe_fake import thin_events
from diddo_gateways.stripe_fake.endpoints import ENDPOINT_KINDS, Endpoint, PlatformEndpoint, endpoints_of
from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.kinds import terms_of
from diddo_gateways.worlds import World

__all__ = ["API_VERSION", "Deliver", "Fake", "JsonObject", "MakeUp", "Work"]

JsonObject = dict[str, Any]
# Posts a webhook (URL, body, headers) and returns the HTTP status.
Deliver = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]

API_VERSION = "2026-10-28.endive"
# Objects of the payment family share one form of id, and so do their events.
PAYMENT_FAMILY = ("pi_3", "ch_3", "py_3", "re_3", "pyr_3")


class Fake(Protocol):
    """What a unit of work needs from the server that it runs in; `StripeFake` is one."""

    pages_url: str
    raw_cards: bool
    platform_endpoints: Sequence[PlatformEndpoint]
    deliver: Deliver | None
    # The version of the API of accounts: of requests that name none, of events, and of endpoints without one.
    api_version: str
    # Seconds from each failed attempt at a webhook to the next; after the last there is none.
    retry_after: Sequence[int]
    # Makes an object of that kind and id which is not there, or returns None; None itself when nothing is made up.
    made_up: "MakeUp | None"
    # The enabled endpoints of each world that has emitted, by world name; a change to an endpoint drops the entry.
    endpoints: dict[str, list[Endpoint]]


@dataclass(slots=True)
class Held:
    """One object of the work: `version` is the stored one, 0 for one that is not stored yet."""

    obj: JsonObject
    version: int
    dirty: bool = False
    removed: bool = False
    # The id of what it lives in, for objects that do not say so themselves; lists find it by the term `within`.
    within: str | None = None


class Emitted(NamedTuple):
    """One event of the work, its object as it was when the event was emitted."""

    id: str
    type: str
    snapshot: bytes
    previous_attributes: JsonObject | None


class Work:
    """One unit of work in one world.

    Args:
        fake: the server, for its settings.
        world: whose objects.
        request_id: the id of the request that does this (`req_…`); None for a timer. Its events name it.
        idempotency_key: the request's key, likewise.
    """

    def __init__(
        self, fake: Fake, world: World, *, request_id: str | None = None, idempotency_key: str | None = None
    ) -> None:
        self.fake = fake
        self.world = world
        self.now = world.clock.now()
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self._held: dict[tuple[str, str], Held] = {}
        self._emitted: list[Emitted] = []
        self._thin: list[tuple[JsonObject, str]] = []
        self._later: list[Send] = []
        self._cancelled: list[Settle] = []

    def new_id(self, prefix: str, length: int) -> str:
        """Return a new id: `prefix` followed by `length` letters and digits."""
        return self.world.ids.new(prefix, length)

    async def get(self, kind: str, object_id: str) -> JsonObject | None:
        """Return an object, or None; within one work the same object is always the same dict."""
        held = self._held.get((kind, object_id))
        if held is None:
            document = await self.world.get(kind, object_id)
            if document is None:
                return None if self.fake.made_up is None else await self.fake.made_up(self, kind, object_id)
            held = self._held[kind, object_id] = Held(orjson.loads(document.body), document.version)
        return None if held.removed else held.obj

    def known(self, kind: str) -> Iterator[JsonObject]:
        """Yield the objects of a kind that this work has read or added, and not removed."""
        return (held.obj for (held_kind, _), held in self._held.items() if held_kind == kind and not held.removed)

    async def fetch(
        self, kind: str, object_id: str, *, param: str | None = "id", status: int = 404, noun: str | None = None
    ) -> JsonObject:
        """Return an object that must be there.

        Args:
            kind: its kind, which is also what the message calls it unless `noun` says otherwise.
            object_id: its id.
            param: the parameter that named it.
            status: 404 when the URL named it, 400 when a parameter did.
            noun: the word for the kind in Stripe's message, such as `PaymentMethod`.

        Raises:
            ResourceMissing: there is none.
        """
        obj = await self.get(kind, object_id)
        if obj is None:
            raise ResourceMissing(noun or kind, object_id, param=param, status=status)
        return obj

    async def stored(
        self, kind: str, object_id: str, *, param: str | None = "id", status: int = 404, noun: str | None = None
    ) -> bytes:
        """Return an object as it is stored, unparsed: what a plain retrieve answers.

        Raises:
            ResourceMissing: there is none.
        """
        document = await self.world.get(kind, object_id)
        if document is not None:
            return document.body
        return orjson.dumps(await self.fetch(kind, object_id, param=param, status=status, noun=noun))

    def insert(self, obj: JsonObject, *, within: str | None = None) -> None:
        """Add a new object; its kind is `obj["object"]`. `within` is the id of what it lives in but does not name."""
        key = obj["object"], obj["id"]
        former = self._held.get(key)
        # What was removed in this very work is replaced.
        version = former.version if former is not None and former.removed else 0
        self._held[key] = Held(obj, version, dirty=True, within=within)

    def save(self, obj: JsonObject, *, within: str | None = None) -> None:
        """Mark an object that `get` or `insert` has given as changed; `within` as it was inserted."""
        held = self._held[obj["object"], obj["id"]]
        held.dirty, held.within = True, within or held.within

    def remove(self, obj: JsonObject) -> None:
        """Delete an object that `get` has given."""
        held = self._held[obj["object"], obj["id"]]
        held.removed = held.dirty = True

    def emit(self, event_type: str, obj: JsonObject, previous_attributes: JsonObject | None = None) -> str:
        """Record an event and return its id.

        The object is photographed now, as Stripe does: `payment_intent.created` shows the intent as created even when
        the same request confirms it. Emit after the change that the event tells of.
        """
        prefix, length = ("evt_3", 23) if str(obj.get("id", "")).startswith(PAYMENT_FAMILY) else ("evt_1", 23)
        event_id = self.new_id(prefix, length)
        self._emitted.append(Emitted(event_id, event_type, orjson.dumps(obj), previous_attributes))
        if event_type in thin_events.SINGLE_CHANGES:
            for thin_type, changes in thin_events.also_told(event_type, obj, previous_attributes):
                self.emit_thin(thin_type, obj, changes=changes)
        return event_id

    def emit_thin(
        self, event_type: str, obj: JsonObject, *, changes: JsonObject | None = None, to: str = ""
    ) -> JsonObject:
        """Record a thin event of the second version of the API and return it.

        Args:
            event_type: its type, with `v1.` or `v2.`.
            obj: the object that it is about.
            changes: values `before` and `after`.
            to: the id of the one event destination that gets it; by default those that listen to its type.
        """
        thin = thin_events.blank_event(self.new_id("evt_test_", 48), event_type, self.now, obj)
        thin["changes"] = changes
        thin["reason"] = thin_events.reason(self.request_id, self.idempotency_key)
        self._thin.append((thin, to))
        return thin

    def later(self, handler: str, at: int, *, message_id: str, **data: Any) -> None:
        """Queue a message for the handler of that name (see `due`), due at `at` in Unix seconds on the world's clock.

        `message_id` is unique in the world: a second message of that id is refused by the store.
        """
        self._later.append(Send(message_id, orjson.dumps({"handler": handler, **data}), at))

    def redeliver(self, event_id: str, endpoint_id: str, *, counts: bool) -> None:
        """Have an event delivered once more; `counts` says whether `pending_webhooks` goes down for it."""
        message = self._delivery(event_id, endpoint_id, counts=counts)
        self._later.append(message._replace(id=f"{message.id}>{self.new_id('again_', 8)}"))

    def cancel(self, message_id: str) -> None:
        """Take a message that was queued with `later` out of the queue; one that has gone already is no error."""
        self._cancelled.append(Settle(message_id))

    async def commit(self, *extra: Change) -> None:
        """Write everything at once: objects, their index, events, messages, and `extra`.

        The work can be used further afterwards. When nothing has changed nothing is written.

        Raises:
            Conflict: an object was changed by another since it was read. Nothing is written; the caller runs the
                whole operation again from the start, with a new work.
        """
        changes: list[Change] = []
        for (kind, object_id), held in self._held.items():
            if held.dirty:
                change = self._change(kind, object_id, held)
                if change is not None:
                    changes.append(change)
        if self._emitted or self._thin:
            await self._add_events(changes)
        changes += self._cancelled
        changes += self._later
        changes += extra
        if not changes:
            return
        await self.world.commit(changes)
        self._settle()

    def _change(self, kind: str, object_id: str, held: Held) -> Change | None:
        if held.removed:
            return Remove(kind, object_id, held.version) if held.version else None
        created = held.obj.get("created")
        if not isinstance(created, int):
            # Objects of v2 write it as text.
            created = self.now
        terms = terms_of(kind, held.obj)
        if held.within is not None:
            terms.append(f"within={held.within}")
        return Put(kind, object_id, orjson.dumps(held.obj), held.version, created, terms)

    def _settle(self) -> None:
        for key, held in list(self._held.items()):
            if held.dirty:
                held.version += 1
                held.dirty = False
                if key[0] in ENDPOINT_KINDS:
                    # Accounts that are connected may be listened to as well.
                    self.fake.endpoints.clear()
                if held.removed:
                    del self._held[key]
        self._emitted.clear()
        self._thin.clear()
        self._later.clear()
        self._cancelled.clear()

    async def _add_events(self, changes: list[Change]) -> None:
        endpoints = await self._endpoints()
        for event in self._emitted:
            takers = [endpoint for endpoint in endpoints if endpoint.takes(event.type)]
            pending = sum(taker.counts for taker in takers)
            body = self._event_body(event, pending=pending)
            terms = (f"type={event.type}", f"delivery_success={'false' if pending else 'true'}")
            changes.append(Put("event", event.id, body, 0, self.now, terms))
            changes += [self._delivery(event.id, taker.id, counts=taker.counts) for taker in takers]
        for thin, to in self._thin:
            by_type = [f"type={thin['type']}"]
            changes.append(Put(thin_events.KIND, thin["id"], orjson.dumps(thin), 0, self.now, by_type))
            listening = [
                taker.id for taker in endpoints if taker.thin and taker.takes(thin["type"].removeprefix("v1."))
            ]
            changes += [self._delivery(thin["id"], taker, counts=False) for taker in ([to] if to else listening)]

    def _delivery(self, event_id: str, endpoint_id: str, *, counts: bool) -> Send:
        """Return the message that has an event delivered; `counts` says whether `pending_webhooks` goes down for it."""
        message = {"handler": "deliver", "event": event_id, "endpoint": endpoint_id, "counts": counts}
        return Send(f"{event_id}>{endpoint_id}", orjson.dumps(message), self.now)

    def _event_body(self, event: Emitted, *, pending: int) -> bytes:
        data: JsonObject = {"object": orjson.Fragment(event.snapshot)}
        if event.previous_attributes is not None:
            data["previous_attributes"] = event.previous_attributes
        return orjson.dumps(
            {
                "id": event.id,
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now,
                "data": data,
                "livemode": False,
                "pending_webhooks": pending,
                "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
                "type": event.type,
            }
        )

    async def _endpoints(self) -> list[Endpoint]:
        known = self.fake.endpoints.get(self.world.name)
        if known is None:
            known = await endpoints_of(self.world, self.fake.platform_endpoints)
            self.fake.endpoints[self.world.name] = known
        return known


MakeUp = Callable[[Work, str, str], Awaitable[JsonObject | None]]
