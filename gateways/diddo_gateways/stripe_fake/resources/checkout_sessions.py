"""Checkout sessions in payment mode: `/v1/checkout/sessions`.

| from | action | to | event |
|---|---|---|---|
| open | complete: the payment has gone through, or nothing is to be paid | complete | `checkout.session.completed` |
| open | expire: asked for, or the time is up | expired | `checkout.session.expired` |

A session whose time is up expires when anybody reads it, and by a timer when nobody does; either way once. Its line
items and what its payment intent is to be made from are kept apart from the object, as `checkout.session.content`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.checkout import settings
from diddo_gateways.stripe_fake.checkout.lines import add_up, line_items, shipping_options, updated_lines
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import list_body, selected, sliced
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.resources.payment_intents import abandon
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["complete", "content_of", "current", "line_items_of"]

KIND = "checkout.session"
CONTENT = "checkout.session.content"
URL = "/v1/checkout/sessions"
IN_FULL = 10

filtered_by(KIND, "customer", "customer_details.email", "payment_intent", "payment_link", "status", "subscription")


class SessionNotOpen(InvalidRequest):
    """The session is complete or expired."""

    def __init__(self, action: str, status: str) -> None:
        super().__init__(
            f'Only Checkout Sessions with a status in ["open"] can be {action}. This Checkout Session has a status of'
            f" `{status}`."
        )


PARTICIPLES = {"complete": "completed", "expire": "expired", "update": "updated"}


def _refuse(action: str, session: Mapping[str, Any], _allowed: Sequence[str]) -> SessionNotOpen:
    return SessionNotOpen(PARTICIPLES[action], session["status"])


STATES = StateTable(
    kind=KIND,
    start=("open",),
    edges={
        "open": {"complete": ("complete",), "expire": ("expired",), "update": ("open",)},
        "complete": {},
        "expired": {},
    },
    refuse=_refuse,
)


@operation("POST /v1/checkout/sessions")
async def create(call: Call) -> Answer:
    """Open a session."""
    work, params = call.work, call.params
    settings.check(params)
    fixed = check_currency(params["currency"]) if "currency" in params else None
    customer = None
    if "customer" in params:
        customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    lines = await line_items(work, params["line_items"], currency=fixed)
    session = blank(KIND)
    session |= settings.describe(params, work)
    session |= {
        "id": work.new_id("cs_test_a1", 56),
        "created": work.now,
        "currency": lines[0]["currency"],
        "customer_details": _known_customer(customer, params.get("customer_email")),
        "expires_at": settings.expiry(params, now=work.now),
        "status": "open",
    }
    session["shipping_options"] = await shipping_options(
        work, params.get("shipping_options", []), currency=session["currency"]
    )
    add_up(session, lines)
    session["payment_status"] = "unpaid" if session["amount_total"] else "no_payment_required"
    _open_door(work, session)
    work.insert(session)
    work.insert(
        {
            "id": session["id"],
            "object": CONTENT,
            "line_items": lines,
            "payment_intent_data": params.get("payment_intent_data", {}),
            "customer_update": params.get("customer_update", {}),
        }
    )
    work.later("expire_session", session["expires_at"], message_id=_timer(session), session=session["id"])
    return session


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
        STATES.check(session, "update")
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
    lines = await line_items_of(call.work, session)
    return sliced(call, lines, "item", call.url)


@operation("POST /v1/checkout/sessions/{session}/expire")
async def expire(call: Call) -> Answer:
    """End an open session."""
    session = await current(call.work, call.path["session"])
    await _expire(call.work, session)
    return session


async def current(work: Work, session_id: str, *, param: str = "session", status: int = 404) -> JsonObject:
    """Return a session as it stands now: one whose time is up has expired.

    Raises:
        ResourceMissing: there is none.
    """
    session = await work.fetch(KIND, session_id, param=param, status=status, noun="checkout.session")
    if session["status"] == "open" and session["expires_at"] <= work.now:
        await _expire(work, session)
    return session


async def content_of(work: Work, session: JsonObject) -> JsonObject:
    """Return what is kept apart from a session: `line_items`, `payment_intent_data`, `customer_update`."""
    return await work.fetch(CONTENT, session["id"])


async def line_items_of(work: Work, session: JsonObject) -> list[JsonObject]:
    """Return the line items of a session."""
    lines: list[JsonObject] = (await content_of(work, session))["line_items"]
    return lines


async def complete(
    work: Work, session: JsonObject, payment_intent: JsonObject | None, *, details: JsonObject | None = None
) -> None:
    """Close a session that has been paid, or that nothing is to be paid for.

    Args:
        work: the unit of work that the payment was made in.
        session: an open session, from `current`.
        payment_intent: what paid it: succeeded, authorised for capture, or processing. None when the total is zero.
        details: what the shopper gave on the page, over what is known: `email`, `name`, `phone`, `address`.

    Raises:
        StripeError: the session is not open any more.
    """
    STATES.move(session, "complete")
    session["url"] = session["client_secret"] = None
    known = session["customer_details"] or _details(email=None)
    given = {field: value for field, value in (details or {}).items() if value}
    session["customer_details"] = {**known, **given}
    if payment_intent is not None:
        session["payment_intent"] = payment_intent["id"]
        session["payment_status"] = "paid" if payment_intent["status"] == "succeeded" else "unpaid"
        session["customer"] = session["customer"] or payment_intent["customer"]
    work.save(session)
    work.cancel(_timer(session))
    work.emit("checkout.session.completed", session)


@includes(KIND, "line_items")
async def _first_lines(work: Work, session: JsonObject, _field: str) -> JsonObject:
    lines = await line_items_of(work, session)
    return {
        "object": "list",
        "data": lines[:IN_FULL],
        "has_more": len(lines) > IN_FULL,
        "url": f"{URL}/{session['id']}/line_items",
    }


@on_due("expire_session")
async def _time_is_up(work: Work, message: Message, data: JsonObject) -> None:
    """End a session that nobody has read since its time was up."""
    session = await work.get(KIND, data["session"])
    if session is not None and session["status"] == "open":
        await _expire(work, session, by_timer=True)
    await work.commit(Settle(message.id))


async def _expire(work: Work, session: JsonObject, *, by_timer: bool = False) -> None:
    STATES.move(session, "expire")
    session["url"] = session["client_secret"] = None
    work.save(session)
    if not by_timer:
        work.cancel(_timer(session))
    work.emit("checkout.session.expired", session)
    if session["payment_intent"] is not None:
        await abandon(work, session["payment_intent"])


def _timer(session: JsonObject) -> str:
    return f"expire>{session['id']}"


def _open_door(work: Work, session: JsonObject) -> None:
    """Give a session what it is paid through: the page's URL, or the secret for Stripe.js."""
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"{work.fake.pages_url}/c/pay/{session['id']}#{work.new_id('fid', 40)}"
    else:
        session["client_secret"] = f"{session['id']}_secret_{work.new_id('fid', 40)}"


