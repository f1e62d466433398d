"""Event destinations: `/v2/core/event_destinations`.

One that is a webhook endpoint gets events of the first version (`snapshot`) or notifications of thin events; one in
somebody's cloud is kept and gets nothing. URL and secret are told only when asked for with `include`, the secret by the
creation alone. `ping` emits `v2.core.event_destination.ping`.
"""

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.endpoints import DESTINATION_KIND, SECRET_KIND
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ParameterRefused
from diddo_gateways.stripe_fake.lists import limit_of, position
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.pages_v2 import page_v2, place_of
from diddo_gateways.stripe_fake.resources.webhook_endpoints import check_room
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.signing import new_secret
from diddo_gateways.stripe_fake.thin_events import moment
from diddo_gateways.stripe_fake.urls import check_receiver
from diddo_gateways.stripe_fake.versions import served
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = DESTINATION_KIND
WEBHOOK = "webhook_endpoint"
URL = "webhook_endpoint.url"
SECRET = "webhook_endpoint.signing_secret"  # noqa: S105  the name of a field, not a secret
PLAIN = ("name", "description", "enabled_events")
SCOPES = ("@self", "@accounts", "@organization_members", "@organization_members/@accounts")


@operation("POST /v2/core/event_destinations")
async def create(call: Call) -> Answer:
    """Make a destination; its secret is told now, if asked for, and never again."""
    work, params = call.work, call.params
    kind = params["type"]
    if kind not in params:
        raise MissingParameter(kind)
    _check_events(params["enabled_events"], params["event_payload"])
    scopes = _scopes(params)
    await check_room(work)
    destination = blank(KIND) | {
        "id": work.new_id("ed_test_", 48),
        "created": moment(work.now),
        "updated": moment(work.now),
        "description": params.get("description", ""),
        "enabled_events": params["enabled_events"],
        "event_payload": params["event_payload"],
        "events_from": scopes,
        "metadata": merged({}, params.get("metadata", {})),
        "name": params["name"],
        "snapshot_api_version": _version(params, work.fake.api_version),
        "status": "enabled",
        "type": kind,
    }
    destination[kind] = _delivered_to(kind, params[kind], destination["id"])
    kept = {
        "id": destination["id"],
        "object": SECRET_KIND,
        "secret": new_secret(work),
        "connect": "@accounts" in scopes,
        "own": "@self" in scopes,
        "url": params[kind].get("url"),
    }
    work.insert(destination)
    work.insert(kept)
    return await _shown(call, destination)


@operation("GET /v2/core/event_destinations/{id}")
async def retrieve(call: Call) -> Answer:
    """Return a destination."""
    return await _shown(call, await call.work.fetch(KIND, call.path["id"]))


@operation("POST /v2/core/event_destinations/{id}")
async def update(call: Call) -> Answer:
    """Change a destination."""
    work, params = call.work, call.params
    destination = await work.fetch(KIND, call.path["id"])
    if "enabled_events" in params:
        _check_events(params["enabled_events"], destination["event_payload"])
    destination |= {field: params[field] for field in PLAIN if field in params}
    if "metadata" in params:
        given = {key: "" if value is None else value for key, value in params["metadata"].items()}
        destination["metadata"] = merged(destination["metadata"], given)
    if WEBHOOK in params:
        await _move(work, destination, params[WEBHOOK]["url"])
    _touch(work, destination)
    return await _shown(call, destination)


@operation("POST /v2/core/event_destinations/{id}/disable")
async def disable(call: Call) -> Answer:
    """Stop deliveries to a destination."""
    return await _switch(call, "disabled", {"disabled": {"reason": "user"}})


@operation("POST /v2/core/event_destinations/{id}/enable")
async def enable(call: Call) -> Answer:
    """Resume deliveries to a destination."""
    return await _switch(call, "enabled", None)


@operation("POST /v2/core/event_destinations/{id}/ping")
async def ping(call: Call) -> Answer:
    """Send a destination, and nobody else, a thin event about itself."""
    destination = await call.work.fetch(KIND, call.path["id"])
    if destination["status"] != "enabled":
        raise InvalidRequest("You cannot ping an event destination that is disabled.")
    return call.work.emit_thin("v2.core.event_destination.ping", destination, to=destination["id"])


