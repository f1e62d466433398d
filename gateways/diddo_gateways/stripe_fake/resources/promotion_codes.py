"""Promotion codes: `/v1/promotion_codes`.

Events: `promotion_code.created`, `promotion_code.updated`. A code is active until it expires on the world's clock, has
been redeemed as often as it may, or its coupon ends. No two active codes of a customer read the same, whatever their
case.
"""

import re

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.redemption import PROMOTION_CODE, end_code, save_code
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import FIVE_YEARS, at_least, in_future, under
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "promotion_code"
CODE = re.compile(r"[a-zA-Z0-9\-_]+")
MINIMUM = "restrictions[minimum_amount]"

filtered_by(KIND, "active", "customer", "promotion.coupon")


@operation("POST /v1/promotion_codes")
async def create(call: Call) -> Answer:
    """Make a promotion code for a coupon."""
    work, params = call.work, call.params
    if "customer_account" in params:
        raise NotModelled("The parameter customer_account of promotion codes")
    coupon = await _coupon(work, params["promotion"])
    if "customer" in params:
        await work.fetch("customer", params["customer"], param="customer", status=400)
    _check(params, coupon, work.now)
    code = blank(KIND)
    code |= {
        "id": work.new_id("promo_1", 23),
        "active": params.get("active", True),
        "code": params.get("code") or work.new_id("", 8).upper(),
        "created": work.now,
        "customer": params.get("customer"),
        "expires_at": params.get("expires_at"),
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": _restrictions(params.get("restrictions", {})),
        "times_redeemed": 0,
    }
    await _check_unique(work, code)
    work.insert(code, within=code["code"].upper())
    work.emit("promotion_code.created", code)
    if code["expires_at"] is not None:
        work.later("end_code", code["expires_at"] + 1, message_id=f"end>{code['id']}", code=code["id"])
    return code


async def _coupon(work: Work, promotion: JsonObject) -> JsonObject:
    coupon_id = promotion.get("coupon")
    if coupon_id is None:
        raise ParameterRefused("You must pass promotion.coupon when passing promotion", param="promotion.coupon")
    coupon = await work.fetch("coupon", coupon_id, param="promotion[coupon]", status=400)
    if not coupon["valid"]:
        raise InvalidRequest(f"Coupon expired: {coupon_id}", code="coupon_expired", param="promotion[coupon]")
    return coupon


def _check(params: JsonObject, coupon: JsonObject, now: int) -> None:
    code = params.get("code", "A")
    if not CODE.fullmatch(code):
        raise ParameterRefused(
            f"This value must match the regex pattern. (/\\A[a-zA-Z0-9\\-_]+\\z/ does not match for the value {code}).",
            param="code",
        )
    expires_at, redeem_by = params.get("expires_at"), coupon["redeem_by"]
    if expires_at is not None:
        in_future(expires_at, now, "expires_at", within=FIVE_YEARS)
        if redeem_by is not None and expires_at > redeem_by:
            raise ParameterRefused("The promotion code cannot expire after its coupon does.", param="expires_at")
    most, of_coupon = params.get("max_redemptions"), coupon["max_redemptions"]
    if most is not None:
        at_least(most, 1, "max_redemptions")
        if of_coupon is not None and most > of_coupon:
            raise ParameterRefused(
                f"The promotion code cannot be redeemed more often than its coupon, {of_coupon} times.",
                param="max_redemptions",
            )


def _restrictions(given: JsonObject) -> JsonObject:
    least, currency = given.get("minimum_amount"), given.get("minimum_amount_currency")
    if (least is None) != (currency is None):
        raise ParameterRefused(
            "You must pass minimum_amount and minimum_amount_currency together.",
            param=MINIMUM if least is None else "restrictions[minimum_amount_currency]",
        )
    made: JsonObject = {
        "first_time_transaction": given.get("first_time_transaction", False),
        "minimum_amount": None if least is None else at_least(least, 1, MINIMUM),
        "minimum_amount_currency": currency and check_currency(currency, param="restrictions[minimum_amount_currency]"),
    }
    if "currency_options" in given:
        made["currency_options"] = _currency_options(given["currency_options"], made)
    return made


def _currency_options(given: JsonObject, restrictions: JsonObject) -> JsonObject:
    name = "restrictions[currency_options]"
    if restrictions["minimum_amount"] is None:
        raise ParameterRefused("You must pass minimum_amount when passing currency_options.", param=MINIMUM)
    options = {}
    for currency, option in given.items():
        code = check_currency(currency, param=under(name, currency))
        least = at_least(option.get("minimum_amount", 0), 1, f"{name}[{currency}][minimum_amount]")
        options[code] = {"minimum_amount": least}
    return options


async def _check_unique(work: Work, code: JsonObject) -> None:
    if not code["active"]:
        return
    terms = [[f"within={code['code'].upper()}"], ["active=true"]]
    for document in await work.world.page(KIND, limit=100, terms=terms):
        if document.id != code["id"] and orjson.loads(document.body)["customer"] == code["customer"]:
            raise InvalidRequest(f"An active promotion code with `code: {code['code']}` already exists.")


@operation("GET /v1/promotion_codes/{promotion_code}")
async def retrieve(call: Call) -> Answer:
    """Return a promotion code."""
    return await call.work.stored(KIND, call.path[KIND], param=KIND, noun=PROMOTION_CODE)


@operation("POST /v1/promotion_codes/{promotion_code}")
async def update(call: Call) -> Answer:
    """Change a promotion code: whether it is active, its metadata, and its least amounts in further currencies."""
    work, params = call.work, call.params
    code = await work.fetch(KIND, call.path[KIND], param=KIND, noun=PROMOTION_CODE)
    values: JsonObject = {name: params[name] for name in ("active", "metadata") if name in params}
    options = params.get("restrictions", {}).get("currency_options")
    if options is not None:
        known = code["restrictions"].get("currency_options", {})
        options = known | _currency_options(options, code["restrictions"])
        values["restrictions"] = {**code["restrictions"], "currency_options": options}
    before = overwrite(code, values, values)
    if before.get("active") is False:
        await _check_activation(work, code)
    save_code(work, code)
    if before:
        work.emit("promotion_code.updated", code, before)
    return code


async def _check_activation(work: Work, code: JsonObject) -> None:
    coupon = await work.get("coupon", code["promotion"]["coupon"])
    ended = (
        coupon is None
        or not coupon["valid"]
        or (code["expires_at"] is not None and work.now > code["expires_at"])
        or code["times_redeemed"] == code["max_redemptions"]
    )
    if ended:
        raise InvalidRequest("This promotion code cannot be activated because it has ended.", param="active")
    await _check_unique(work, code)


@operation("GET /v1/promotion_codes")
async def list_(call: Call) -> Answer:
    """List promotion codes; `code` is found in any case."""
    terms = []
    if "code" in call.params:
        terms.append([f"within={call.params['code'].upper()}"])
    if "coupon" in call.params:
        terms.append([f"promotion.coupon={call.params['coupon']}"])
    return await listed(call, KIND, terms=terms, noun=PROMOTION_CODE)


@on_due("end_code")
async def end(work: Work, message: Message, data: JsonObject) -> None:
    """Make a promotion code inactive that has expired."""
    end_code(work, await work.fetch(KIND, data["code"]))
    await work.commit(Settle(message.id))
