"""Random walks through the API: whatever is asked in whatever order, an intent moves along its table only."""

from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS

RETURN_URL = "https://shop.test/return"
METHODS = [
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_threeDSecureRequiredProcessingError",
]
BEFORE_PAYMENT = {"requires_payment_method", "requires_confirmation", "requires_action"}

steps = st.one_of(
    st.tuples(st.just("provide"), st.sampled_from(METHODS)),
    st.tuples(st.just("confirm"), st.none() | st.sampled_from(METHODS)),
    st.tuples(st.just("authenticate"), st.sampled_from(["complete", "fail"])),
    st.tuples(st.just("capture"), st.none() | st.integers(1, 2500)),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("amount"), st.integers(50, 3000)),
    st.tuples(st.just("refund"), st.integers(1, 2500)),
)


class Walk:
    """One intent, asked for one thing after another."""

    def __init__(self, shop: Any, capture_method: str, confirmation_method: str) -> None:
        self.shop = shop
        self.client = shop.client.v1
        params = {"capture_method": capture_method, "confirmation_method": confirmation_method}
        self.intent = self.client.payment_intents.create({"amount": 2000, "currency": "usd", **params})
        self.challenges: list[str] = []

    def take(self, step: str, value: Any) -> None:
        """Ask for one thing, and hold what has become of the intent against the table."""
        before = self.intent
        try:
            getattr(self, step)(value)
            refused = None
        except stripe.StripeError as error:
            refused = error
        self.intent = self.client.payment_intents.retrieve(before.id, {"expand": ["latest_charge"]})
        if refused is not None and not isinstance(refused, stripe.CardError):
            assert refused.http_status == 400, refused
            assert self.intent.to_dict() == self.seen(before), "what is refused changes nothing"
        self.check_move(before.status, self.intent.status, step)
        self.check_money()

    def seen(self, intent: Any) -> dict[str, Any]:
        return self.client.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}).to_dict()  # type: ignore[no-any-return]

    def check_move(self, before: str, after: str, step: str) -> None:
        if after == before:
            return
        edges = INTENTS.edges[before]
        single = {target for targets in edges.values() for target in targets}
        # Confirming with a method provides it first: two edges in one request.
        double = {target for middle in edges.get("provide", ()) for target in INTENTS.edges[middle].get("confirm", ())}
        assert after in (single | double if step == "confirm" else single), (before, step, after)

    def check_money(self) -> None:
        intent, charge = self.intent, self.intent.latest_charge
        received = intent.amount_received
        assert (received > 0) == (intent.status == "succeeded")
        assert (intent.amount_capturable > 0) == (intent.status == "requires_capture")
        assert (intent.next_action is not None) == (intent.status == "requires_action")
        assert intent.status not in BEFORE_PAYMENT or charge is None or charge.status == "failed"
        charges = list(self.client.charges.list({"payment_intent": intent.id, "limit": 100}))
        assert sum(one.amount_captured for one in charges) == received
        assert sum(one.status == "succeeded" for one in charges) <= 1
        if intent.status == "succeeded":
            refunds = self.client.refunds.list({"payment_intent": intent.id, "limit": 100})
            assert 0 <= charge.amount_refunded == sum(refund.amount for refund in refunds) <= received

    def provide(self, method: str) -> None:
        self.client.payment_intents.update(self.intent.id, {"payment_method": method})

    def confirm(self, method: str | None) -> None:
        given_method = {} if method is None else {"payment_method": method}
        params = {"return_url": RETURN_URL, **given_method}
        confirmed = self.client.payment_intents.confirm(self.intent.id, params)
        if confirmed.next_action is not None:
            self.challenges.append(confirmed.next_action.redirect_to_url.url.rpartition("/")[2])

    def authenticate(self, outcome: Any) -> None:
        for challenge in self.challenges:
            self.shop.call(answer_challenge(self.shop.server.fake, challenge, outcome))

    def capture(self, amount: int | None) -> None:
        self.client.payment_intents.capture(self.intent.id, {} if amount is None else {"amount_to_capture": amount})

    def cancel(self, _: None) -> None:
        self.client.payment_intents.cancel(self.intent.id)

    def amount(self, amount: int) -> None:
        self.client.payment_intents.update(self.intent.id, {"amount": amount})

    def refund(self, amount: int) -> None:
        self.client.refunds.create({"payment_intent": self.intent.id, "amount": amount})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    capture_method=st.sampled_from(["automatic", "automatic_async", "manual"]),
    confirmation_method=st.sampled_from(["automatic", "automatic", "manual"]),
    walk=st.lists(steps, max_size=12),
)
def test_an_intent_moves_along_its_table_only(
    shop: Any, capture_method: str, confirmation_method: str, walk: list[tuple[str, Any]]
) -> None:
    walker = Walk(shop, capture_method, confirmation_method)
    for step, value in walk:
        walker.take(step, value)
