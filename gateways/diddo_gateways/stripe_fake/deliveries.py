"""Webhooks: an event or a thin notification, signed, posted to an endpoint, and tried again when that fails."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import orjson

from diddo_gateways.documents import Change, Conflict, Document, Message, Postpone, Put, Settle
from diddo_gateways.stripe_fake import thin_events
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.endpoints import CONNECT, DESTINATION_KIND, ENDPOINT_KIND, PLATFORM, SECRET_KIND
from diddo_gateways.stripe_fake.signing import secrets_of, signature
from diddo_gateways.stripe_fake.versions import rendered
from diddo_gateways.stripe_fake.work import API_VERSION, Deliver, Fake, JsonObject, Work
from diddo_gateways.worlds import World

__all__ = ["LIVE_RETRIES", "SANDBOX_RETRIES", "TIMEOUT", "deliver_over_socket", "record_id"]

# Seconds after each failed attempt: three attempts within hours, as in one of Stripe's sandboxes, and an exponential
# ladder of just under three days, as in live mode.
SANDBOX_RETRIES = (3600, 7200)
LIVE_RETRIES = (3600, 7200, 14_400, 28_800, 57_600, 115_200)
TIMEOUT = 20.0


class Target(NamedTuple):
    """Where a delivery goes.

    Attributes:
        url: the receiver.
        secrets: what it is signed with, the newest first.
        account: the account that the event is said to come from, or None when that is the receiver's own.
        thin: whether it gets thin notifications.
        api_version: the version of the API that events are rendered in.
    """

    url: str
    secrets: Sequence[str]
    account: str | None = None
    thin: bool = False
    api_version: str = API_VERSION


def record_id(event_id: str, endpoint_id: str) -> str:
    """Return the id of the record of an event's deliveries to an endpoint, a document of kind `delivery`."""
    return f"{event_id}>{endpoint_id}"


@on_due("deliver")
async def deliver(work: Work, message: Message, data: JsonObject) -> None:
    """Send an event to an endpoint, once; on failure the message waits for the next attempt.

    `data` names the `event` and the `endpoint`, and says whether `pending_webhooks` counts it. The outcome is recorded
    in a document of kind `delivery`.
    """
    target = await _target(work, data["endpoint"])
    event = await _event(work, data["event"])
    if target is None or event is None:
        # The endpoint was deleted or disabled since: nothing is sent to it any more.
        await _record(work, data, [Settle(message.id)], counts=data["counts"])
        return
    body = orjson.dumps(await _content(work, event, target), option=orjson.OPT_INDENT_2)
    # Receivers hold the time against their own clock, so it is the real one, however the world's clock is set.
    sent_at = int(work.world.clock.source())
    status, error = await _post(work.fake, target.url, body, signature(body, *target.secrets, at=sent_at))
    delivered = status is not None and 200 <= status < 300
    retry = None if delivered else _next_attempt(work, message)
    record = await _delivery(work, data, target.url)
    record["attempts"].append({"attempt": message.attempt, "at": work.now, "status": status, "error": error})
    record["next_attempt"] = retry
    end: Change = Settle(message.id) if retry is None else Postpone(message.id, retry)
    await _record(work, data, [end], counts=delivered and _succeeded(record, counts=data["counts"]))


def _succeeded(record: JsonObject, *, counts: bool) -> bool:
    """Note a success, and say whether `pending_webhooks` goes down for it: it does once for an endpoint."""
    first = counts and not record["counted"]
    record |= {"delivered": True, "counted": record["counted"] or first}
    return first


async def _target(work: Work, endpoint_id: str) -> Target | None:
    """Return where deliveries to an endpoint go, or None when it takes no events any more."""
    if endpoint_id.startswith(PLATFORM):
        position = int(endpoint_id.removeprefix(PLATFORM))
        if position >= len(work.fake.platform_endpoints):
            return None  # queued before a restart with fewer of them
        endpoint = work.fake.platform_endpoints[position]
        return Target(endpoint.url, [endpoint.secret], work.world.account)
    connect = endpoint_id.startswith(CONNECT)
    world = work.world.platform if connect else work.world
    name = endpoint_id.removeprefix(CONNECT)
    stored = await _read(world, ENDPOINT_KIND, name) or await _read(world, DESTINATION_KIND, name)
    kept = await _read(world, SECRET_KIND, name)
    if stored is None or kept is None or stored["status"] != "enabled":
        return None
    account = work.world.account if connect else None
    url, thin = stored.get("url") or kept["url"], stored.get("event_payload") == "thin"
    version = stored.get("api_version") or stored.get("snapshot_api_version") or work.fake.api_version
    return Target(url, secrets_of(kept, work.now), account, thin=thin, api_version=version)


async def _read(world: World | None, kind: str, name: str) -> JsonObject | None:
    stored = None if world is None else await world.get(kind, name)
    return None if stored is None else cast("JsonObject", orjson.loads(stored.body))


async def _event(work: Work, event_id: str) -> JsonObject | None:
    """Return an event of either version of the API, as it is stored."""
    return await _read(work.world, thin_events.KIND if event_id.startswith(thin_events.PREFIX) else "event", event_id)


async def _content(work: Work, event: JsonObject, target: Target) -> JsonObject:
    """Return what is sent of an event."""
    stored_thin = event["object"] == thin_events.KIND
    thin = event if stored_thin else thin_events.of_snapshot(event) if target.thin else None
    if thin is not None:
        return thin_events.notification(thin) | {"context": target.account}
    event = await rendered(work, event, target.api_version)
    if target.account is not None:
        return {"id": event.pop("id"), "object": event.pop("object"), "account": target.account, **event}
    return event


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


def _next_attempt(work: Work, message: Message) -> int | None:
    ladder = work.fake.retry_after
    return work.now + ladder[message.attempt - 1] if message.attempt <= len(ladder) else None


async def _delivery(work: Work, data: JsonObject, url: str) -> JsonObject:
    """Return the record of this event's deliveries to this endpoint, made at the first attempt."""
    name = record_id(data["event"], data["endpoint"])
    record = await work.get("delivery", name)
    if record is None:
        record = {"id": name, "object": "delivery", "created": work.now, "url": url, "attempts": []}
        record |= {"delivered": False, "counted": False, "event": data["event"], "endpoint": data["endpoint"]}
        work.insert(record)
    work.save(record)
    return record


async def _record(work: Work, data: JsonObject, end: list[Change], *, counts: bool) -> None:
    """Write the outcome; repeated by itself when another delivery of the event has just written its own.

    Only this is repeated: the webhook is not sent twice for it.
    """
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
