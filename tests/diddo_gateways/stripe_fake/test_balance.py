"""The balance and its transactions through the SDK."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

DAY = 86_400


def paid(shop: Any, method: str = "pm_card_visa", **params: Any) -> Any:
    """Pay and return the charge with its balance transaction."""
    given = {"capture_method": "automatic", "expand": ["latest_charge.balance_transaction"], **params}
    return shop.pay(method, **given).latest_charge


def balance(shop: Any, currency: str = "usd") -> tuple[int, int]:
    """Return what is available and what is pending."""
    now = shop.client.v1.balance.retrieve()
    amounts = [{one.currency: one.amount for one in part} for part in (now.available, now.pending)]
    return amounts[0][currency], amounts[1][currency]


def test_an_account_without_payments_has_nothing(shop: Any, well_formed: Any) -> None:
    now = shop.client.v1.balance.retrieve()
    well_formed(now)
    assert now.available[0].to_dict() == {"amount": 0, "currency": "usd", "source_types": {"card": 0}}
    assert balance(shop) == (0, 0)


def test_a_charge_comes_in_less_the_fee_and_becomes_available(own_shop: Any, well_formed: Any) -> None:
    transaction = paid(own_shop, amount=2000, description="Two books").balance_transaction
    well_formed(transaction)
    assert transaction.id.startswith("txn_3")
    assert (transaction.amount, transaction.fee, transaction.net) == (2000, 88, 1912)
    assert (transaction.type, transaction.reporting_category, transaction.currency) == ("charge", "charge", "usd")
    assert (transaction.status, transaction.description, transaction.exchange_rate) == ("pending", "Two books", None)
    assert transaction.fee_details[0].to_dict() == {
        "amount": 88,
        "application": None,
        "currency": "usd",
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    assert balance(own_shop) == (0, 1912)
    days = (transaction.available_on - transaction.created) / DAY
    assert transaction.available_on % DAY == 0
    assert 1 < days <= 4  # two business days
    assert datetime.fromtimestamp(transaction.available_on, UTC).weekday() < 5
    own_shop.server.advance(5 * DAY, own_shop.name)
    assert balance(own_shop) == (1912, 0)
    retrieved = own_shop.client.v1.balance_transactions.retrieve(transaction.id, {"expand": ["source"]})
    assert (retrieved.status, retrieved.source.object) == ("available", "charge")
    assert own_shop.client.v1.balance_transactions.list().data[0].status == "available"
    charge = own_shop.client.v1.charges.retrieve(transaction.source, {"expand": ["balance_transaction"]})
    assert charge.balance_transaction.status == "available"


@pytest.mark.parametrize(
    ("method", "fee"),
    [
        ("pm_card_visa", 59),
        ("pm_card_bypassPending", 59),
        # A card from abroad costs more.
        ("pm_card_bypassPendingInternational", 74),
    ],
)
def test_fees(shop: Any, method: str, fee: int) -> None:
    transaction = paid(shop, method, amount=1000).balance_transaction
    assert (transaction.fee, transaction.net) == (fee, 1000 - fee)
    assert transaction.status == ("available" if "bypass" in method else "pending")


def test_each_currency_for_itself(shop: Any) -> None:
    yen = paid(shop, "pm_card_bypassPending", amount=1000, currency="jpy").balance_transaction
    paid(shop, "pm_card_bypassPending", amount=1000, currency="eur")
    assert (yen.fee, yen.exchange_rate) == (29, None)
    assert balance(shop, "jpy") == (971, 0)
    assert balance(shop, "eur") == (941, 0)
    assert [one.currency for one in shop.client.v1.balance.retrieve().available] == ["eur", "jpy"]


def test_what_is_authorised_only_moves_nothing(shop: Any) -> None:
    intent = shop.pay(amount=1000, capture_method="manual")
    assert balance(shop) == (0, 0)
    shop.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 600})
    assert balance(shop) == (0, 600 - 47)


def test_a_refund_goes_out_and_the_fee_stays(shop: Any, well_formed: Any) -> None:
    charge = paid(shop, "pm_card_bypassPending", amount=1000, description="A book")
    refund = shop.client.v1.refunds.create({"charge": charge.id, "amount": 400, "expand": ["balance_transaction"]})
    transaction = refund.balance_transaction
    well_formed(transaction)
    assert (transaction.amount, transaction.fee, transaction.net) == (-400, 0, -400)
    assert (transaction.type, transaction.reporting_category, transaction.source) == ("refund", "refund", refund.id)
    assert transaction.description == "REFUND FOR CHARGE (A book)"
    assert balance(shop) == (1000 - 59 - 400, 0)


def test_lists_by_source_type_currency_and_time(shop: Any) -> None:
    transactions = shop.client.v1.balance_transactions
    first, second = paid(shop), paid(shop, currency="eur")
    refund = shop.client.v1.refunds.create({"charge": first.id})

    def found(**params: Any) -> list[str]:
        return [one.source for one in transactions.list(params)]

    assert found() == [refund.id, second.id, first.id]
    assert found(source=first.id) == [first.id]
    assert found(type="refund") == [refund.id]
    assert found(currency="eur") == [second.id]
    assert found(created={"lt": first.created - 1}) == []
    assert found(limit=1, starting_after=refund.balance_transaction) == [second.id]


def test_a_transaction_that_is_not_there(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.balance_transactions.retrieve("txn_nobody")
    assert caught.value.http_status == 404
    assert caught.value.param == "id"
    assert caught.value.user_message == "No such balance transaction: 'txn_nobody'"
