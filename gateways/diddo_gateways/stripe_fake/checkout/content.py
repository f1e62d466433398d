"""What is kept beside a checkout session under its id, as `checkout.session.content`.

| key | is |
|---|---|
| `line_items` | what it sells, each as the API answers it |
| `optional_items` | what the shopper may add, as line items; those that were added are among `line_items` too |
| `discounts` | `{"coupon": in full, "promotion_code": id or null, "discount": as it is shown}`, at most one |
| `rates` | the tax rates of lines that have some, by the line's id |
| `prices` | prices of lines with the fields that are kept back, by the line's id |
| `reckoned` | whether discounts or taxes have been written into the lines |
| `request` | the parameters that the session was created with, and what was written over them since |
"""

from diddo_gateways.stripe_fake.checkout.totals import breakdown, line_discounts, line_taxes
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["CONTENT", "content_of", "line_items_of", "new_content"]

KIND = "checkout.session"
CONTENT = "checkout.session.content"
URL = "/v1/checkout/sessions"
IN_FULL = 10


def new_content(session_id: str, params: JsonObject) -> JsonObject:
    """Return the content of a session that sells nothing yet."""
    return {
        "id": session_id,
        "object": CONTENT,
        "line_items": [],
        "optional_items": [],
        "discounts": [],
        "rates": {},
        "prices": {},
        "reckoned": False,
        "request": params,
    }


async def content_of(work: Work, session: JsonObject) -> JsonObject:
    """Return what is kept beside a session."""
    return await work.fetch(CONTENT, session["id"])


async def line_items_of(work: Work, session: JsonObject) -> list[JsonObject]:
    """Return the line items of a session."""
    lines: list[JsonObject] = (await content_of(work, session))["line_items"]
    return lines


@includes(KIND, "line_items")
async def _first_lines(work: Work, session: JsonObject, _field: str) -> JsonObject:
    lines = await line_items_of(work, session)
    return {
        "object": "list",
        "data": [dict(line) for line in lines[:IN_FULL]],
        "has_more": len(lines) > IN_FULL,
        "url": f"{URL}/{session['id']}/line_items",
    }


@includes(KIND, "total_details.breakdown")
async def _breakdown(work: Work, session: JsonObject, _field: str) -> JsonObject:
    return breakdown(await content_of(work, session))


@includes("item", "discounts")
async def _discounts(work: Work, line: JsonObject, _field: str) -> list[JsonObject]:
    content = _holder(work, line)
    return [] if content is None else line_discounts(line, content)


@includes("item", "taxes")
async def _taxes(work: Work, line: JsonObject, _field: str) -> list[JsonObject]:
    content = _holder(work, line)
    return [] if content is None else line_taxes(line, content)


def _holder(work: Work, line: JsonObject) -> JsonObject | None:
    """Return the content that a line item belongs to: whoever shows the line has read it."""
    contents = work.known(CONTENT)
    return next((one for one in contents if any(item["id"] == line["id"] for item in one["line_items"])), None)
