"""What a price says: its amounts in each currency, its tiers and packages, and how often it recurs. All pure.

The first half of what `price_terms` returns stands in the price itself, the second is kept back until it is expanded.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from diddo_gateways.stripe_fake.currencies import MAXIMUM, check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ParameterRefused
from diddo_gateways.stripe_fake.limits import at_least, exclusive, under
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["currency_options", "price_terms", "shown_options"]

MOST_DECIMALS = 12
MOST_TIERS = 100
# Three years at most.
MOST_INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}
UNSPECIFIED = "unspecified"
SPECIAL = frozenset({"billing_scheme", "custom_unit_amount", "tiers", "tiers_mode"})
NO_AMOUNT = "Prices require an `{}` or `{}` parameter to be set."


def price_terms(params: Mapping[str, Any], param: str = "") -> tuple[JsonObject, JsonObject]:
    """Return the fields of a price that its creation fixes, and those that are kept back.

    Args:
        params: a request's parameters, or its `price_data`.
        param: the parameter that holds them, for errors; empty when they are the request's own.

    Raises:
        InvalidRequest: the amounts, the currencies or the recurrence do not hold.
    """
    currency = check_currency(params["currency"], param=under(param, "currency"))
    recurring = _recurring(params["recurring"], under(param, "recurring")) if params.get("recurring") else None
    is_tiered = params.get("billing_scheme") == "tiered"
    # Most prices have nothing of all that: they are made inline, by the thousand.
    if not SPECIAL.isdisjoint(params):
        _check_scheme(params, param, is_tiered=is_tiered)
    amounts = _amounts(params, param, is_tiered=is_tiered)
    fields = {
        "billing_scheme": "tiered" if is_tiered else "per_unit",
        "currency": currency,
        "custom_unit_amount": amounts["custom_unit_amount"],
        "recurring": recurring,
        "tax_behavior": params.get("tax_behavior", UNSPECIFIED),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": _transform(params.get("transform_quantity"), param),
        "type": "one_time" if recurring is None else "recurring",
        "unit_amount": amounts["unit_amount"],
        "unit_amount_decimal": amounts["unit_amount_decimal"],
    }
    kept_back: JsonObject = {"tiers": amounts["tiers"]} if is_tiered else {}
    if params.get("currency_options"):
        kept_back["currency_options"] = currency_options(fields, params["currency_options"], param=param)
    return fields, kept_back


def _check_scheme(params: Mapping[str, Any], param: str, *, is_tiered: bool) -> None:
    """Hold against each other what only tiered prices have, and what they cannot have."""
    if not is_tiered:
        for field in ("tiers", "tiers_mode"):
            if field in params:
                raise ParameterRefused(
                    f"`{field}` can only be set when `billing_scheme` is `tiered`.", param=under(param, field)
                )
        if "custom_unit_amount" in params and params.get("recurring"):
            raise ParameterRefused(
                "Prices with `type=recurring` cannot have a `custom_unit_amount`.",
                param=under(param, "custom_unit_amount"),
            )
        return
    if not params.get("recurring"):
        # The parameter is what Stripe names.
        raise ParameterRefused(
            "Prices with `type=one_time` are not supported with tiered billing.", param=under(param, "interval")
        )
    for field in ("tiers", "tiers_mode"):
        if field not in params:
            raise MissingParameter(under(param, field))
    if "transform_quantity" in params:
        raise exclusive(under(param, "tiers"), under(param, "transform_quantity"))


def _amounts(given: Mapping[str, Any], param: str, *, is_tiered: bool) -> JsonObject:
    """Return what a price asks in one currency: of units, of tiers, or what the customer chooses."""
    blank: JsonObject = {"unit_amount": None, "unit_amount_decimal": None, "custom_unit_amount": None, "tiers": None}
    if is_tiered:
        _refuse_beside("tiers", ("unit_amount", "unit_amount_decimal", "custom_unit_amount"), given, param)
        if "tiers" not in given:
            raise MissingParameter(under(param, "tiers"))
        return blank | {"tiers": _tiers(given["tiers"], under(param, "tiers"))}
    if "custom_unit_amount" in given:
        _refuse_beside("custom_unit_amount", ("unit_amount", "unit_amount_decimal"), given, param)
        return blank | {"custom_unit_amount": _chosen(given["custom_unit_amount"], under(param, "custom_unit_amount"))}
    amounts = _amount(given, "unit_amount", param)
    if amounts["unit_amount_decimal"] is None:
        raise InvalidRequest(NO_AMOUNT.format(under(param, "unit_amount"), under(param, "unit_amount_decimal")))
    return blank | amounts


def _refuse_beside(name: str, others: tuple[str, ...], given: Mapping[str, Any], param: str) -> None:
    for other in others:
        if other in given:
            raise exclusive(under(param, name), under(param, other))


def _amount(given: Mapping[str, Any], name: str, param: str) -> JsonObject:
    """Return an amount as whole minor units, null when it is no whole number, and as a decimal; both null if absent."""
    exact_name = f"{name}_decimal"
    whole, exact = given.get(name), given.get(exact_name)
    if whole is not None and exact is not None:
        raise exclusive(under(param, name), under(param, exact_name))
    if whole is None and exact is None:
        return {name: None, exact_name: None}
    where = under(param, name if exact is None else exact_name)
    amount: Any = whole if exact is None else Decimal(exact)
    if amount < 0:
        raise ParameterRefused("Invalid non-negative integer", param=where, code="parameter_invalid_integer")
    if amount > MAXIMUM:
        raise ParameterRefused(f"Invalid integer: amounts can be at most {MAXIMUM}", param=where)
    if isinstance(amount, Decimal):
        return _fraction(amount, name, where)
    return {name: amount, exact_name: str(amount)}


def _fraction(amount: Decimal, name: str, param: str) -> JsonObject:
    if -int(amount.as_tuple().exponent) > MOST_DECIMALS:
        raise ParameterRefused(
            f"Invalid decimal: {amount:f}; must contain at maximum {MOST_DECIMALS} decimal places.", param=param
        )
    is_whole = amount == int(amount)
    text = str(int(amount)) if is_whole else f"{amount.normalize():f}"
    return {name: int(amount) if is_whole else None, f"{name}_decimal": text}


def _tiers(given: list[JsonObject], param: str) -> list[JsonObject]:
    """Return tiers of rising bounds, the last one open."""
    if not 0 < len(given) <= MOST_TIERS:
        raise ParameterRefused(f"A price has from 1 to {MOST_TIERS} tiers.", param=param)
    tiers, below = [], 0
    for position, tier in enumerate(given):
        name, is_last = under(param, str(position)), position == len(given) - 1
        if (tier["up_to"] == "inf") != is_last:
            raise ParameterRefused("The last tier, and no other, has the `up_to` value `inf`.", param=f"{name}[up_to]")
        if not is_last and tier["up_to"] <= below:
            raise ParameterRefused("Each tier reaches further than the one before.", param=f"{name}[up_to]")
        made = _amount(tier, "flat_amount", name) | _amount(tier, "unit_amount", name)
        if made["flat_amount_decimal"] is None and made["unit_amount_decimal"] is None:
            raise MissingParameter(f"{name}[unit_amount]")
        tiers.append({**made, "up_to": None if is_last else tier["up_to"]})
        below = 0 if is_last else tier["up_to"]
    return tiers


def _chosen(given: JsonObject, param: str) -> JsonObject:
    """Return between which amounts the customer chooses, and which one is proposed."""
    if not given["enabled"]:
        raise ParameterRefused("`custom_unit_amount` can only be enabled.", param=under(param, "enabled"))
    bounds = {name: given.get(name) for name in ("maximum", "minimum", "preset")}
    for name, amount in bounds.items():
        if amount is not None:
            at_least(amount, 0, under(param, name))
    for lower, upper in (("minimum", "maximum"), ("minimum", "preset"), ("preset", "maximum")):
        least, most = bounds[lower], bounds[upper]
        if least is not None and most is not None and least > most:
            raise ParameterRefused(f"The {lower} cannot be greater than the {upper}.", param=under(param, lower))
    return bounds


def _transform(given: JsonObject | None, param: str) -> JsonObject | None:
    if given is not None:
        at_least(given["divide_by"], 1, under(under(param, "transform_quantity"), "divide_by"))
    return given


def _recurring(given: JsonObject, param: str) -> JsonObject:
    count, name = given.get("interval_count", 1), under(param, "interval_count")
    at_least(count, 1, name)
    if count > MOST_INTERVALS[given["interval"]]:
        raise ParameterRefused("Prices recur after three years at most: 3 years, 36 months, or 156 weeks.", param=name)
    usage = given.get("usage_type", "licensed")
    if usage == "metered" and "meter" not in given:
        raise ParameterRefused(
            "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by meters."
        )
    if usage == "licensed" and "meter" in given:
        raise ParameterRefused("Only metered prices have a meter.", param=under(param, "meter"))
    if "trial_period_days" in given:
        at_least(given["trial_period_days"], 1, under(param, "trial_period_days"))
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": usage,
    }


def currency_options(price: JsonObject, given: Mapping[str, Any], *, param: str = "") -> JsonObject:
    """Return a price's amounts in further currencies, by currency.

    Raises:
        InvalidRequest: one is the price's own or not known, or its amounts are not of the price's kind.
    """
    options = {}
    for currency, option in given.items():
        name = under(under(param, "currency_options"), currency)
        code = check_currency(currency, param=name)
        if code == price["currency"]:
            raise ParameterRefused(
                f"The currency {code} is the price's own and cannot be among its currency_options.", param=name
            )
        is_tiered = price["billing_scheme"] == "tiered"
        if not is_tiered and "tiers" in option:
            raise ParameterRefused("Only tiered prices have tiers.", param=under(name, "tiers"))
        amounts = _amounts(option, name, is_tiered=is_tiered)
        if (amounts["custom_unit_amount"] is None) != (price["custom_unit_amount"] is None):
            raise ParameterRefused(
                "The customer chooses the amount in all currencies of a price, or in none.",
                param=under(name, "custom_unit_amount"),
            )
        options[code] = _option({**amounts, "tax_behavior": option.get("tax_behavior", UNSPECIFIED)})
    return options


def _option(amounts: JsonObject) -> JsonObject:
    fields = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
    tiers = {} if amounts.get("tiers") is None else {"tiers": amounts["tiers"]}
    return {**{field: amounts[field] for field in fields}, **tiers}


def shown_options(price: JsonObject) -> JsonObject:
    """Return what `currency_options` shows of a price with all its fields: its own currency is among them."""
    return {price["currency"]: _option(price), **price.get("currency_options", {})}
