"""Disputes as they go: opened with a payment, escalated, won, lost; what each step takes or gives back, and tells."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import orjson

from diddo_gateways.stripe_fake.changes import differences
from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES
from diddo_gateways.stripe_fake.payments.ledger import disputed, reinstated
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Allegation", "end", "escalate", "open_dispute"]

KIND = "dispute"
# Evidence is due at the end of the day, so many days ahead.
DAYS_TO_RESPOND = 9
# What a network calls the chargeback that an inquiry becomes.
AS_CHARGEBACK = {"10": "10.4"}
# What an eligible dispute still needs, in the order in which it is listed.
COMPELLING_EVIDENCE = (
    "missing_customer_identifiers",
    "missing_disputed_transaction_description",
    "missing_merchandise_or_services",
    "missing_prior_undisputed_transaction_description",
    "missing_prior_undisputed_transactions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allegation:
    """What a card holder says of a payment.

    Attributes:
        reason: Stripe's category, such as `fraudulent`.
        case_type: an inquiry takes no money yet.
        network_reason_code: the card network's own category.
        eligible_for: the better way to answer that the network offers.
        intended_submission_method: who is to answer; by default nobody has said.
        unless_authenticated: the issuer answers for payments with 3-D Secure, even where it was only attempted.
        contestable: whether the bank takes an answer at all; those of bank debits are final.
    """

    reason: str
    case_type: Literal["chargeback", "compliance", "inquiry"] = "chargeback"
    network_reason_code: str | None = None
    eligible_for: str | None = None
    intended_submission_method: str | None = None
    unless_authenticated: bool = False
    contestable: bool = True

    @property
    def eligibility(self) -> JsonObject:
        """What is still needed to answer in the better way, under its name; empty when there is none."""
        if self.eligible_for is None:
            return {}
        if self.eligible_for == "visa_compelling_evidence_3":
            needed = {"required_actions": list(COMPELLING_EVIDENCE), "status": "requires_action"}
            return {self.eligible_for: needed}
        return {self.eligible_for: {"status": "requires_fee_acknowledgement"}}


def open_dispute(work: Work, charge: JsonObject, allegation: Allegation, *, amount: int | None = None) -> JsonObject:
    """Open a dispute of a captured charge, or of a part of it, with its events.

    Unless it is an inquiry, amount and fee are withdrawn.
    """
    inquiry = allegation.case_type == "inquiry"
    dispute = blank(KIND) | {
        "id": work.new_id("du_1", 23),
        "amount": charge["amount_captured"] if amount is None else amount,
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": list(allegation.eligibility),
        "evidence": _autofilled(charge),
        "evidence_details": {
            "due_by": _due_by(work.now) if allegation.contestable else 0,
            "enhanced_eligibility": allegation.eligibility,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": allegation.intended_submission_method,
        "is_charge_refundable": inquiry,
        "network_reason_code": allegation.network_reason_code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _method(charge, allegation),
        "reason": allegation.reason,
        "status": "warning_needs_response" if inquiry else "needs_response" if allegation.contestable else "lost",
    }
    charge |= {"disputed": True, "dispute": dispute["id"]}
    if not inquiry:
        dispute["balance_transactions"].append(disputed(work, dispute))
    work.insert(dispute)
    work.emit("charge.dispute.created", dispute)
    if not inquiry:
        work.emit("charge.dispute.funds_withdrawn", dispute)
    if allegation.contestable:
        _wait_for_an_answer(work, dispute)
    else:
        work.emit("charge.dispute.closed", dispute)
    return dispute


def escalate(work: Work, dispute: JsonObject) -> None:
    """Turn an inquiry into a chargeback, which takes the money and has to be answered anew."""
    former = orjson.loads(orjson.dumps(dispute))
    DISPUTES.move(dispute, "escalate")
    dispute["is_charge_refundable"] = False
    dispute["evidence_details"] |= {"due_by": _due_by(work.now), "has_evidence": False, "submission_count": 0}
    code = dispute["network_reason_code"] = AS_CHARGEBACK.get(dispute["network_reason_code"])
    if dispute["payment_method_details"]:
        dispute["payment_method_details"]["card"] |= {"case_type": "chargeback", "network_reason_code": code}
    dispute["balance_transactions"].append(disputed(work, dispute))
    work.save(dispute)
    work.emit("charge.dispute.updated", dispute, differences(former, dispute))
    work.emit("charge.dispute.funds_withdrawn", dispute)
    _wait_for_an_answer(work, dispute)


def end(work: Work, dispute: JsonObject, action: str, status: str | None = None) -> None:
    """End a dispute; one that is won gives amount and fee back, and its charge can be refunded again."""
    before: JsonObject = {"status": dispute["status"]}
    DISPUTES.move(dispute, action, status)
    work.save(dispute)
    if dispute["status"] == "won":
        before["is_charge_refundable"] = dispute["is_charge_refundable"]
        dispute["is_charge_refundable"] = True
        dispute["balance_transactions"].append(reinstated(work, dispute))
        work.emit("charge.dispute.funds_reinstated", dispute)
    work.emit("charge.dispute.closed", dispute, before)


def _wait_for_an_answer(work: Work, dispute: JsonObject) -> None:
    # An inquiry waits once, and once more as the chargeback that it may become.
    message_id = f"lapse>{dispute['id']}>{dispute['status']}"
    due_by = dispute["evidence_details"]["due_by"]
    work.later("lapse_dispute", due_by + 1, message_id=message_id, dispute=dispute["id"])


def _due_by(now: int) -> int:
    day = datetime.fromtimestamp(now, UTC).replace(hour=23, minute=59, second=59)
    return int((day + timedelta(days=DAYS_TO_RESPOND)).timestamp())


def _autofilled(charge: JsonObject) -> JsonObject:
    """Return the evidence of a new dispute: what Stripe knows of the payer."""
    billing = charge["billing_details"]
    address = [part for part in billing["address"].values() if part]
    evidence: JsonObject = blank(KIND)["evidence"]
    return evidence | {
        "billing_address": ", ".join(address) or None,
        "customer_email_address": billing["email"] or charge["receipt_email"],
        "customer_name": billing["name"],
        "enhanced_evidence": {},
    }


def _method(charge: JsonObject, allegation: Allegation) -> JsonObject | None:
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    shown = {
        "brand": card["brand"],
        "case_type": allegation.case_type,
        "network": card["network"],
        "network_reason_code": allegation.network_reason_code,
    }
    return {"card": shown, "type": "card"}
