"""Checkout sessions: `/v1/checkout/sessions`.

| from | action | to | event |
|---|---|---|---|
| open | complete: the payment has gone through, or nothing is to be paid | complete | `checkout.session.completed` |
| open | expire: asked for, or the time is up | expired | `checkout.session.expired` |

A session whose time is up expires when anybody reads it, and by a timer when nobody does; either way once. Payments
that settle slowly tell later: `checkout.session.async_payment_succeeded`, `checkout.session.async_payment_failed`.
"""

import orjson

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.checkout.content import content_of, line_items_of
from diddo_gateways.stripe_fake.checkout.expiring import current, expire_session
from diddo_gateways.stripe_fake.checkout.lines import Lines, updated_lines
from diddo_gateways.stripe_fake.checkout.opening import has_trial, open_session
from diddo_gateways.stripe_fake.checkout.shipping import shipping_options
from diddo_gateways.stripe_fake.checkout.states import SESSIONS
from diddo_gateways.stripe_fake.checkout.totals import add_up
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import list_body, selected, sliced
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "checkout.session"
URL = "/v1/checkout/sessions"

filtered_by(
    KIND,
    "customer",
    "customer_account",
    "customer_details.email",
    "payment_intent",
    "payment_link",
    "status",
    "subscription",
)


@operation("POST /v1/checkout/sessions")
async def create(call: Call) -> Answer:
    """Open a session."""
    return await open_session(call.work, call.params)


@operation("GET /v1/checkout/sessions/{session}")
async def retrieve(call: Call) -> Answer:
    """Return a session as it stands now."""
    return await current(call.work, call.path["session"])


@operation("POST /v1/checkout/sessions/{session}")
async def update(call: Call) -> Answer:
    """Change a session: metadata at any time, the rest while it is open."""
    work, params = call.work, call.params
    session = await current(work, call.path["session"])
    if set(params) - {"metadata"}:
        SESSIONS.check(session, "update")
        await _update_content(work, session, params)
    overwrite(session, params, ("metadata",))
    work.save(session)
    return session


@operation("GET /v1/checkout/sessions")
async def list_(call: Call) -> Answer:
    """List sessions; those whose time is up have expired."""
    while True:
        documents, more = await selected(call, KIND)
        overdue = [
            document.id
            for document in documents
            if (session := orjson.loads(document.body))["status"] == "open" and session["expires_at"] <= call.work.now
        ]
        if not overdue:
            return list_body(documents, URL, has_more=more)
        for session_id in overdue:
            await current(call.work, session_id)
        await call.work.commit()


@operation("GET /v1/checkout/sessions/{session}/line_items")
async def list_line_items(call: Call) -> Answer:
    """List what a session sells."""
    session = await current(call.work, call.path["session"])
    lines = [] if session["mode"] == "setup" else await line_items_of(call.work, session)
    return sliced(call, lines, "item", call.url)


@operation("POST /v1/checkout/sessions/{session}/expire")
async def expire(call: Call) -> Answer:
    """End an open session."""
    session = await current(call.work, call.path["session"])
    await expire_session(call.work, session)
    return session


async def _update_content(work: Work, session: JsonObject, params: JsonObject) -> None:
    if session["mode"] == "setup":
        refused = next((name for name in params if name not in ("metadata", "collected_information")), None)
        if refused is not None:
            raise InvalidRequest(f"You can not pass `{refused}` in `setup` mode.", param=refused)
    content = await content_of(work, session)
    work.save(content)
    if "line_items" in params:
        await _update_lines(work, session, content, params["line_items"])
    if "shipping_options" in params:
        session["shipping_options"] = await shipping_options(
            work, params["shipping_options"] or [], currency=session["currency"]
        )
    if "payment_intent_data" in params:
        _update_intent_data(content["request"], params["payment_intent_data"])
    if "collected_information" in params:
        session["collected_information"]["shipping_details"] = params["collected_information"].get("shipping_details")
    if session["mode"] != "setup":
        add_up(session, content)


async def _update_lines(work: Work, session: JsonObject, content: JsonObject, given: list[JsonObject]) -> None:
    trial = has_trial(content["request"])
    reader = Lines(work, mode=session["mode"], currency=session["currency"], trial=trial)
    lines = await updated_lines(reader, content["line_items"], given, content["prices"], trial=trial)
    if not lines:
        raise InvalidRequest("A Checkout Session needs at least one line item.", param="line_items")
    reader.check_kinds(lines)
    content["rates"] |= reader.rates
    content["prices"] |= reader.prices
    content["line_items"] = lines


def _update_intent_data(request: JsonObject, given: JsonObject) -> None:
    data = request.get("payment_intent_data") or {}
    if "metadata" in given:
        given = {**given, "metadata": merged(data.get("metadata", {}), given["metadata"])}
    request["payment_intent_data"] = {key: value for key, value in {**data, **given}.items() if value != ""}
