"""What leaves the fake Stripe, and what it does by itself: the dispatcher of due messages, and webhooks among them.

A message is queued in the commit of the change that it tells of. The dispatcher is woken by such commits, by the
earliest message that becomes due on its world's clock, and by a clock that is set; it claims messages with a lease and
hands each to its handler (see `due`), several at a time. A message whose handler crashes comes again after the lease.
"""

import asyncio
import hashlib
import hmac
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import orjson

from diddo_gateways.documents import Change, Conflict, Document, Message, Postpone, Put, Settle
from diddo_gateways.stripe_fake.due import handler_of, on_due
from diddo_gateways.stripe_fake.transactions import Server
from diddo_gateways.stripe_fake.work import SECRET_KIND, Deliver, Fake, JsonObject, Work
from diddo_gateways.worlds import World

__all__ = ["RETRY_AFTER", "TIMEOUT", "Dispatcher", "deliver_over_socket", "signature"]

log = logging.getLogger(__name__)

# Seconds after the first and the second failed attempt; the third is the last, as in one of Stripe's sandboxes.
RETRY_AFTER = (3600, 7200)
TIMEOUT = 20.0
LEASE = 60
AT_ONCE = 32
CRASHES_ALLOWED = 10
LONGEST_WAIT = 60.0
PLATFORM = "platform:"


class Dispatcher:
    """Runs what is due, in every world.

    Args:
        fake: the server whose messages these are.
        at_once: how many messages are worked on at the same time.
    """

    def __init__(self, fake: Server, *, at_once: int = AT_ONCE) -> None:
        self._fake = fake
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._progress = asyncio.Event()
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        fake.worlds.on_send(self._woken.set)

    async def run(self) -> None:
        """Work until cancelled; what is then under way is cancelled too, and comes again after its lease."""
        try:
            while True:
                self._woken.clear()
                wait = await self._start_due()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._woken.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing is under way and nothing more is due now; somebody must be running `run`."""
        while self._running or await self._is_due():
            self._progress.clear()
            await self._progress.wait()

    async def _is_due(self) -> bool:
        worlds = self._fake.worlds
        return any([due <= (await worlds.open(name)).clock.time() for name, due in await worlds.documents.waiting()])

    async def _start_due(self) -> float:
        """Start what is due and there is room for; return the seconds until something else may be."""
        wait = LONGEST_WAIT
        for name, due in await self._fake.worlds.documents.waiting():
            world = await self._fake.worlds.open(name)
            room = self._at_once - len(self._running)
            if room <= 0:
                break  # a task that ends wakes the loop
            if due > world.clock.time():
                if world.clock.frozen_at is None:
                    wait = min(wait, due - world.clock.time())
                continue
            await self._claim(world, room)
            # There may be more than there was room for, or more due later than what was claimed.
            wait = 0
        return wait

    async def _claim(self, world: World, room: int) -> None:
        documents = self._fake.worlds.documents
        for message in await documents.claim(world.name, now=world.clock.now(), lease=LEASE, limit=room):
            key = (world.name, message.id)
            # A clock that was set ahead ends leases of messages that are still being worked on.
            if key not in self._running:
                task = asyncio.create_task(self._carry_out(world, message))
                self._running[key] = task
                task.add_done_callback(lambda _, key=key: self._done(key))  # type: ignore[misc]

    def _done(self, key: tuple[str, str]) -> None:
        del self._running[key]
        self._progress.set()
        self._woken.set()

    async def _carry_out(self, world: World, message: Message) -> None:
        try:
            data = orjson.loads(message.body)
            await _persistently(self._fake, world, message, data)
        except Exception:
            log.exception("message %s of world %s failed (attempt %d)", message.id, world.name, message.attempt)
            if message.attempt >= CRASHES_ALLOWED:
                await world.commit([Settle(message.id)])


async def _persistently(fake: Server, world: World, message: Message, data: JsonObject) -> None:
    """Run the handler, again from the start when another has changed what it read."""
    handler = handler_of(data["handler"])
    while True:
        try:
            return await handler(fake.work(world), message, data)
        except Conflict:
            await asyncio.sleep(0)


def signature(body: bytes, secret: str, *, at: int) -> str:
    """Return the `Stripe-Signature` header of a body that is sent `at` (Unix seconds, real time)."""
    digest = hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@on_due("deliver")
async def deliver(work: Work, message: Message, data: JsonObject) -> None:
    """Send an event to an endpoint, once; on failure the message waits for the next attempt.

    `data` names the `event` and the `endpoint`. The outcome is recorded in a document of kind `delivery` whose id is
    the message's.
    """
    target = await _target(work, data["endpoint"])
    event = await work.world.get("event", data["event"])
    if target is None or event is None:
        # The endpoint was deleted or disabled since: nothing is sent to it any more.
        await _record(work, data, [Settle(message.id)], delivered=True)
        return
    url, secret = target
    body = _body(event, account=work.world.account if data["endpoint"].startswith(PLATFORM) else None)
    # Receivers hold the time against their own clock, so it is the real one, however the world's clock is set.
    sent_at = int(work.world.clock.source())
    status, error = await _post(work.fake, url, body, signature(body, secret, at=sent_at))
    delivered = status is not None and 200 <= status < 300
    retry = None if delivered else _next_attempt(message, work.now)
    attempt = {"attempt": message.attempt, "at": work.now, "status": status, "error": error}
    record = await _delivery(work, message, data, url)
    record["attempts"].append(attempt)
    record |= {"delivered": delivered, "next_attempt": retry}
    end: Change = Settle(message.id) if retry is None else Postpone(message.id, retry)
    await _record(work, data, [end], delivered=delivered)


async def _target(work: Work, endpoint_id: str) -> tuple[str, str] | None:
    """Return URL and secret of an endpoint, or None when it takes no events any more."""
    if endpoint_id.startswith(PLATFORM):
        position = int(endpoint_id.removeprefix(PLATFORM))
        if position >= len(work.fake.platform_endpoints):
            return None  # queued before a restart with fewer of them
        endpoint = work.fake.platform_endpoints[position]
        return endpoint.url, endpoint.secret
    stored = await work.get("webhook_endpoint", endpoint_id)
    if stored is None or stored["status"] != "enabled":
        return None
    secret = await work.get(SECRET_KIND, endpoint_id)
    return None if secret is None else (stored["url"], secret["secret"])


def _body(event: Document, *, account: str | None) -> bytes:
    content = orjson.loads(event.body)
    if account is not None:
        content = {"id": content.pop("id"), "object": content.pop("object"), "account": account, **content}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


async def _post(fake: Fake, url: str, body: bytes, signed: str) -> tuple[int | None, str | None]:
    """Return the status that was answered, or None and what went wrong."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signed,
    }
    send: Deliver = fake.deliver or deliver_over_socket
    try:
        async with asyncio.timeout(TIMEOUT):
            return await send(url, body, headers), None
    except TimeoutError:
        return None, f"no answer within {TIMEOUT:g} seconds"
    except Exception as error:  # noqa: BLE001  whatever goes wrong at the receiver is a failed delivery, and recorded
        return None, str(error) or type(error).__name__


