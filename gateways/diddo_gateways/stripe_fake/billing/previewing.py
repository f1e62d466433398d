"""Previews of invoices: what the next one would be, reckoned in a work of its own that is never committed.

So whatever a preview makes on its way (items, one-off prices, redeemed coupons, a changed subscription) is gone
afterwards, and it says nothing to anybody.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.drafting import COLLECTED_AFTER, new_invoice, set_due
from diddo_gateways.stripe_fake.billing.invoice_items import (
    change_item,
    currency_of,
    line_for,
    make_item,
    pending_items,
)
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, line_item, show_lines
from diddo_gateways.stripe_fake.billing.invoice_settings import invoice_fields
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Upcoming", "preview", "preview_of_subscription"]

NOT_MODELLED = ("schedule", "schedule_details", "on_behalf_of", "customer_account")
# What an invoice says of its customer, by what a preview may say instead.
OF_CUSTOMER = {"address": "customer_address", "shipping": "customer_shipping", "tax_exempt": "customer_tax_exempt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """What a subscription would bill next.

    Attributes:
        customer: the customer's id, or None for one that there is not yet.
        subscription: the subscription's id, or None likewise.
        currency: lower case.
        lines: what would be billed.
        at: when, in Unix seconds.
        period: what the invoice would cover.
        discounts: the ids of the discounts that would apply, in the work that was given.
        default_tax_rates: in full.
        collection_method: as invoices have it.
    """

    customer: str | None
    subscription: str | None
    currency: str
    lines: Sequence[Line]
    at: int
    period: tuple[int, int]
    discounts: Sequence[str] = ()
    default_tax_rates: Sequence[JsonObject] = ()
    collection_method: str = "charge_automatically"


class NothingUpcoming(InvalidRequest):
    """There would be nothing to bill."""

    status = 404
    code = "invoice_upcoming_none"

    def __init__(self, customer: str | None) -> None:
        super().__init__(f"No upcoming invoices for customer: {customer}")


# Gets a work that is never committed, and the parameters of `POST /v1/invoices/create_preview`; None when they name no
# subscription, describe none, and the customer has none that goes on.
SubscriptionPreview = Callable[[Work, Mapping[str, Any]], Awaitable[Upcoming | None]]
_subscriptions: list[SubscriptionPreview] = []


def preview_of_subscription(handler: SubscriptionPreview) -> SubscriptionPreview:
    """Register what says what a subscription would bill next, for one that there is or that there might be."""
    if _subscriptions:
        raise ValueError("previews of subscriptions have two handlers")
    _subscriptions.append(handler)
    return handler


async def preview(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Return the invoice that parameters of a preview describe, with all its lines; `work` stays as it is.

    Raises:
        StripeError: a parameter does not hold, or there would be nothing to bill.
    """
    for name in NOT_MODELLED:
        if params.get(name):
            raise NotModelled(f"The parameter {name} of invoice previews")
    scratch = Work(work.fake, work.world, request_id=work.request_id)
    upcoming = await _upcoming(scratch, params)
    items = await _items(scratch, upcoming, params)
    if not items and not upcoming.lines:
        raise NothingUpcoming(upcoming.customer)
    invoice = await _invoice(scratch, upcoming, params)
    lines = [*[await line_for(scratch, item) for item in items], *upcoming.lines]
    made = [line_item(scratch, invoice, line) for line in lines]
    rates = {item["id"]: line.tax_rates for item, line in zip(made, lines, strict=True)}
    await show_lines(scratch, invoice, made, rates)
    # Nobody can ask for the rest later: a preview is not kept.
    invoice["lines"] |= {"data": made, "has_more": False}
    set_due(invoice)
    return invoice


async def _upcoming(work: Work, params: Mapping[str, Any]) -> Upcoming:
    for handler in _subscriptions:
        found = await handler(work, params)
        if found is not None:
            return found
    return await _of_customer(work, params)


async def _of_customer(work: Work, params: Mapping[str, Any]) -> Upcoming:
    """Return what a customer without subscriptions would be billed: what waits, and what the request adds."""
    customer_id = params.get("customer")
    if customer_id is None and "customer_details" not in params:
        raise MissingParameter("customer")
    customer: JsonObject = {}
    if customer_id is not None:
        customer = await work.fetch("customer", customer_id, param="customer", status=400)
    now = await now_for(work, customer_id)
    currency = check_currency(params.get("currency") or customer.get("currency") or "usd")
    if customer_id is not None and "currency" not in params:
        currency = currency_of(await pending_items(work, customer_id)) or currency
    general = customer.get("discount")
    return Upcoming(
        customer=customer_id,
        subscription=None,
        currency=currency,
        lines=(),
        at=now,
        period=(now, now),
        discounts=[general["id"]] if general else (),
    )


async def _items(work: Work, upcoming: Upcoming, params: Mapping[str, Any]) -> list[JsonObject]:
    """Return the customer's pending items, changed as the request says, and those that it adds."""
    pending: dict[str, JsonObject] = {}
    if upcoming.customer is not None:
        waiting = await pending_items(work, upcoming.customer, subscription=upcoming.subscription)
        pending = {item["id"]: item for item in waiting if item["currency"] == upcoming.currency}
    customer = await work.get("customer", upcoming.customer or "")
    added = []
    for position, given in enumerate(params.get("invoice_items", ())):
        name = f"invoice_items[{position}]"
        terms = _terms(given)
        if "invoiceitem" in given:
            item = pending.get(given["invoiceitem"])
            if item is None:
                raise InvalidRequest(
                    f"No such Invoice Item: '{given['invoiceitem']}'",
                    code="resource_missing",
                    param=under(name, "invoiceitem"),
                )
            await change_item(work, item, terms, param=name)
        else:
            item = await make_item(work, {"currency": upcoming.currency, **terms}, customer=customer, param=name)
            added.append(item)
    return [*reversed(added), *pending.values()]


def _terms(given: Mapping[str, Any]) -> JsonObject:
    """Return the parameters of an item in a preview by the names that they have elsewhere."""
    terms = {name: value for name, value in given.items() if name not in ("price", "unit_amount", "invoiceitem")}
    if "price" in given:
        terms["pricing"] = {"price": given["price"]}
    if "unit_amount" in given:
        terms["unit_amount_decimal"] = str(given["unit_amount"])
    return terms


async def _invoice(work: Work, upcoming: Upcoming, params: Mapping[str, Any]) -> JsonObject:
    invoice = await new_invoice(
        work,
        customer=upcoming.customer,
        currency=upcoming.currency,
        now=upcoming.at,
        subscription=upcoming.subscription,
    )
    start, end = upcoming.period
    charged = upcoming.collection_method == "charge_automatically"
    invoice |= {
        "id": f"upcoming_{invoice['id']}",
        "auto_advance": True,
        "billing_reason": "upcoming",
        "collection_method": upcoming.collection_method,
        "default_tax_rates": list(upcoming.default_tax_rates),
        "discounts": list(upcoming.discounts),
        "next_payment_attempt": upcoming.at + COLLECTED_AFTER if charged else None,
        "period_end": end,
        "period_start": start,
        "webhooks_delivered_at": None,
    }
    for name, value in (params.get("customer_details") or {}).items():
        if name in OF_CUSTOMER:
            invoice[OF_CUSTOMER[name]] = value or ("none" if name == "tax_exempt" else None)
    given = {name: params[name] for name in ("automatic_tax", "discounts", "issuer") if name in params}
    return invoice | await invoice_fields(work, invoice, given)
