"""Random walks of sessions, schedules, invoice payments and credit notes through the SDK: each keeps to its table."""

from collections.abc import Callable, Iterable
from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import DAY, START, Plans
from tracks import Tracks

from diddo_gateways.stripe_fake.billing.crediting import CREDIT_NOTES
from diddo_gateways.stripe_fake.billing.invoice_payments import PAYMENTS
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.billing.schedule_states import SCHEDULES
from diddo_gateways.stripe_fake.billing.subscription_states import SUBSCRIPTIONS
from diddo_gateways.stripe_fake.checkout.states import SESSIONS
from diddo_gateways.stripe_fake.resources.test_clocks import CLOCKS

# How many edges one step may take: a month of a subscription passes several.
AT_ONCE = 4
GOOD, FAILING = "pm_card_visa", ("pm_card_chargeCustomerFail", "pm_card_authenticationRequired")
walked = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def take(step: Callable[[], Any]) -> None:
    """Take a step; one that the state does not allow, or that a card declines, is refused and changes nothing."""
    try:
        step()
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        assert error.http_status in (400, 402, 404), error  # noqa: PT017


def go(names: Iterable[str], steps: dict[str, Callable[[], Any]], look: Callable[[], None]) -> None:
    look()
    for name in names:
        take(steps[name])
        look()


SESSION = ("good", "declined", "challenged", "metadata", "metadata", "expire", "later")


@walked
@given(mode=st.sampled_from(["payment", "subscription"]), names=st.lists(st.sampled_from(SESSION), max_size=7))
def test_a_session_is_completed_once_or_expires(own_shop: Any, mode: str, names: list[str]) -> None:
    v1, shop = own_shop.client.v1, own_shop
    price: dict[str, Any] = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}
    price |= {"recurring": {"interval": "month"}} if mode == "subscription" else {}
    line = {"price": v1.prices.create(price).id, "quantity": 1}
    made = v1.checkout.sessions.create({"mode": mode, "line_items": [line], "success_url": "https://shop.test/done"})
    tracks = Tracks(SESSIONS)

    def look() -> None:
        session = v1.checkout.sessions.retrieve(made.id)
        tracks.follow([session], steps=1)
        assert (session.status == "complete") == (session.payment_status == "paid")
        assert (session.url is not None) == (session.status == "open")

    def pay(method: str) -> None:
        given = {"payment_method": v1.payment_methods.create(_card(method)).id, "expected_amount": 900}
        shop.client.raw_request("post", f"/v1/payment_pages/{made.id}/confirm", **given)

    steps = {
        "good": lambda: pay("4242424242424242"),
        "declined": lambda: pay("4000000000000002"),
        "challenged": lambda: pay("4000002760003184"),
        "metadata": lambda: v1.checkout.sessions.update(made.id, {"metadata": {"seen": "yes"}}),
        "expire": lambda: v1.checkout.sessions.expire(made.id),
        "later": lambda: shop.server.advance(13 * 3600, world=shop.name),
    }
    go(names, steps, look)
    charged = [intent for intent in v1.payment_intents.list().auto_paging_iter() if intent.status == "succeeded"]
    complete = [session for session in v1.checkout.sessions.list().auto_paging_iter() if session.status == "complete"]
    assert sum(intent.amount_received for intent in charged) == sum(session.amount_total for session in complete)


def _card(number: str) -> Any:
    card = {"number": number, "exp_month": 12, "exp_year": 2040}
    return {"type": "card", "card": card, "billing_details": {"email": "a@shop.test", "name": "A"}}


SCHEDULE = ("metadata", "release", "cancel", "end", "cancel subscription", "bad card", "days", "month")


