"""Disputes, early fraud warnings and reviews through the SDK."""

from io import BytesIO
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES

DAY = 86_400
WINNING = {"evidence": {"uncategorized_text": "winning_evidence"}}
LOSING = {"evidence": {"uncategorized_text": "losing_evidence"}}
ESCALATING = {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}}


def dispute_of(shop: Any, method: str = "pm_card_createDispute", **params: Any) -> Any:
    """Pay with a card whose payments are disputed, and return the dispute."""
    charge = shop.pay(method, expand=["latest_charge"], **params).latest_charge
    return shop.client.v1.disputes.retrieve(charge["dispute"])


def wait(shop: Any, seconds: int = 5) -> None:
    shop.server.advance(seconds, shop.name)
    shop.call(shop.server.fake.settled())


def net(shop: Any) -> int:
    """Return what the account's balance is, available or not."""
    return sum(one.net for one in shop.client.v1.balance_transactions.list({"limit": 100}))


@pytest.mark.parametrize("way", ["pm_card_createDispute", "4000000000000259"])
def test_a_payment_is_disputed_as_it_is_made(shop: Any, way: str, well_formed: Any) -> None:
    params = {} if way.startswith("pm_") else {"payment_method_data": shop.by_number(way)}
    intent = shop.pay(way if way.startswith("pm_") else None, expand=["latest_charge"], **params)
    charge = intent.latest_charge
    assert (intent.status, charge.disputed, charge.refunded) == ("succeeded", True, False)
    [dispute] = shop.client.v1.disputes.list({"payment_intent": intent.id})
    well_formed(dispute)
    assert dispute.id.startswith("du_1")
    assert dispute.id == charge["dispute"]
    assert (dispute.status, dispute.reason, dispute.amount, dispute.currency) == (
        "needs_response",
        "fraudulent",
        2000,
        "usd",
    )
    assert (dispute.charge, dispute.payment_intent, dispute.is_charge_refundable) == (charge.id, intent.id, False)
    assert dispute.payment_method_details.to_dict() == {
        "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
        "type": "card",
    }
    [withdrawal] = dispute.balance_transactions
    assert (withdrawal.amount, withdrawal.fee, withdrawal.net) == (-2000, 1500, -3500)
    assert (withdrawal.type, withdrawal.reporting_category) == ("adjustment", "dispute")
    assert withdrawal.description == f"Chargeback withdrawal for {charge.id}"
    assert withdrawal.fee_details[0].description == "Dispute fee"
    assert shop.events()[1:] == [
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]


def test_the_day_by_which_to_answer(shop: Any) -> None:
    dispute = dispute_of(shop)
    details = dispute.evidence_details
    assert details.due_by % DAY == DAY - 1
    assert 7 * DAY < details.due_by - dispute.created < 10 * DAY
    assert (details.has_evidence, details.submission_count, details.past_due) == (False, 0, False)


def test_what_stripe_knows_of_the_payer_stands_in_the_evidence(shop: Any) -> None:
    card = {"type": "card", "card": {"token": "tok_createDispute"}}
    billing = {"name": "Ada", "email": "ada@example.com", "address": {"city": "Rome", "country": "IT"}}
    dispute = dispute_of(shop, None, payment_method_data={**card, "billing_details": billing})
    evidence = dispute.evidence
    assert (evidence.customer_name, evidence.customer_email_address) == ("Ada", "ada@example.com")
    assert evidence.billing_address == "Rome, IT"
    assert not dispute.evidence_details.has_evidence


@pytest.mark.parametrize(
    ("method", "reason", "case_type", "code"),
    [
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "chargeback", "13.1"),
        ("pm_card_createCe3EligibleDispute", "fraudulent", "chargeback", "10.4"),
        ("pm_card_createComplianceDispute", "noncompliant", "compliance", None),
        ("pm_card_createMastercardComplianceDispute", "noncompliant", "compliance", None),
        ("pm_card_createAutoRepresentmentEligibleDispute", "fraudulent", "chargeback", "10.4"),
    ],
)
def test_reasons(shop: Any, method: str, reason: str, case_type: str, code: str | None, well_formed: Any) -> None:
    dispute = dispute_of(shop, method)
    well_formed(dispute)
    card = dispute.payment_method_details.card
    assert (dispute.status, dispute.reason) == ("needs_response", reason)
    assert (card.case_type, card.network_reason_code) == (case_type, code)


