"""Charges: `/v1/charges`. Each is one attempt of a payment intent to move money.

Cards settle at once, so a charge is made `succeeded` or `failed`; one that is only authorised has `captured: false`.

Events: `charge.succeeded`, `charge.failed`, `charge.captured`, `charge.expired`, `charge.updated` (when the balance
transaction of an `automatic_async` payment appears, two seconds later), and `charge.refunded` of the refunds.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import differences, overwrite
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.aftermath import after_capture, open_review
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS, checked
from diddo_gateways.stripe_fake.payments.cards import RISK_SCORES, Card, Decline
from diddo_gateways.stripe_fake.payments.ledger import charged
from diddo_gateways.stripe_fake.resources.payment_methods import card_behind
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["CHARGES", "capture_charge", "capture_part", "digits", "expiry_of", "make_charge", "new_charge", "shipping"]

KIND = "charge"
CHARGES = StateTable(
    kind=KIND,
    start=("pending", "succeeded", "failed"),
    # Only debits wait for a bank.
    edges={"pending": {"settle": ("succeeded", "failed")}, "succeeded": {}, "failed": {}},
)
SETTLED_AFTER = 2
AUTHORISED_FOR = 7 * 86_400
DESCRIPTOR = "Stripe"
DESCRIPTOR_LENGTH = 22
LONG_AUTHORISED_FOR = 30 * 86_400
OVERCAPTURE_PERCENT = 115
# The card brands with which an authorisation can be more than plain, on request.
EXTRAS = {
    "extended_authorization": frozenset({"amex", "discover", "mastercard", "visa"}),
    "incremental_authorization": frozenset({"amex", "discover", "mastercard", "visa"}),
    "multicapture": frozenset({"amex", "diners", "discover", "jcb", "mastercard", "unionpay", "visa"}),
    "overcapture": frozenset({"amex", "discover", "mastercard", "visa"}),
}
INDICATOR = "electronic_commerce_indicator"
# What Radar does with payments of elevated risk.
REVIEWED = {
    "reason": "elevated_risk_level",
    "rule": "manual_review_if_elevated_risk",
    "seller_message": (
        "Stripe evaluated this payment as having elevated risk, and placed it in your manual review queue."
    ),
    "type": "manual_review",
}

filtered_by(KIND, "customer", "payment_intent", "transfer_group")


@operation("GET /v1/charges/{charge}")
async def retrieve(call: Call) -> Answer:
    """Return a charge."""
    return await call.work.stored(KIND, call.path["charge"])


@operation("GET /v1/charges")
async def list_(call: Call) -> Answer:
    """List charges."""
    return await listed(call, KIND)


@operation("POST /v1/charges/{charge}")
async def update(call: Call) -> Answer:
    """Change what is written on a charge."""
    work, given = call.work, call.params
    charge = await work.fetch(KIND, call.path["charge"])
    former = orjson.loads(orjson.dumps(charge))
    overwrite(charge, given, ("metadata", "description", "receipt_email", "transfer_group"))
    if "shipping" in given:
        charge["shipping"] = shipping(given["shipping"])
    if "fraud_details" in given:
        charge["fraud_details"] = {name: value for name, value in given["fraud_details"].items() if value}
    if "customer" in given:
        await work.fetch("customer", given["customer"], param="customer", status=400)
        charge["customer"] = given["customer"]
    before = differences(former, charge)
    if before:
        work.save(charge)
        work.emit("charge.updated", charge, before)
    return charge


def shipping(given: Mapping[str, Any] | str) -> JsonObject | None:
    """Return where goods go, with all its keys; None for the empty string, which unsets it."""
    if not isinstance(given, Mapping):
        return None
    address = given.get("address") or {}
    return {
        "address": {name: address.get(name) for name in ADDRESS},
        "carrier": given.get("carrier"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tracking_number": given.get("tracking_number"),
    }


def new_charge(work: Work, intent: JsonObject, method: JsonObject, prefix: str) -> JsonObject:
    """Return a charge of an intent with what does not depend on how it goes; its id begins with the prefix."""
    charge: JsonObject = blank(KIND) | {
        "id": work.new_id(prefix, 23),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "created": work.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "fraud_details": {},
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "shipping": intent["shipping"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "transfer_group": intent["transfer_group"],
        "destination": None,
        "dispute": None,
        "order": None,
    }
    return charge


def make_charge(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    card: Card,
    *,
    decline: Decline | None,
    three_d_secure: JsonObject | None,
    manual: bool,
) -> JsonObject:
    """Make and insert the charge of one attempt, with its event.

    Args:
        work: the unit of work.
        intent: the payment intent that is attempted.
        method: the payment method, whose card is `card`.
        card: the test card.
        decline: why it fails, or None.
        three_d_secure: how the shopper was authenticated, as the charge shows it.
        manual: authorise only, to be captured later.
    """
    paid = decline is None
    captured = paid and not manual
    charge = new_charge(work, intent, method, "ch_3")
    details = _details(charge["id"], intent["amount"], method, card, paid=paid, three_d_secure=three_d_secure)
    charge |= {
        "amount_captured": intent["amount"] if captured else 0,
        "calculated_statement_descriptor": _descriptor(intent),
        "captured": captured,
        "outcome": _approved(card) if decline is None else decline.charge_outcome(card.risk_level),
        "paid": paid,
        "payment_method_details": {
            "card": details | (_beyond(intent, card) if paid and manual else {}),
            "type": "card",
        },
        "source": intent["source"],
        "statement_descriptor": None,
        "status": "succeeded" if paid else "failed",
    }
    if decline is not None:
        charge |= {"failure_code": decline.code, "failure_message": decline.message}
    elif manual:
        _authorised(work, charge)
    elif intent["capture_method"] == "automatic" or card.available_at_once:
        # What is available at once has to be in the balance at once.
        charge["balance_transaction"] = charged(work, charge)["id"]
    else:
        work.later("settle_charge", work.now + SETTLED_AFTER, message_id=f"settle>{charge['id']}", charge=charge["id"])
    work.insert(charge)
    if paid and card.risk_level == "elevated":
        charge["review"] = intent["review"] = open_review(work, charge)["id"]
    work.emit("charge.succeeded" if paid else "charge.failed", charge)
    if captured:
        after_capture(work, charge, card)
    return charge


def _authorised(work: Work, charge: JsonObject) -> None:
    card = charge["payment_method_details"]["card"]
    extended = card["extended_authorization"]["status"] == "enabled"
    until = work.now + (LONG_AUTHORISED_FOR if extended else AUTHORISED_FOR)
    card["capture_before"] = until
    work.later("expire_authorisation", until, message_id=expiry_of(charge), charge=charge["id"])


def expiry_of(charge: JsonObject) -> str:
    """Return the id of the message that ends a charge's authorisation."""
    return f"expire>{charge['id']}"