@walked
@given(delay=st.sampled_from([0, 10]), names=st.lists(st.sampled_from(SCHEDULE), max_size=7))
def test_schedules_clocks_and_what_they_bill_keep_to_their_tables(shop: Any, delay: int, names: list[str]) -> None:
    plans = Plans(shop)
    v1, customer, now = plans.v1, plans.customer(), START
    dearer = plans.price(3000)
    phases = [
        {"items": [{"price": price}], "duration": {"interval": "month", "interval_count": 1}}
        for price in (plans.monthly, dearer)
    ]
    params = {"customer": customer, "start_date": START + delay * DAY, "phases": phases, "end_behavior": "cancel"}
    made = v1.subscription_schedules.create(params)
    tracks = {table.kind: Tracks(table) for table in (SCHEDULES, SUBSCRIPTIONS, INVOICES, CLOCKS)}

    def look() -> None:
        tracks[SCHEDULES.kind].follow([v1.subscription_schedules.retrieve(made.id)], steps=AT_ONCE)
        given = {"customer": customer, "limit": 100}
        subscriptions = v1.subscriptions.list({**given, "status": "all"}).data
        tracks[SUBSCRIPTIONS.kind].follow(subscriptions, steps=AT_ONCE)
        invoices = v1.invoices.list(given).data
        tracks[INVOICES.kind].follow(invoices, steps=AT_ONCE)
        tracks[CLOCKS.kind].follow([v1.test_helpers.test_clocks.retrieve(plans.clock)], steps=AT_ONCE)
        assert all(one.amount_due == one.amount_paid + one.amount_remaining for one in invoices)

    def advance(days: int) -> None:
        nonlocal now
        now += days * DAY
        plans.advance(now)

    def cancel() -> None:
        for one in v1.subscriptions.list({"customer": customer}).data:
            v1.subscriptions.cancel(one.id)

    steps = {
        "metadata": lambda: v1.subscription_schedules.update(made.id, {"metadata": {"seen": "yes"}}),
        "release": lambda: v1.subscription_schedules.release(made.id),
        "cancel": lambda: v1.subscription_schedules.cancel(made.id),
        "end": lambda: v1.subscription_schedules.update(made.id, {"end_behavior": "release"}),
        "cancel subscription": cancel,
        "bad card": lambda: plans.card(customer, "pm_card_chargeCustomerFail"),
        "days": lambda: advance(9),
        "month": lambda: advance(30),
    }
    go(names, steps, look)


INVOICE = ("pay", "declined", "challenged", "elsewhere", "void", "credit", "credit all", "void note", "uncollectible")


@walked
@given(names=st.lists(st.sampled_from(INVOICE), max_size=8))
def test_payments_and_credit_notes_of_an_invoice_keep_to_their_tables(shop: Any, names: list[str]) -> None:
    v1 = shop.client.v1
    customer = v1.customers.create({"payment_method": GOOD, "invoice_settings": {"default_payment_method": GOOD}}).id
    v1.invoice_items.create({"customer": customer, "amount": 5000, "currency": "usd"})
    made = v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    v1.invoices.finalize_invoice(made.id)
    tracks = {table.kind: Tracks(table) for table in (PAYMENTS, CREDIT_NOTES, INVOICES)}
    failing = [v1.payment_methods.attach(card, {"customer": customer}).id for card in FAILING]

    def look() -> None:
        invoice, given = v1.invoices.retrieve(made.id), {"invoice": made.id, "limit": 100}
        payments, notes = v1.invoice_payments.list(given).data, v1.credit_notes.list(given).data
        tracks[PAYMENTS.kind].follow(payments, steps=2)
        tracks[CREDIT_NOTES.kind].follow(notes, steps=1)
        tracks[INVOICES.kind].follow([invoice], steps=2)
        issued = sum(note.total for note in notes if note.status == "issued")
        assert issued == invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount <= 5000
        assert invoice.amount_due == invoice.amount_paid + invoice.amount_remaining
        assert sum(payment.amount_paid or 0 for payment in payments) <= invoice.amount_paid

    def note(amount: int) -> None:
        paid = v1.invoices.retrieve(made.id).status == "paid"
        v1.credit_notes.create({"invoice": made.id, "amount": amount, **({"credit_amount": amount} if paid else {})})

    def void_note() -> None:
        for one in v1.credit_notes.list({"invoice": made.id}).data:
            v1.credit_notes.void_credit_note(one.id)

    steps = {
        "pay": lambda: v1.invoices.pay(made.id),
        "declined": lambda: v1.invoices.pay(made.id, {"payment_method": failing[0]}),
        "challenged": lambda: v1.invoices.pay(made.id, {"payment_method": failing[1], "off_session": False}),
        "elsewhere": lambda: v1.invoices.pay(made.id, {"paid_out_of_band": True}),
        "void": lambda: v1.invoices.void_invoice(made.id),
        "credit": lambda: note(700),
        "credit all": lambda: note(5000),
        "void note": void_note,
        "uncollectible": lambda: v1.invoices.mark_uncollectible(made.id),
    }
    go(names, steps, look)
