"""Payment links: what each is made of, and the checkout sessions that shoppers open through it.

Beside a link stands, under its id, `payment_link.content`: the `request` that made it with what was written over it
since, its `line_items` as the API answers them, and which of these were described `inline`.

Events: `payment_link.updated` when the last session that a link allows is completed.
"""

from collections.abc import Mapping

from diddo_gateways.stripe_fake.checkout.lines import Lines
from diddo_gateways.stripe_fake.checkout.opening import open_session
from diddo_gateways.stripe_fake.checkout.rules import check
from diddo_gateways.stripe_fake.checkout.settings import describe
from diddo_gateways.stripe_fake.checkout.shipping import shipping_options
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, StripeError
from diddo_gateways.stripe_fake.limits import at_least, at_most_long
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject, Work
from diddo_gateways.worlds import World

__all__ = ["CONTENT", "LinkClosed", "content_of", "count_completion", "fields_of", "open_link", "read_lines"]

KIND = "payment_link"
CONTENT = "payment_link.content"
MOST_LINES = 20
LONGEST_MESSAGE = 500
NOT_MODELLED = ("application_fee_amount", "application_fee_percent", "on_behalf_of", "transfer_data")
# What a link hands on to its sessions as it is.
HANDED_ON = (
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer_creation",
    "invoice_creation",
    "metadata",
    "name_collection",
    "optional_items",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_options",
    "phone_number_collection",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
    "subscription_data",
    "tax_id_collection",
)
# What a session says of itself as a link does.
SHARED = ("consent_collection", "custom_text", "phone_number_collection", "shipping_address_collection")
INTENT_FIELDS = (
    "capture_method",
    "description",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


class LinkClosed(Exception):
    """A link that nobody can buy through; the text says why, to the shopper."""


async def content_of(work: Work, link: JsonObject) -> JsonObject:
    """Return what stands beside a link; a link that documentation's id has made sells nothing."""
    content = await work.get(CONTENT, link["id"])
    return content or {"line_items": [], "inline": [], "mode": "payment", "request": {"line_items": []}}


async def read_lines(work: Work, content: JsonObject) -> tuple[str, str]:
    """Read what a link sells from its request into its content, and return the link's mode and currency.

    Raises:
        StripeError: a line does not hold.
    """
    request = content["request"]
    if len(request["line_items"]) > MOST_LINES:
        raise InvalidRequest(f"You can pass at most {MOST_LINES} line items.", param="line_items")
    mode = "subscription" if [line for line in request["line_items"] if await _recurs(work, line)] else "payment"
    currency = check_currency(request["currency"]) if "currency" in request else None
    reader = Lines(work, mode=mode, currency=currency)
    content["line_items"] = await reader.read(request["line_items"])
    reader.check_kinds(content["line_items"])
    pairs = zip(request["line_items"], content["line_items"], strict=True)
    content["inline"] = [item["id"] for line, item in pairs if "price_data" in line]
    return mode, reader.currency or ""


async def _recurs(work: Work, line: JsonObject) -> bool:
    price = line.get("price_data") or await work.get("price", line.get("price", ""))
    return bool(price and price.get("recurring"))


async def fields_of(work: Work, link: JsonObject, content: JsonObject, mode: str) -> JsonObject:
    """Return the fields of a link that its request decides.

    Raises:
        StripeError: the request does not hold, or asks for what is not modelled.
    """
    request = content["request"]
    _check(request)
    params = _session_params(work, link["id"], content, mode)
    check(params, now=work.now)
    session = describe(params, work)
    rates = await shipping_options(work, request.get("shipping_options", []), currency=link["currency"])
    limit = request.get("restrictions", {}).get("completed_sessions", {}).get("limit")
    count = ((link["restrictions"] or {}).get("completed_sessions") or {}).get("count", 0)
    return {
        **{name: session.get(name) for name in SHARED},
        "after_completion": _after_completion(request),
        "allow_promotion_codes": request.get("allow_promotion_codes", False),
        "automatic_tax": {name: session["automatic_tax"][name] for name in ("enabled", "liability")},
        "billing_address_collection": request.get("billing_address_collection", "auto"),
        "custom_fields": [_without_value(field) for field in session["custom_fields"]],
        "customer_creation": request.get("customer_creation", "if_required"),
        "inactive_message": request.get("inactive_message"),
        "invoice_creation": session["invoice_creation"],
        "metadata": request.get("metadata", {}),
        "name_collection": session.get("name_collection"),
        "optional_items": [_optional(item) for item in request["optional_items"]]
        if "optional_items" in request
        else None,
        "payment_intent_data": _intent_data(request.get("payment_intent_data")),
        "payment_method_collection": request.get("payment_method_collection", "always"),
        "payment_method_options": request.get("payment_method_options"),
        "payment_method_types": request.get("payment_method_types"),
        "restrictions": None if limit is None else {"completed_sessions": {"count": count, "limit": limit}},
        "shipping_options": rates,
        "submit_type": request.get("submit_type", "auto"),
        "subscription_data": _subscription_data(request.get("subscription_data", {})),
        "tax_id_collection": {"enabled": False, "required": "never", **request.get("tax_id_collection", {})},
    }


def _check(request: JsonObject) -> None:
    asked = [name for name in NOT_MODELLED if name in request]
    if request.get("managed_payments", {}).get("enabled"):
        asked.append("managed_payments")
    if asked:
        raise NotModelled(f"The parameter {asked[0]} of payment links")
    after = request.get("after_completion", {})
    if after.get("type") == "redirect":
        check_url(after.get("redirect", {}).get("url", ""), param="after_completion[redirect][url]")
    if "inactive_message" in request:
        at_most_long(request["inactive_message"], LONGEST_MESSAGE, "inactive_message")
    limit = request.get("restrictions", {}).get("completed_sessions", {}).get("limit", 1)
    at_least(limit, 1, "restrictions[completed_sessions][limit]")


def _after_completion(request: JsonObject) -> JsonObject:
    after = request.get("after_completion", {})
    if after.get("type") == "redirect":
        return {"redirect": {"url": after["redirect"]["url"]}, "type": "redirect"}
    message = after.get("hosted_confirmation", {}).get("custom_message")
    return {"hosted_confirmation": {"custom_message": message}, "type": "hosted_confirmation"}


def _without_value(field: JsonObject) -> JsonObject:
    """Return a custom field of a session as a link shows it, before anybody has filled it in."""
    detail = field.get(field["type"])
    kept = {name: value for name, value in (detail or {}).items() if name != "value"}
    return {**{name: value for name, value in field.items() if name != "value"}, field["type"]: kept or None}


def _optional(item: JsonObject) -> JsonObject:
    bounds = item.get("adjustable_quantity")
    adjustable = bounds and {
        "enabled": bounds["enabled"],
        "maximum": bounds.get("maximum"),
        "minimum": bounds.get("minimum"),
    }
    return {"adjustable_quantity": adjustable, "price": item["price"], "quantity": item["quantity"]}


def _intent_data(given: JsonObject | None) -> JsonObject | None:
    if given is None:
        return None
    return {**{name: given.get(name) or None for name in INTENT_FIELDS}, "metadata": given.get("metadata") or {}}


def _subscription_data(given: JsonObject) -> JsonObject:
    settings = {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None}
    return {
        "description": given.get("description"),
        "invoice_settings": {**settings, "issuer": {"type": "self"}, **given.get("invoice_settings", {})},
        "metadata": given.get("metadata") or {},
        "trial_period_days": given.get("trial_period_days") or None,
        "trial_settings": given.get("trial_settings") or None,
    }


def _session_params(work: Work, link_id: str, content: JsonObject, mode: str) -> JsonObject:
    """Return the parameters of a session as a link would open it now."""
    request, after = content["request"], content["request"].get("after_completion", {})
    params: JsonObject = {name: request[name] for name in HANDED_ON if request.get(name) not in (None, "")}
    params |= {
        "mode": mode,
        "line_items": [_line(item, inline=item["id"] in content["inline"]) for item in content["line_items"]],
        "success_url": f"{work.fake.pages_url}/b/{link_id}/done",
    }
    if after.get("type") == "redirect":
        params["success_url"] = after.get("redirect", {}).get("url", "")
    if request.get("payment_method_types"):
        params["allowed_payment_method_types"] = request["payment_method_types"]
    for name in ONLY_IN[mode]:
        params.pop(name, None)
    return params


# What a link may say whatever it sells, and a session only in the other mode.
ONLY_IN = {
    "payment": ("payment_method_collection", "subscription_data"),
    "subscription": ("customer_creation", "invoice_creation", "payment_intent_data"),
}


def _line(item: JsonObject, *, inline: bool) -> JsonObject:
    price = item["price"]
    line = {"quantity": item["quantity"]}
    if item["adjustable_quantity"] is not None:
        bounds = item["adjustable_quantity"]
        line["adjustable_quantity"] = {name: value for name, value in bounds.items() if value is not None}
    if not inline:
        return {**line, "price": price["id"]}
    data = {name: price[name] for name in ("currency", "product", "tax_behavior", "unit_amount_decimal")}
    if price["recurring"] is not None:
        data["recurring"] = {name: price["recurring"][name] for name in ("interval", "interval_count")}
    return {**line, "price_data": data}


async def open_link(server: Server, world: World, link_id: str, asked: Mapping[str, str]) -> str:
    """Open a checkout session through a link and return the URL of its page.

    Args:
        server: the fake.
        world: where the link is.
        link_id: its id.
        asked: what stands in the query of the link's URL: `client_reference_id`, `prefilled_email`,
            `locked_prefilled_email`, `prefilled_promo_code`; an e-mail or a code that does not hold is left out.

    Raises:
        LinkClosed: the link is not active, or what it sells cannot be sold any more.
    """

    async def operation(work: Work) -> str:
        link = await work.fetch(KIND, link_id)
        content = await content_of(work, link)
        if not link["active"]:
            raise LinkClosed(link["inactive_message"] or "This link is no longer active.")
        params = _session_params(work, link_id, content, content["mode"])
        if "client_reference_id" in asked:
            params["client_reference_id"] = asked["client_reference_id"][:200]
        email = asked.get("locked_prefilled_email") or asked.get("prefilled_email")
        if email:
            params["customer_email"] = email
        if link["allow_promotion_codes"] and "prefilled_promo_code" in asked:
            params |= await _prefilled(work, asked["prefilled_promo_code"])
        try:
            session = await open_session(work, params, payment_link=link_id)
        except StripeError as error:
            raise LinkClosed(error.message) from error
        url: str = session["url"]
        return url

    return await transact(server, world, operation)


async def _prefilled(work: Work, code: str) -> JsonObject:
    """Return the parameters that a promotion code in a link's URL stands for; none if there is no such code."""
    terms = [[f"within={code.upper()}"], ["active=true"]]
    found = await work.world.page("promotion_code", limit=1, terms=terms)
    return {"allow_promotion_codes": False, "discounts": [{"promotion_code": found[0].id}]} if found else {}


async def count_completion(work: Work, link_id: str) -> None:
    """Count a completed session of a link; the last one that it allows closes it."""
    link = await work.get(KIND, link_id)
    if link is None or link["restrictions"] is None:
        return
    completed = link["restrictions"]["completed_sessions"]
    former = {"restrictions": {"completed_sessions": {"count": completed["count"]}}}
    completed["count"] += 1
    if completed["count"] == completed["limit"]:
        link["active"], former["active"] = False, True  # type: ignore[assignment]  # values of several kinds
    work.save(link)
    work.emit("payment_link.updated", link, former)
