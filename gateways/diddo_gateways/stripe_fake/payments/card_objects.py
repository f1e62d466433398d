"""Cards as the older objects show them: the `card` of a token, and a customer's card that can be a default source."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from diddo_gateways.stripe_fake.payments.cards import Card
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["ADDRESS", "BRANDS", "billing_of", "card_object", "default_expiry"]

KIND = "card"
# How these objects write the brands.
BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos Australia",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
# Their names for the parts of an address, by those of billing details.
ADDRESS = {
    "city": "address_city",
    "country": "address_country",
    "line1": "address_line1",
    "line2": "address_line2",
    "postal_code": "address_zip",
    "state": "address_state",
}


def card_object(
    work: Work, card: Card, *, expiry: tuple[int, int], cvc_sent: bool, owner: Mapping[str, Any]
) -> JsonObject:
    """Return a new card object, which no store holds yet; `owner` has the cardholder's `name` and `address_*`."""
    address = {name: owner.get(name) for name in ADDRESS.values()}
    return {
        "id": work.new_id("card_1", 23),
        "object": KIND,
        **address,
        "address_line1_check": "unchecked" if address["address_line1"] else None,
        "address_zip_check": "unchecked" if address["address_zip"] else None,
        "allow_redisplay": "unspecified",
        "brand": BRANDS.get(card.brand, "Unknown"),
        "country": card.country,
        "customer": None,
        "cvc_check": "unchecked" if cvc_sent else None,
        "dynamic_last4": None,
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": card.fingerprint(work.world.account),
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "name": owner.get("name"),
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }


def billing_of(shown: Mapping[str, Any]) -> JsonObject:
    """Return the billing details that a card object holds, as a payment method writes them."""
    address = {name: shown[field] for name, field in ADDRESS.items()}
    return {"address": address, "email": None, "name": shown["name"], "phone": None, "tax_id": None}


def default_expiry(work: Work) -> tuple[int, int]:
    """Return month and year of expiry for a card that is only named: a year from now on the world's clock."""
    today = datetime.fromtimestamp(work.now, UTC)
    return today.month, today.year + 1