@operation("DELETE /v2/core/event_destinations/{id}")
async def delete(call: Call) -> Answer:
    """Delete a destination: what was still to be delivered to it is not."""
    work = call.work
    destination = await work.fetch(KIND, call.path["id"])
    work.remove(destination)
    work.remove(await work.fetch(SECRET_KIND, destination["id"]))
    return {"id": destination["id"], "object": KIND}


@operation("GET /v2/core/event_destinations")
async def list_(call: Call) -> Answer:
    """List the destinations, newest first."""
    work, limit = call.work, limit_of(call.params)
    token = call.params.get("page")
    after = None if token is None else await position(call, KIND, place_of(token), "page")
    documents = await work.world.page(KIND, limit=limit + 1, after=after)
    shown = [await _shown(call, await work.fetch(KIND, document.id)) for document in documents[:limit]]
    following = documents[limit - 1].id if len(documents) > limit else None
    return page_v2(call, shown, following=following)


async def _switch(call: Call, status: str, details: JsonObject | None) -> JsonObject:
    destination = await call.work.fetch(KIND, call.path["id"])
    destination |= {"status": status, "status_details": details}
    _touch(call.work, destination)
    return await _shown(call, destination)


def _touch(work: Work, destination: JsonObject) -> None:
    destination["updated"] = moment(work.now)
    work.save(destination)


async def _shown(call: Call, destination: JsonObject) -> JsonObject:
    """Return a destination with what the call asks for with `include`."""
    asked = call.params.get("include", ())
    if not asked or destination["type"] != WEBHOOK:
        return destination
    kept = await call.work.fetch(SECRET_KIND, destination["id"])
    told = {"url": kept["url"] if URL in asked else None, "signing_secret": kept["secret"] if SECRET in asked else None}
    return {**destination, WEBHOOK: told}


async def _move(work: Work, destination: JsonObject, url: str) -> None:
    if destination["type"] != WEBHOOK:
        raise InvalidRequest("Only a destination that is a webhook endpoint has a URL.", param=WEBHOOK)
    check_receiver(url, param=URL)
    kept = await work.fetch(SECRET_KIND, destination["id"])
    kept["url"] = url
    work.save(kept)


def _version(params: JsonObject, default: str) -> str | None:
    """Return the version that events are rendered in; thin events have none."""
    given: str | None = params.get("snapshot_api_version")
    if params["event_payload"] == "thin":
        if given is not None:
            raise ParameterRefused("Thin events have no API version.", param="snapshot_api_version")
        return None
    return default if given is None else served(given, param="snapshot_api_version")


def _scopes(params: JsonObject) -> list[str]:
    scopes: list[str] = params.get("events_from", ["@self"])
    for position_, scope in enumerate(scopes):
        if scope not in SCOPES:
            param = f"events_from[{position_}]"
            raise ParameterRefused(f"Invalid {param}: must be one of {', '.join(SCOPES)}", param=param)
    return scopes


def _check_events(types: list[str], payload: str) -> None:
    """Refuse types of events that a destination of that payload cannot get."""
    known = catalogue.load()
    taken = known.thin_events if payload == "thin" else known.event_types()
    for position_, name in enumerate(types):
        if name != "*" and name not in taken:
            param = f"enabled_events[{position_}]"
            raise ParameterRefused(f"Invalid {param}: there are no {payload} events of type {name}", param=param)


def _delivered_to(kind: str, given: JsonObject, destination_id: str) -> JsonObject:
    """Return what a destination says of where it delivers to."""
    if kind == WEBHOOK:
        check_receiver(given["url"], param=URL)
        return {"url": None, "signing_secret": None}
    if kind == "amazon_eventbridge":
        arn = f"arn:aws:events:{given['aws_region']}::event-source/aws.partner/stripe.com/{destination_id}"
        account = given["aws_account_id"]
        return {"aws_account_id": account, "aws_event_source_arn": arn, "aws_event_source_status": "pending"}
    topic = {"azure_partner_topic_name": destination_id, "azure_partner_topic_status": "never_activated"}
    return {**given, **topic}
