"""Payment links: `/v1/payment_links`. A link's URL is a page of the sandbox, which opens a checkout session.

Events: `payment_link.created`, `payment_link.updated`.
"""

from typing import Any

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.checkout.lines import Lines, updated_lines
from diddo_gateways.stripe_fake.checkout.links import CONTENT, content_of, fields_of, read_lines
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed, sliced
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "payment_link"
IN_FULL = 10

filtered_by(KIND, "active")


@operation("POST /v1/payment_links")
async def create(call: Call) -> Answer:
    """Make a payment link."""
    work = call.work
    link_id = work.new_id("plink_1", 23)
    content: JsonObject = {"id": link_id, "object": CONTENT, "request": call.params}
    mode, currency = await read_lines(work, content)
    content["mode"] = mode
    link = blank(KIND)
    del link["line_items"]
    link |= {"id": link_id, "active": True, "currency": currency, "url": f"{work.fake.pages_url}/b/{link_id}"}
    link |= await fields_of(work, link, content, mode)
    work.insert(link)
    work.insert(content)
    work.emit("payment_link.created", link)
    return link


@operation("GET /v1/payment_links/{payment_link}")
async def retrieve(call: Call) -> Answer:
    """Return a payment link."""
    return await call.work.stored(KIND, call.path[KIND], param=KIND)


@operation("POST /v1/payment_links/{payment_link}")
async def update(call: Call) -> Answer:
    """Change a payment link; sessions that are open already stay as they are."""
    work, params = call.work, call.params
    link = await work.fetch(KIND, call.path[KIND], param=KIND)
    content = await content_of(work, link)
    if "line_items" in params:
        await _update_lines(work, link, content, params.pop("line_items"))
    _write_over(content["request"], params)
    values = await fields_of(work, link, content, content["mode"])
    values["active"] = params.get("active", link["active"])
    former = {key: link["metadata"].get(key) for key in params.get("metadata", {})}
    before = overwrite(link, values, set(values) - {"metadata"})
    if link["metadata"] != values["metadata"]:
        link["metadata"], before["metadata"] = values["metadata"], former
    work.save(link)
    work.save(content)
    if before:
        work.emit("payment_link.updated", link, before)
    return link


async def _update_lines(work: Work, link: JsonObject, content: JsonObject, given: list[JsonObject]) -> None:
    """Change the line items that are named; the others stay."""
    changed = {line["id"] for line in given}
    kept = [{"id": line["id"]} for line in content["line_items"] if line["id"] not in changed]
    reader = Lines(work, mode=content["mode"], currency=link["currency"])
    lines = await updated_lines(reader, content["line_items"], [*given, *kept], {})
    order = {line["id"]: position for position, line in enumerate(content["line_items"])}
    content["line_items"] = sorted(lines, key=lambda line: order[line["id"]])


def _write_over(request: dict[str, Any], params: JsonObject) -> None:
    """Write an update over the parameters that a link was made with; the empty string takes one off."""
    for name, value in params.items():
        if name == "metadata":
            request["metadata"] = merged(request.get("metadata", {}), value)
        elif value == "":
            request.pop(name, None)
        elif name in ("payment_intent_data", "subscription_data"):
            request[name] = {**request.get(name, {}), **value}
        elif name != "active":
            request[name] = value


@operation("GET /v1/payment_links")
async def list_(call: Call) -> Answer:
    """List payment links."""
    return await listed(call, KIND)


@operation("GET /v1/payment_links/{payment_link}/line_items")
async def list_line_items(call: Call) -> Answer:
    """List what a payment link sells."""
    link = await call.work.fetch(KIND, call.path[KIND], param=KIND)
    content = await content_of(call.work, link)
    return sliced(call, content["line_items"], "item", call.url)


@includes(KIND, "line_items")
async def _first_lines(work: Work, link: JsonObject, _field: str) -> JsonObject:
    lines = (await content_of(work, link))["line_items"]
    url = f"/v1/payment_links/{link['id']}/line_items"
    return {"object": "list", "data": lines[:IN_FULL], "has_more": len(lines) > IN_FULL, "url": url}