def _known_customer(customer: JsonObject | None, email: str | None) -> JsonObject | None:
    if customer is not None:
        return _details(email=customer["email"], tax_exempt=customer["tax_exempt"])
    return None if email is None else _details(email=email)


def _details(*, email: str | None, tax_exempt: str = "none") -> JsonObject:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": tax_exempt,
        "tax_ids": None,
    }


async def _update_content(work: Work, session: JsonObject, params: JsonObject) -> None:
    content = await content_of(work, session)
    work.save(content)
    if "line_items" in params:
        lines = await updated_lines(work, content["line_items"], params["line_items"], currency=session["currency"])
        if not lines:
            raise InvalidRequest("A Checkout Session needs at least one line item.", param="line_items")
        content["line_items"] = lines
    if "shipping_options" in params:
        session["shipping_options"] = await shipping_options(
            work, params["shipping_options"] or [], currency=session["currency"]
        )
    if "payment_intent_data" in params:
        data, given = content["payment_intent_data"], params["payment_intent_data"]
        if "metadata" in given:
            given = {**given, "metadata": merged(data.get("metadata", {}), given["metadata"])}
        content["payment_intent_data"] = {key: value for key, value in {**data, **given}.items() if value != ""}
    if "collected_information" in params:
        session["collected_information"]["shipping_details"] = params["collected_information"].get("shipping_details")
    add_up(session, content["line_items"])
