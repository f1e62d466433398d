"""What an invoice comes to: discounts and taxes of each line, and their sums. Nothing here reads the store.

A line's own discounts come off first, then each of the invoice's in turn, shared among the lines that it applies to;
taxes are reckoned line by line from what is left. Amounts are minor units of the invoice's currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.billing.amounts import discount_amount, discount_amounts, tax_amounts

__all__ = ["Discount", "Reckoned", "reckon"]

JsonObject = dict[str, Any]
# Why a line bears no tax, by what the customer is.
EXEMPT = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount: its id, and its coupon with the fields that are kept back."""

    id: str
    coupon: Mapping[str, Any]


@dataclass(slots=True)
class Reckoned:
    """One line on its way to its amounts.

    Attributes:
        line: the line item; its discounts and taxes are written into it.
        own: the line's own discounts.
        rates: the tax rates that apply to it, its own or the invoice's.
        left: what is left of its amount after discounts.
        own_off: what its own discounts came to.
    """

    line: JsonObject
    own: Sequence[Discount] = ()
    rates: Sequence[Mapping[str, Any]] = ()
    left: int = field(init=False)
    own_off: int = 0

    def __post_init__(self) -> None:
        self.left = self.line["amount"]
        self.line |= {"discount_amounts": [], "pretax_credit_amounts": [], "subtotal": self.left}

    @property
    def product(self) -> str | None:
        """The id of the product that it is for."""
        details = (self.line["pricing"] or {}).get("price_details") or {}
        return details.get("product")

    def discounted(self, discount: Discount, amount: int) -> None:
        """Take a discount off."""
        self.left -= amount
        self.line["discount_amounts"].append({"amount": amount, "discount": discount.id})
        self.line["pretax_credit_amounts"].append({"amount": amount, "discount": discount.id, "type": "discount"})


def reckon(
    lines: Sequence[Reckoned], discounts: Sequence[Discount], *, currency: str, tax_exempt: str | None = None
) -> JsonObject:
    """Write the lines' discounts and taxes into them, and return the invoice's sums by the names of its fields.

    Args:
        lines: all lines.
        discounts: the invoice's own.
        currency: of the amounts.
        tax_exempt: the customer's `exempt` and `reverse` make every tax 0.
    """
    for one in lines:
        for discount in one.own:
            off = discount_amount(discount.coupon, one.left, currency=currency)
            one.own_off += off
            one.discounted(discount, off)
    for discount in discounts:
        # What may not be discounted weighs nothing, and is listed with 0.
        weighed = [(one.left if one.line["discountable"] else 0, one.product) for one in lines]
        for one, off in zip(lines, discount_amounts(discount.coupon, weighed, currency=currency), strict=True):
            one.discounted(discount, off)
    for one in lines:
        one.line["taxes"] = _taxes(one, currency, EXEMPT.get(tax_exempt or ""))
    return _sums(lines, currency)


def _taxes(one: Reckoned, currency: str, exempt: str | None) -> list[JsonObject]:
    amounts = [0] * len(one.rates) if exempt else tax_amounts(one.rates, one.left, currency=currency)
    within = sum(amount for rate, amount in zip(one.rates, amounts, strict=True) if rate["inclusive"])
    return [
        {
            "amount": amount,
            "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
            "tax_rate_details": {"tax_rate": rate["id"]},
            "taxability_reason": exempt or "not_available",
            "taxable_amount": 0 if exempt else one.left - within,
            "type": "tax_rate_details",
        }
        for rate, amount in zip(one.rates, amounts, strict=True)
    ]


def _sums(lines: Sequence[Reckoned], currency: str) -> JsonObject:
    subtotal = sum(one.line["amount"] - one.own_off for one in lines)
    taxes = _merged([tax for one in lines for tax in one.line["taxes"]])
    on_top = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    total = sum(one.left for one in lines) + on_top
    discounts: dict[str, int] = {}
    for one in lines:
        for off in one.line["discount_amounts"]:
            discounts[off["discount"]] = discounts.get(off["discount"], 0) + off["amount"]
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(_within_subtotal(one, currency) for one in lines),
        "total": total,
        "total_discount_amounts": [{"amount": off, "discount": name} for name, off in discounts.items()],
        "total_excluding_tax": total - sum(tax["amount"] for tax in taxes),
        "total_pretax_credit_amounts": [
            {"amount": off, "discount": name, "type": "discount"} for name, off in discounts.items()
        ],
        "total_taxes": taxes,
    }


def _within_subtotal(one: Reckoned, currency: str) -> int:
    """Return the tax that is inside a line's amount before the invoice's discounts."""
    amounts = tax_amounts(one.rates, one.line["amount"] - one.own_off, currency=currency)
    exempt = any(tax["taxability_reason"] in EXEMPT.values() for tax in one.line["taxes"])
    inclusive = (amount for rate, amount in zip(one.rates, amounts, strict=True) if rate["inclusive"])
    return 0 if exempt else sum(inclusive)


def _merged(taxes: Sequence[JsonObject]) -> list[JsonObject]:
    """Return one entry for each rate, with the sums of its amounts."""
    merged: dict[str, JsonObject] = {}
    for tax in taxes:
        known = merged.setdefault(tax["tax_rate_details"]["tax_rate"], {**tax, "amount": 0, "taxable_amount": 0})
        known["amount"] += tax["amount"]
        known["taxable_amount"] += tax["taxable_amount"]
    return list(merged.values())
