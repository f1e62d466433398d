"""The charge of an attempt to pay with anything but a card: a debit that waits for the bank, or an authorised payment.

Events: `charge.pending`, `charge.succeeded`, `charge.failed`.
"""

from typing import Any, Literal

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.payments.ledger import charged
from diddo_gateways.stripe_fake.resources.charges import AUTHORISED_FOR, CHARGES, SETTLED_AFTER, expiry_of, new_charge
from diddo_gateways.stripe_fake.shapes import blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["make_payment", "payment_failed", "payment_settled"]


def make_payment(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    *,
    status: Literal["pending", "succeeded"],
    manual: bool = False,
    mandate: str | None = None,
) -> JsonObject:
    """Make and insert the charge of one attempt, with its event.

    Args:
        work: the unit of work.
        intent: the payment intent that is attempted.
        method: the payment method, of any type but `card`.
        status: `pending` while the bank is still to say something.
        manual: authorise only, to be captured later.
        mandate: the id of the mandate that allows it.
    """
    paid = status == "succeeded"
    captured = paid and not manual
    charge = new_charge(work, intent, method, "py_3") | {
        "amount_captured": intent["amount"] if captured else 0,
        "captured": captured,
        "outcome": _outcome(),
        "paid": paid,
        "payment_method_details": _details(method, mandate=mandate),
        "statement_descriptor": intent["statement_descriptor"],
        "status": status,
    }
    if captured and intent["capture_method"] == "automatic":
        charge["balance_transaction"] = charged(work, charge)["id"]
    elif manual:
        until = work.now + AUTHORISED_FOR
        work.later("expire_authorisation", until, message_id=expiry_of(charge), charge=charge["id"])
    elif captured:
        work.later("settle_charge", work.now + SETTLED_AFTER, message_id=f"settle>{charge['id']}", charge=charge["id"])
    work.insert(charge)
    work.emit(f"charge.{status}", charge)
    return charge


def payment_settled(work: Work, charge: JsonObject) -> None:
    """Let a pending charge succeed: its money has come in."""
    CHARGES.move(charge, "settle", "succeeded")
    charge |= {"paid": True, "captured": True, "amount_captured": charge["amount"]}
    charge["balance_transaction"] = charged(work, charge)["id"]
    work.save(charge)
    work.emit("charge.succeeded", charge)


def payment_failed(
    work: Work, charge: JsonObject, *, code: str, message: str, outcome: JsonObject | None = None
) -> None:
    """Let a pending charge fail.

    Args:
        work: the unit of work.
        charge: the charge.
        code: its `failure_code`.
        message: its `failure_message`.
        outcome: what of its `outcome` is not that of a bank's refusal.
    """
    refused = {"network_status": "declined_by_network", "reason": code, "type": "issuer_declined"}
    CHARGES.move(charge, "settle", "failed")
    charge |= {"failure_code": code, "failure_message": message}
    charge["outcome"] = _outcome() | refused | {"seller_message": message} | (outcome or {})
    work.save(charge)
    work.emit("charge.failed", charge)


def _outcome() -> JsonObject:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "not_assessed",
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def _details(method: JsonObject, *, mandate: str | None) -> JsonObject:
    """Return the payment method as its charge shows it."""
    kind = method["type"]
    known = catalogue.load()
    definition = known.resolve(known.definitions["charge.payment_method_details"]["fields"][kind])
    shown: dict[str, Any] = blank_fields(definition)
    given = {**method[kind], "mandate": mandate}
    return {kind: shown | {name: given[name] for name in shown if name in given}, "type": kind}
