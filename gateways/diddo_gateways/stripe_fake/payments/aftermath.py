"""What some test cards' payments lead to by themselves: disputes, early fraud warnings, reviews.

All of it happens in the moment of the payment, before anybody is told that its intent succeeded.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.payments.cards import Card
from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES
from diddo_gateways.stripe_fake.payments.disputing import Allegation, end, open_dispute
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "REVIEW",
    "WARNING",
    "after_capture",
    "after_full_refund",
    "close_review",
    "close_review_of",
    "disputes_of",
    "open_review",
]

REVIEW = "review"
WARNING = "radar.early_fraud_warning"
DISPUTE = "dispute"
MOST = 100
LIABILITY_SHIFTED = ("authenticated", "attempt_acknowledged")
FRAUD_TYPE = "made_with_stolen_card"

filtered_by(DISPUTE, "charge", "payment_intent")
filtered_by(WARNING, "charge", "payment_intent")
filtered_by(REVIEW, "open")


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = json.loads(resources.files(__package__).joinpath("aftermath.json").read_bytes())
    return facts


def after_capture(work: Work, charge: JsonObject, card: Card) -> None:
    """Open the disputes, or the warning, that a card's payments meet once the money was taken."""
    if card.dispute is None:
        return None
    if card.dispute == "early_fraud_warning":
        return _warn(work, charge)
    allegations = [Allegation(**facts) for facts in _facts()[card.dispute]]
    if _is_the_issuers_risk(charge):
        allegations = [allegation for allegation in allegations if not allegation.unless_authenticated]
    left = charge["amount_captured"]
    for position, allegation in enumerate(allegations):
        amount = left // (len(allegations) - position)
        open_dispute(work, charge, allegation, amount=amount)
        left -= amount
    return None


def _is_the_issuers_risk(charge: JsonObject) -> bool:
    three_d_secure = charge["payment_method_details"]["card"]["three_d_secure"]
    return three_d_secure is not None and three_d_secure["result"] in LIABILITY_SHIFTED


def _warn(work: Work, charge: JsonObject) -> None:
    warning = blank(WARNING) | {
        "id": work.new_id("issfr_1", 23),
        "actionable": True,
        "charge": charge["id"],
        "created": work.now,
        "fraud_type": FRAUD_TYPE,
        "payment_intent": charge["payment_intent"],
    }
    work.insert(warning)
    work.emit("radar.early_fraud_warning.created", warning)


def open_review(work: Work, charge: JsonObject) -> JsonObject:
    """Put a payment into the review queue, as Radar does with those of elevated risk; returns the review."""
    review = blank(REVIEW) | {
        "id": work.new_id("prv_1", 23),
        "billing_zip": charge["billing_details"]["address"]["postal_code"],
        "charge": charge["id"],
        "created": work.now,
        "open": True,
        "opened_reason": "rule",
        "payment_intent": charge["payment_intent"],
        "reason": "rule",
    }
    work.insert(review)
    work.emit("review.opened", review)
    return review


def close_review(work: Work, review: JsonObject, reason: str) -> None:
    """Take a payment out of the review queue."""
    before = {"closed_reason": None, "open": True, "reason": review["reason"]}
    review |= {"closed_reason": reason, "open": False, "reason": reason}
    work.save(review)
    work.emit("review.closed", review, before)


async def close_review_of(work: Work, charge: JsonObject, reason: str) -> None:
    """Close the review of a charge that has nothing left to look at; most charges have none."""
    review = await work.get(REVIEW, charge["review"]) if charge["review"] else None
    if review is not None and review["open"]:
        close_review(work, review, reason)


async def disputes_of(work: Work, charge: JsonObject) -> list[JsonObject]:
    """Return the disputes of a charge, newest first; nothing is read of one that was never disputed."""
    if not charge["disputed"]:
        return []
    found = await work.world.page(DISPUTE, limit=MOST, terms=[[f"charge={charge['id']}"]])
    return [await work.fetch(DISPUTE, document.id) for document in found]


async def after_full_refund(work: Work, charge: JsonObject, card: Card | None, *, fraudulent: bool) -> None:
    """Let what is open about a charge rest, now that all its money was given back."""
    for dispute in await disputes_of(work, charge):
        if "close" in DISPUTES.edges[dispute["status"]]:
            end(work, dispute, "close")
    await close_review_of(work, charge, "refunded_as_fraud" if fraudulent else "refunded")
    if card is not None and card.dispute == "early_fraud_warning":
        await _disarm(work, charge)


async def _disarm(work: Work, charge: JsonObject) -> None:
    for document in await work.world.page(WARNING, limit=MOST, terms=[[f"charge={charge['id']}"]]):
        warning = await work.fetch(WARNING, document.id)
        if warning["actionable"]:
            warning["actionable"] = False
            work.save(warning)
            work.emit("radar.early_fraud_warning.updated", warning, {"actionable": True})
