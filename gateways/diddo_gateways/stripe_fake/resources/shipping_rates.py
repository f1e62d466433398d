"""Shipping rates: `/v1/shipping_rates`, and those that a session or an invoice describes inline.

Stripe has no events about them. A rate's amount never changes; amounts in further currencies may be added.
"""

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["new_rate", "shipping_amount"]

KIND = "shipping_rate"
TOKEN = "shipping_rate_token"  # noqa: S105  the name of an id in the URL
UNSPECIFIED = "unspecified"

filtered_by(KIND, "active", "fixed_amount.currency")


@operation("POST /v1/shipping_rates")
async def create(call: Call) -> Answer:
    """Make a shipping rate."""
    return new_rate(call.work, call.params)


def new_rate(work: Work, data: JsonObject, *, param: str = "", active: bool = True) -> JsonObject:
    """Make a shipping rate and put it into the work.

    Args:
        work: the unit of work.
        data: a request's parameters, or its `shipping_rate_data`.
        param: the parameter that holds them, for errors; empty when they are the request's own.
        active: false for one that is described inline and cannot be used again.

    Raises:
        ParameterRefused: the amount or a currency does not hold.
    """
    fixed, name = data.get("fixed_amount"), under(param, "fixed_amount")
    if fixed is None:
        raise MissingParameter(name)
    amounts: JsonObject = {
        "amount": _amount(fixed["amount"], name),
        "currency": check_currency(fixed["currency"], param=under(name, "currency")),
    }
    if "currency_options" in fixed:
        own = {
            amounts["currency"]: {"amount": amounts["amount"], "tax_behavior": data.get("tax_behavior", UNSPECIFIED)}
        }
        amounts["currency_options"] = own | _options(own, fixed["currency_options"], under(name, "currency_options"))
    rate = blank(KIND)
    rate |= {
        "id": work.new_id("shr_1", 23),
        "active": active,
        "created": work.now,
        "delivery_estimate": _estimate(data.get("delivery_estimate"), under(param, "delivery_estimate")),
        "display_name": data["display_name"],
        "fixed_amount": amounts,
        "metadata": data.get("metadata") or {},
        "tax_behavior": data.get("tax_behavior", UNSPECIFIED),
        "tax_code": data.get("tax_code"),
        "type": "fixed_amount",
    }
    work.insert(rate)
    return rate


def _amount(amount: int, param: str) -> int:
    if amount < 0:
        raise ParameterRefused(
            "Invalid non-negative integer", param=under(param, "amount"), code="parameter_invalid_integer"
        )
    return amount


def _options(known: JsonObject, given: JsonObject, param: str) -> JsonObject:
    """Return the amounts in further currencies after a request; those that are there keep what is not named."""
    options = {}
    for currency, option in given.items():
        name = under(param, currency)
        code = check_currency(currency, param=name)
        former = known.get(code, {"tax_behavior": UNSPECIFIED})
        if "amount" not in {**former, **option}:
            raise MissingParameter(under(name, "amount"))
        options[code] = {**former, **option}
        _amount(options[code]["amount"], name)
    return options


def _estimate(given: JsonObject | None, param: str) -> JsonObject | None:
    if given is None:
        return None
    for bound in ("maximum", "minimum"):
        if bound in given and given[bound]["value"] < 1:
            raise ParameterRefused(
                "This value must be greater than or equal to 1.",
                param=f"{param}[{bound}][value]",
                code="parameter_invalid_integer",
            )
    return {"maximum": given.get("maximum"), "minimum": given.get("minimum")}


def shipping_amount(rate: JsonObject, currency: str, *, param: str | None = None) -> int:
    """Return what a shipping rate costs in a currency.

    Raises:
        InvalidRequest: it has no amount in that currency.
    """
    fixed = rate["fixed_amount"]
    if fixed["currency"] == currency:
        own: int = fixed["amount"]
        return own
    option = fixed.get("currency_options", {}).get(currency)
    if option is None:
        raise InvalidRequest(
            f"The shipping rate `{rate['id']}` has no amount in the expected currency: `{currency}`.", param=param
        )
    return int(option["amount"])


@operation("GET /v1/shipping_rates/{shipping_rate_token}")
async def retrieve(call: Call) -> Answer:
    """Return a shipping rate."""
    return await call.work.stored(KIND, call.path[TOKEN], param=TOKEN)


@operation("POST /v1/shipping_rates/{shipping_rate_token}")
async def update(call: Call) -> Answer:
    """Change what may change of a shipping rate."""
    work, params = call.work, call.params
    rate = await work.fetch(KIND, call.path[TOKEN], param=TOKEN)
    values: JsonObject = {name: params[name] for name in ("active", "metadata", "tax_behavior") if name in params}
    if values.get("tax_behavior", rate["tax_behavior"]) != rate["tax_behavior"] != UNSPECIFIED:
        raise InvalidRequest(
            "The `tax_behavior` of a shipping rate cannot be changed once it is exclusive or inclusive.",
            param="tax_behavior",
        )
    given = params.get("fixed_amount", {}).get("currency_options")
    if given is not None:
        fixed = rate["fixed_amount"]
        own = {fixed["currency"]: {"amount": fixed["amount"], "tax_behavior": rate["tax_behavior"]}}
        known = fixed.get("currency_options", own)
        options = known | _options(known, given, "fixed_amount[currency_options]")
        values["fixed_amount"] = {**fixed, "currency_options": options}
    overwrite(rate, values, values)
    work.save(rate)
    return rate


@operation("GET /v1/shipping_rates")
async def list_(call: Call) -> Answer:
    """List shipping rates."""
    currency = call.params.get("currency")
    return await listed(call, KIND, terms=[] if currency is None else [[f"fixed_amount.currency={currency.lower()}"]])
