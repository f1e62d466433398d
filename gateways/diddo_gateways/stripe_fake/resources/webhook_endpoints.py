"""Webhook endpoints: `/v1/webhook_endpoints`.

The secret that deliveries are signed with is shown by the answer to the creation only, and is kept apart from the
object. At most 16 endpoints per world.
"""

from typing import Any

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import API_VERSION, ENDPOINT_KIND, ENDPOINT_LIMIT, SECRET_KIND

KIND = ENDPOINT_KIND
PLAIN = ("description", "enabled_events", "url", "metadata")


@operation("POST /v1/webhook_endpoints")
async def create(call: Call) -> Answer:
    """Make an endpoint; its secret is told now and never again."""
    work, params = call.work, call.params
    if params.get("connect"):
        raise NotModelled("A webhook endpoint that listens to connected accounts")
    if params.get("api_version", API_VERSION) != API_VERSION:
        raise NotModelled(f"A webhook endpoint of another API version than {API_VERSION}")
    _check(params)
    if len(await work.world.page(KIND, limit=ENDPOINT_LIMIT)) == ENDPOINT_LIMIT:
        raise InvalidRequest(f"You have reached the maximum of {ENDPOINT_LIMIT} test webhook endpoints.")
    endpoint = blank(KIND)
    endpoint |= {
        "id": work.new_id("we_1", 23),
        "api_version": params.get("api_version"),
        "created": work.now,
        "status": "enabled",
    }
    overwrite(endpoint, params, PLAIN)
    secret = work.new_id("whsec_", 32)
    work.insert(endpoint)
    work.insert({"id": endpoint["id"], "object": SECRET_KIND, "secret": secret})
    return {**endpoint, "secret": secret}


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


def _check(params: dict[str, Any]) -> None:
    url = params.get("url")
    if url is None:
        return
    check_url(url, param="url")
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("Invalid URL: must start with http:// or https://.", code="url_invalid", param="url")