def test_an_inquiry_takes_nothing(shop: Any, well_formed: Any) -> None:
    dispute = dispute_of(shop, "pm_card_createDisputeInquiry")
    well_formed(dispute)
    assert (dispute.status, dispute.is_charge_refundable) == ("warning_needs_response", True)
    assert dispute.payment_method_details.card.case_type == "inquiry"
    assert dispute.balance_transactions == []
    assert "charge.dispute.funds_withdrawn" not in shop.events()


def test_several_disputes_of_one_payment_never_exceed_it(shop: Any) -> None:
    intent = shop.pay("pm_card_createMultipleDisputes", amount=2001)
    disputes = list(shop.client.v1.disputes.list({"charge": intent.latest_charge}))
    assert sorted(dispute.amount for dispute in disputes) == [1000, 1001]


@pytest.mark.parametrize(
    ("method", "disputed"), [("pm_card_createDispute", False), ("pm_card_createDisputeProductNotReceived", True)]
)
def test_fraud_is_the_issuers_risk_after_3d_secure(shop: Any, method: str, disputed: bool) -> None:  # noqa: FBT001
    options = {"card": {"request_three_d_secure": "any"}}
    paid = shop.pay(method, payment_method_options=options, expand=["latest_charge"])
    assert (paid.status, paid.latest_charge.disputed) == ("succeeded", disputed)


def test_what_is_only_authorised_is_disputed_when_captured(shop: Any) -> None:
    intent = shop.pay("pm_card_createDispute", capture_method="manual", expand=["latest_charge"])
    assert not intent.latest_charge.disputed
    captured = shop.client.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 700, "expand": ["latest_charge"]}
    )
    assert captured.latest_charge.disputed
    assert shop.client.v1.disputes.retrieve(captured.latest_charge["dispute"]).amount == 700


def test_a_case_is_won(own_shop: Any, well_formed: Any) -> None:
    disputes = own_shop.client.v1.disputes
    dispute = dispute_of(own_shop, capture_method="automatic")
    before = net(own_shop)
    submitted = disputes.update(dispute.id, {**WINNING, "metadata": {"case": "7"}})
    well_formed(submitted)
    assert (submitted.status, submitted.metadata["case"]) == ("under_review", "7")
    details = submitted.evidence_details
    assert (details.has_evidence, details.submission_count, details.submission_method) == (True, 1, "manual")
    wait(own_shop)
    won = disputes.retrieve(dispute.id)
    well_formed(won)
    assert (won.status, won.is_charge_refundable) == ("won", True)
    reversal = won.balance_transactions[-1]
    assert (reversal.amount, reversal.fee, reversal.net) == (2000, -1500, 3500)
    assert (reversal.type, reversal.reporting_category) == ("adjustment", "dispute_reversal")
    assert net(own_shop) == before + 3500
    assert own_shop.events()[-3:] == [
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert own_shop.client.v1.refunds.create({"charge": dispute.charge}).status == "succeeded"
    assert own_shop.client.v1.charges.retrieve(dispute.charge).disputed


def test_a_case_is_lost(own_shop: Any) -> None:
    dispute = dispute_of(own_shop)
    own_shop.client.v1.disputes.update(dispute.id, LOSING)
    wait(own_shop)
    lost = own_shop.client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.is_charge_refundable, len(lost.balance_transactions)) == ("lost", False, 1)
    assert own_shop.events()[-1] == "charge.dispute.closed"
    error = refused(own_shop.client.v1.refunds.create, {"charge": dispute.charge})
    assert error.code == "charge_disputed"


