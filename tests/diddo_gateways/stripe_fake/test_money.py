"""Money is conserved: whatever is done in whatever order, the ledger, the balance and the objects say the same.

And whatever moves money moves along its own table of states only.
"""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracks import Tracks

from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES
from diddo_gateways.stripe_fake.payments.refunding import REFUNDS
from diddo_gateways.stripe_fake.resources.charges import CHARGES
from diddo_gateways.stripe_fake.resources.payouts import PAYOUTS
from diddo_gateways.stripe_fake.testing import InProcessStripe

DAY = 86_400
METHODS = [
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_bypassPendingInternational",
    "pm_card_chargeDeclined",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_createMultipleDisputes",
    "pm_card_riskLevelElevated",
    "pm_usBankAccount_success",
    "pm_usBankAccount_insufficientFunds",
    "pm_usBankAccount_dispute",
]
MANDATE = {"customer_acceptance": {"type": "offline"}}
TABLES = {"charges": CHARGES, "disputes": DISPUTES, "payouts": PAYOUTS, "refunds": REFUNDS}
# How many edges of a table an object can take while time goes by: more than any table has one after another.
MANY = 6
EVIDENCE = ["winning_evidence", "losing_evidence", "escalate_inquiry_evidence", "a letter"]
TAKEN = ("needs_response", "under_review", "lost")
DISPUTE_FEE = 1500
numbers = itertools.count()

steps = st.one_of(
    st.tuples(
        st.just("pay"),
        st.tuples(
            st.sampled_from(METHODS),
            st.integers(50, 20_000),
            st.sampled_from(["automatic", "automatic_async", "manual"]),
        ),
    ),
    st.tuples(st.just("charge"), st.tuples(st.integers(50, 20_000), st.booleans())),
    st.tuples(st.just("capture"), st.floats(0.1, 1)),
    st.tuples(st.just("refund"), st.none() | st.integers(1, 20_000)),
    st.tuples(st.just("answer"), st.sampled_from(EVIDENCE)),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("cancel_refund"), st.none()),
    st.tuples(st.just("approve"), st.none()),
    st.tuples(st.just("pay_out"), st.floats(0.1, 1.1)),
    st.tuples(st.just("take_back"), st.sampled_from(["cancel", "reverse"])),
    st.tuples(st.just("wait"), st.sampled_from([2, 5, 3600, 4 * DAY, 12 * DAY])),
)


