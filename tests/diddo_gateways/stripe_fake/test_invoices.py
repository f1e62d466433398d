"""Invoices through the SDK: from draft to end."""

from typing import Any

import pytest
import stripe
from refusals import refused

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

HOUR, DAY = 3600, 86_400


def new_payer(shop: Any, method: str | None = "pm_card_visa", **params: Any) -> Any:
    """Return a customer who pays with that card, if any."""
    customers = shop.client.v1.customers
    customer = customers.create({"email": "payer@shop.test", **params})
    if method is None:
        return customer
    saved = shop.client.v1.payment_methods.attach(method, {"customer": customer.id})
    return customers.update(customer.id, {"invoice_settings": {"default_payment_method": saved.id}})


def billed(shop: Any, customer: Any, amount: int = 2000, **params: Any) -> Any:
    """Return a draft of one item."""
    client = shop.client.v1
    invoice = client.invoices.create({"customer": customer.id, **params})
    client.invoice_items.create({"invoice": invoice.id, "amount": amount, "description": "Work"})
    return client.invoices.retrieve(invoice.id)


def advance(shop: Any, seconds: float) -> None:
    """Move the shop's clock, and wait until what has become due has happened."""
    shop.server.advance(seconds, shop.name)
    shop.call(shop.server.fake.settled())


def answer(shop: Any, intent_id: str, outcome: Any) -> None:
    """Answer the challenge that an intent waits for."""
    intent = shop.client.v1.payment_intents.retrieve(intent_id)
    challenge = intent.next_action.use_stripe_sdk.stripe_js.rpartition("/")[2]
    shop.call(answer_challenge(shop.server.fake, challenge, outcome))


@pytest.fixture
def payer(shop: Any) -> Any:
    return new_payer(shop)


@pytest.fixture
def invoices(shop: Any) -> Any:
    return shop.client.v1.invoices


