"""Automatic tax: the sandbox's accounts are registered nowhere, so it comes to nothing wherever a customer is known to be."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["check_location", "is_located", "of_invoice", "of_subscription"]

OFF: JsonObject = {"disabled_reason": None, "enabled": False, "liability": None}


def is_located(customer: Mapping[str, Any]) -> bool:
    """Say whether the country is known that a customer's tax would be owed in."""
    shipping = (customer.get("shipping") or {}).get("address")
    return bool((shipping or {}).get("country") or (customer.get("address") or {}).get("country"))


def check_location(customer: Mapping[str, Any]) -> None:
    """Hold a customer to being somewhere.

    Raises:
        InvalidRequest: there is no address to tax.
    """
    if not is_located(customer):
        raise InvalidRequest(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate"
            " tax.",
            code="customer_tax_location_invalid",
        )


async def of_invoice(work: Work, customer: str | None, given: Mapping[str, Any]) -> JsonObject:
    """Return what an invoice says of automatic tax, from the parameter of that name."""
    if not given.get("enabled"):
        return {**OFF, "provider": None, "status": None}
    located = is_located(await work.get("customer", customer or "") or {})
    status = "complete" if located else "requires_location_inputs"
    return {**OFF, "enabled": True, "liability": {"type": "self"}, "provider": "stripe", "status": status}


async def of_subscription(work: Work, customer: str, given: Mapping[str, Any]) -> JsonObject:
    """Return what a subscription says of automatic tax.

    Raises:
        InvalidRequest: its customer has no address to tax.
    """
    if not given.get("enabled"):
        return dict(OFF)
    check_location(await work.get("customer", customer) or {})
    return {**OFF, "enabled": True, "liability": {"type": "self"}}
