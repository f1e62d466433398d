"""Refunds through the SDK."""

from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused


@pytest.fixture
def refunds(shop: Any) -> Any:
    return shop.client.v1.refunds


def test_the_whole_payment(shop: Any, refunds: Any, well_formed: Any) -> None:
    intent = shop.pay()
    refund = refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer", "metadata": {"a": "b"}})
    well_formed(refund)
    assert refund.id.startswith("re_3")
    assert (refund.amount, refund.currency, refund.status) == (2000, "usd", "succeeded")
    assert (refund.charge, refund.payment_intent) == (intent.latest_charge, intent.id)
    assert refund.destination_details.to_dict() == {
        "card": {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
        "type": "card",
    }
    charge = shop.client.v1.charges.retrieve(intent.latest_charge)
    well_formed(charge)
    assert (charge.refunded, charge.amount_refunded, charge.status) == (True, 2000, "succeeded")
    assert shop.events()[-2:] == ["refund.created", "charge.refunded"]
    assert refunds.retrieve(refund.id).to_dict() == refund.to_dict()


def test_in_parts_and_no_further(shop: Any, refunds: Any) -> None:
    charge = shop.pay(amount=1000).latest_charge
    first = refunds.create({"charge": charge, "amount": 400})
    assert not shop.client.v1.charges.retrieve(charge).refunded
    error = refused(refunds.create, {"charge": charge, "amount": 2000})
    assert (error.http_status, error.code, error.param) == (400, None, "amount")
    assert error.user_message == "Refund amount ($20.00) is greater than unrefunded amount on charge ($6.00)"
    second = refunds.create({"charge": charge})
    assert second.amount == 600
    assert shop.client.v1.charges.retrieve(charge).refunded
    error = refused(refunds.create, {"charge": charge, "amount": 1})
    assert error.code == "charge_already_refunded"
    assert error.user_message == f"Charge {charge} has already been refunded."
    assert [refund.id for refund in refunds.list({"charge": charge})] == [second.id, first.id]


def test_what_cannot_be_refunded(shop: Any, refunds: Any) -> None:
    error = refused(refunds.create, {"charge": "ch_nobody"})
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")
    intent = shop.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    error = refused(refunds.create, {"payment_intent": intent.id})
    assert error.user_message == f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
    declined = shop.declined("pm_card_chargeDeclined").error
    for params in ({"payment_intent": declined.payment_intent.id}, {"charge": declined.charge}):
        assert "does not have a successful charge to refund" in refused(refunds.create, params).user_message
    authorised = shop.pay(capture_method="manual")
    assert refused(refunds.create, {"payment_intent": authorised.id}).user_message == (
        f"This uncaptured Charge was created by a PaymentIntent ({authorised.id}). You must cancel the PaymentIntent to"
        " reverse the authorization instead of refunding the Charge directly. For more information, see"
        " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
    )
    error = refused(refunds.create, {})
    assert (error.code, error.user_message) == (
        None,
        "One of the following params should be provided for this request: payment_intent or charge.",
    )
    paid = shop.pay()
    for amount in (0, -1):
        error = refused(refunds.create, {"payment_intent": paid.id, "amount": amount})
        assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


def test_a_charge_shows_its_refunds_when_asked(shop: Any, refunds: Any, well_formed: Any) -> None:
    charge_id = shop.pay().latest_charge
    made = [refunds.create({"charge": charge_id, "amount": 100}).id for _ in range(11)]
    charge = shop.client.v1.charges.retrieve(charge_id, {"expand": ["refunds"]})
    well_formed(charge)
    assert [refund.id for refund in charge.refunds.data] == made[:0:-1]
    assert charge.refunds.has_more
    assert "refunds" not in shop.client.v1.charges.retrieve(charge_id).to_dict()


def test_what_is_not_modelled_is_said(shop: Any, refunds: Any) -> None:
    with pytest.raises(stripe.APIError) as caught:
        refunds.create({"payment_intent": shop.pay().id, "reverse_transfer": True})
    assert caught.value.http_status == 501


def test_only_metadata_can_be_changed(shop: Any, refunds: Any) -> None:
    refund = refunds.create({"payment_intent": shop.pay().id, "metadata": {"a": "1"}})
    assert refunds.update(refund.id, {"metadata": {"b": "2"}}).metadata.to_dict() == {"a": "1", "b": "2"}
    assert refused(refunds.update, refund.id, {"amount": 1}).code == "parameter_unknown"


def test_a_refund_to_a_card_cannot_be_canceled(shop: Any, refunds: Any) -> None:
    refund = refunds.create({"payment_intent": shop.pay().id})
    error = refused(refunds.cancel, refund.id)
    assert error.http_status == 400
    assert error.user_message == "Canceling this refund is unsupported."


def test_a_refund_that_waits_for_the_shopper_can_be_canceled(shop: Any, refunds: Any) -> None:
    """No card's refund waits so, but other methods' will: the store says it here."""
    refund = refunds.create({"payment_intent": shop.pay().id, "amount": 500})

    async def wait_for_the_shopper() -> None:
        world = await shop.server.worlds.open(shop.name)
        work = shop.server.fake.work(world)
        stored = await work.fetch("refund", refund.id)
        stored["status"] = "requires_action"
        work.save(stored)
        await work.commit()

    shop.call(wait_for_the_shopper())
    assert refunds.cancel(refund.id).status == "canceled"
    assert shop.client.v1.charges.retrieve(refund.charge).amount_refunded == 0
    assert shop.events()[-1] == "refund.updated"


def test_a_partly_captured_charge_gives_back_what_was_captured(shop: Any, refunds: Any) -> None:
    intent = shop.pay(capture_method="manual")
    shop.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 700})
    error = refused(refunds.create, {"payment_intent": intent.id, "amount": 701})
    assert error.user_message == "Refund amount ($7.01) is greater than unrefunded amount on charge ($7.00)"
    assert refunds.create({"payment_intent": intent.id}).amount == 700


