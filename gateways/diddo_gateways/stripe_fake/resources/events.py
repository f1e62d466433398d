"""Events: `/v1/events`. They are made by the work that changes things (`Work.emit`) and can be read for 30 days."""

from fnmatch import fnmatchcase

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation

KIND = "event"
KEPT_FOR = 30 * 86_400
MOST_TYPES = 20

filtered_by(KIND, "delivery_success", "type")


@operation("GET /v1/events/{id}")
async def retrieve(call: Call) -> Answer:
    """Return an event of the last 30 days."""
    event = await call.work.stored(KIND, call.path["id"])
    if orjson.loads(event)["created"] < call.work.now - KEPT_FOR:
        raise ResourceMissing(KIND, call.path["id"])
    return event


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
    return await listed(call, KIND, terms=[[f"type={name}" for name in wanted]] if wanted else [])
