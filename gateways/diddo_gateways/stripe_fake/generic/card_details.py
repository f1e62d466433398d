"""What objects keep of what they do not keep: of a card, a bank account or a file only what it says of itself."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.cards import Card, CardDetails, read_card, test_cards

__all__ = ["details_of"]

SECRETS = ("number", "cvc", "account_number")
# The parameters that hold the details, or a token that stands for them.
HOLDERS = ("source", "external_account")
# The older `card` object writes brands in its own way.
BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def details_of(kind: str, params: Mapping[str, Any], now: int) -> Mapping[str, Any]:
    """Return the parameters of an object with what its numbers, or its file, say in place of these themselves.

    Raises:
        CardError: the number, the expiry or the security code is wrong, or the number is no test card's.
    """
    if kind == "file":
        return {**params, **params.get("file", {})}
    if kind not in ("card", "bank_account"):
        return params
    held = next((params[name] for name in HOLDERS if name in params), params)
    token = test_cards().by_token.get(held) if isinstance(held, str) else None
    given = held if isinstance(held, dict) else {}
    said = {name: value for name, value in {**params, **given}.items() if name not in (*SECRETS, *HOLDERS)}
    if kind == "bank_account":
        return said | ({"last4": given["account_number"][-4:]} if "account_number" in given else {})
    if token is not None:
        return said | _of_card(token)
    if "number" in given or "number" in params:
        card = {**params, **given}
        found, month, year = read_card(
            CardDetails(card["number"], card.get("exp_month", ""), card.get("exp_year", ""), card.get("cvc")), now=now
        )
        return said | _of_card(found) | {"exp_month": month, "exp_year": year}
    return said


def _of_card(card: Card) -> dict[str, Any]:
    return {
        "brand": BRANDS.get(card.brand, "Unknown"),
        "country": card.country,
        "funding": card.funding,
        "last4": card.last4,
    }
