"""Webhook endpoints: `/v1/webhook_endpoints`.

The secret that deliveries are signed with is shown by the answer to the creation only, and is kept apart from the
object. At most 16 endpoints per world, event destinations included. They emit no events.
"""

from typing import Any

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.endpoints import ENDPOINT_KIND, ENDPOINT_KINDS, ENDPOINT_LIMIT, SECRET_KIND
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.signing import new_secret
from diddo_gateways.stripe_fake.urls import check_receiver
from diddo_gateways.stripe_fake.versions import released
from diddo_gateways.stripe_fake.work import API_VERSION, Work

__all__ = ["check_room"]

KIND = ENDPOINT_KIND
PLAIN = ("description", "enabled_events", "url", "metadata")


@operation("POST /v1/webhook_endpoints")
async def create(call: Call) -> Answer:
    """Make an endpoint; its secret is told now and never again."""
    work, params = call.work, call.params
    if params.get("api_version", API_VERSION) not in released():
        raise NotModelled(f"A webhook endpoint of the API version {params['api_version']}")
    _check(params)
    await check_room(work)
    endpoint = blank(KIND)
    endpoint |= {
        "id": work.new_id("we_1", 23),
        "api_version": params.get("api_version"),
        "created": work.now,
        "status": "enabled",
    }
    overwrite(endpoint, params, PLAIN)
    kept = {"id": endpoint["id"], "object": SECRET_KIND, "secret": new_secret(work)}
    work.insert(endpoint)
    work.insert(kept | {"connect": params.get("connect", False)})
    return {**endpoint, "secret": kept["secret"]}


@operation("GET /v1/webhook_endpoints/{webhook_endpoint}")
async def retrieve(call: Call) -> Answer:
    """Return an endpoint, without its secret."""
    return await call.work.stored(KIND, call.path["webhook_endpoint"])


@operation("POST /v1/webhook_endpoints/{webhook_endpoint}")
async def update(call: Call) -> Answer:
    """Change an endpoint; `disabled` stops and resumes its deliveries."""
    work, params = call.work, call.params
    endpoint = await work.fetch(KIND, call.path["webhook_endpoint"])
    _check(params)
    overwrite(endpoint, params, PLAIN)
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    work.save(endpoint)
    return endpoint


@operation("DELETE /v1/webhook_endpoints/{webhook_endpoint}")
async def delete(call: Call) -> Answer:
    """Delete an endpoint: what was still to be delivered to it is not."""
    work = call.work
    endpoint = await work.fetch(KIND, call.path["webhook_endpoint"])
    work.remove(endpoint)
    work.remove(await work.fetch(SECRET_KIND, endpoint["id"]))
    return {"id": endpoint["id"], "object": KIND, "deleted": True}


@operation("GET /v1/webhook_endpoints")
async def list_(call: Call) -> Answer:
    """List the endpoints."""
    return await listed(call, KIND)


async def check_room(work: Work) -> None:
    """See that one more endpoint or event destination may be made.

    Raises:
        InvalidRequest: there are as many as an account may have.
    """
    there = [len(await work.world.page(kind, limit=ENDPOINT_LIMIT)) for kind in ENDPOINT_KINDS]
    if sum(there) >= ENDPOINT_LIMIT:
        raise InvalidRequest(f"You have reached the maximum of {ENDPOINT_LIMIT} test webhook endpoints.")


def _check(params: dict[str, Any]) -> None:
    if "url" in params:
        check_receiver(params["url"], param="url")
