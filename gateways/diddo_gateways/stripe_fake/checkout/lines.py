"""What a checkout session sells: its line items, its shipping options, and what they come to."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from diddo_gateways.stripe_fake.currencies import MAXIMUM, check_currency, display, minimum
from diddo_gateways.stripe_fake.errors import AmountTooSmall, InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.payments.errors import AmountTooLarge, ParameterInvalidInteger
from diddo_gateways.stripe_fake.resources import prices, products
from diddo_gateways.stripe_fake.resources.prices import exclusive, under
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["add_up", "line_items", "shipping_options", "updated_lines"]

MOST_LINES = 100
MOST_SHIPPING_OPTIONS = 5


async def line_items(work: Work, given: list[JsonObject], *, currency: str | None) -> list[JsonObject]:
    """Return the line items that a request describes, all in one currency.

    Args:
        work: the unit of work; inline products and prices are put into it.
        given: the request's `line_items`.
        currency: the currency that the request or an earlier line has fixed, if any.

    Raises:
        StripeError: a line does not hold; `param` names it.
    """
    if len(given) > MOST_LINES:
        raise InvalidRequest(f"You can pass at most {MOST_LINES} line items.", param="line_items")
    lines = []
    for position, line in enumerate(given):
        item = await _line(work, line, f"line_items[{position}]")
        currency = currency or item["currency"]
        if item["currency"] != currency:
            raise InvalidRequest(
                "All prices on a Checkout Session must have the same currency: the session's is"
                f" {currency}, and the price of `line_items[{position}]` is in {item['currency']}.",
                param=f"line_items[{position}]",
            )
        lines.append(item)
    return lines


async def updated_lines(
    work: Work, current: list[JsonObject], given: list[JsonObject], *, currency: str
) -> list[JsonObject]:
    """Return the line items after an update: those that are named stay, others go, those without an id are new.

    Raises:
        StripeError: an id names no line of the session, or a line does not hold.
    """
    known: dict[str, JsonObject] = {line["id"]: line for line in current}
    lines: list[JsonObject] = []
    for position, change in enumerate(given):
        name = f"line_items[{position}]"
        if "id" not in change:
            lines += await line_items(work, [change], currency=currency)
            continue
        line = known.get(change["id"])
        if line is None:
            raise InvalidRequest(
                f"No such line item: '{change['id']}'", param=under(name, "id"), code="resource_missing"
            )
        if {"price", "price_data", "tax_rates"} & set(change):
            raise NotModelled("Changing the price or the taxes of a line item")
        if "adjustable_quantity" in change:
            line = {**line, "adjustable_quantity": _adjustable(change["adjustable_quantity"], name)}
        if "metadata" in change:
            line = {**line, "metadata": change["metadata"] or {}}
        lines.append(_priced(line, change["quantity"] if "quantity" in change else line["quantity"]))
    return lines


async def shipping_options(work: Work, given: list[JsonObject], *, currency: str) -> list[JsonObject]:
    """Return the session's `shipping_options`; rates described inline become shipping rates of their own.

    Raises:
        StripeError: an option names no rate, describes none, or is in another currency.
    """
    if len(given) > MOST_SHIPPING_OPTIONS:
        raise InvalidRequest(
            f"You can pass at most {MOST_SHIPPING_OPTIONS} shipping options.", param="shipping_options"
        )
    options = []
    for position, option in enumerate(given):
        name = f"shipping_options[{position}]"
        rate = await _shipping_rate(work, option, name)
        if rate["fixed_amount"]["currency"] != currency:
            raise InvalidRequest(f"The shipping rate's currency must be the session's, {currency}.", param=name)
        options.append({"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]})
    return options


def add_up(session: JsonObject, lines: list[JsonObject]) -> None:
    """Write the session's totals; of its shipping options the first is chosen until the shopper chooses.

    Raises:
        AmountTooSmall: the total is less than the currency's least charge, and not zero.
        AmountTooLarge: it has more than eight digits.
    """
    subtotal = sum(line["amount_subtotal"] for line in lines)
    options = session["shipping_options"]
    chosen = (session["shipping_cost"] or {}).get("shipping_rate")
    option = next((option for option in options if option["shipping_rate"] == chosen), options[0] if options else None)
    shipping = option["shipping_amount"] if option else 0
    total = subtotal + shipping
    _check_total(total, session["currency"])
    session["amount_subtotal"], session["amount_total"] = subtotal, total
    session["total_details"] = {"amount_discount": 0, "amount_shipping": shipping, "amount_tax": 0}
    session["shipping_cost"] = option and {
        "amount_subtotal": shipping,
        "amount_tax": 0,
        "amount_total": shipping,
        "shipping_rate": option["shipping_rate"],
    }


def _check_total(total: int, currency: str) -> None:
    least = minimum(currency)
    code = currency.upper()
    if 0 < total < least:
        raise AmountTooSmall(
            f"The Checkout Session's total amount due must add up to at least {display(least, currency)} {code}"
        )
    if total > MAXIMUM:
        raise AmountTooLarge(
            f"The Checkout Session's total amount due must be no more than {display(MAXIMUM, currency)} {code}"
        )


async def _line(work: Work, given: JsonObject, name: str) -> JsonObject:
    if given.get("tax_rates"):
        raise NotModelled("The parameter tax_rates of line items")
    price, product = await _price(work, given, name)
    if price["type"] == "recurring":
        raise InvalidRequest(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use"
            " only one-time prices."
        )
    if "quantity" not in given:
        raise InvalidRequest(f"Quantity is required. Add `quantity` to `{name}`", param=name)
    item = blank("item")
    item |= {
        "id": work.new_id("li_1", 23),
        "adjustable_quantity": _adjustable(given.get("adjustable_quantity"), name),
        "amount_discount": 0,
        "amount_tax": 0,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": given.get("metadata") or {},
        "price": price,
    }
    least = 0 if (item["adjustable_quantity"] or {}).get("enabled") else 1
    if given["quantity"] < least:
        raise ParameterInvalidInteger(
            f"This value must be greater than or equal to {least}.", param=under(name, "quantity")
        )
    return _priced(item, given["quantity"])


def _priced(item: JsonObject, quantity: int) -> JsonObject:
    """Return a line item with its amounts for a quantity; half a minor unit counts up."""
    each = Decimal(item["price"]["unit_amount_decimal"])
    amount = int((each * quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return {**item, "quantity": quantity, "amount_subtotal": amount, "amount_total": amount}


async def _price(work: Work, given: JsonObject, name: str) -> tuple[JsonObject, JsonObject]:
    """Return the price of a line and its product, named or made on the spot."""
    if "price" in given and "price_data" in given:
        raise exclusive(under(name, "price"), under(name, "price_data"))
    if "price_data" in given:
        return await _inline_price(work, given["price_data"], under(name, "price_data"))
    if "price" not in given:
        raise MissingParameter(under(name, "price"))
    price = await work.fetch("price", given["price"], param=under(name, "price"), status=400)
    if not price["active"]:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.", param=under(name, "price")
        )
    return price, await work.fetch("product", price["product"], param=under(name, "price"), status=400)


async def _inline_price(work: Work, data: JsonObject, name: str) -> tuple[JsonObject, JsonObject]:
    if "product" in data and "product_data" in data:
        raise exclusive(under(name, "product"), under(name, "product_data"))
    if "product" in data:
        product = await work.fetch("product", data["product"], param=under(name, "product"), status=400)
    elif "product_data" in data:
        # What is described inline cannot be sold again: product and price are made inactive, and are no news.
        product = products.new(work, {**data["product_data"], "active": False})
    else:
        raise MissingParameter(under(name, "product"))
    price = prices.new(work, {**data, "product": product["id"], "active": False}, param=name)
    work.insert(price)
    return price, product


def _adjustable(given: JsonObject | None, name: str) -> JsonObject | None:
    """Return whether the shopper may change the quantity, and between which bounds."""
    if given is None:
        return None
    if not given["enabled"]:
        return {"enabled": False, "maximum": None, "minimum": None}
    least, most = given.get("minimum", 0), given.get("maximum", 99)
    if least < 0 or most > 999_999 or most < least:
        raise InvalidRequest(
            "The bounds of an adjustable quantity are from 0 to 999999, and the minimum is at most the maximum.",
            param=under(name, "adjustable_quantity"),
        )
    return {"enabled": True, "maximum": most, "minimum": least}


async def _shipping_rate(work: Work, option: JsonObject, name: str) -> JsonObject:
    if "shipping_rate" in option and "shipping_rate_data" in option:
        raise exclusive(under(name, "shipping_rate"), under(name, "shipping_rate_data"))
    if "shipping_rate" in option:
        return await work.fetch(
            "shipping_rate", option["shipping_rate"], param=under(name, "shipping_rate"), status=400
        )
    if "shipping_rate_data" not in option:
        raise MissingParameter(under(name, "shipping_rate"))
    return _new_rate(work, option["shipping_rate_data"], under(name, "shipping_rate_data"))


def _new_rate(work: Work, data: dict[str, Any], name: str) -> JsonObject:
    fixed = data.get("fixed_amount")
    if fixed is None:
        raise MissingParameter(under(name, "fixed_amount"))
    if "currency_options" in fixed:
        raise NotModelled("Shipping rates in several currencies")
    amount_name = f"{name}[fixed_amount][amount]"
    if fixed["amount"] < 0:
        raise ParameterInvalidInteger("Invalid non-negative integer", param=amount_name)
    rate = blank("shipping_rate")
    rate |= {
        "id": work.new_id("shr_1", 23),
        "active": False,
        "created": work.now,
        "delivery_estimate": _estimate(data.get("delivery_estimate")),
        "display_name": data["display_name"],
        "fixed_amount": {
            "amount": fixed["amount"],
            "currency": check_currency(fixed["currency"], param=f"{name}[fixed_amount][currency]"),
        },
        "metadata": data.get("metadata") or {},
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tax_code": data.get("tax_code"),
        "type": "fixed_amount",
    }
    work.insert(rate)
    return rate


def _estimate(given: JsonObject | None) -> JsonObject | None:
    return given and {"maximum": given.get("maximum"), "minimum": given.get("minimum")}
