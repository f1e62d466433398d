"""Mandates: a customer's permission to charge a payment method, recorded when a setup or payment is confirmed."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["AGREED_IN_BROWSER", "acceptance", "make_mandate"]

KIND = "mandate"
# `customer_acceptance` when the customer's browser confirms, which shows the terms itself.
AGREED_IN_BROWSER: Mapping[str, Any] = {
    "type": "online",
    "online": {"ip_address": "127.0.0.1", "user_agent": "Browser"},
}


def acceptance(given: Mapping[str, Any], *, now: int) -> JsonObject:
    """Return `customer_acceptance` of a mandate as it is shown, from that of the parameter `mandate_data`."""
    online = given.get("online") or {}
    kind = given["type"]
    return {
        "accepted_at": given.get("accepted_at", now),
        "offline": {} if kind == "offline" else None,
        "online": (
            {"ip_address": online.get("ip_address"), "user_agent": online.get("user_agent")}
            if kind == "online"
            else None
        ),
        "type": kind,
    }


def make_mandate(
    work: Work,
    method: JsonObject,
    customer_acceptance: Mapping[str, Any],
    *,
    single_use: Mapping[str, Any] | None = None,
    status: str = "active",
) -> JsonObject:
    """Make and insert a mandate for a payment method.

    Args:
        work: the unit of work.
        method: what may be charged.
        customer_acceptance: how the customer agreed, as in the parameter `mandate_data`.
        single_use: `{"amount", "currency"}` of a mandate for one payment; any number of payments without it.
        status: `active`, or `pending` while the bank is still to be asked.
    """
    kind = "multi_use" if single_use is None else "single_use"
    mandate = blank(KIND) | {
        "id": work.new_id("mandate_1", 23),
        "customer_acceptance": acceptance(customer_acceptance, now=work.now),
        "multi_use": {} if single_use is None else None,
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: _details(work, method["type"])},
        "single_use": None if single_use is None else dict(single_use),
        "status": status,
        "type": kind,
    }
    work.insert(mandate)
    return mandate


def _details(work: Work, method_type: str) -> JsonObject:
    """Return what a mandate says of its type of payment method."""
    reference = work.new_id("", 16).upper()
    page = f"{work.fake.pages_url}/mandates/{reference}"
    known: dict[str, JsonObject] = {
        "acss_debit": {
            "default_for": [],
            "interval_description": None,
            "payment_schedule": "sporadic",
            "transaction_type": "personal",
        },
        "au_becs_debit": {"url": page},
        "bacs_debit": {
            "display_name": None,
            "network_status": "accepted",
            "reference": reference,
            "revocation_reason": None,
            "service_user_number": None,
            "url": page,
        },
        "sepa_debit": {"reference": reference, "url": page},
    }
    return known.get(method_type, {})
