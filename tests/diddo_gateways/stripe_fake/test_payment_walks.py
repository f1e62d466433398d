"""Random walks through the API: whatever is asked in whatever order, an intent moves along its table only."""

from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge, challenge_page
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS

RETURN_URL = "https://shop.test/return"
METHODS = [
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_threeDSecureRequiredProcessingError",
    "pm_usBankAccount_success",
    "pm_usBankAccount_accountClosed",
    "pm_usBankAccount_riskLevelHighest",
]
# A bank account that has to be verified, and a wallet that the shopper authorises.
DATA: list[dict[str, Any]] = [
    {
        "type": "us_bank_account",
        "billing_details": {"name": "Ada"},
        "us_bank_account": {"account_number": "000123456789", "routing_number": "110000000"},
    },
    {"type": "cashapp"},
]
BEFORE_PAYMENT = {"requires_payment_method", "requires_confirmation", "requires_action"}

steps = st.one_of(
    st.tuples(st.just("provide"), st.sampled_from(METHODS)),
    st.tuples(st.just("confirm"), st.none() | st.sampled_from(METHODS) | st.sampled_from(DATA)),
    st.tuples(st.just("authenticate"), st.sampled_from(["complete", "fail"])),
    st.tuples(st.just("capture"), st.none() | st.integers(1, 2500)),
    st.tuples(st.just("capture_part"), st.integers(1, 2500)),
    st.tuples(st.just("verify"), st.sampled_from(["SM11AA", "SM33CC", "SM00XX"])),
    st.tuples(st.just("wait"), st.none()),
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
        several = {"card": {"request_multicapture": "if_available"}}
        self.intent = self.client.payment_intents.create(
            {"amount": 2000, "currency": "usd", "payment_method_options": several, **params}
        )
        self.challenges: list[str] = []
        self.over: set[str] = set()

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
        self.check_challenges()

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
        # Of an authorisation a part can have been captured.
        assert (received > 0) == (intent.status == "succeeded") or intent.status == "requires_capture"
        assert (charge is not None and charge.status == "pending") == (intent.status == "processing")
        assert (intent.amount_capturable > 0) == (intent.status == "requires_capture")
        assert (intent.next_action is not None) == (intent.status == "requires_action")
        assert intent.status not in BEFORE_PAYMENT or charge is None or charge.status == "failed"
        charges = list(self.client.charges.list({"payment_intent": intent.id, "limit": 100}))
        assert sum(one.amount_captured for one in charges) == received
        assert sum(one.status == "succeeded" for one in charges) <= 1
        if intent.status == "succeeded":
            refunds = self.client.refunds.list({"payment_intent": intent.id, "limit": 100})
            assert 0 <= charge.amount_refunded == sum(refund.amount for refund in refunds) <= received

    def check_challenges(self) -> None:
        """At most one challenge is open, while the intent waits for it, and none opens again."""
        pages = [self.shop.call(challenge_page(self.shop.server.fake, challenge)) for challenge in self.challenges]
        still_open = {page.id for page in pages if page.open}
        assert len(still_open) <= (self.intent.status == "requires_action")
        assert not still_open & self.over
        self.over |= {page.id for page in pages} - still_open

    def provide(self, method: str) -> None:
        self.client.payment_intents.update(self.intent.id, {"payment_method": method})

    def confirm(self, method: str | dict[str, Any] | None) -> None:
        given_method: dict[str, Any] = {} if method is None else {"payment_method": method}
        if isinstance(method, dict):
            given_method = {"payment_method_data": method}
        mandate = {"customer_acceptance": {"type": "offline"}}
        params = {"return_url": RETURN_URL, "mandate_data": mandate, **given_method}
        confirmed = self.client.payment_intents.confirm(self.intent.id, params)
        action = confirmed.next_action
        if action is not None and action.type != "verify_with_microdeposits":
            details = action.to_dict()[action.type]
            url = details.get("url") or details["hosted_instructions_url"]
            self.challenges.append(url.rpartition("/")[2])

    def verify(self, code: str) -> None:
        self.client.payment_intents.verify_microdeposits(self.intent.id, {"descriptor_code": code})

    def wait(self, _: None) -> None:
        self.shop.server.advance(6, self.shop.name)
        self.shop.call(self.shop.server.fake.settled())

    def authenticate(self, outcome: Any) -> None:
        for challenge in self.challenges:
            self.shop.call(answer_challenge(self.shop.server.fake, challenge, outcome))

    def capture(self, amount: int | None) -> None:
        self.client.payment_intents.capture(self.intent.id, {} if amount is None else {"amount_to_capture": amount})

    def capture_part(self, amount: int) -> None:
        params = {"amount_to_capture": amount, "final_capture": False}
        self.client.payment_intents.capture(self.intent.id, params)

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
    walk=st.lists(steps, max_size=14),
)
def test_an_intent_moves_along_its_table_only(
    own_shop: Any, capture_method: str, confirmation_method: str, walk: list[tuple[str, Any]]
) -> None:
    walker = Walk(own_shop, capture_method, confirmation_method)
    for step, value in walk:
        walker.take(step, value)