def test_any_other_evidence_stays_under_review(own_shop: Any) -> None:
    dispute = dispute_of(own_shop)
    own_shop.client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    wait(own_shop, 30 * DAY)
    assert own_shop.client.v1.disputes.retrieve(dispute.id).status == "under_review"


def test_evidence_can_be_staged_first(shop: Any) -> None:
    disputes = shop.client.v1.disputes
    dispute = dispute_of(shop)
    staged = disputes.update(dispute.id, {"evidence": {"product_description": "A book"}, "submit": False})
    assert (staged.status, staged.evidence.product_description) == ("needs_response", "A book")
    assert (staged.evidence_details.has_evidence, staged.evidence_details.submission_count) == (True, 0)
    submitted = disputes.update(dispute.id, {"submit": True})
    assert (submitted.status, submitted.evidence.product_description) == ("under_review", "A book")
    event = shop.client.v1.events.list({"type": "charge.dispute.updated"}).data[0]
    assert event.data.previous_attributes.to_dict() == {
        "status": "needs_response",
        "evidence_details": {"submission_count": 0, "submission_method": "not_submitted"},
    }


def test_metadata_alone_submits_nothing(shop: Any) -> None:
    dispute = dispute_of(shop)
    assert shop.client.v1.disputes.update(dispute.id, {"metadata": {"a": "b"}}).status == "needs_response"
    assert refused(shop.client.v1.disputes.update, dispute.id, {"submit": True}).param == "submit"


def test_files_and_length_of_evidence(shop: Any) -> None:
    disputes = shop.client.v1.disputes
    dispute = dispute_of(shop)
    error = refused(disputes.update, dispute.id, {"evidence": {"receipt": "file_nobody"}})
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "evidence[receipt]")
    receipt = BytesIO(b"%PDF-1.4")
    receipt.name = "receipt.pdf"
    file = shop.client.v1.files.create({"purpose": "dispute_evidence", "file": receipt})
    updated = disputes.update(dispute.id, {"evidence": {"receipt": file.id}, "expand": ["evidence.receipt"]})
    assert updated.evidence.receipt.id == file.id


