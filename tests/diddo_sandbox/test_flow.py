"""The whole flow as a state machine: a small model predicts each status and code, invariants hold after each step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from diddo_sandbox.testing import InProcessSandbox

from .conftest import HOODIE, MUG, SCARF, Api, Shopper

STORES = {HOODIE: "harbor-athletics.example", SCARF: "harbor-athletics.example", MUG: "northside-supply.example"}
_worlds = count()
FAILED_ATTEMPTS = 5
VISA, DECLINED, CHALLENGED = "4242424242424242", "4000000000000002", "4000002760003184"


@dataclass
class Model:
    """What is believed of a cart."""

    lines: dict[str, int] = field(default_factory=dict)
    buyer: bool = False
    offered: bool = False
    chosen: set[str] = field(default_factory=set)
    state: str = "open"
    failures: int = 0
    shopper: Shopper | None = None
    challenge: str | None = None

    @property
    def stores(self) -> set[str]:
        return {STORES[variant] for variant in self.lines}

    def changed(self) -> None:
        self.offered, self.chosen = False, set()

    def unlock(self) -> None:
        self.state, self.shopper, self.challenge, self.failures = "open", None, None, 0

    @property
    def refusal(self) -> list[str]:
        """The codes with which a checkout is refused, in order."""
        if self.state != "open":
            return ["ALREADY_SUBMITTED", *([] if self.buyer and self.chosen == self.stores else ["?"])]
        codes = []
        if not self.buyer:
            codes.append("BUYER_IDENTITY_MISSING")
        if not self.lines:
            codes.append("MISSING_STORES")
        return codes + ["SHIPPING_ADDRESS_UNAVAILABLE"] * len(self.stores - self.chosen)


class Flow(RuleBasedStateMachine):
    """Carts of one world, driven over the HTTP API and the payment page."""

    sandbox: InProcessSandbox
    reached: set[str]
    carts = Bundle("carts")

    def __init__(self) -> None:
        super().__init__()
        self.api = Api(self.sandbox, f"sk_test_flow{next(_worlds)}")
        self.models: dict[str, Model] = {}

    def edit(self, answer: Any, model: Model) -> bool:
        """Tell whether an edit went through; a locked cart refuses every one."""
        if model.state == "open":
            assert answer.status == 200, answer.body
            return True
        assert (answer.status, answer.codes) == (409, ["CART_MODIFICATION_FORBIDDEN"])
        return False

    @rule(target=carts, variant=st.sampled_from(list(STORES)), quantity=st.integers(1, 5))
    def create(self, variant: str, quantity: int) -> Any:
        if len(self.models) == 3:
            return multiple()
        cart_id = self.api.add(variant, quantity).json["id"]
        self.models[cart_id] = Model({variant: quantity})
        return cart_id

    @rule(cart_id=carts, variant=st.sampled_from(list(STORES)), quantity=st.integers(1, 5))
    def add(self, cart_id: str, variant: str, quantity: int) -> None:
        model = self.models[cart_id]
        if self.edit(self.api.add(variant, quantity, cart_id), model):
            model.lines[variant] = model.lines.get(variant, 0) + quantity
            model.changed()

    @rule(cart_id=carts, variant=st.sampled_from(list(STORES)), quantity=st.integers(0, 5))
    def update(self, cart_id: str, variant: str, quantity: int) -> None:
        model = self.models[cart_id]
        if self.edit(self.api.set_quantity(cart_id, variant, quantity), model) and variant in model.lines:
            if model.lines[variant] != quantity:
                model.changed()
            model.lines[variant] = quantity
            model.lines = {name: pieces for name, pieces in model.lines.items() if pieces}

    @rule(cart_id=carts, country=st.sampled_from(["US", "US-NY"]))
    def set_buyer(self, cart_id: str, country: str) -> None:
        model = self.models[cart_id]
        fields = {"province_code": "NY", "postal_code": "10001", "city": "New York"} if country == "US-NY" else {}
        before = self.api("GET", f"/cart/{cart_id}").json["buyer_identity"]
        answer = self.api.buyer(cart_id, **fields)
        if self.edit(answer, model):
            model.buyer = True
            if answer.json["buyer_identity"] != before:
                model.changed()

    @rule(cart_id=carts)
    def rates(self, cart_id: str) -> None:
        model = self.models[cart_id]
        answer = self.api("GET", f"/cart/shipping-rates/{cart_id}")
        if not model.buyer:
            assert (answer.status, answer.codes) == (400, ["BUYER_IDENTITY_MISSING"])
            return
        assert answer.status == 200
        if model.state == "open":
            model.offered = True
            assert all(store["offer"]["shipping_methods"] for store in answer.json["stores"])

    @rule(cart_id=carts, store=st.sampled_from(sorted(set(STORES.values()))))
    def choose(self, cart_id: str, store: str) -> None:
        model = self.models[cart_id]
        method = "standard" if store.startswith("harbor") else "ground"
        options = [{"store": store, "shipping_id": method}]
        answer = self.api("POST", "/cart/shipping-method", {"cart_id": cart_id, "shipping_options": options})
        if model.state == "open" and store not in model.stores:
            assert answer.codes == ["STORE_NOT_FOUND"]
        elif model.state == "open" and not model.offered:
            assert answer.codes == ["SELECTED_SHIPPING_OPTION_NOT_FOUND"]
        elif self.edit(answer, model):
            model.chosen.add(store)

    @rule(cart_id=carts, check_out=st.booleans())
    def prepare(self, cart_id: str, *, check_out: bool) -> None:
        """Do what is left to be done before a checkout, and perhaps check out, so that many runs get that far."""
        if self.models[cart_id].state == "open" and self.models[cart_id].lines:
            self.set_buyer(cart_id, "US")
            self.rates(cart_id)
            for store in sorted(self.models[cart_id].stores):
                self.choose(cart_id, store)
            if check_out:
                self.check_out(cart_id, 1)

    @rule(cart_id=carts, at_once=st.integers(1, 4))
    def check_out(self, cart_id: str, at_once: int) -> None:
        model = self.models[cart_id]
        refusal = model.refusal
        answers = self.sandbox.together(at_once, "POST", f"/checkout/{cart_id}", key=self.api.key)
        won = [answer for answer in answers if answer.status == 200]
        if refusal:
            assert not won
            assert all(answer.codes[0] == refusal[0] for answer in answers)
            if "?" not in refusal:
                assert all(answer.codes == refusal for answer in answers)
            return
        assert len(won) == 1
        assert all(answer.codes == ["ALREADY_SUBMITTED"] for answer in answers if answer not in won)
        model.state = "locked"
        model.shopper = Shopper(self.sandbox, won[0].json["url"])

    @rule(
        cart_id=carts,
        card=st.sampled_from([VISA, DECLINED, CHALLENGED]),
        then=st.sampled_from(["", "complete", "fail"]),
    )
    def pay(self, cart_id: str, card: str, then: str) -> None:
        """Pay with a card; a challenge is answered at once, or later, or never."""
        model = self.models[cart_id]
        if model.shopper is None:
            return
        status, leads_to = model.shopper.pay(number=card)
        self.sandbox.settle()
        if model.state == "submitted":
            assert status == 200
        elif card == DECLINED:
            assert status == 402
            self.fail(model)
        elif card == CHALLENGED:
            assert status == 303
            model.challenge = leads_to
            if then:
                self.authenticate(cart_id, then)
        else:
            assert status == 303
            model.state, model.challenge = "submitted", None
            self.reached.add("paid")

    @rule(cart_id=carts, outcome=st.sampled_from(["complete", "fail"]))
    def authenticate(self, cart_id: str, outcome: str) -> None:
        model = self.models[cart_id]
        if model.challenge is None or model.shopper is None:
            return
        model.shopper.answer(model.challenge, outcome)
        model.challenge = None
        self.sandbox.settle()
        if outcome == "complete":
            model.state = "submitted"
            self.reached.add("paid after a challenge")
        else:
            self.fail(model)

    def fail(self, model: Model) -> None:
        model.challenge = None
        model.failures += 1
        self.reached.add("failed")
        if model.failures == FAILED_ATTEMPTS:
            model.unlock()

    @rule(cart_id=carts)
    def expire(self, cart_id: str) -> None:
        """The shop ends the session through Stripe's API."""
        model = self.models[cart_id]
        if model.shopper is None:
            return
        session = model.shopper.path.rpartition("/")[2]
        answer = self.api("POST", f"/v1/checkout/sessions/{session}/expire")
        assert answer.status == (200 if model.state == "locked" else 400)
        self.sandbox.settle()
        if model.state == "locked":
            model.unlock()
            self.reached.add("expired")

    @rule()
    def a_day_passes(self) -> None:
        assert self.api("POST", "/_sandbox/clock", {"advance": 24 * 3600 + 1}).status == 200
        for model in self.models.values():
            if model.state == "locked":
                model.unlock()
                self.reached.add("ran out")

    @rule(cart_id=carts)
    def refund(self, cart_id: str) -> None:
        model = self.models[cart_id]
        if model.state != "submitted" or model.shopper is None:
            return
        session = self.api("GET", f"/v1/checkout/sessions/{model.shopper.path.rpartition('/')[2]}").json
        intent = session["payment_intent"]
        charge = self.api("GET", f"/v1/charges?payment_intent={intent}").json["data"][0]
        answer = self.api("POST", "/v1/refunds", f"payment_intent={intent}".encode())
        assert answer.status == (400 if charge["refunded"] else 200)
        self.reached.add("refunded")

    @invariant()
    def carts_are_as_the_model_says(self) -> None:
        for cart_id, model in self.models.items():
            state = self.api("GET", f"/cart/status/{cart_id}").json
            cart = state["cart"]
            lines = [line for store in cart["stores"] for line in store["cart_lines"]]
            assert {line["variant"]["id"]: line["quantity"] for line in lines} == model.lines
            assert state["status"] == ("SUBMITTED" if model.state == "submitted" else "IN_PROGRESS")
            assert len(state["orders"]) == (len(model.stores) if model.state == "submitted" else 0)
            cost = cart["cost"]
            parts = [cost[part]["value"] for part in ("subtotal", "tax", "shipping") if cost[part]]
            assert cost["total"]["value"] == sum(parts)
            assert cost["is_estimated"] is not (bool(model.lines) and model.chosen == model.stores)

    @invariant()
    def money_in_equals_what_was_ordered(self) -> None:
        charges = self.api("GET", "/v1/charges?limit=100").json["data"]
        captured = sorted(charge["amount"] for charge in charges if charge["captured"])
        carts = [self.api("GET", f"/cart/{cart_id}").json for cart_id in self.models]
        submitted = sorted(cart["cost"]["total"]["value"] for cart in carts if cart["status"] == "SUBMITTED")
        assert captured == submitted


@pytest.fixture(scope="module")
def flow_sandbox() -> Iterator[InProcessSandbox]:
    with InProcessSandbox() as sandbox:
        yield sandbox


def test_the_flow_agrees_with_its_model(flow_sandbox: InProcessSandbox) -> None:
    reached: set[str] = set()
    machine = type("Flow", (Flow,), {"sandbox": flow_sandbox, "reached": reached})
    run_state_machine_as_test(machine, settings=settings(settings(), max_examples=50, stateful_step_count=40))
    # A run that never gets there would agree with any model.
    assert reached == {"paid", "paid after a challenge", "failed", "expired", "ran out", "refunded"}