def test_the_network_gives_its_reference_a_little_later(own_shop: Any, well_formed: Any) -> None:
    refunds = own_shop.client.v1.refunds
    refund = refunds.create({"payment_intent": own_shop.pay().id})
    own_shop.server.advance(2, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    settled = refunds.retrieve(refund.id)
    well_formed(settled)
    assert settled.destination_details.card.reference_status == "available"
    assert len(settled.destination_details.card.reference) == 16
    assert own_shop.events()[-3:] == ["charge.updated", "refund.updated", "charge.refund.updated"]


WAYS = {"pending": ["4000000000007726", "pm_card_pendingRefund"], "fails": ["4000000000005126", "pm_card_refundFail"]}


def paid(shop: Any, way: str) -> Any:
    if way.startswith("pm_"):
        return shop.pay(way)
    return shop.pay(None, payment_method_data=shop.by_number(way, cvc="123"))


def wait(shop: Any) -> None:
    shop.server.advance(5, shop.name)
    shop.call(shop.server.fake.settled())


@pytest.mark.parametrize("way", WAYS["pending"])
def test_a_refund_that_succeeds_later(own_shop: Any, way: str, well_formed: Any) -> None:
    refunds = own_shop.client.v1.refunds
    refund = refunds.create({"payment_intent": paid(own_shop, way).id})
    assert (refund.status, refund.pending_reason, refund.balance_transaction) == ("pending", "processing", None)
    wait(own_shop)
    done = refunds.retrieve(refund.id)
    well_formed(done)
    assert (done.status, "pending_reason" in done.to_dict()) == ("succeeded", False)
    assert done.balance_transaction.startswith("txn_3")
    assert own_shop.client.v1.charges.retrieve(refund.charge).refunded
    assert own_shop.events()[-3:] == ["charge.updated", "refund.updated", "charge.refund.updated"]


@pytest.mark.parametrize("way", WAYS["fails"])
def test_a_refund_that_comes_back(own_shop: Any, way: str, well_formed: Any) -> None:
    refunds = own_shop.client.v1.refunds
    refund = refunds.create({"payment_intent": paid(own_shop, way).id})
    assert refund.status == "succeeded"
    wait(own_shop)
    failed = refunds.retrieve(refund.id)
    well_formed(failed)
    assert (failed.status, failed.failure_reason) == ("failed", "unknown")
    charge = own_shop.client.v1.charges.retrieve(refund.charge)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    assert "refund.failed" in own_shop.events()
    assert refunds.create({"charge": charge.id, "amount": 5}).status == "succeeded"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.integers(50, 5000),
    manual=st.booleans(),
    share=st.floats(0.02, 1),
    steps=st.lists(st.integers(-1, 2500), max_size=6),
)
def test_money_is_conserved(shop: Any, amount: int, manual: bool, share: float, steps: list[int]) -> None:  # noqa: FBT001
    """Whatever is asked: what is given back adds up, and never exceeds what was taken."""
    client = shop.client.v1
    intent = shop.pay(amount=amount, capture_method="manual" if manual else "automatic")
    if manual:
        intent = client.payment_intents.capture(intent.id, {"amount_to_capture": max(1, int(amount * share))})
    taken, given_back = intent.amount_received, 0
    for step in steps:
        try:
            given_back += client.refunds.create({"payment_intent": intent.id, "amount": step}).amount
        except stripe.InvalidRequestError:
            assert step < 1 or step > taken - given_back
        charge = client.charges.retrieve(intent.latest_charge)
        assert charge.amount_captured == taken
        assert 0 <= charge.amount_refunded == given_back <= taken
        assert charge.refunded == (given_back == taken)
    assert (
        sum(refund.amount for refund in client.refunds.list({"payment_intent": intent.id, "limit": 100})) == given_back
    )
