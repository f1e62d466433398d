"""What follows from what is given: of a card or a bank account only what it says of itself is kept."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.payments.card_objects import BRANDS
from diddo_gateways.stripe_fake.payments.cards import Card, CardDetails, read_card, test_cards

__all__ = ["details_of"]

SECRETS = ("number", "cvc", "account_number")
# The parameters that hold the details, or a token that stands for them.
HOLDERS = ("source", "external_account")


def details_of(kind: str, params: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return the parameters of an object with what its numbers say in place of these themselves.

    Raises:
        CardError: the number, the expiry or the security code is wrong, or the number is no test card's.
    """
    match kind:
        case "tax_id":
            return {**params, **_of_owner(params)}
        case "card" | "bank_account":
            return _of_numbers(kind, params, now)
    return dict(params)


def _of_numbers(kind: str, params: Mapping[str, Any], now: int) -> dict[str, Any]:
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


def _of_owner(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tax id's customer and its owner, of which either may have been given."""
    customer = params.get("customer") or params.get("owner", {}).get("customer")
    return {} if customer is None else {"customer": customer, "owner": {"type": "customer", "customer": customer}}


def _of_card(card: Card) -> dict[str, Any]:
    return {
        "brand": BRANDS.get(card.brand, "Unknown"),
        "country": card.country,
        "funding": card.funding,
        "last4": card.last4,
    }
