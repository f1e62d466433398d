"""The balance of a customer through the SDK: adjusted, applied to invoices, given back."""

from typing import Any

import pytest
import stripe


@pytest.fixture
def client(shop: Any) -> Any:
    return shop.client.v1


@pytest.fixture
def customer(client: Any) -> Any:
    customer = client.customers.create({"email": "payer@shop.test"})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    return client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})


def final(client: Any, customer: Any, amount: int) -> Any:
    invoice = client.invoices.create({"customer": customer.id})
    client.invoice_items.create({"invoice": invoice.id, "amount": amount})
    return client.invoices.finalize_invoice(invoice.id)


def changes(client: Any, customer: Any, **params: Any) -> list[tuple[str, int, int]]:
    listed = client.customers.balance_transactions.list(customer.id, params)
    return [(change.type, change.amount, change.ending_balance) for change in listed]


def test_adjusting(shop: Any, client: Any, customer: Any, well_formed: Any) -> None:
    balance = client.customers.balance_transactions
    change = balance.create(
        customer.id, {"amount": -500, "currency": "usd", "description": "Sorry", "metadata": {"a": "b"}}
    )
    well_formed(change)
    assert change.id.startswith("cbtxn_1")
    assert (change.type, change.amount, change.ending_balance) == ("adjustment", -500, -500)
    credited = client.customers.retrieve(customer.id)
    assert (credited.balance, credited.currency) == (-500, "usd")
    event = next(iter(client.events.list({"limit": 1})))
    assert (event.type, event.data.previous_attributes.to_dict()) == (
        "customer.updated",
        {"balance": 0, "currency": None},
    )
    updated = balance.update(customer.id, change.id, {"description": "Very", "metadata": {"c": "d"}})
    assert (updated.description, updated.metadata.to_dict()) == ("Very", {"a": "b", "c": "d"})
    assert balance.retrieve(customer.id, change.id).to_dict() == updated.to_dict()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        balance.create(customer.id, {"amount": 5, "currency": "eur"})
    assert caught.value.param == "currency"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        balance.retrieve(shop.client.v1.customers.create().id, change.id)
    assert caught.value.http_status == 404


def test_credit_pays_first(client: Any, customer: Any) -> None:
    client.customers.balance_transactions.create(customer.id, {"amount": -1200, "currency": "usd"})
    first = final(client, customer, 1000)
    assert (first.status, first.amount_due, first.starting_balance, first.ending_balance) == ("paid", 0, -1200, -200)
    second = final(client, customer, 1000)
    assert (second.status, second.amount_due, second.ending_balance) == ("open", 800, 0)
    assert client.invoices.pay(second.id).amount_paid == 800
    assert changes(client, customer) == [
        ("applied_to_invoice", 200, 0),
        ("applied_to_invoice", 1000, -200),
        ("adjustment", -1200, -1200),
    ]
    assert changes(client, customer, invoice=first.id) == [("applied_to_invoice", 1000, -200)]


def test_debt_is_charged_with_the_next_invoice(client: Any, customer: Any) -> None:
    client.customers.balance_transactions.create(customer.id, {"amount": 300, "currency": "usd"})
    invoice = final(client, customer, 1000)
    assert (invoice.total, invoice.amount_due, invoice.ending_balance) == (1000, 1300, 0)
    assert client.customers.retrieve(customer.id).balance == 0


def test_too_little_to_charge_waits_on_the_balance(client: Any, customer: Any) -> None:
    invoice = final(client, customer, 30)
    assert (invoice.status, invoice.total, invoice.amount_due, invoice.ending_balance) == ("paid", 30, 0, 30)
    assert changes(client, customer) == [("invoice_too_small", 30, 30)]
    assert final(client, customer, 40).amount_due == 70


def test_a_credit_note_of_lines_is_kept_for_later(client: Any, customer: Any) -> None:
    invoice = final(client, customer, -700)
    assert (invoice.status, invoice.total, invoice.amount_due, invoice.ending_balance) == ("paid", -700, 0, -700)
    assert client.customers.retrieve(customer.id).balance == -700


def test_voiding_gives_back_what_was_applied(client: Any, customer: Any) -> None:
    client.customers.balance_transactions.create(customer.id, {"amount": -400, "currency": "usd"})
    invoice = final(client, customer, 1000)
    client.invoices.void_invoice(invoice.id)
    assert client.customers.retrieve(customer.id).balance == -400
    assert changes(client, customer)[0] == ("unapplied_from_invoice", -400, -400)


def test_a_balance_set_on_the_customer_is_a_change_too(client: Any) -> None:
    customer = client.customers.create({"balance": -250})
    assert changes(client, customer) == [("initial", -250, -250)]
    client.customers.update(customer.id, {"balance": -100})
    assert changes(client, customer)[0] == ("adjustment", 150, -100)
    client.customers.update(customer.id, {"name": "Jo"})
    assert len(changes(client, customer)) == 2
