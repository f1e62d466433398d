"""Events: `/v1/events`. They are made by the work that changes things (`Work.emit`) and can be read for 30 days.

One can be sent again, as Stripe's command line does with `events resend`: to one endpoint, or to all that listen.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.deliveries import record_id
from diddo_gateways.stripe_fake.endpoints import ENDPOINT_KIND, endpoints_of
from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import list_body, selected
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.versions import rendered
from diddo_gateways.stripe_fake.work import API_VERSION, Work

KIND = "event"
KEPT_FOR = 30 * 86_400
MOST_TYPES = 20

filtered_by(KIND, "delivery_success", "type")


@operation("GET /v1/events/{id}")
async def retrieve(call: Call) -> Answer:
    """Return an event of the last 30 days."""
    work = call.work
    event = await work.world.get(KIND, call.path["id"])
    if event is None:
        return await work.stored(KIND, call.path["id"])
    if event.created < work.now - KEPT_FOR:
        raise ResourceMissing(KIND, event.id)
    return (await _rendered(work, [event]))[0].body


@operation("GET /v1/events")
async def list_(call: Call) -> Answer:
    """List the events of the last 30 days; `type` may be a group such as `charge.*`, `types` names up to twenty."""
    params = call.params
    if "type" in params and "types" in params:
        raise InvalidRequest("You may only specify one of these parameters: type, types.")
    wanted = params.get("types", [])
    if len(wanted) > MOST_TYPES:
        raise InvalidRequest(f"You can filter by at most {MOST_TYPES} types.", param="types")
    if "*" in params.get("type", ""):
        pattern = params.pop("type")
        wanted = [known for known in catalogue.load().event_types() if fnmatchcase(known, pattern)] or [pattern]
    created = params.get("created", {})
    asked = {"gte": created, "lte": created} if isinstance(created, int) else created
    params["created"] = {**asked, "gte": max(asked.get("gte", 0), call.work.now - KEPT_FOR)}
    documents, more = await selected(call, KIND, terms=[[f"type={name}" for name in wanted]] if wanted else [])
    return list_body(await _rendered(call.work, documents), call.url, has_more=more)


async def _rendered(work: Work, documents: Sequence[Document]) -> Sequence[Document]:
    """Return events in the version of the account, whatever the version of the request."""
    version = work.fake.api_version
    if version == API_VERSION:
        return documents
    events = [await rendered(work, orjson.loads(document.body), version) for document in documents]
    return [document._replace(body=orjson.dumps(event)) for document, event in zip(documents, events, strict=True)]


@operation("POST /v1/events/{id}/retry")
async def retry(call: Call) -> Answer:
    """Send an event once more to an endpoint, or to all, where they listen to its type."""
    work, params = call.work, call.params
    event = await work.fetch(KIND, call.path["id"])
    if "webhook_endpoint" in params:
        named = await work.fetch(ENDPOINT_KIND, params["webhook_endpoint"], param="webhook_endpoint", status=400)
        if named["status"] != "enabled":
            raise InvalidRequest("You cannot resend an event to a webhook endpoint that is disabled.")
    for endpoint in await endpoints_of(work.world, work.fake.platform_endpoints):
        if endpoint.id == params.get("webhook_endpoint", endpoint.id) and endpoint.takes(event["type"]):
            record = await work.get("delivery", record_id(event["id"], endpoint.id))
            failed = record is not None and not record["delivered"]
            work.redeliver(event["id"], endpoint.id, counts=endpoint.counts and failed)
    return event
