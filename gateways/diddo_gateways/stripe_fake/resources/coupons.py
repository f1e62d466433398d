"""Coupons: `/v1/coupons`.

Events: `coupon.created`, `coupon.updated`, `coupon.deleted`. A coupon is valid until its `redeem_by` on the world's
clock, or until it has been redeemed as often as it may; discounts that it has made go on, after its deletion too.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.billing.redemption import end_coupon
from diddo_gateways.stripe_fake.billing.withheld import kept_back, rewithhold, whole
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import FIVE_YEARS, at_least, at_most_long, in_future, under
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "coupon"
TOMBSTONE = "deleted"
LONGEST_NAME = 40

filtered_by(KIND)
kept_back(KIND, "applies_to", "currency_options")


@operation("POST /v1/coupons")
async def create(call: Call) -> Answer:
    """Make a coupon."""
    work, params = call.work, call.params
    _check(params, work.now)
    given = params.get("id")
    if given is not None and await work.get(KIND, given) is not None:
        raise InvalidRequest("Coupon already exists.", code="resource_already_exists")
    coupon = blank(KIND)
    coupon |= {
        "id": given or work.new_id("", 8),
        "amount_off": params.get("amount_off"),
        "created": work.now,
        "currency": check_currency(params["currency"]) if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "max_redemptions": params.get("max_redemptions"),
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    del coupon["applies_to"]
    overwrite(coupon, params, ("metadata", "name"))
    await rewithhold(work, coupon, await _kept_back(work, coupon, params))
    work.insert(coupon)
    work.emit("coupon.created", coupon)
    if coupon["redeem_by"] is not None:
        work.later("end_coupon", coupon["redeem_by"] + 1, message_id=_timer(coupon), coupon=coupon["id"])
    return coupon


def _timer(coupon: JsonObject) -> str:
    # A coupon of the same id may be made anew after this one's deletion.
    return f"end>{coupon['id']}>{coupon['redeem_by']}>{coupon['created']}"


def _check(params: JsonObject, now: int) -> None:
    """Hold the parameters of a new coupon against each other, in Stripe's order."""
    if "amount_off" not in params and "percent_off" not in params:
        raise ParameterRefused("Must provide percent_off or amount_off.", code="parameter_missing")
    if "amount_off" in params and "percent_off" in params:
        raise ParameterRefused("Received both percent_off and amount_off parameters. Please pass in only one.")
    if "amount_off" in params:
        at_least(params["amount_off"], 1, "amount_off")
        if "currency" not in params:
            raise ParameterRefused("You must pass currency when passing amount_off", param="currency")
    else:
        _check_percentage(params)
    _check_duration(params)
    if "max_redemptions" in params:
        at_least(params["max_redemptions"], 1, "max_redemptions")
    if "redeem_by" in params:
        in_future(params["redeem_by"], now, "redeem_by", within=FIVE_YEARS)
    if "name" in params:
        at_most_long(params["name"], LONGEST_NAME, "name")


def _check_percentage(params: JsonObject) -> None:
    percent = params["percent_off"]
    if not 0.01 <= percent <= 100:
        bound = "greater than or equal to 0.01" if percent < 1 else "less than or equal to 100"
        raise ParameterRefused(f"This value must be {bound} (it currently is '{percent}').", param="percent_off")
    if "currency_options" in params:
        raise ParameterRefused(
            "You may only specify one of these parameters: currency_options, percent_off.", param="currency_options"
        )


def _check_duration(params: JsonObject) -> None:
    is_repeating = params.get("duration") == "repeating"
    if is_repeating and "duration_in_months" not in params:
        raise ParameterRefused(
            "The duration_in_months param must be set when creating a coupon with a repeating duration",
            param="duration",
        )
    if not is_repeating and "duration_in_months" in params:
        raise ParameterRefused(
            "The duration_in_months param can only be set when creating a coupon with a repeating duration",
            param="duration_in_months",
        )
    if is_repeating:
        at_least(params["duration_in_months"], 1, "duration_in_months")


