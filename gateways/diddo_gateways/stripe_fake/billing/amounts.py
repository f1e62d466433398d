"""The arithmetic of what things cost: lines of a price, discounts of a coupon, taxes of a rate, and shares of a sum.

Amounts are whole minor units of their currency. A fraction of one is rounded once, at the end, half a unit away from
zero. Of currencies with three decimals Stripe charges whole tens only, so to those it is rounded. Nothing here
reads the store: prices with tiers or in further currencies, and coupons in further currencies or of some products only,
come as `withheld.whole` returns them.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from diddo_gateways.stripe_fake.currencies import decimals
from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = [
    "CurrencyMismatch",
    "amounts_in",
    "coupon_amount_off",
    "discount_amount",
    "discount_amounts",
    "line_amount",
    "round_amount",
    "spread",
    "tax_amount",
    "tax_amounts",
]

JsonObject = Mapping[str, Any]
HUNDRED = Decimal(100)
# The decimals of currencies that are charged in tens.
THOUSANDTHS = 3


class CurrencyMismatch(InvalidRequest):
    """A price has no amount in the currency that is wanted; both in lower case."""

    def __init__(self, price: JsonObject, currency: str, *, param: str | None = None) -> None:
        known = " and ".join(f"`{code}`" for code in [price["currency"], *price.get("currency_options", ())])
        super().__init__(
            f"The price specified only supports {known}. This doesn't match the expected currency: `{currency}`.",
            param=param,
        )


def round_amount(amount: Decimal, currency: str | None = None) -> int:
    """Return an amount in whole minor units, in whole tens where the currency has three decimals."""
    step = 10 if currency is not None and decimals(currency) == THOUSANDTHS else 1
    return int((amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * step


def amounts_in(price: JsonObject, currency: str | None = None) -> JsonObject:
    """Return what holds a price's amounts in a currency: the price itself, or one of its `currency_options`.

    Raises:
        CurrencyMismatch: it has none in that currency.
    """
    if currency is None or currency == price["currency"]:
        return price
    option: JsonObject | None = price.get("currency_options", {}).get(currency)
    if option is None:
        raise CurrencyMismatch(price, currency)
    return option


def line_amount(price: JsonObject, quantity: int, *, currency: str | None = None) -> int:
    """Return what a quantity of a price comes to, before discounts and taxes.

    Where the customer chooses the amount, that is the preset one for each unit, or nothing.

    Args:
        price: as the API answers it, with `tiers` if it is tiered.
        quantity: how many, before `transform_quantity`.
        currency: in which of the price's currencies; its own by default.

    Raises:
        CurrencyMismatch: the price has no amount in that currency.
    """
    amounts = amounts_in(price, currency)
    if price["billing_scheme"] == "tiered":
        reckon = _graduated if price["tiers_mode"] == "graduated" else _volume
        return round_amount(reckon(amounts["tiers"], quantity), currency or price["currency"])
    units = _transformed(price.get("transform_quantity"), quantity)
    whole: int | None = amounts.get("unit_amount")
    if whole is not None and decimals(currency or price["currency"]) < THOUSANDTHS:
        return whole * units
    return round_amount(_unit_amount(amounts) * units, currency or price["currency"])


def _unit_amount(amounts: JsonObject) -> Decimal:
    custom = amounts.get("custom_unit_amount")
    return Decimal((custom["preset"] or 0) if custom else amounts["unit_amount_decimal"])


def _transformed(transform: JsonObject | None, quantity: int) -> int:
    """Return how many packages a quantity makes."""
    if transform is None:
        return quantity
    divide_by: int = transform["divide_by"]
    return -(-quantity // divide_by) if transform["round"] == "up" else quantity // divide_by


def _graduated(tiers: Sequence[JsonObject], quantity: int) -> Decimal:
    """Return what a quantity comes to when each tier prices the units within it; the first tier's flat fee is always due."""
    total, below = Decimal(0), 0
    for tier in tiers:
        if below and quantity <= below:
            break
        up_to: int = quantity if tier["up_to"] is None else tier["up_to"]
        total += _tier_amount(tier, min(quantity, up_to) - below)
        below = up_to
    return total


def _volume(tiers: Sequence[JsonObject], quantity: int) -> Decimal:
    """Return what a quantity comes to when the tier that it reaches prices all units."""
    return _tier_amount(next(tier for tier in tiers if tier["up_to"] is None or quantity <= tier["up_to"]), quantity)


def _tier_amount(tier: JsonObject, quantity: int) -> Decimal:
    return Decimal(tier["unit_amount_decimal"] or 0) * quantity + Decimal(tier["flat_amount_decimal"] or 0)


def coupon_amount_off(coupon: JsonObject, currency: str) -> int | None:
    """Return the fixed amount that a coupon takes off in a currency, or None where it takes off none."""
    if coupon["currency"] == currency:
        fixed: int | None = coupon["amount_off"]
        return fixed
    option = coupon.get("currency_options", {}).get(currency)
    return None if option is None else int(option["amount_off"])


def discount_amount(coupon: JsonObject, amount: int, *, currency: str) -> int:
    """Return what a coupon takes off an amount: never more than all of it, and nothing in a currency it is not made for."""
    if coupon["percent_off"] is not None:
        off = round_amount(amount * Decimal(str(coupon["percent_off"])) / HUNDRED, currency)
    else:
        off = coupon_amount_off(coupon, currency) or 0
    return max(min(off, amount), 0)


def discount_amounts(coupon: JsonObject, lines: Sequence[tuple[int, str | None]], *, currency: str) -> list[int]:
    """Return what a coupon takes off each line: reckoned from all that it applies to, then shared among those.

    Args:
        coupon: with `applies_to` if it holds for some products only.
        lines: the amount and the product's id of each line.
        currency: of the amounts.
    """
    products = (coupon.get("applies_to") or {}).get("products")
    # Credits, such as those of a proration, are not discounted.
    weights = [max(amount, 0) if products is None or product in products else 0 for amount, product in lines]
    return spread(discount_amount(coupon, sum(weights), currency=currency), weights)


def tax_amount(rate: JsonObject, amount: int, *, currency: str | None = None) -> int:
    """Return the tax of one rate: the part of the amount that is tax if it is inclusive, else what comes on top."""
    return tax_amounts([rate], amount, currency=currency)[0]


def tax_amounts(rates: Sequence[JsonObject], amount: int, *, currency: str | None = None) -> list[int]:
    """Return the taxes of several rates on one amount, each reckoned from what is left without the inclusive ones."""
    within = sum((_percentage(rate) for rate in rates if rate["inclusive"]), Decimal(0))
    return [round_amount(amount * _percentage(rate) / (HUNDRED + within), currency) for rate in rates]


def _percentage(rate: JsonObject) -> Decimal:
    return Decimal(str(rate["percentage"]))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights, none of them negative: the shares add up to it, none is a unit off its exact share.

    What is left after rounding down goes to the largest remainders, the first of equal ones. Weights that are all 0
    count as equal.
    """
    if not weights:
        if total:
            raise ValueError(f"there is nothing to spread {total} over")
        return []
    if not any(weights):
        weights = [1] * len(weights)
    if total < 0:
        return [-share for share in spread(-total, weights)]
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    for position in _by_remainder(total, weights, whole, total - sum(shares)):
        shares[position] += 1
    return shares


def _by_remainder(total: int, weights: Sequence[int], whole: int, count: int) -> Iterator[int]:
    order = sorted(range(len(weights)), key=lambda position: -(total * weights[position] % whole))
    yield from order[:count]