def test_a_draft_says_what_it_is(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    invoice = invoices.create(
        {"customer": payer.id, "metadata": {"a": "b"}, "description": "March", "footer": "Thanks"}
    )
    well_formed(invoice)
    assert invoice.id.startswith("in_1")
    assert (invoice.status, invoice.billing_reason, invoice.collection_method) == (
        "draft",
        "manual",
        "charge_automatically",
    )
    assert (invoice.auto_advance, invoice.number, invoice.effective_at, invoice.ending_balance) == (
        False,
        None,
        None,
        None,
    )
    assert invoice.period_start == invoice.period_end == invoice.created == invoice.webhooks_delivered_at
    assert (invoice.attempted, invoice.attempt_count, invoice.hosted_invoice_url) == (False, 0, None)
    assert (invoice.customer_email, invoice.currency, invoice.description) == ("payer@shop.test", "usd", "March")
    assert invoice.lines.to_dict()["total_count"] == 0
    assert invoices.retrieve(invoice.id).to_dict() == invoice.to_dict()
    assert shop.events()[-1] == "invoice.created"
    assert "payments" not in invoice.to_dict()


def test_from_items_to_paid(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    draft = billed(shop, payer, 1500)
    well_formed(draft)
    assert (draft.subtotal, draft.total, draft.amount_due, draft.amount_remaining) == (1500, 1500, 1500, 1500)
    final = invoices.finalize_invoice(draft.id)
    well_formed(final)
    assert (final.status, final.attempted, final.attempt_count, final.ending_balance) == ("open", False, 0, 0)
    assert final.number == f"{payer.invoice_prefix}-0001"
    assert final.effective_at == final.status_transitions.finalized_at == final.created
    assert final.hosted_invoice_url
    assert final.invoice_pdf
    before = len(shop.events())
    paid = invoices.pay(final.id, {"expand": ["payments"]})
    well_formed(paid)
    assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.attempt_count) == ("paid", 1500, 0, 1)
    payment = paid.payments.data[0]
    well_formed(payment)
    assert (payment.status, payment.amount_paid, payment.amount_requested, payment.is_default) == (
        "paid",
        1500,
        1500,
        True,
    )
    intent = shop.client.v1.payment_intents.retrieve(payment.payment.payment_intent)
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 1500, payer.id)
    assert [event for event in shop.events()[before:] if event.startswith("invoice")] == [
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    assert invoices.pay(billed(shop, payer).id).number == f"{payer.invoice_prefix}-0002"


def test_a_draft_can_be_paid_at_once(shop: Any, payer: Any, invoices: Any) -> None:
    paid = invoices.pay(billed(shop, payer).id)
    times = paid.status_transitions
    assert (paid.status, paid.attempt_count) == ("paid", 1)
    assert times.finalized_at == times.paid_at == paid.effective_at
    assert refused(invoices.pay, paid.id).user_message == "Invoice is already paid"


def test_pending_items_wait_until_they_are_asked_for(shop: Any, payer: Any, invoices: Any) -> None:
    items = shop.client.v1.invoice_items
    first = items.create({"customer": payer.id, "amount": 500, "currency": "usd"})
    second = items.create({"customer": payer.id, "amount": -200, "currency": "usd", "description": "Credit"})
    assert invoices.create({"customer": payer.id}).total == 0
    invoice = invoices.create({"customer": payer.id, "pending_invoice_items_behavior": "include"})
    assert invoice.total == 300
    parents = [line.parent.invoice_item_details.invoice_item for line in invoice.lines.data]
    assert parents == [second.id, first.id]
    assert items.retrieve(first.id).invoice == invoice.id
    assert invoices.create({"customer": payer.id, "pending_invoice_items_behavior": "include"}).total == 0


def test_an_invoice_takes_the_currency_of_its_items(shop: Any, payer: Any, invoices: Any) -> None:
    items = shop.client.v1.invoice_items
    items.create({"customer": payer.id, "amount": 500, "currency": "eur"})
    assert invoices.create({"customer": payer.id, "pending_invoice_items_behavior": "include"}).currency == "eur"
    items.create({"customer": payer.id, "amount": 500, "currency": "eur"})
    items.create({"customer": payer.id, "amount": 700, "currency": "usd"})
    both = {"customer": payer.id, "pending_invoice_items_behavior": "include"}
    assert refused(invoices.create, both).param == "currency"
    assert invoices.create({**both, "currency": "usd"}).total == 700
    euros = invoices.create({"customer": payer.id, "currency": "eur"})
    error = refused(items.create, {"invoice": euros.id, "amount": 1, "currency": "usd"})
    assert error.param == "currency"


def test_collection_methods_and_due_dates(payer: Any, invoices: Any) -> None:
    error = refused(invoices.create, {"customer": payer.id, "collection_method": "send_invoice"})
    assert error.user_message == (
        "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
    )
    error = refused(invoices.create, {"customer": payer.id, "days_until_due": 3})
    assert error.user_message == (
        "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
    )
    sent = invoices.create({"customer": payer.id, "collection_method": "send_invoice", "days_until_due": 3})
    assert sent.due_date == sent.created + 3 * DAY
    moved = invoices.update(sent.id, {"due_date": sent.created + 9 * DAY})
    assert moved.due_date == sent.created + 9 * DAY
    both = {"due_date": sent.created, "days_until_due": 1}
    assert "only specify one of" in refused(invoices.update, sent.id, both).user_message
    assert invoices.update(sent.id, {"collection_method": "charge_automatically"}).due_date is None
    assert refused(invoices.create, {}).param == "customer"


def test_the_window_of_a_draft(payer: Any, invoices: Any) -> None:
    invoice = invoices.create({"customer": payer.id, "auto_advance": True})
    assert invoice.automatically_finalizes_at == invoice.created + 3601
    assert invoice.next_payment_attempt == invoice.created + 3600
    off = invoices.update(invoice.id, {"auto_advance": False})
    assert (off.automatically_finalizes_at, off.next_payment_attempt) == (None, None)
    on = invoices.update(invoice.id, {"auto_advance": True})
    assert on.automatically_finalizes_at == invoice.created + 3601
    sent = {"customer": payer.id, "collection_method": "send_invoice", "days_until_due": 1, "auto_advance": True}
    assert invoices.create(sent).next_payment_attempt is None
    at = invoice.created + DAY
    assert invoices.create({"customer": payer.id, "automatically_finalizes_at": at}).automatically_finalizes_at == at


def test_what_advances_is_finalized_and_collected_by_the_clock(own_shop: Any) -> None:
    payer = new_payer(own_shop)
    invoices = own_shop.client.v1.invoices
    left = billed(own_shop, payer)
    charged = billed(own_shop, payer, auto_advance=True)
    sent = billed(own_shop, payer, auto_advance=True, collection_method="send_invoice", days_until_due=2)
    advance(own_shop, 2 * HOUR)
    assert invoices.retrieve(charged.id).status == "paid"
    assert invoices.retrieve(sent.id).status == "open"
    assert invoices.retrieve(left.id).status == "draft"
    assert invoices.retrieve(charged.id).number
    assert invoices.retrieve(charged.id).automatically_finalizes_at is None


def test_nothing_due_is_paid_at_once(shop: Any, payer: Any, invoices: Any) -> None:
    paid = invoices.finalize_invoice(invoices.create({"customer": payer.id}).id)
    assert (paid.status, paid.attempted, paid.attempt_count, paid.amount_due) == ("paid", True, 0, 0)
    assert shop.events()[-4:] == ["invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded"]
    assert refused(invoices.pay, paid.id).user_message == "Invoice is already paid"


def test_what_each_state_refuses(shop: Any, payer: Any, invoices: Any) -> None:
    draft = billed(shop, payer)
    not_open = "You can only pass in open invoices. This invoice isn't open."
    for action in (invoices.void_invoice, invoices.mark_uncollectible):
        error = refused(action, draft.id)
        assert (error.http_status, error.code, error.user_message) == (400, None, not_open)
    paid = invoices.pay(draft.id)
    again = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
    assert refused(invoices.finalize_invoice, paid.id).user_message == again
    assert refused(invoices.void_invoice, paid.id).user_message == "Invoices with `paid` payments cannot be voided."
    assert refused(invoices.mark_uncollectible, paid.id).user_message == not_open
    assert refused(invoices.delete, paid.id).user_message == "You can only delete draft invoices."
    assert refused(invoices.send_invoice, paid.id).user_message.startswith("This invoice cannot be sent right now.")
    given_up = invoices.mark_uncollectible(invoices.finalize_invoice(billed(shop, payer).id).id)
    assert given_up.status_transitions.marked_uncollectible_at == given_up.created
    error = refused(invoices.mark_uncollectible, given_up.id)
    assert error.user_message == "This invoice has already been marked uncollectible."
    assert refused(invoices.void_invoice, given_up.id).user_message == not_open
    assert invoices.pay(given_up.id).status == "paid"
    void = invoices.void_invoice(invoices.finalize_invoice(billed(shop, payer).id).id)
    assert refused(invoices.pay, void.id).user_message == not_open
    for call in (invoices.retrieve, invoices.pay, invoices.void_invoice):
        assert (refused(call, "in_none").http_status, refused(call, "in_none").code) == (404, "resource_missing")


def test_a_final_invoice_hardly_changes(shop: Any, payer: Any, invoices: Any) -> None:
    paid = invoices.pay(billed(shop, payer).id)
    error = refused(invoices.update, paid.id, {"description": "Late"})
    assert (error.param, error.code) == ("description", None)
    assert error.user_message == "Finalized invoices can't be updated in this way"
    assert invoices.update(paid.id, {"metadata": {"a": "1"}}).metadata.to_dict() == {"a": "1"}
    event = next(iter(shop.client.v1.events.list({"limit": 1})))
    assert event.data.previous_attributes.to_dict() == {"metadata": {"a": None}}
    assert invoices.update(paid.id, {"metadata": {"a": "1"}}).metadata.to_dict() == {"a": "1"}
    assert next(iter(shop.client.v1.events.list({"limit": 1}))).id == event.id


def test_a_voided_invoice_gives_up_its_intent(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    final = invoices.finalize_invoice(billed(shop, payer).id, {"expand": ["payments", "confirmation_secret"]})
    assert final.confirmation_secret.client_secret.startswith(final.payments.data[0].payment.payment_intent)
    void = invoices.void_invoice(final.id, {"expand": ["payments"]})
    well_formed(void)
    assert (void.status, void.amount_due, void.amount_remaining) == ("void", 2000, 2000)
    assert void.payments.data[0].status == "canceled"
    intent = shop.client.v1.payment_intents.retrieve(void.payments.data[0].payment.payment_intent)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")
    assert shop.events()[-2:] == ["invoice.updated", "invoice.voided"]


def test_a_deleted_draft_takes_its_items_with_it(shop: Any, payer: Any, invoices: Any) -> None:
    items = shop.client.v1.invoice_items
    draft = billed(shop, payer)
    item = next(iter(items.list({"invoice": draft.id})))
    assert invoices.delete(draft.id).to_dict() == {"id": draft.id, "object": "invoice", "deleted": True}
    assert refused(invoices.retrieve, draft.id).http_status == 404
    assert items.retrieve(item.id).invoice == draft.id
    assert list(items.list({"customer": payer.id, "pending": True})) == []
    assert refused(items.update, item.id, {"amount": 1}).user_message == "This invoice item has been deleted."
    assert "no longer editable" in refused(items.delete, item.id).user_message
    assert shop.events()[-1] == "invoice.deleted"


def test_paid_elsewhere(shop: Any, payer: Any, invoices: Any) -> None:
    paid = invoices.pay(billed(shop, payer).id, {"paid_out_of_band": True, "expand": ["payments"]})
    assert (paid.status, paid.attempted, paid.amount_remaining) == ("paid", False, 0)
    assert paid.payments.data[0].status == "canceled"
    assert "invoice.paid" in shop.events()
    assert "invoice.payment_succeeded" not in shop.events()


def test_sent_invoices(shop: Any, payer: Any, invoices: Any) -> None:
    draft = billed(shop, payer, collection_method="send_invoice", days_until_due=5)
    sent = invoices.send_invoice(draft.id)
    assert (sent.status, sent.attempted) == ("open", False)
    assert shop.events()[-1] == "invoice.sent"
    assert invoices.send_invoice(draft.id).to_dict() == sent.to_dict()
    assert invoices.pay(sent.id).status == "paid"


def test_nothing_to_charge(shop: Any, invoices: Any) -> None:
    nobody = new_payer(shop, None)
    final = invoices.finalize_invoice(billed(shop, nobody).id)
    error = refused(invoices.pay, final.id)
    assert error.code == "resource_missing"
    assert error.user_message.startswith("This customer has no attached payment source or default payment method.")
    assert invoices.retrieve(final.id).attempt_count == 0
    card = shop.client.v1.payment_methods.attach("pm_card_mastercard", {"customer": nobody.id})
    assert invoices.pay(final.id, {"payment_method": card.id}).status == "paid"


def test_a_declined_payment_leaves_the_invoice_open(shop: Any, invoices: Any, well_formed: Any) -> None:
    payer = new_payer(shop, "pm_card_chargeCustomerFail")
    draft = billed(shop, payer)
    with pytest.raises(stripe.CardError) as caught:
        invoices.pay(draft.id)
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    failed = invoices.retrieve(draft.id, {"expand": ["payments"]})
    well_formed(failed)
    assert (failed.status, failed.attempted, failed.attempt_count) == ("open", True, 1)
    assert (failed.next_payment_attempt, failed.amount_remaining) == (None, 2000)
    assert shop.events()[-2:] == ["invoice.updated", "invoice.payment_failed"]
    with pytest.raises(stripe.CardError):
        invoices.pay(draft.id)
    assert invoices.retrieve(draft.id).attempt_count == 1, "only the schedule's attempts count after the first"
    good = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": payer.id})
    paid = invoices.pay(draft.id, {"payment_method": good.id, "expand": ["payments"]})
    assert (paid.status, paid.attempt_count, len(paid.payments.data)) == ("paid", 1, 1)


def test_failed_collections_are_tried_again_by_the_clock(own_shop: Any) -> None:
    payer = new_payer(own_shop, "pm_card_chargeCustomerFail")
    invoices = own_shop.client.v1.invoices
    draft = billed(own_shop, payer, auto_advance=True)
    counted = []
    for days in (0.1, 3.1, 5.1, 7.1):
        advance(own_shop, days * DAY)
        tried = invoices.retrieve(draft.id)
        counted.append((tried.attempt_count, tried.next_payment_attempt is not None))
    assert counted == [(1, True), (2, True), (3, True), (4, False)]
    assert own_shop.events().count("invoice.payment_failed") == 4
    other = billed(own_shop, payer, auto_advance=True)
    advance(own_shop, 2 * HOUR)
    assert invoices.retrieve(other.id).attempt_count == 1
    good = own_shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": payer.id})
    own_shop.client.v1.customers.update(payer.id, {"invoice_settings": {"default_payment_method": good.id}})
    advance(own_shop, 4 * DAY)
    assert invoices.retrieve(other.id).status == "paid"
    assert invoices.retrieve(other.id).next_payment_attempt is None


def test_a_shopper_is_asked_and_answers_later(shop: Any, invoices: Any, well_formed: Any) -> None:
    payer = new_payer(shop, "pm_card_authenticationRequired")
    draft = billed(shop, payer)
    with pytest.raises(stripe.CardError) as caught:
        invoices.pay(draft.id)
    assert (caught.value.http_status, caught.value.code) == (402, "invoice_payment_intent_requires_action")
    waiting = invoices.retrieve(draft.id, {"expand": ["payments.data.payment.payment_intent"]})
    well_formed(waiting)
    intent = waiting.payments.data[0].payment.payment_intent
    assert (waiting.status, intent.status) == ("open", "requires_action")
    assert shop.events()[-1] == "invoice.payment_action_required"
    answer(shop, intent.id, "complete")
    assert invoices.retrieve(draft.id).status == "paid"
    assert shop.events()[-1] == "invoice.payment_succeeded"


def test_a_shopper_who_fails_leaves_it_open(shop: Any, invoices: Any) -> None:
    payer = new_payer(shop, "pm_card_authenticationRequired")
    draft = billed(shop, payer)
    with pytest.raises(stripe.CardError):
        invoices.pay(draft.id)
    intent = invoices.retrieve(draft.id, {"expand": ["payments"]}).payments.data[0].payment.payment_intent
    answer(shop, intent, "fail")
    assert invoices.retrieve(draft.id).status == "open"
    assert shop.events()[-1] == "invoice.payment_failed"


def test_the_browser_confirms_an_invoice(shop: Any, invoices: Any) -> None:
    payer = new_payer(shop, None)
    final = invoices.finalize_invoice(billed(shop, payer).id, {"expand": ["confirmation_secret"]})
    secret = final.confirmation_secret.client_secret
    intents = shop.publishable().v1.payment_intents
    intent = secret.partition("_secret_")[0]
    with pytest.raises(stripe.CardError):
        intents.confirm(intent, {"client_secret": secret, "payment_method": "pm_card_chargeDeclined"})
    assert invoices.retrieve(final.id).attempt_count == 1
    assert shop.events()[-1] == "invoice.payment_failed"
    intents.confirm(intent, {"client_secret": secret, "payment_method": "pm_card_visa"})
    assert invoices.retrieve(final.id).status == "paid"


def test_an_intent_attached_to_an_invoice_pays_it(shop: Any, payer: Any, invoices: Any) -> None:
    final = invoices.finalize_invoice(billed(shop, payer).id)
    card = payer.invoice_settings.default_payment_method
    part = shop.pay(card, amount=800, customer=payer.id)
    partly = invoices.attach_payment(final.id, {"payment_intent": part.id})
    assert (partly.status, partly.amount_paid, partly.amount_remaining) == ("open", 800, 1200)
    for wrong in (part.id, shop.pay(amount=100).id):
        assert refused(invoices.attach_payment, final.id, {"payment_intent": wrong}).param == "payment_intent"
    paid = invoices.pay(final.id, {"expand": ["payments"]})
    assert [payment.amount_paid for payment in paid.payments.data] == [1200, 800]
    listed = shop.client.v1.invoice_payments.list({"invoice": final.id, "status": "paid"})
    assert {payment.id for payment in listed} == {payment.id for payment in paid.payments.data}
    found = shop.client.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": part.id}})
    assert [payment.amount_paid for payment in found] == [800]
    payment = paid.payments.data[0]
    assert shop.client.v1.invoice_payments.retrieve(payment.id).to_dict() == payment.to_dict()


def test_lists(shop: Any, payer: Any, invoices: Any) -> None:
    paid = invoices.pay(billed(shop, payer).id)
    draft = billed(shop, payer)
    other = billed(shop, new_payer(shop), collection_method="send_invoice", days_until_due=1)
    assert [invoice.id for invoice in invoices.list({"customer": payer.id})] == [draft.id, paid.id]
    assert [invoice.id for invoice in invoices.list({"status": "paid"})] == [paid.id]
    assert [invoice.id for invoice in invoices.list({"collection_method": "send_invoice"})] == [other.id]
    assert [invoice.id for invoice in invoices.list({"due_date": {"gte": other.due_date}})] == [other.id]
    assert list(invoices.list({"due_date": {"lt": other.due_date}})) == []
    found = invoices.search({"query": "status:'paid'"})
    assert [invoice.id for invoice in found.data] == [paid.id]


def test_settings_of_an_invoice(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    card = payer.invoice_settings.default_payment_method
    invoice = invoices.create(
        {
            "customer": payer.id,
            "custom_fields": [{"name": "PO", "value": "17"}],
            "default_payment_method": card,
            "number": "CHOSEN-1",
            "payment_settings": {"payment_method_types": ["card"]},
            "rendering": {"pdf": {"page_size": "a4"}},
            "shipping_cost": {
                "shipping_rate_data": {"display_name": "Post", "fixed_amount": {"amount": 300, "currency": "usd"}}
            },
            "shipping_details": {"address": {"line1": "Street 1"}, "name": "Jo"},
            "statement_descriptor": "MARCH",
        }
    )
    well_formed(invoice)
    assert (invoice.amount_shipping, invoice.total, invoice.subtotal) == (300, 300, 0)
    assert (invoice.default_payment_method, invoice.rendering.pdf.page_size) == (card, "a4")
    assert invoices.update(invoice.id, {"custom_fields": ""}).custom_fields is None
    paid = invoices.pay(invoice.id)
    well_formed(paid)
    assert (paid.number, paid.amount_paid) == ("CHOSEN-1", 300)
    stranger = new_payer(shop).invoice_settings.default_payment_method
    error = refused(invoices.create, {"customer": payer.id, "default_payment_method": stranger})
    assert (error.code, error.param) == ("resource_missing", "default_payment_method")


def test_a_preview_leaves_nothing_behind(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    client = shop.client.v1
    coupon = client.coupons.create({"percent_off": 50, "duration": "once"})
    waiting = client.invoice_items.create({"customer": payer.id, "amount": 500, "currency": "usd"})
    told, prices = len(shop.events()), len(list(client.prices.list({"limit": 100})))
    previewed = invoices.create_preview(
        {
            "customer": payer.id,
            "discounts": [{"coupon": coupon.id}],
            "invoice_items": [
                {"amount": 300, "description": "More"},
                {"invoiceitem": waiting.id, "amount": 700},
            ],
        }
    )
    well_formed(previewed)
    assert previewed.id.startswith("upcoming_in_")
    assert (previewed.status, previewed.billing_reason, previewed.number) == ("draft", "upcoming", None)
    assert [line.amount for line in previewed.lines.data] == [300, 700]
    assert (previewed.subtotal, previewed.total, previewed.amount_due) == (1000, 500, 500)
    assert refused(invoices.retrieve, previewed.id).http_status == 404
    assert client.invoice_items.retrieve(waiting.id).to_dict() == waiting.to_dict()
    assert client.coupons.retrieve(coupon.id).times_redeemed == 0
    assert (len(shop.events()), len(list(client.prices.list({"limit": 100})))) == (told, prices)


def test_a_preview_of_nothing(payer: Any, invoices: Any) -> None:
    error = refused(invoices.create_preview, {"customer": payer.id})
    assert (error.http_status, error.code) == (404, "invoice_upcoming_none")
    assert error.user_message == f"No upcoming invoices for customer: {payer.id}"
    assert refused(invoices.create_preview, {}).param == "customer"
    stranger = {"customer_details": {"tax_exempt": "exempt"}, "currency": "eur", "invoice_items": [{"amount": 900}]}
    previewed = invoices.create_preview(stranger)
    assert (previewed.customer, previewed.currency, previewed.total) == (None, "eur", 900)


def test_a_revision_replaces_its_invoice(shop: Any, payer: Any, invoices: Any, well_formed: Any) -> None:
    rate = shop.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False}).id
    draft = billed(shop, payer, 1000, default_tax_rates=[rate], description="March")
    wrong = invoices.finalize_invoice(draft.id)
    revision = invoices.create({"from_invoice": {"action": "revision", "invoice": wrong.id}})
    well_formed(revision)
    assert (revision.status, revision.total, revision.description) == ("draft", 1200, "March")
    assert revision.from_invoice.to_dict() == {"action": "revision", "invoice": wrong.id}
    line = revision.lines.data[0]
    assert line.id != wrong.lines.data[0].id
    invoices.line_items.update(revision.id, line.id, {"amount": 500})
    right = invoices.finalize_invoice(revision.id)
    well_formed(right)
    assert (right.amount_due, right.number) == (600, f"{payer.invoice_prefix}-0002")
    replaced = invoices.retrieve(wrong.id)
    assert (replaced.status, replaced.latest_revision) == ("void", right.id)
    params = {"from_invoice": {"action": "revision", "invoice": wrong.id}}
    assert refused(invoices.create, params).param == "from_invoice[invoice]"