def test_an_inquiry_escalates(own_shop: Any, well_formed: Any) -> None:
    disputes = own_shop.client.v1.disputes
    dispute = dispute_of(own_shop, "pm_card_createDisputeInquiry")
    assert disputes.update(dispute.id, ESCALATING).status == "warning_under_review"
    wait(own_shop)
    escalated = disputes.retrieve(dispute.id)
    well_formed(escalated)
    assert (escalated.status, escalated.is_charge_refundable) == ("needs_response", False)
    assert escalated.balance_transactions[0].net == -3500
    assert escalated.payment_method_details.card.case_type == "chargeback"
    assert own_shop.events()[-2:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    assert disputes.close(dispute.id).status == "lost"


@pytest.mark.parametrize("evidence", [LOSING, WINNING])
def test_an_inquiry_ends_without_a_chargeback(own_shop: Any, evidence: Any) -> None:
    dispute = dispute_of(own_shop, "pm_card_createDisputeInquiry")
    own_shop.client.v1.disputes.update(dispute.id, evidence)
    wait(own_shop)
    closed = own_shop.client.v1.disputes.retrieve(dispute.id)
    assert (closed.status, closed.balance_transactions) == ("warning_closed", [])


def test_who_does_not_answer_in_time_loses(own_shop: Any) -> None:
    chargeback = dispute_of(own_shop)
    inquiry = dispute_of(own_shop, "pm_card_createDisputeInquiry")
    smart = dispute_of(own_shop, "pm_card_createAutoRepresentmentEligibleDispute")
    wait(own_shop, 12 * DAY)
    status = own_shop.client.v1.disputes.retrieve
    assert status(chargeback.id).status == "lost"
    assert status(inquiry.id).status == "warning_closed"
    # Stripe answers those by itself.
    answered = status(smart.id)
    assert (answered.status, answered.evidence_details.submission_method) == ("under_review", "smart_disputes")


def test_nobody_pays_a_networks_fee_unasked(own_shop: Any) -> None:
    disputes = own_shop.client.v1.disputes
    dispute = dispute_of(own_shop, "pm_card_createComplianceDispute")
    disputes.update(dispute.id, {"intended_submission_method": "prefer_smart_disputes"})
    wait(own_shop, 12 * DAY)
    assert disputes.retrieve(dispute.id).status == "lost"


def test_accepting_a_dispute(shop: Any) -> None:
    disputes = shop.client.v1.disputes
    dispute = dispute_of(shop)
    assert disputes.close(dispute.id).status == "lost"
    for call in (disputes.close, disputes.update):
        error = refused(call, dispute.id)
        assert (error.code, error.param, error.user_message) == (None, None, "This dispute is already closed")
    error = refused(disputes.retrieve, "du_nobody")
    assert (error.http_status, error.param) == (404, "dispute")


def test_a_disputed_charge_cannot_be_refunded(shop: Any) -> None:
    dispute = dispute_of(shop)
    error = refused(shop.client.v1.refunds.create, {"payment_intent": dispute.payment_intent})
    assert (error.http_status, error.code) == (400, "charge_disputed")
    assert error.user_message == f"Charge {dispute.charge} has been charged back; cannot issue a refund."


def test_a_full_refund_settles_an_inquiry(shop: Any) -> None:
    dispute = dispute_of(shop, "pm_card_createDisputeInquiry")
    shop.client.v1.refunds.create({"charge": dispute.charge, "amount": 500})
    assert shop.client.v1.disputes.retrieve(dispute.id).status == "warning_needs_response"
    shop.client.v1.refunds.create({"charge": dispute.charge})
    assert shop.client.v1.disputes.retrieve(dispute.id).status == "warning_closed"


def test_a_compliance_dispute_costs_before_it_can_be_answered(shop: Any) -> None:
    disputes = shop.client.v1.disputes
    dispute = dispute_of(shop, "pm_card_createComplianceDispute")
    assert dispute.enhanced_eligibility_types == ["visa_compliance"]
    error = refused(disputes.update, dispute.id, {"evidence": {"uncategorized_text": "No."}})
    assert error.param == "evidence[enhanced_evidence][visa_compliance][fee_acknowledged]"
    answered = disputes.update(
        dispute.id, {"evidence": {"enhanced_evidence": {"visa_compliance": {"fee_acknowledged": True}}}}
    )
    assert answered.status == "under_review"
    assert answered.evidence_details.enhanced_eligibility.visa_compliance.status == "fee_acknowledged"


def test_compelling_evidence(shop: Any, well_formed: Any) -> None:
    disputes = shop.client.v1.disputes
    dispute = dispute_of(shop, "pm_card_createCe3EligibleDispute")
    eligibility = dispute.evidence_details.enhanced_eligibility.visa_compelling_evidence_3
    assert (eligibility.status, len(eligibility.required_actions)) == ("requires_action", 5)
    payment = {
        "customer_email_address": "ada@example.com",
        "merchandise_or_services": "merchandise",
        "product_description": "A book",
    }
    prior = [{"charge": shop.pay().latest_charge, "product_description": "Another book"} for _ in range(2)]
    compelling = {"disputed_transaction": payment, "prior_undisputed_transactions": prior}
    evidence = {"enhanced_evidence": {"visa_compelling_evidence_3": compelling}}
    updated = disputes.update(dispute.id, {"evidence": evidence, "submit": False})
    well_formed(updated)
    eligibility = updated.evidence_details.enhanced_eligibility.visa_compelling_evidence_3
    assert (eligibility.status, eligibility.required_actions) == ("qualified", [])


def test_an_early_fraud_warning(shop: Any, well_formed: Any) -> None:
    warnings = shop.client.v1.radar.early_fraud_warnings
    intent = shop.pay("pm_card_createIssuerFraudRecord")
    [warning] = warnings.list({"charge": intent.latest_charge})
    well_formed(warning)
    assert (warning.actionable, warning.payment_intent) == (True, intent.id)
    assert "radar.early_fraud_warning.created" in shop.events()
    assert not shop.client.v1.charges.retrieve(intent.latest_charge).disputed
    shop.client.v1.refunds.create({"payment_intent": intent.id, "reason": "fraudulent"})
    assert not warnings.retrieve(warning.id).actionable
    assert "radar.early_fraud_warning.updated" in shop.events()
    charge = shop.client.v1.charges.retrieve(intent.latest_charge)
    assert charge.fraud_details.to_dict() == {"user_report": "fraudulent"}


def test_payments_of_elevated_risk_are_reviewed(shop: Any, well_formed: Any) -> None:
    reviews = shop.client.v1.reviews
    intent = shop.pay("pm_card_riskLevelElevated", expand=["latest_charge", "review"])
    charge, review = intent.latest_charge, intent.review
    well_formed(review)
    well_formed(charge)
    assert (intent.status, charge.review) == ("succeeded", review.id)
    assert (charge.outcome.type, charge.outcome.reason) == ("manual_review", "elevated_risk_level")
    assert (review.open, review.reason, review.opened_reason, review.charge) == (True, "rule", "rule", charge.id)
    assert [one.id for one in reviews.list()] == [review.id]
    approved = reviews.approve(review.id)
    well_formed(approved)
    assert (approved.open, approved.reason, approved.closed_reason) == (False, "approved", "approved")
    assert list(reviews.list()) == []
    assert refused(reviews.approve, review.id).http_status == 400
    assert {"review.opened", "review.closed"} < set(shop.events())


@pytest.mark.parametrize(("reason", "closed"), [(None, "refunded"), ("fraudulent", "refunded_as_fraud")])
def test_a_refund_closes_the_review(shop: Any, reason: str | None, closed: str) -> None:
    intent = shop.pay("pm_card_riskLevelElevated", expand=["latest_charge"])
    given = {} if reason is None else {"reason": reason}
    shop.client.v1.refunds.create({"payment_intent": intent.id, **given})
    assert shop.client.v1.reviews.retrieve(intent.latest_charge.review).closed_reason == closed


def test_a_released_authorisation_closes_the_review(shop: Any) -> None:
    intent = shop.pay("pm_card_riskLevelElevated", capture_method="manual", expand=["latest_charge"])
    shop.client.v1.payment_intents.cancel(intent.id)
    assert shop.client.v1.reviews.retrieve(intent.latest_charge.review).closed_reason == "canceled"


steps = st.sampled_from(["evidence", "winning", "losing", "escalating", "stage", "close", "wait", "lapse"])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["pm_card_createDispute", "pm_card_createDisputeInquiry"]),
    walk=st.lists(steps, max_size=6),
)
def test_a_dispute_moves_along_its_table_only(own_shop: Any, method: str, walk: list[str]) -> None:
    disputes = own_shop.client.v1.disputes
    dispute = dispute_of(own_shop, method)
    evidence = {"winning": WINNING, "losing": LOSING, "escalating": ESCALATING}
    for step in walk:
        try:
            match step:
                case "wait" | "lapse":
                    wait(own_shop, 5 if step == "wait" else 11 * DAY)
                case "close":
                    disputes.close(dispute.id)
                case "stage":
                    disputes.update(dispute.id, {"evidence": {"product_description": "A book"}, "submit": False})
                case _:
                    disputes.update(dispute.id, evidence.get(step, {"evidence": {"customer_name": "Ada"}}))
        except stripe.InvalidRequestError:
            over = not DISPUTES.edges[dispute.status]
            assert over, step
        now = disputes.retrieve(dispute.id)
        one = {status for targets in DISPUTES.edges[dispute.status].values() for status in targets}
        # What fell due together: an escalation, and the end of its time.
        more = {status for middle in one for targets in DISPUTES.edges[middle].values() for status in targets}
        assert now.status in {dispute.status} | one | (more if step == "lapse" else set())
        taken = -sum(transaction.net for transaction in now.balance_transactions)
        assert taken == (3500 if now.status in ("needs_response", "under_review", "lost") else 0)
        dispute = now
