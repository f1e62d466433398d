"""Whether a coupon or a promotion code may be redeemed, and what its redemption counts up.

A coupon that ends, by the clock, by its redemptions or by its deletion, ends its promotion codes. Events:
`promotion_code.updated` for each code that ends so.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake.billing.amounts import coupon_amount_off
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter
from diddo_gateways.stripe_fake.limits import exclusive, under
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["PROMOTION_CODE", "Purchase", "Redeemable", "end_code", "end_coupon", "redeem", "redeemable", "save_code"]

PROMOTION_CODE = "promotion code"
CANNOT = "This promotion code cannot be redeemed because"
SCANNED = 100


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a discount is wanted for.

    Attributes:
        currency: in lower case.
        amount: what the discount would be taken off, in minor units.
        products: the ids of what is bought; None when that does not matter.
    """

    currency: str
    amount: int
    products: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Redeemable:
    """What is to be redeemed: the coupon with all its fields, and the promotion code that leads to it, if any."""

    coupon: JsonObject
    promotion_code: JsonObject | None


class CouponExpired(InvalidRequest):
    """The coupon or code has ended: its time is up, or it has been redeemed as often as it may."""

    code = "coupon_expired"


class AppliesToNothing(InvalidRequest):
    """The coupon is for other products."""

    code = "coupon_applies_to_nothing"


class NotFirstTime(InvalidRequest):
    """The promotion code is for customers who have not paid before."""

    code = "promotion_code_customer_not_first_time"


async def redeemable(
    work: Work,
    given: JsonObject,
    *,
    customer: str | None = None,
    purchase: Purchase | None = None,
    param: str = "discounts[0]",
) -> Redeemable:
    """Return what a request wants to redeem, once it is clear that it may; nothing is counted.

    Args:
        work: the unit of work.
        given: with `coupon` or `promotion_code`, an id.
        customer: the id of who redeems it, if known.
        purchase: what for, if known.
        param: the parameter that holds `given`, for errors.

    Raises:
        StripeError: neither or both are given, there is no such coupon or code, or it may not be redeemed.
    """
    names = [name for name in ("coupon", "promotion_code") if given.get(name)]
    if len(names) != 1:
        raise exclusive("coupon", "promotion_code") if names else MissingParameter(under(param, "coupon"))
    name, field = under(param, names[0]), names[0]
    code = None
    if field == "promotion_code":
        code = await work.fetch(field, given[field], param=name, status=400, noun=PROMOTION_CODE)
        await _check_code(work, code, customer, purchase, name)
    coupon_id = given["coupon"] if code is None else code["promotion"]["coupon"]
    coupon = await whole(work, await work.fetch("coupon", coupon_id, param=name, status=400))
    if not _is_valid(coupon, work.now):
        raise CouponExpired(f"Coupon expired: {coupon['id']}", param=name)
    if purchase is not None:
        _check_coupon(coupon, purchase, name)
    return Redeemable(coupon, code)


def _is_valid(coupon: JsonObject, now: int) -> bool:
    in_time = coupon["redeem_by"] is None or now <= coupon["redeem_by"]
    return in_time and bool(coupon["valid"])


def _check_coupon(coupon: JsonObject, purchase: Purchase, param: str) -> None:
    if coupon["percent_off"] is None and coupon_amount_off(coupon, purchase.currency) is None:
        raise InvalidRequest(
            f"The coupon `{coupon['id']}` has the currency `{coupon['currency']}`. This doesn't match the expected"
            f" currency: `{purchase.currency}`.",
            param=param,
        )
    products = (coupon.get("applies_to") or {}).get("products")
    if products is not None and purchase.products is not None and not set(products) & set(purchase.products):
        raise AppliesToNothing(
            "This coupon cannot be redeemed because it does not apply to anything in this order.", param=param
        )


async def _check_code(
    work: Work, code: JsonObject, customer: str | None, purchase: Purchase | None, param: str
) -> None:
    if code["expires_at"] is not None and work.now > code["expires_at"]:
        raise CouponExpired("This promotion code has expired.", param=param)
    if not code["active"]:
        raise InvalidRequest("This promotion code is inactive.", param=param)
    if code["customer"] is not None and code["customer"] != customer:
        raise InvalidRequest(f"{CANNOT} it is for another customer.", param=param)
    restrictions = code["restrictions"]
    if restrictions["first_time_transaction"] and customer is not None and await _has_paid(work, customer):
        raise NotFirstTime(f"{CANNOT} the associated customer has prior transactions.", param=param)
    if purchase is not None and not _reaches_minimum(restrictions, purchase):
        raise InvalidRequest(
            f"{CANNOT} the associated purchase does not meet the minimum amount requirement.", param=param
        )


async def _has_paid(work: Work, customer: str) -> bool:
    async for charge in _each(work, "charge", [[f"customer={customer}"]]):
        if orjson.loads(charge.body)["paid"]:
            return True
    return False


async def _each(work: Work, kind: str, terms: Sequence[Sequence[str]]) -> AsyncIterator[Document]:
    """Yield all stored objects that meet the terms, newest first, some at a time."""
    after = None
    while page := await work.world.page(kind, limit=SCANNED, terms=terms, after=after):
        for document in page:
            yield document
        after = page[-1].seq


def _reaches_minimum(restrictions: JsonObject, purchase: Purchase) -> bool:
    """Say whether a purchase is large enough; in a currency for which no minimum is given it never is."""
    if restrictions["minimum_amount"] is None:
        return True
    if purchase.currency == restrictions["minimum_amount_currency"]:
        return bool(purchase.amount >= restrictions["minimum_amount"])
    option = restrictions.get("currency_options", {}).get(purchase.currency)
    return option is not None and bool(purchase.amount >= option["minimum_amount"])


async def redeem(work: Work, found: Redeemable) -> None:
    """Count a redemption; the last one that is allowed ends the code, or the coupon with all its codes."""
    coupon = await work.fetch("coupon", found.coupon["id"])
    coupon["times_redeemed"] += 1
    work.save(coupon)
    code = found.promotion_code
    if code is not None:
        code["times_redeemed"] += 1
        save_code(work, code)
        if code["times_redeemed"] == code["max_redemptions"]:
            end_code(work, code)
            work.emit_thin("v1.promotion_code.fully_redeemed", code)
    if coupon["times_redeemed"] == coupon["max_redemptions"]:
        await end_coupon(work, coupon)


async def end_coupon(work: Work, coupon: JsonObject) -> None:
    """Make a coupon invalid, and its promotion codes inactive."""
    coupon["valid"] = False
    work.save(coupon)
    terms = [[f"promotion.coupon={coupon['id']}"], ["active=true"]]
    async for document in _each(work, "promotion_code", terms):
        end_code(work, await work.fetch("promotion_code", document.id))


def end_code(work: Work, code: JsonObject) -> None:
    """Make a promotion code inactive; one that is already stays as it is."""
    if code["active"]:
        code["active"] = False
        save_code(work, code)
        work.emit("promotion_code.updated", code, {"active": True})


def save_code(work: Work, code: JsonObject) -> None:
    """Store a promotion code that has changed; it lives under its code in capitals, for case does not count."""
    work.save(code, within=code["code"].upper())
