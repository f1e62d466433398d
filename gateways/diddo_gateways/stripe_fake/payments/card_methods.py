"""How a payment method shows a card and its billing details, and what can be changed of that."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.cards import Card, CardDetails, read_card, test_cards
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["ADDRESS", "billing_details", "checked", "prefer_network", "shown_card", "unchecked", "update_card"]

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def shown_card(card: Card, expiry: tuple[int, int], account: str, *, checks: JsonObject) -> JsonObject:
    """Return `card` of a payment method, from the test card, its expiry as month and year, and its verifications."""
    return {
        "brand": card.brand,
        "checks": checks,
        "country": card.country,
        "display_brand": _display_brand(card.brand),
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": card.fingerprint(account),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": list(card.networks or (card.brand,)), "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure != "not_supported"},
        "wallet": None,
    }


def _display_brand(brand: str) -> str:
    return {"amex": "american_express", "diners": "diners_club", "unknown": "other"}.get(brand, brand)


def unchecked(details: JsonObject, *, cvc_sent: bool) -> JsonObject:
    """Return the verifications of a card that nobody has verified yet; null where there is nothing to verify."""
    address = details["address"]
    return {
        "address_line1_check": "unchecked" if address["line1"] else None,
        "address_postal_code_check": "unchecked" if address["postal_code"] else None,
        "cvc_check": "unchecked" if cvc_sent else None,
    }


def billing_details(given: Mapping[str, Any], before: JsonObject | None) -> JsonObject:
    """Return billing details with all their keys: what is given over what was there; empty strings unset."""
    old: JsonObject = before or {}
    address = {**dict.fromkeys(ADDRESS), **(old.get("address") or {}), **(given.get("address") or {})}
    result: JsonObject = {"address": {name: address[name] or None for name in ADDRESS}}
    for name in ("email", "name", "phone", "tax_id"):
        result[name] = given.get(name, old.get(name)) or None
    return result


def update_card(method: JsonObject, given: Mapping[str, Any], card: Card, *, now: int) -> None:
    """Write another expiry or preferred network over the card of a payment method.

    Raises:
        CardError: the card would be expired.
        InvalidRequest: the card has no such network.
    """
    month = given.get("exp_month", method["card"]["exp_month"])
    year = given.get("exp_year", method["card"]["exp_year"])
    number = card.number or next(iter(test_cards().by_number))
    _, method["card"]["exp_month"], method["card"]["exp_year"] = read_card(CardDetails(number, month, year), now=now)
    if networks := given.get("networks"):
        prefer_network(method, networks.get("preferred") or None)


def prefer_network(method: JsonObject, network: str | None) -> None:
    """Have a co-branded card go by one of its networks."""
    networks = method["card"]["networks"]
    if network is not None and network not in networks["available"]:
        raise InvalidRequest(
            f"The card does not support the network {network}. It has: {', '.join(networks['available'])}.",
            param="card[networks][preferred]",
        )
    networks["preferred"] = network
    method["card"]["display_brand"] = network or _display_brand(method["card"]["brand"])


def checked(card: Card, check: str, value: str | None) -> str | None:
    """Return the result of a verification: null when there was nothing to verify."""
    return None if value is None else card.checks.get(check, "pass")
