"""Credit notes through the SDK: before a payment and after it, with discounts and taxes."""

from typing import Any

import pytest
from refusals import refused


@pytest.fixture
def client(shop: Any) -> Any:
    return shop.client.v1


@pytest.fixture
def notes(client: Any) -> Any:
    return client.credit_notes


@pytest.fixture
def customer(client: Any) -> Any:
    customer = client.customers.create({"email": "payer@shop.test"})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    return client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})


def final(client: Any, customer: Any, *amounts: int, **params: Any) -> Any:
    invoice = client.invoices.create({"customer": customer.id, **params})
    client.invoices.add_lines(invoice.id, {"lines": [{"amount": amount} for amount in amounts]})
    return client.invoices.finalize_invoice(invoice.id)


def intent_of(client: Any, invoice: Any) -> Any:
    payments = client.invoices.retrieve(invoice.id, {"expand": ["payments"]}).payments
    return client.payment_intents.retrieve(payments.data[0].payment.payment_intent)


def test_an_open_invoice_owes_less(shop: Any, client: Any, notes: Any, customer: Any, well_formed: Any) -> None:
    invoice = final(client, customer, 1000)
    note = notes.create(
        {"invoice": invoice.id, "amount": 300, "reason": "duplicate", "memo": "Oh", "metadata": {"a": "b"}}
    )
    well_formed(note)
    assert note.id.startswith("cn_1")
    assert (note.number, note.status, note.type) == (f"{invoice.number}-CN-01", "issued", "pre_payment")
    assert (note.amount, note.total, note.pre_payment_amount, note.post_payment_amount) == (300, 300, 300, 0)
    assert shop.events()[-2:] == ["credit_note.created", "invoice.updated"]
    credited = client.invoices.retrieve(invoice.id)
    assert (credited.total, credited.amount_due, credited.amount_remaining) == (1000, 700, 700)
    assert credited.pre_payment_credit_notes_amount == 300
    assert intent_of(client, invoice).amount == 700
    paid = client.invoices.pay(invoice.id)
    assert (paid.amount_paid, paid.status) == (700, "paid")
    assert notes.retrieve(note.id).to_dict() == note.to_dict()


def test_an_invoice_that_is_credited_whole_is_paid(client: Any, notes: Any, customer: Any) -> None:
    invoice = final(client, customer, 1000)
    notes.create({"invoice": invoice.id, "amount": 400})
    assert notes.create({"invoice": invoice.id, "amount": 600}).number == f"{invoice.number}-CN-02"
    done = client.invoices.retrieve(invoice.id)
    assert (done.status, done.amount_paid, done.amount_due) == ("paid", 0, 0)
    assert intent_of(client, invoice).status == "canceled"
    assert refused(notes.create, {"invoice": invoice.id, "amount": 1}).param == "amount"


def test_a_paid_invoice_gives_back(shop: Any, client: Any, notes: Any, customer: Any, well_formed: Any) -> None:
    invoice = client.invoices.pay(final(client, customer, 1000).id)
    note = notes.create(
        {"invoice": invoice.id, "amount": 900, "refund_amount": 500, "credit_amount": 300, "out_of_band_amount": 100}
    )
    well_formed(note)
    assert (note.type, note.post_payment_amount, note.out_of_band_amount) == ("post_payment", 900, 100)
    refund = client.refunds.retrieve(note.refunds[0].refund)
    assert (refund.amount, note.refunds[0].amount_refunded, refund.status) == (500, 500, "succeeded")
    balance = client.customers.balance_transactions.retrieve(customer.id, note.customer_balance_transaction)
    assert (balance.type, balance.amount, balance.credit_note) == ("credit_note", -300, note.id)
    credited = client.invoices.retrieve(invoice.id)
    assert (credited.status, credited.post_payment_credit_notes_amount, credited.amount_paid) == ("paid", 900, 1000)
    assert "charge.refunded" in shop.events()


def test_partly_paid_is_credited_both_ways(shop: Any, client: Any, notes: Any, customer: Any) -> None:
    invoice = final(client, customer, 1000)
    card = customer.invoice_settings.default_payment_method
    part = shop.pay(card, amount=600, customer=customer.id)
    client.invoices.attach_payment(invoice.id, {"payment_intent": part.id})
    note = notes.create({"invoice": invoice.id, "amount": 700, "refund_amount": 300})
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == ("mixed", 400, 300)
    assert client.invoices.retrieve(invoice.id).status == "paid"


