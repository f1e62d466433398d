"""Shipping options of a checkout session, and the one that is chosen."""

from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter
from diddo_gateways.stripe_fake.limits import exclusive, under
from diddo_gateways.stripe_fake.resources.shipping_rates import new_rate, shipping_amount
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["choose_shipping", "chosen_shipping", "shipping_options"]

MOST_OPTIONS = 5


async def shipping_options(work: Work, given: list[JsonObject], *, currency: str) -> list[JsonObject]:
    """Return the session's `shipping_options`; rates described inline become shipping rates of their own.

    Raises:
        StripeError: an option names no rate, describes none, or has no amount in the currency.
    """
    if len(given) > MOST_OPTIONS:
        raise InvalidRequest(f"You can pass at most {MOST_OPTIONS} shipping options.", param="shipping_options")
    options = []
    for position, option in enumerate(given):
        name = f"shipping_options[{position}]"
        rate = await _rate(work, option, name)
        options.append({"shipping_amount": shipping_amount(rate, currency, param=name), "shipping_rate": rate["id"]})
    return options


async def _rate(work: Work, option: JsonObject, name: str) -> JsonObject:
    if "shipping_rate" in option and "shipping_rate_data" in option:
        raise exclusive(under(name, "shipping_rate"), under(name, "shipping_rate_data"))
    if "shipping_rate" in option:
        at = under(name, "shipping_rate")
        rate = await work.fetch("shipping_rate", option["shipping_rate"], param=at, status=400)
        if not rate["active"]:
            raise InvalidRequest(f"The shipping rate `{rate['id']}` is inactive.", param=at)
        return rate
    if "shipping_rate_data" not in option:
        raise MissingParameter(under(name, "shipping_rate"))
    # What is described inline cannot be used again.
    return new_rate(work, option["shipping_rate_data"], param=under(name, "shipping_rate_data"), active=False)


def chosen_shipping(session: JsonObject) -> JsonObject | None:
    """Return the option that is chosen: the first one until the shopper chooses; None when nothing is shipped."""
    options = session["shipping_options"]
    chosen = (session["shipping_cost"] or {}).get("shipping_rate")
    first: JsonObject | None = options[0] if options else None
    return next((option for option in options if option["shipping_rate"] == chosen), first)


def choose_shipping(session: JsonObject, rate_id: str) -> None:
    """Choose a shipping rate; what it costs is written when the session is added up.

    Raises:
        InvalidRequest: the session does not offer it.
    """
    if rate_id not in {option["shipping_rate"] for option in session["shipping_options"]}:
        raise InvalidRequest("This shipping rate is not offered.", param="shipping_rate")
    session["shipping_cost"] = {"shipping_rate": rate_id}
