"""What a checkout session comes to: line by line its discount and taxes, then shipping, and the sums of all.

The discount of a session is taken from all lines that its coupon applies to, and shared among them. Taxes are reckoned
line by line from what is left. Amounts are minor units of the session's currency.
"""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.billing.amounts import discount_amounts, tax_amounts
from diddo_gateways.stripe_fake.checkout.lines import priced
from diddo_gateways.stripe_fake.checkout.shipping import chosen_shipping
from diddo_gateways.stripe_fake.currencies import MAXIMUM, display, minimum
from diddo_gateways.stripe_fake.errors import AmountTooSmall
from diddo_gateways.stripe_fake.payments.errors import AmountTooLarge
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["add_up", "breakdown", "line_discounts", "line_taxes", "recurring_amount"]


def add_up(session: JsonObject, content: JsonObject) -> None:
    """Write the discounts and taxes of a session's lines, what shipping costs, and the session's totals.

    Args:
        session: with its `shipping_options`, and in `shipping_cost` the rate that is chosen, if one is.
        content: its `line_items`, `discounts` and `rates`.

    Raises:
        AmountTooSmall: the total is less than the currency's least charge, and not zero.
        AmountTooLarge: it has more than eight digits.
    """
    lines, currency = content["line_items"], session["currency"]
    discount = content["discounts"][0] if content["discounts"] else None
    if discount is not None or content["rates"] or content["reckoned"]:
        _reckon(lines, discount, content["rates"], currency)
        # A discount that was taken off again, or rates, leave traces that the next time has to clear.
        content["reckoned"] = True
    option = chosen_shipping(session)
    shipping = option["shipping_amount"] if option else 0
    total = sum(line["amount_total"] for line in lines) + shipping
    _check_total(total, currency)
    session["amount_subtotal"] = sum(line["amount_subtotal"] for line in lines)
    session["amount_total"] = total
    session["total_details"] = {
        "amount_discount": sum(line["amount_discount"] for line in lines),
        "amount_shipping": shipping,
        "amount_tax": sum(line["amount_tax"] for line in lines),
    }
    session["shipping_cost"] = option and {
        "amount_subtotal": shipping,
        "amount_tax": 0,
        "amount_total": shipping,
        "shipping_rate": option["shipping_rate"],
    }
    session["payment_status"] = "unpaid" if total else "no_payment_required"


def recurring_amount(content: JsonObject, currency: str) -> int:
    """Return what a session's subscription comes to for each period, once a trial and a `once` discount are over."""
    lines = [
        priced(line, line["quantity"], content["prices"], trial=False)
        for line in content["line_items"]
        if line["price"]["type"] == "recurring"
    ]
    discount = next((one for one in content["discounts"] if one["coupon"]["duration"] == "forever"), None)
    _reckon(lines, discount, content["rates"], currency)
    return sum(line["amount_total"] for line in lines)


def _reckon(lines: Sequence[JsonObject], discount: JsonObject | None, rates: JsonObject, currency: str) -> None:
    off = [0] * len(lines)
    if discount is not None:
        weighed = [(line["amount_subtotal"], line["price"]["product"]) for line in lines]
        off = discount_amounts(discount["coupon"], weighed, currency=currency)
    for line, less in zip(lines, off, strict=True):
        left = line["amount_subtotal"] - less
        own = rates.get(line["id"], ())
        taxes = tax_amounts(own, left, currency=currency)
        on_top = sum(tax for rate, tax in zip(own, taxes, strict=True) if not rate["inclusive"])
        line |= {"amount_discount": less, "amount_tax": sum(taxes), "amount_total": left + on_top}


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


def line_discounts(line: JsonObject, content: JsonObject) -> list[JsonObject]:
    """Return the `discounts` of a line item, which it shows when they are expanded."""
    return [
        {"amount": line["amount_discount"], "discount": one["discount"]}
        for one in content["discounts"]
        if line["amount_discount"]
    ]


def line_taxes(line: JsonObject, content: JsonObject) -> list[JsonObject]:
    """Return the `taxes` of a line item, likewise."""
    rates = content["rates"].get(line["id"], [])
    left = line["amount_subtotal"] - line["amount_discount"]
    amounts = tax_amounts(rates, left, currency=line["currency"])
    within = sum(amount for rate, amount in zip(rates, amounts, strict=True) if rate["inclusive"])
    return [
        {"amount": amount, "rate": rate, "taxability_reason": None, "taxable_amount": left - within}
        for rate, amount in zip(rates, amounts, strict=True)
    ]


def breakdown(content: JsonObject) -> JsonObject:
    """Return `total_details[breakdown]`: what each discount and each tax rate comes to over all lines."""
    lines = content["line_items"]
    taxes: dict[str, JsonObject] = {}
    for line in lines:
        for tax in line_taxes(line, content):
            known = taxes.setdefault(tax["rate"]["id"], {**tax, "amount": 0, "taxable_amount": 0})
            known["amount"] += tax["amount"]
            known["taxable_amount"] += tax["taxable_amount"]
    off = sum(line["amount_discount"] for line in lines)
    return {
        "discounts": [{"amount": off, "discount": one["discount"]} for one in content["discounts"]],
        "taxes": list(taxes.values()),
    }