def test_where_the_money_goes_must_be_said(client: Any, notes: Any, customer: Any) -> None:
    invoice = client.invoices.pay(final(client, customer, 1000).id)
    error = refused(notes.create, {"invoice": invoice.id, "amount": 200, "refund_amount": 100})
    assert error.user_message == (
        "The sum of credit amount, refund amount and out of band amount ($1.00) must equal the credit note amount"
        " ($2.00)."
    )
    intent = intent_of(client, invoice)
    linked = client.refunds.create({"payment_intent": intent.id, "amount": 200})
    note = notes.create({"invoice": invoice.id, "amount": 200, "refunds": [{"refund": linked.id}]})
    assert note.refunds[0].refund == linked.id
    error = refused(notes.create, {"invoice": invoice.id, "amount": 800, "refund_amount": 800, "credit_amount": -1})
    assert error.param == "credit_amount"
    client.refunds.create({"payment_intent": intent.id, "amount": 700})
    error = refused(notes.create, {"invoice": invoice.id, "amount": 800, "refund_amount": 800})
    assert error.param == "refund_amount"
    assert len(list(notes.list({"invoice": invoice.id}))) == 1, "what is refused leaves nothing behind"


def test_lines_with_their_discounts_and_taxes(client: Any, notes: Any, customer: Any, well_formed: Any) -> None:
    rate = client.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False}).id
    coupon = client.coupons.create({"percent_off": 10, "duration": "once"}).id
    invoice = final(client, customer, 1000, 500, default_tax_rates=[rate], discounts=[{"coupon": coupon}])
    assert invoice.total == 1620
    thousand = invoice.lines.data[1]
    lines = [
        {"type": "invoice_line_item", "invoice_line_item": thousand.id, "amount": 500},
        {"type": "custom_line_item", "unit_amount": 50, "quantity": 2, "description": "Sorry", "tax_rates": [rate]},
    ]
    previewed = notes.preview({"invoice": invoice.id, "lines": lines})
    well_formed(previewed)
    assert len(notes.preview_lines.list({"invoice": invoice.id, "lines": lines}).data) == 2
    assert list(notes.list({"invoice": invoice.id})) == []
    note = notes.create({"invoice": invoice.id, "lines": lines})
    well_formed(note)
    assert (note.subtotal, note.discount_amount, note.total, note.total_excluding_tax) == (600, 50, 660, 550)
    assert [(tax.amount, tax.taxable_amount) for tax in note.total_taxes] == [(110, 550)]
    assert previewed.total == note.total
    listed = notes.line_items.list(note.id)
    well_formed(listed)
    assert [line.type for line in listed.data] == ["invoice_line_item", "custom_line_item"]
    whole = [{"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "quantity": 1}]
    assert notes.create({"invoice": invoice.id, "lines": whole}).total == 540
    too_much = [{"type": "invoice_line_item", "invoice_line_item": thousand.id, "amount": 1001}]
    assert refused(notes.create, {"invoice": invoice.id, "lines": too_much}).param == "lines[0][amount]"
    stranger = [{"type": "invoice_line_item", "invoice_line_item": "il_none"}]
    assert refused(notes.create, {"invoice": invoice.id, "lines": stranger}).param == "lines[0][invoice_line_item]"


def test_what_cannot_be_credited(client: Any, notes: Any, customer: Any) -> None:
    draft = client.invoices.create({"customer": customer.id})
    assert refused(notes.create, {"invoice": draft.id, "amount": 1}).param == "invoice"
    invoice = final(client, customer, 1000)
    assert refused(notes.create, {"invoice": invoice.id, "amount": 1001}).param == "amount"
    assert "must be provided" in refused(notes.create, {"invoice": invoice.id}).user_message
    assert refused(notes.create, {"invoice": invoice.id, "amount": 0}).param == "amount"
    assert refused(notes.create, {"invoice": "in_none", "amount": 1}).code == "resource_missing"


def test_voided_and_changed(shop: Any, client: Any, notes: Any, customer: Any, well_formed: Any) -> None:
    invoice = final(client, customer, 1000)
    note = notes.create({"invoice": invoice.id, "amount": 300})
    changed = notes.update(note.id, {"memo": "Sorry", "metadata": {"a": "b"}})
    assert (changed.memo, shop.events()[-1]) == ("Sorry", "credit_note.updated")
    void = notes.void_credit_note(note.id)
    well_formed(void)
    assert (void.status, void.voided_at) == ("void", void.created)
    assert "credit_note.voided" in shop.events()
    owed = client.invoices.retrieve(invoice.id)
    assert (owed.amount_due, owed.amount_remaining, owed.pre_payment_credit_notes_amount) == (1000, 1000, 0)
    assert intent_of(client, invoice).amount == 1000
    assert "already been voided" in refused(notes.void_credit_note, note.id).user_message
    client.invoices.pay(invoice.id)
    paid = notes.create({"invoice": invoice.id, "amount": 100, "credit_amount": 100})
    assert "You can only void" in refused(notes.void_credit_note, paid.id).user_message
    assert [one.id for one in notes.list({"customer": customer.id})] == [paid.id, note.id]
