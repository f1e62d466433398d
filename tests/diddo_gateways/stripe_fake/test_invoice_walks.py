"""Random walks through the API: an invoice moves along its table only, and its sums hold after every step."""

from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

METHODS = ["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"]
FINAL = {"open", "paid", "uncollectible", "void"}

steps = st.one_of(
    st.tuples(st.just("item"), st.integers(-900, 3000)),
    st.tuples(st.just("finalize"), st.none()),
    st.tuples(st.just("pay"), st.sampled_from(METHODS)),
    st.tuples(st.just("pay_elsewhere"), st.none()),
    st.tuples(st.just("answer"), st.sampled_from(["complete", "fail"])),
    st.tuples(st.just("attach"), st.integers(50, 2500)),
    st.tuples(st.just("credit"), st.integers(1, 2500)),
    st.tuples(st.just("take_back"), st.none()),
    st.tuples(st.just("void"), st.none()),
    st.tuples(st.just("give_up"), st.none()),
    st.tuples(st.just("balance"), st.integers(-2000, 2000)),
)


class Walk:
    """One invoice, asked for one thing after another."""

    def __init__(self, shop: Any, cards: dict[str, str], customer: str) -> None:
        self.shop = shop
        self.client = shop.client.v1
        self.cards = cards
        self.customer = customer
        self.notes: list[str] = []
        self.invoice = self.client.invoices.create({"customer": customer})
        self.client.invoice_items.create({"invoice": self.invoice.id, "amount": 1000})
        self.invoice = self.client.invoices.retrieve(self.invoice.id)

    def take(self, step: str, value: Any) -> None:
        """Ask for one thing, and hold what has become of the invoice against the table and its sums."""
        before = self.invoice
        try:
            getattr(self, step)(value)
            refused = None
        except stripe.StripeError as error:
            refused = error
        self.invoice = self.client.invoices.retrieve(before.id)
        if refused is not None and not isinstance(refused, stripe.CardError):
            assert refused.http_status == 400, refused
            assert self.invoice.to_dict() == before.to_dict(), "what is refused changes nothing"
        self.check_move(before.status, self.invoice.status, step)
        self.check_sums()

    def check_move(self, before: str, after: str, step: str) -> None:
        edges = INVOICES.edges[before]
        reached = {target for targets in edges.values() for target in targets}
        # Paying finalizes first, and what comes to nothing is paid in the same moment.
        if step in ("pay", "pay_elsewhere", "finalize") and before == "draft":
            reached |= {"paid"}
        assert after == before or after in reached, (before, step, after)

    def check_sums(self) -> None:
        invoice = self.invoice
        customer = self.client.customers.retrieve(self.customer)
        changes = self.client.customers.balance_transactions.list(self.customer, {"limit": 100})
        assert customer.balance == sum(change.amount for change in changes.auto_paging_iter())
        assert invoice.total == sum(line.amount for line in invoice.lines.data)
        assert invoice.amount_paid + invoice.amount_remaining == invoice.amount_due
        assert (invoice.number is not None) == (invoice.status in FINAL)
        assert (invoice.status_transitions.paid_at is not None) == (invoice.status == "paid")
        if invoice.status in FINAL:
            credited = invoice.pre_payment_credit_notes_amount
            assert invoice.amount_due + invoice.ending_balance + credited == invoice.total + invoice.starting_balance
        if invoice.status == "paid":
            assert invoice.amount_remaining == 0
        payments = self.client.invoices.retrieve(invoice.id, {"expand": ["payments"]}).payments.data
        assert sum(payment.amount_paid or 0 for payment in payments) <= invoice.amount_paid
        assert sum(payment.is_default and payment.status == "open" for payment in payments) <= 1
        if invoice.status in ("paid", "void"):
            assert not any(payment.is_default and payment.status == "open" for payment in payments)

    def item(self, amount: int) -> None:
        self.client.invoice_items.create({"invoice": self.invoice.id, "amount": amount})

    def finalize(self, _: None) -> None:
        self.client.invoices.finalize_invoice(self.invoice.id)

    def pay(self, method: str) -> None:
        self.client.invoices.pay(self.invoice.id, {"payment_method": self.cards[method]})

    def pay_elsewhere(self, _: None) -> None:
        self.client.invoices.pay(self.invoice.id, {"paid_out_of_band": True})

    def answer(self, outcome: Any) -> None:
        payments = self.client.invoices.retrieve(self.invoice.id, {"expand": ["payments"]}).payments.data
        for payment in payments:
            intent = self.client.payment_intents.retrieve(payment.payment.payment_intent)
            if intent.status == "requires_action":
                challenge = intent.next_action.use_stripe_sdk.stripe_js.rpartition("/")[2]
                self.shop.call(answer_challenge(self.shop.server.fake, challenge, outcome))

    def attach(self, amount: int) -> None:
        if self.invoice.status == "open":
            intent = self.shop.pay(self.cards["pm_card_visa"], amount=amount, customer=self.customer)
            self.client.invoices.attach_payment(self.invoice.id, {"payment_intent": intent.id})

    def credit(self, amount: int) -> None:
        over = max(amount - self.invoice.amount_remaining, 0)
        params = {"invoice": self.invoice.id, "amount": amount, **({"credit_amount": over} if over else {})}
        self.notes.append(self.client.credit_notes.create(params).id)

    def take_back(self, _: None) -> None:
        if self.notes:
            self.client.credit_notes.void_credit_note(self.notes[-1])

    def void(self, _: None) -> None:
        self.client.invoices.void_invoice(self.invoice.id)

    def give_up(self, _: None) -> None:
        self.client.invoices.mark_uncollectible(self.invoice.id)

    def balance(self, amount: int) -> None:
        self.client.customers.balance_transactions.create(self.customer, {"amount": amount, "currency": "usd"})
        if self.invoice.status == "draft":
            # A draft shows the balance as it was when the draft was last reckoned.
            self.client.invoices.update(self.invoice.id, {"description": "Again"})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(steps, max_size=10))
def test_an_invoice_moves_along_its_table_only(shop: Any, walk: list[tuple[str, Any]]) -> None:
    client = shop.client.v1
    customer = client.customers.create().id
    cards = {method: client.payment_methods.attach(method, {"customer": customer}).id for method in METHODS}
    walker = Walk(shop, cards, customer)
    for step, value in walk:
        walker.take(step, value)
