"""Discounts: a coupon at work, on a customer, a subscription, an invoice, an item or a checkout session.

Events: `customer.discount.created`, `customer.discount.deleted`, for those of customers and subscriptions.
"""

from calendar import monthrange
from datetime import UTC, datetime
from typing import TypedDict, Unpack

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.redemption import Purchase, redeem, redeemable
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Owner", "coupon_of", "discount_for", "holds_at", "months_later", "take_off"]

KIND = "discount"


class Owner(TypedDict, total=False):
    """The ids of whom and what a discount is for. For a session ask `redeemable` first, and this when it is paid."""

    customer: str | None
    subscription: str | None
    subscription_item: str | None
    checkout_session: str | None
    invoice: str | None
    invoice_item: str | None


async def discount_for(
    work: Work,
    given: JsonObject,
    *,
    purchase: Purchase | None = None,
    start: int | None = None,
    param: str = "discounts[0]",
    **owner: Unpack[Owner],
) -> JsonObject:
    """Redeem what a request gives and return the discount; one that is given as such is returned as it is.

    Args:
        work: the unit of work.
        given: with `coupon`, `promotion_code` or `discount`, an id.
        purchase: what it is taken off, for the restrictions of promotion codes; not looked at without it.
        start: when it starts, in Unix seconds; now on the customer's clock by default.
        param: the parameter that holds `given`, for errors.
        owner: whom and what it is for, by the fields of the discount.

    Raises:
        StripeError: there is no such coupon, code or discount, or it may not be redeemed.
    """
    if given.get("discount"):
        return await work.fetch(KIND, given["discount"], param=under(param, "discount"), status=400)
    customer = owner.get("customer")
    found = await redeemable(work, given, customer=customer, purchase=purchase, param=param)
    begins = await now_for(work, customer) if start is None else start
    discount = blank(KIND)
    discount |= {
        "id": work.new_id("di_1", 23),
        **owner,
        "end": _end(found.coupon, begins),
        "promotion_code": found.promotion_code and found.promotion_code["id"],
        "source": {"coupon": found.coupon["id"], "type": "coupon"},
        "start": begins,
    }
    await redeem(work, found)
    work.insert(discount)
    if _is_told(discount):
        work.emit("customer.discount.created", discount)
    return discount


def _end(coupon: JsonObject, start: int) -> int | None:
    return months_later(start, coupon["duration_in_months"]) if coupon["duration"] == "repeating" else None


def _is_told(discount: JsonObject) -> bool:
    """Say whether there are events about a discount: it lasts, being of a customer or a subscription."""
    passing = ("checkout_session", "invoice", "invoice_item", "subscription_item")
    return discount["customer"] is not None and all(discount[field] is None for field in passing)


def months_later(start: int, months: int) -> int:
    """Return the moment that many months later, on the month's last day where the day is missing; Unix seconds, UTC."""
    at = datetime.fromtimestamp(start, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return int(at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1])).timestamp())


async def coupon_of(work: Work, discount: JsonObject) -> JsonObject:
    """Return the coupon of a discount with all its fields: a discount outlives its coupon's deletion."""
    coupon_id = discount["source"]["coupon"]
    coupon = await work.get("coupon", coupon_id)
    if coupon is None:
        coupon = (await work.fetch("deleted", coupon_id))["as"]
    return await whole(work, coupon)


def holds_at(discount: JsonObject, at: int) -> bool:
    """Say whether a discount still holds at a moment in Unix seconds; one of a `once` coupon has to be taken off."""
    return discount["end"] is None or at < discount["end"]


def take_off(work: Work, discount: JsonObject) -> JsonObject:
    """End a discount and return what is left of it: `{"id", "object", "deleted": true}`."""
    if _is_told(discount):
        work.emit("customer.discount.deleted", discount)
    work.remove(discount)
    left: JsonObject = {"id": discount["id"], "object": KIND, "deleted": True}
    return left
