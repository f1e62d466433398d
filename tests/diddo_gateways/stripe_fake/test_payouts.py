"""Payouts through the SDK."""

from typing import Any

from refusals import refused

DAY = 86_400


def fund(shop: Any, amount: int = 10_000, currency: str = "usd") -> None:
    """Take a payment that is available at once."""
    shop.pay("pm_card_bypassPending", amount=amount, currency=currency, capture_method="automatic")


def available(shop: Any) -> int:
    found = shop.client.v1.balance.retrieve().available[0].amount
    assert isinstance(found, int)
    return found


def wait(shop: Any, seconds: int) -> None:
    shop.server.advance(seconds, shop.name)
    shop.call(shop.server.fake.settled())


def test_a_payout_goes_to_the_bank_and_arrives(own_shop: Any, well_formed: Any) -> None:
    payouts = own_shop.client.v1.payouts
    fund(own_shop)
    payout = payouts.create({"amount": 5000, "currency": "usd", "metadata": {"week": "47"}, "description": "Week 47"})
    well_formed(payout)
    assert payout.id.startswith("po_1")
    assert (payout.status, payout.automatic, payout.method) == ("pending", False, "standard")
    assert (payout.type, payout.source_type, payout.metadata["week"]) == ("bank_account", "card", "47")
    assert payout.arrival_date % DAY == 0
    assert available(own_shop) == 10_000 - 320 - 5000
    transaction = own_shop.client.v1.balance_transactions.retrieve(payout.balance_transaction, {"expand": ["source"]})
    well_formed(transaction)
    assert (transaction.amount, transaction.fee, transaction.type) == (-5000, 0, "payout")
    assert (transaction.source.id, transaction.description) == (payout.id, "Week 47")
    wait(own_shop, 3600)
    assert payouts.retrieve(payout.id).status == "in_transit"
    wait(own_shop, 5 * DAY)
    paid = payouts.retrieve(payout.id)
    well_formed(paid)
    assert (paid.status, paid.trace_id.status) == ("paid", "supported")
    assert [name for name in own_shop.events() if name.startswith("payout")] == [
        "payout.created",
        "payout.updated",
        "payout.paid",
    ]


def test_no_more_than_is_available(shop: Any) -> None:
    fund(shop)
    shop.pay(amount=90_000, capture_method="automatic")
    error = refused(shop.client.v1.payouts.create, {"amount": 9681, "currency": "usd"})
    assert (error.http_status, error.code, error.param) == (400, "balance_insufficient", None)
    assert error.user_message is not None
    assert error.user_message.startswith("You have insufficient funds in your Stripe account for this transfer.")
    assert refused(shop.client.v1.payouts.create, {"amount": 1, "currency": "eur"}).code == "balance_insufficient"
    assert shop.client.v1.payouts.create({"amount": 9680, "currency": "usd"}).amount == 9680
    assert available(shop) == 0


def test_what_cannot_be_paid_out(shop: Any) -> None:
    for amount in (0, -5):
        error = refused(shop.client.v1.payouts.create, {"amount": amount, "currency": "usd"})
        assert (error.code, error.param) == ("parameter_invalid_integer", "amount")
    error = refused(shop.client.v1.payouts.create, {"amount": 5, "currency": "xxx"})
    assert error.param == "currency"
    fund(shop)
    error = refused(shop.client.v1.payouts.create, {"amount": 5, "currency": "usd", "destination": "ba_nobody"})
    assert (error.code, error.param) == ("resource_missing", "destination")
    for call in (shop.client.v1.payouts.retrieve, shop.client.v1.payouts.cancel, shop.client.v1.payouts.reverse):
        error = refused(call, "po_nobody")
        assert (error.http_status, error.param, error.user_message) == (404, "payout", "No such payout: 'po_nobody'")


def test_a_payout_is_canceled_while_it_is_pending(own_shop: Any, well_formed: Any) -> None:
    payouts = own_shop.client.v1.payouts
    fund(own_shop)
    payout = payouts.create({"amount": 5000, "currency": "usd"})
    canceled = payouts.cancel(payout.id)
    well_formed(canceled)
    assert canceled.status == "canceled"
    assert available(own_shop) == 9680
    back = own_shop.client.v1.balance_transactions.retrieve(canceled.failure_balance_transaction)
    assert (back.amount, back.type, back.reporting_category) == (5000, "payout_cancel", "payout_reversal")
    assert back.description == "REFUND FOR PAYOUT (STRIPE PAYOUT)"
    message = "Payouts can only be canceled while they are pending."
    assert refused(payouts.cancel, payout.id).user_message == message
    sent = payouts.create({"amount": 5000, "currency": "usd", "method": "instant"})
    wait(own_shop, DAY)
    assert payouts.retrieve(sent.id).status == "paid"
    assert refused(payouts.cancel, sent.id).user_message == message
    assert payouts.retrieve(payout.id).status == "canceled"


def test_a_payout_is_reversed(own_shop: Any, well_formed: Any) -> None:
    payouts = own_shop.client.v1.payouts
    fund(own_shop)
    payout = payouts.create({"amount": 5000, "currency": "usd"})
    assert refused(payouts.reverse, payout.id).http_status == 400
    wait(own_shop, 5 * DAY)
    wait(own_shop, DAY)
    reversal = payouts.reverse(payout.id, {"metadata": {"why": "wrong account"}})
    well_formed(reversal)
    assert (reversal.amount, reversal.original_payout) == (-5000, payout.id)
    assert payouts.retrieve(payout.id).reversed_by == reversal.id
    assert available(own_shop) == 9680
    assert refused(payouts.reverse, payout.id).http_status == 400
    for _ in range(2):
        wait(own_shop, 5 * DAY)
    assert payouts.retrieve(reversal.id).status == "paid"
    assert refused(payouts.reverse, reversal.id).http_status == 400


def test_lists_and_metadata(shop: Any) -> None:
    payouts = shop.client.v1.payouts
    fund(shop)
    first = payouts.create({"amount": 100, "currency": "usd"})
    second = payouts.create({"amount": 200, "currency": "usd", "method": "instant"})
    payouts.cancel(first.id)

    def found(**params: Any) -> list[str]:
        return [payout.id for payout in payouts.list(params)]

    assert found() == [second.id, first.id]
    assert found(status="canceled") == [first.id]
    assert found(destination=first.destination) == [second.id, first.id]
    assert found(arrival_date=second.arrival_date) == [second.id]
    assert found(arrival_date={"gt": second.arrival_date}) == [first.id]
    assert payouts.update(first.id, {"metadata": {"a": "b"}}).metadata["a"] == "b"
    # Only automatic payouts say what they pay out.
    assert list(shop.client.v1.balance_transactions.list({"payout": first.id})) == []