def _next_attempt(message: Message, now: int) -> int | None:
    return now + RETRY_AFTER[message.attempt - 1] if message.attempt <= len(RETRY_AFTER) else None


async def _delivery(work: Work, message: Message, data: JsonObject, url: str) -> JsonObject:
    """Return the record of this event's delivery to this endpoint, made at the first attempt."""
    record = await work.get("delivery", message.id)
    if record is None:
        record = {"id": message.id, "object": "delivery", "created": work.now, "url": url, "attempts": []}
        record |= {"event": data["event"], "endpoint": data["endpoint"]}
        work.insert(record)
    work.save(record)
    return record


async def _record(work: Work, data: JsonObject, end: list[Change], *, delivered: bool) -> None:
    """Write the outcome; repeated by itself when another delivery of the event has just written its own.

    Only this is repeated: the webhook is not sent twice for it.
    """
    counts = delivered and not data["endpoint"].startswith(PLATFORM)
    while True:
        changes = list(end)
        if counts and (event := await work.world.get("event", data["event"])):
            changes.append(_one_fewer_pending(event))
        try:
            return await work.commit(*changes)
        except Conflict as conflict:
            if conflict.kind != "event":
                raise
            await asyncio.sleep(0)


def _one_fewer_pending(event: Document) -> Put:
    content = orjson.loads(event.body)
    content["pending_webhooks"] = pending = max(content["pending_webhooks"] - 1, 0)
    terms = (f"type={content['type']}", f"delivery_success={'false' if pending else 'true'}")
    return Put("event", event.id, orjson.dumps(content), event.version, terms=terms)


async def deliver_over_socket(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post a webhook and return the status; redirects are not followed, since a 3xx is a failure.

    Raises:
        httpx2.HTTPError: the receiver could not be reached.
    """
    import httpx2  # noqa: PLC0415  an application that delivers in its own process needs no HTTP client

    settings: dict[str, Any] = {"trust_env": False, "timeout": TIMEOUT, "follow_redirects": False, "verify": _trust()}
    async with httpx2.AsyncClient(**settings) as client:
        answer = await client.post(url, content=body, headers=dict(headers))
        return answer.status_code


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Return the certificates that are trusted, read once: reading them holds everybody up for tens of milliseconds."""
    import httpx2  # noqa: PLC0415  see above

    return httpx2.create_ssl_context(trust_env=False)