class Books:
    """An account, and what its objects say that its balance must be."""

    def __init__(self, fake: InProcessStripe) -> None:
        self.fake = fake
        self.world = f"books{next(numbers)}"
        self.client = fake.client(f"sk_test_{self.world}").v1
        fake.freeze(world=self.world)
        self.intents: list[str] = []
        self.charges: list[str] = []
        self.payouts: list[str] = []
        self.tracks = {resource: Tracks(table) for resource, table in TABLES.items()}
        self.closed_reviews: set[str] = set()

    def take(self, step: str, value: Any) -> None:
        """Do one thing, which may be refused, and hold the books against each other."""
        with suppress(stripe.InvalidRequestError, stripe.CardError):
            getattr(self, step)(value)
        self.check()
        for resource, tracks in self.tracks.items():
            tracks.follow(self.all(resource), steps=MANY if step == "wait" else 1)
        self.check_reviews()

    def check(self) -> None:
        transactions = self.all("balance_transactions")
        now = self.client.balance.retrieve()
        available, pending = (sum(one.amount for one in part) for part in (now.available, now.pending))
        by_status = {
            status: sum(one.net for one in transactions if one.status == status) for status in ("available", "pending")
        }
        assert by_status == {"available": available, "pending": pending}
        assert all(one.net == one.amount - one.fee for one in transactions)
        assert available + pending == self.taken() - self.given_back() - self.disputed() - self.paid_out()

    def check_reviews(self) -> None:
        """A review is closed for a reason, and for good; nothing waits for a look that was given back in full."""
        for charge in self.all("charges", expand=["data.review"]):
            if charge.review is None:
                continue
            review = charge.review
            assert review.open == (review.closed_reason is None)
            assert not (review.open and (charge.refunded or review.id in self.closed_reviews))
            if not review.open:
                self.closed_reviews.add(review.id)

    def taken(self) -> int:
        settled = [
            charge for charge in self.all("charges", expand=["data.balance_transaction"]) if charge.balance_transaction
        ]
        assert all(charge.balance_transaction.amount == charge.amount_captured for charge in settled)
        return sum(charge.amount_captured - charge.balance_transaction.fee for charge in settled)

    def given_back(self) -> int:
        refunds = self.all("refunds")
        for charge in self.all("charges"):
            own = [one.amount for one in refunds if one.charge == charge.id and one.status in ("pending", "succeeded")]
            # What was only authorised is released without a refund when its time is over.
            assert charge.amount_refunded == sum(own) or not charge.captured, charge.id
        out = [one for one in refunds if one.balance_transaction and one.status != "failed"]
        return sum(one.amount for one in out)

    def disputed(self) -> int:
        return sum(one.amount + DISPUTE_FEE for one in self.all("disputes") if one.status in TAKEN)

    def paid_out(self) -> int:
        return sum(one.amount for one in self.all("payouts") if one.status != "canceled")

    def all(self, resource: str, **params: Any) -> list[Any]:
        return list(getattr(self.client, resource).list({"limit": 100, **params}).auto_paging_iter())

    def pay(self, given: tuple[str, int, str]) -> None:
        method, amount, capture = given
        params = {"amount": amount, "currency": "usd", "payment_method": method, "capture_method": capture}
        confirm: Any = {"confirm": True, "return_url": "https://shop.test", "mandate_data": MANDATE}
        intent = self.client.payment_intents.create({**params, **confirm})
        self.intents.append(intent.id)
        self.charges.append(str(intent.latest_charge))

    def charge(self, given: tuple[int, bool]) -> None:
        amount, capture = given
        params: Any = {"amount": amount, "currency": "usd", "source": "tok_visa", "capture": capture}
        self.charges.append(self.client.charges.create(params).id)

    def capture(self, share: float) -> None:
        for charge_id in self.charges[-1:]:
            amount = max(1, int(self.client.charges.retrieve(charge_id).amount * share))
            self.client.charges.capture(charge_id, {"amount": amount})

    def refund(self, amount: int | None) -> None:
        for charge_id in self.charges[-1:]:
            self.client.refunds.create({"charge": charge_id, **({} if amount is None else {"amount": amount})})

    def answer(self, text: str) -> None:
        for dispute in self.all("disputes")[:1]:
            self.client.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}})

    def accept(self, _: None) -> None:
        for dispute in self.all("disputes")[:1]:
            self.client.disputes.close(dispute.id)

    def cancel_refund(self, _: None) -> None:
        for refund in self.all("refunds")[:1]:
            self.client.refunds.cancel(refund.id)

    def approve(self, _: None) -> None:
        for review in self.all("reviews")[:1]:
            self.client.reviews.approve(review.id)

    def pay_out(self, share: float) -> None:
        available = self.client.balance.retrieve().available[0].amount
        amount = int(available * share)
        try:
            self.payouts.append(self.client.payouts.create({"amount": amount, "currency": "usd"}).id)
        except stripe.InvalidRequestError:
            assert amount < 1 or amount > available
        else:
            assert 0 < amount <= available

    def take_back(self, how: str) -> None:
        for payout_id in self.payouts[-1:]:
            getattr(self.client.payouts, how)(payout_id)

    def wait(self, seconds: int) -> None:
        self.fake.advance(seconds, world=self.world)


@pytest.fixture(scope="module")
def fake() -> Iterator[InProcessStripe]:
    with InProcessStripe() as running:
        yield running


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(steps, min_size=3, max_size=12))
def test_the_books_agree(fake: InProcessStripe, walk: list[tuple[str, Any]]) -> None:
    books = Books(fake)
    for step, value in walk:
        books.take(step, value)


def test_a_restarted_server_has_the_same_balance(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with InProcessStripe(state) as first:
        books = Books(first)
        for method in ("pm_card_bypassPending", "pm_card_createDispute", "pm_card_visa"):
            books.pay((method, 10_000, "automatic"))
        books.pay_out(0.5)
        balance = books.client.balance.retrieve().to_dict()
        books.refund(500)
        after = books.client.balance.retrieve().to_dict()
    assert balance != after
    with InProcessStripe(state) as second:
        books.fake, books.client = second, second.client(f"sk_test_{books.world}").v1
        assert books.client.balance.retrieve().to_dict() == after
        books.check()
        books.wait(12 * DAY)
        books.check()