async def _kept_back(work: Work, coupon: JsonObject, params: JsonObject) -> JsonObject:
    """Return the fields that are shown when they are expanded only."""
    fields: JsonObject = {}
    products = params.get("applies_to", {}).get("products")
    if products is not None:
        for position, product in enumerate(products):
            await work.fetch("product", product, param=f"applies_to[products][{position}]", status=400)
        fields["applies_to"] = {"products": products}
    if coupon["amount_off"] is not None:
        fields["currency_options"] = {
            coupon["currency"]: {"amount_off": coupon["amount_off"]},
            **_currency_options(coupon, params.get("currency_options", {})),
        }
    return fields


def _currency_options(coupon: JsonObject, given: JsonObject) -> JsonObject:
    options = {}
    for currency, option in given.items():
        name = under("currency_options", currency)
        code = check_currency(currency, param=name)
        if code == coupon["currency"]:
            raise ParameterRefused(
                f"The currency {code} is the coupon's own and cannot be among its currency_options.", param=name
            )
        options[code] = {"amount_off": at_least(option["amount_off"], 1, under(name, "amount_off"))}
    return options


@operation("GET /v1/coupons/{coupon}")
async def retrieve(call: Call) -> Answer:
    """Return a coupon."""
    return await call.work.stored(KIND, call.path["coupon"], param="coupon")


@operation("POST /v1/coupons/{coupon}")
async def update(call: Call) -> Answer:
    """Change what may change of a coupon: its name, its metadata, and its amounts in further currencies."""
    work, params = call.work, call.params
    coupon = await work.fetch(KIND, call.path["coupon"], param="coupon")
    if "name" in params:
        at_most_long(params["name"], LONGEST_NAME, "name")
    if "currency_options" in params:
        await _add_currencies(work, coupon, params["currency_options"])
    before = overwrite(coupon, params, ("metadata", "name"))
    work.save(coupon)
    if before or "currency_options" in params:
        work.emit("coupon.updated", coupon, before)
    return coupon


async def _add_currencies(work: Work, coupon: JsonObject, given: JsonObject) -> None:
    if coupon["amount_off"] is None:
        raise ParameterRefused(
            "You may only specify one of these parameters: currency_options, percent_off.", param="currency_options"
        )
    full = await whole(work, coupon)
    options = full["currency_options"] | _currency_options(coupon, given)
    kept = {"applies_to": full["applies_to"]} if "applies_to" in full else {}
    await rewithhold(work, coupon, {**kept, "currency_options": options})


@operation("DELETE /v1/coupons/{coupon}")
async def delete(call: Call) -> Answer:
    """Delete a coupon: it cannot be redeemed any more, and its promotion codes end."""
    work = call.work
    coupon = await work.fetch(KIND, call.path["coupon"], param="coupon")
    await end_coupon(work, coupon)
    work.emit("coupon.deleted", coupon)
    work.remove(coupon)
    await _keep_for_discounts(work, coupon)
    left: JsonObject = {"id": coupon["id"], "object": KIND, "deleted": True}
    return left


async def _keep_for_discounts(work: Work, coupon: JsonObject) -> None:
    """Keep a deleted coupon where the discounts that it has made find it."""
    former = await work.get(TOMBSTONE, coupon["id"])
    if former is None:
        work.insert({"id": coupon["id"], "object": TOMBSTONE, "as": coupon})
    else:
        former["as"] = coupon
        work.save(former)


@operation("GET /v1/coupons")
async def list_(call: Call) -> Answer:
    """List coupons."""
    return await listed(call, KIND)


@on_due("end_coupon")
async def end(work: Work, message: Message, data: JsonObject) -> None:
    """Make a coupon invalid whose time is up."""
    coupon = await work.get(KIND, data["coupon"])
    if coupon is not None and coupon["valid"] and _timer(coupon) == message.id:
        await end_coupon(work, coupon)
    await work.commit(Settle(message.id))
