"""Disputes: `/v1/disputes`. The states and their edges are in `payments.dispute_states.DISPUTES`.

Evidence is submitted at once unless `submit=false`. Three texts in `uncategorized_text` decide the case a few seconds
later, as in Stripe's test mode: `winning_evidence`, `losing_evidence`, and `escalate_inquiry_evidence`.

Events: `charge.dispute.created`, `.funds_withdrawn`, `.updated`, `.funds_reinstated`, `.closed`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import differences
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES
from diddo_gateways.stripe_fake.payments.disputing import end, escalate
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__: list[str] = []

KIND = "dispute"
# How long the bank takes to decide on one of the texts; seconds.
DECIDED_AFTER = 5
DECISIONS = {"winning_evidence": "won", "losing_evidence": "lost", "escalate_inquiry_evidence": "escalated"}
LONGEST = 150_000
FILES = frozenset(
    {
        "cancellation_policy",
        "customer_communication",
        "customer_signature",
        "duplicate_charge_documentation",
        "receipt",
        "refund_policy",
        "service_documentation",
        "shipping_documentation",
        "uncategorized_file",
    }
)
COMPLIANCE = ("visa_compliance", "mastercard_compliance")
UNPAID = "requires_fee_acknowledgement"
IDENTIFIERS = (
    "customer_account_id",
    "customer_device_fingerprint",
    "customer_device_id",
    "customer_email_address",
    "customer_purchase_ip",
    "shipping_address",
)
PRIOR_PAYMENTS = 2


@operation("GET /v1/disputes/{dispute}")
async def retrieve(call: Call) -> Answer:
    """Return a dispute."""
    return await call.work.stored(KIND, call.path["dispute"], param="dispute")


@operation("GET /v1/disputes")
async def list_(call: Call) -> Answer:
    """List disputes."""
    return await listed(call, KIND)


@operation("POST /v1/disputes/{dispute}")
async def update(call: Call) -> Answer:
    """Stage evidence, and submit it unless told not to."""
    work, params = call.work, call.params
    dispute = await work.fetch(KIND, call.path["dispute"], param="dispute")
    DISPUTES.check(dispute, "submit")
    former = orjson.loads(orjson.dumps(dispute))
    if "metadata" in params:
        dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
    if "intended_submission_method" in params:
        dispute["intended_submission_method"] = params["intended_submission_method"]
    if "evidence" in params:
        await _stage(work, dispute, params["evidence"])
    if params.get("submit", "evidence" in params):
        _submit(work, dispute, "manual")
    work.save(dispute)
    work.emit("charge.dispute.updated", dispute, differences(former, dispute))
    return dispute


@operation("POST /v1/disputes/{dispute}/close")
async def close(call: Call) -> Answer:
    """Accept a dispute: it is lost."""
    dispute = await call.work.fetch(KIND, call.path["dispute"], param="dispute")
    end(call.work, dispute, "close")
    return dispute


async def _stage(work: Work, dispute: JsonObject, given: Mapping[str, Any]) -> None:
    """Write evidence into a dispute.

    Raises:
        NotModelled: it is for an appeal, which no dispute reaches.
        ResourceMissing: there is no such file.
        InvalidRequest: the texts are too long, all together.
    """
    if given.get("appeal"):
        raise NotModelled("The appeal against a lost dispute")
    for name in FILES & given.keys():
        if given[name]:
            await work.fetch("file", given[name], param=f"evidence[{name}]", status=400, noun="file upload")
    evidence, details = dispute["evidence"], dispute["evidence_details"]
    for name, value in given.items():
        if name != "enhanced_evidence":
            evidence[name] = value or None
    if "enhanced_evidence" in given:
        evidence["enhanced_evidence"] = given["enhanced_evidence"] or {}
    if sum(len(value) for value in evidence.values() if isinstance(value, str)) > LONGEST:
        raise InvalidRequest(f"The combined character count of evidence cannot exceed {LONGEST}.", param="evidence")
    details["has_evidence"] = True
    for name in details["enhanced_eligibility"]:
        details["enhanced_eligibility"][name] = _eligibility(name, evidence["enhanced_evidence"].get(name) or {})


def _eligibility(name: str, given: JsonObject) -> JsonObject:
    """Return what is still needed to answer in the better way that a network offers."""
    if name in COMPLIANCE:
        return {"status": "fee_acknowledged" if given.get("fee_acknowledged") else UNPAID}
    payment = given.get("disputed_transaction") or {}
    prior = given.get("prior_undisputed_transactions") or []
    needed = {
        "missing_customer_identifiers": not any(payment.get(name) for name in IDENTIFIERS),
        "missing_disputed_transaction_description": not payment.get("product_description"),
        "missing_merchandise_or_services": not payment.get("merchandise_or_services"),
        "missing_prior_undisputed_transaction_description": not all(one.get("product_description") for one in prior),
        "missing_prior_undisputed_transactions": len(prior) < PRIOR_PAYMENTS,
    }
    actions = [action for action, is_needed in needed.items() if is_needed]
    return {"required_actions": actions, "status": "requires_action" if actions else "qualified"}


def _submit(work: Work, dispute: JsonObject, how: str) -> None:
    """Send the staged evidence to the bank; one of the test texts decides the case soon.

    Raises:
        InvalidRequest: there is none, or a fee has to be acknowledged first.
    """
    details = dispute["evidence_details"]
    if not details["has_evidence"] and how == "manual":
        raise InvalidRequest("There is no evidence to submit for this dispute.", param="submit")
    if name := _without_fee(details):
        raise InvalidRequest(
            "You must acknowledge the network's fee before you can submit evidence for this dispute.",
            param=f"evidence[enhanced_evidence][{name}][fee_acknowledged]",
        )
    inquiry = dispute["status"].startswith("warning")
    DISPUTES.move(dispute, "submit", "warning_under_review" if inquiry else "under_review")
    count = details["submission_count"] + 1
    details |= {"past_due": work.now > details["due_by"], "submission_count": count, "submission_method": how}
    decision = DECISIONS.get((dispute["evidence"]["uncategorized_text"] or "").strip())
    if decision is not None:
        message_id = f"decide>{dispute['id']}>{work.now}>{count}"
        work.later(
            "decide_dispute", work.now + DECIDED_AFTER, message_id=message_id, dispute=dispute["id"], decision=decision
        )


def _without_fee(details: JsonObject) -> str | None:
    """Return the programme whose fee has to be acknowledged before anything is submitted, if any is left."""
    return next((name for name, it in details["enhanced_eligibility"].items() if it["status"] == UNPAID), None)


@on_due("decide_dispute")
async def decide(work: Work, message: Message, data: JsonObject) -> None:
    """Decide a case that one of the test texts was submitted for, unless it is over already."""
    dispute = await work.fetch(KIND, data["dispute"])
    inquiry, decision = dispute["status"].startswith("warning"), data["decision"]
    if decision == "escalated":
        if "escalate" in DISPUTES.edges[dispute["status"]]:
            escalate(work, dispute)
    elif "decide" in DISPUTES.edges[dispute["status"]]:
        end(work, dispute, "decide", "warning_closed" if inquiry else decision)
    await work.commit(Settle(message.id))


@on_due("lapse_dispute")
async def lapse(work: Work, message: Message, data: JsonObject) -> None:
    """End a dispute that nobody has answered in time, unless Stripe is to answer by itself; an inquiry ends anyway."""
    dispute = await work.fetch(KIND, data["dispute"])
    waits = "lapse" in DISPUTES.edges[dispute["status"]] and dispute["evidence_details"]["due_by"] < work.now
    if waits and _stripe_answers(dispute):
        former = orjson.loads(orjson.dumps(dispute))
        _submit(work, dispute, "smart_disputes")
        work.save(dispute)
        work.emit("charge.dispute.updated", dispute, differences(former, dispute))
    elif waits:
        end(work, dispute, "lapse")
    await work.commit(Settle(message.id))


def _stripe_answers(dispute: JsonObject) -> bool:
    """Say whether Stripe submits evidence by itself, which takes no fee that nobody has acknowledged."""
    smart = "smart" in (dispute["intended_submission_method"] or "") and dispute["status"] == "needs_response"
    return smart and _without_fee(dispute["evidence_details"]) is None