def _descriptor(intent: JsonObject) -> str:
    suffix = intent["statement_descriptor_suffix"]
    return f"{DESCRIPTOR}* {suffix}"[:DESCRIPTOR_LENGTH] if suffix else DESCRIPTOR


def _approved(card: Card) -> JsonObject:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": card.risk_level,
        "risk_score": RISK_SCORES[card.risk_level],
        "seller_message": "Payment complete.",
        "type": "authorized",
        **(REVIEWED if card.risk_level == "elevated" else {}),
    }


def _details(
    charge_id: str, amount: int, method: JsonObject, card: Card, *, paid: bool, three_d_secure: JsonObject | None
) -> JsonObject:
    shown = method["card"]
    return {
        "amount_authorized": amount if paid else None,
        "authorization_code": digits(charge_id, 6),
        "brand": shown["brand"],
        "checks": {name: checked(card, name, value) for name, value in shown["checks"].items()},
        "country": shown["country"],
        "electronic_commerce_indicator": "07" if three_d_secure is None else three_d_secure[INDICATOR],
        "exp_month": shown["exp_month"],
        "exp_year": shown["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": shown["fingerprint"],
        "funding": shown["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": shown["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": shown["networks"]["available"][-1],
        "network_token": {"used": False},
        "network_transaction_id": digits(shown["fingerprint"], 15),
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": shown["regulated_status"],
        "three_d_secure": three_d_secure,
        "transaction_link_id": None,
        "wallet": None,
    }


def _beyond(intent: JsonObject, card: Card) -> JsonObject:
    """Return what an authorisation allows beyond one capture of its amount, of what was asked for."""
    asked = (intent.get("payment_method_options") or {}).get("card") or {}
    wants = {name for name in EXTRAS if asked.get(f"request_{name}") == "if_available" and card.brand in EXTRAS[name]}
    amount = intent["amount"]
    most = amount * OVERCAPTURE_PERCENT // 100 if "overcapture" in wants else amount
    return {
        "extended_authorization": {"status": "enabled" if "extended_authorization" in wants else "disabled"},
        "overcapture": {"maximum_amount_capturable": most, "status": _status("overcapture" in wants)},
        **{name: {"status": _status(name in wants)} for name in ("incremental_authorization", "multicapture")},
    }


def _status(available: bool) -> str:  # noqa: FBT001  a word for it
    return "available" if available else "unavailable"


def digits(seed: str, count: int) -> str:
    """Return so many digits, always the same of one seed."""
    number = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "big")
    return f"{number % 10**count:0{count}d}"


def capture_charge(work: Work, charge: JsonObject, amount: int) -> None:
    """Take `amount` minor units of an authorised charge; what is left of the authorisation is released."""
    before: dict[str, Any] = {
        "amount_captured": charge["amount_captured"],
        "balance_transaction": None,
        "captured": False,
    }
    charge |= {"amount_captured": amount, "captured": True}
    charge["balance_transaction"] = charged(work, charge)["id"]
    work.save(charge)
    work.emit("charge.captured", charge, before)
    if "card" in charge["payment_method_details"]:
        after_capture(work, charge, card_behind(work, charge["payment_method_details"]["card"]))


def capture_part(work: Work, charge: JsonObject, amount: int) -> None:
    """Take a part of an authorised charge, of which more can be taken later: it is settled with the last capture."""
    before = {"amount_captured": charge["amount_captured"]}
    charge["amount_captured"] += amount
    work.save(charge)
    work.emit("charge.updated", charge, before)


@on_due("settle_charge")
async def settle(work: Work, message: Message, data: JsonObject) -> None:
    """Give a charge its balance transaction."""
    charge = await work.get(KIND, data["charge"])
    if charge is not None and charge["balance_transaction"] is None:
        charge["balance_transaction"] = charged(work, charge)["id"]
        work.save(charge)
        work.emit("charge.updated", charge, {"balance_transaction": None})
    await work.commit(Settle(message.id))
