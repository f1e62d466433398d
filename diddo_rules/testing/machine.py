"""The whole checkout as a Hypothesis state machine: shoppers, cards, webhooks and accidents against a running sandbox.

A small model predicts each answer; after each step money, carts and events are compared (see `flow_checks`). A rule
that cannot be tried on a server, as killing one that is only known by its URL, is left out.

    from diddo_rules.testing import HttpCheckoutServer, check_checkout_flow

    def test_the_whole_flow():
        with HttpCheckoutServer("http://127.0.0.1:8080") as server:
            check_checkout_flow(server)
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from diddo_rules.testing.cart_calls import BUYERS_SENT, BuyerSent, CartCall, api_calls
from diddo_rules.testing.checkout_server import CheckoutServer, Request
from diddo_rules.testing.flow_caller import Tally, learn_goods, path_of
from diddo_rules.testing.flow_model import (
    CARDS,
    AnswerNotPredicted,
    Card,
    CartModel,
    Good,
    Payment,
    RaceHasNotOneWinner,
    require,
)
from diddo_rules.testing.flow_run import FlowRun, fault_of

__all__ = ["CheckoutMachine", "check_checkout_flow"]

# So many carts at most, and so many that are not submitted: a run is to finish some.
_MOST_CARTS, _MOST_OPEN = 6, 2
_MOST_RESTARTS = 1
_SOME_CALLS = 4
_REFUND_RETURNS_AFTER = 5
# Seconds: a refund settles, a lease ends, a webhook is retried, a session runs out.
_SPANS = (1, 6, 60, 3600, 24 * 3600 + 1)


def _of_flow(choices: Callable[[FlowRun], Any]) -> st.SearchStrategy[Any]:
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine.flow)))


def _carts_to_choose(flow: FlowRun) -> list[CartModel]:
    """Return mostly the carts that are in progress."""
    in_progress = flow.carts_in_progress
    return [*in_progress, *in_progress, *[cart for cart in flow.carts if cart.state == "submitted"][-1:]]


def _some_calls(machine: "CheckoutMachine") -> st.SearchStrategy[list[CartCall]]:
    return api_calls(variants=machine.flow.variants, max_calls=_SOME_CALLS)


_OPEN_CARTS = _of_flow(lambda flow: [cart for cart in flow.carts if cart.state == "open"] or flow.carts)
_CARTS = _of_flow(_carts_to_choose)
_CARTS_IN_PROGRESS = _of_flow(lambda flow: flow.carts_in_progress or flow.carts)
_VARIANTS = _of_flow(lambda flow: flow.variants)
_HELD_VARIANTS = _of_flow(
    lambda flow: [*[held for cart in flow.carts_in_progress for held in cart.lines], *flow.variants]
)
_STORES = _of_flow(lambda flow: flow.stores)
_VISA = CARDS[0]
_PAYING = [card for card in CARDS if card.outcome == "pays"]
_DECLINING = [card for card in CARDS if card.outcome == "declines"]
_CHALLENGING = [card for card in CARDS if card.outcome == "challenges"]
_CHALLENGES = _of_flow(lambda flow: flow.challenges)


class CheckoutMachine(RuleBasedStateMachine):
    """Carts of one world, from the first line to the refund; `check_checkout_flow` runs it.

    Attributes:
        server: what is driven.
        goods: what can be bought, by variant.
        tally: where the machine counts what it did.
        failed_attempts: so many failed payments cancel a checkout; the server's setting of that name.
    """

    server: ClassVar[CheckoutServer]
    goods: ClassVar[Mapping[str, Good]]
    tally: ClassVar[Tally]
    failed_attempts: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__()
        self.flow = FlowRun(self.server, self.goods, self.tally, failed_attempts=self.failed_attempts)

    @invariant()
    def everything_holds(self) -> None:
        """Compare carts, money and events with what they must be."""
        self.tally.steps += 1
        self.flow.check()

    # Carts

    @initialize(number=st.integers(1, 3))
    def first_carts(self, number: int) -> None:
        """Begin with some carts."""
        for variant in self.flow.variants[:number]:
            self.create(variant, number)

    @precondition(lambda self: len(self.flow.carts) < _MOST_CARTS and len(self.flow.carts_in_progress) < _MOST_OPEN)
    @rule(variant=_VARIANTS, quantity=st.integers(1, 3))
    def create(self, variant: str, quantity: int) -> None:
        """Put something into a cart that does not exist yet."""
        cart = CartModel(self.goods, len(self.flow.carts) + 1)
        reply = self.flow.call(cart, _item("add", variant, quantity))
        if reply.status == 200:
            cart.cart_id = reply.json["id"]
            self.flow.carts.append(cart)

    @rule(cart=_CARTS, variant=_VARIANTS, quantity=st.sampled_from([1, 2, 3, 499, 500, 501, 0]))
    def add(self, cart: CartModel, variant: str, quantity: int) -> None:
        """Add pieces of a variant."""
        self.flow.call(cart, _item("add", variant, quantity))

    @rule(cart=_CARTS, variant=_HELD_VARIANTS, quantity=st.sampled_from([2, 1, 0, 500, 501, -1]))
    def update(self, cart: CartModel, variant: str, quantity: int) -> None:
        """Set how many pieces of a variant there are."""
        self.flow.call(cart, _item("update", variant, quantity))

    @rule(cart=_CARTS, variant=_HELD_VARIANTS)
    def remove(self, cart: CartModel, variant: str) -> None:
        """Take a variant out."""
        self.flow.call(cart, CartCall("remove", {"variant_id": variant}))

    @rule(cart=_CARTS, buyer=st.sampled_from(BUYERS_SENT))
    def customer(self, cart: CartModel, buyer: BuyerSent) -> None:
        """Say who buys."""
        self.flow.call(cart, CartCall("customer", {"buyer_identity": buyer.fields}))

    @rule(cart=_CARTS)
    def shipping_rates(self, cart: CartModel) -> None:
        """Ask how each store ships."""
        self.flow.call(cart, CartCall("shipping-rates"))

    @rule(cart=_CARTS, store=_STORES, rank=st.integers(0, 2))
    def select_shipping(self, cart: CartModel, store: str, rank: int) -> None:
        """Choose among what a store offers, or what it does not offer."""
        self.flow.select_shipping(cart, store, rank)

    @rule(cart=_CARTS, calls=st.runner().flatmap(_some_calls))
    def several(self, cart: CartModel, calls: list[CartCall]) -> None:
        """Make several calls on end."""
        for call in calls:
            self.flow.call(cart, call)

    @precondition(lambda self: self.flow.repeatable is not None)
    @rule()
    def stutter(self) -> None:
        """Make the last call again, as a client does that has not seen the answer."""
        self.flow.stutter()

    # Checkout

    @rule(cart=_CARTS)
    def validate(self, cart: CartModel) -> None:
        """Ask what is wrong with the cart."""
        request = self.flow.caller.api_request("POST", f"/checkout/{cart.cart_id}/validate")
        codes = tuple(found["code"] for found in self.flow.caller.send(request).json["violations"])
        found, expected = codes if cart.state == "open" else codes[:1], cart.checkout_refusal
        fault = fault_of(cart, found, expected)
        require(found == expected, fault, f"{cart} is said to have the faults {found}, not {expected}")
        self.flow.reached("validate")

    @rule(cart=_CARTS)
    def checkout(self, cart: CartModel) -> None:
        """Check out what may not be ready."""
        self.flow.check_out(cart, 1)

    @rule(cart=_OPEN_CARTS, at_once=st.integers(2, 4))
    def race_to_check_out(self, cart: CartModel, at_once: int) -> None:
        """Check out several times at once."""
        self.flow.prepare(cart)
        self.flow.check_out(cart, at_once)

    @rule(cart=_OPEN_CARTS)
    def checkout_races_an_edit(self, cart: CartModel) -> None:
        """Check out while a line is changed: either may come first, the other is refused, and then it is checked out."""
        self.flow.prepare(cart)
        if cart.checkout_refusal:
            return
        variant, pieces = next(iter(cart.lines.items()))
        edit = _item("update", variant, pieces + 1 if pieces < 500 else 1)
        requests = [("POST", f"/checkout/{cart.cart_id}", None), edit.request(cart.cart_id)]
        replies = self.flow.caller.race([self.flow.caller.api_request(*request) for request in requests])
        checked_out, edited = replies
        won = [reply for reply in replies if reply.status == 200]
        if not won:
            self.flow.expect(checked_out, (), cart, what="the checkout")
        require(len(won) == 1, RaceHasNotOneWinner, f"a checkout and an edit: {checked_out}, {edited}")
        self.flow.reached(f"checkout {checked_out.status} races edit {edited.status}")
        if checked_out.status == 200:
            self.flow.opened(cart, checked_out.json["url"])
        else:
            cart.learn(edit, edited.json)
            self.flow.payment(cart)  # so that what follows does not depend on who was faster

    # Payment: whoever pays or ends a payment first does what is left to be done before

    @rule(cart=_CARTS_IN_PROGRESS, card=st.sampled_from((_VISA, _VISA, _VISA, *CARDS)))
    def pay(self, cart: CartModel, card: Card) -> None:
        """Pay at the payment page, also once more."""
        if payment := self.flow.payment(cart):
            self.flow.pay(payment, card)

    @rule(cart=_CARTS_IN_PROGRESS, card=st.sampled_from(_DECLINING), times=st.integers(2, 6))
    def pay_in_vain(self, cart: CartModel, card: Card, times: int) -> None:
        """Try a card that is declined, until perhaps the checkout is cancelled."""
        if payment := self.flow.payment(cart):
            for _ in range(times):
                self.flow.pay(payment, card)

    @precondition(lambda self: any(payment.status == "expired" for payment in self.flow.payments))
    @rule(card=st.sampled_from(CARDS[:3]))
    def pay_too_late(self, card: Card) -> None:
        """Pay at a page that has expired."""
        self.flow.pay(next(payment for payment in self.flow.payments if payment.status == "expired"), card)

    @rule(cart=_CARTS, at_once=st.integers(2, 4))
    def race_to_pay(self, cart: CartModel, at_once: int) -> None:
        """Press the button several times at once."""
        if payment := self.flow.payment(cart):
            self.flow.race_to_pay(payment, at_once)

    @rule(cart=_CARTS_IN_PROGRESS, card=st.sampled_from(_CHALLENGING), outcome=st.sampled_from(["complete", "fail"]))
    def pay_and_authenticate(self, cart: CartModel, card: Card, outcome: str) -> None:
        """Pay with a card that asks for 3-D Secure, and complete or fail it."""
        payment = self.flow.payment(cart)
        if payment is None:
            return
        self.flow.pay(payment, card)
        if payment.challenge is not None:
            self.flow.authenticate(payment, payment.challenge, outcome)

    @precondition(lambda self: self.flow.challenges)
    @rule(challenge=_CHALLENGES, outcome=st.sampled_from(["complete", "fail"]))
    def authenticate(self, challenge: tuple[Payment, str], outcome: str) -> None:
        """Complete or fail 3-D Secure some time later, also when it is too late."""
        payment, page = challenge
        self.flow.authenticate(payment, page, outcome)

    @rule(cart=_CARTS)
    def expire(self, cart: CartModel) -> None:
        """End a session through Stripe's API, as the shop may."""
        payment = self.flow.payment(cart)
        if payment is None:
            return
        reply = self.flow.stripe(payment, f"checkout/sessions/{payment.session_id}/expire")
        expected = 200 if payment.status == "open" else 400
        require(reply.status == expected, AnswerNotPredicted, f"expiring {payment} was answered {reply.status}")
        self.flow.reached(f"expire: {expected}")
        if payment.status == "open":
            payment.status = "expired"
            self.flow.happens("expired", payment)

    @rule(
        cart=_CARTS,
        card=st.sampled_from(_PAYING),
        share=st.sampled_from(["all", "half", "too much"]),
        twice=st.booleans(),
    )
    def refund(self, cart: CartModel, card: Card, share: str, *, twice: bool) -> None:
        """Give money back through Stripe's API, asking once or twice; what is not paid yet is paid with the card before."""
        payment = self.flow.payment(cart)
        if payment is None:
            return
        if payment.status == "open":
            self.flow.pay(payment, card)
        intent = self.flow.caller.stripe(f"checkout/sessions/{payment.session_id}")["payment_intent"]
        if intent is None:
            return
        now = self.flow.now
        left = payment.total - payment.given_back(now) if payment.status == "complete" else 0
        amount = {"all": left, "half": left // 2, "too much": left + 1}[share] or 1
        reply = self.flow.stripe(payment, "refunds", {"payment_intent": intent, "amount": amount})
        expected = 200 if amount <= left else 400
        require(reply.status == expected, AnswerNotPredicted, f"{amount} of {payment}: {reply.status} {reply.body!r}")
        self.flow.reached(f"refund {share}: {reply.status}")
        if reply.status == 200:
            payment.refunds.append((amount, now + _REFUND_RETURNS_AFTER if payment.card.refund_fails else None))
        if twice:
            self.flow.stutter()

    # Webhooks, time and accidents

    @precondition(lambda self: self.server.can_refuse)
    @rule(cart=_CARTS_IN_PROGRESS, card=st.sampled_from((_VISA, _VISA, _VISA, *CARDS)), redelivered=st.booleans())
    def pay_unheard(self, cart: CartModel, card: Card, *, redelivered: bool) -> None:
        """Pay while nobody answers webhooks: the shop learns of it an hour later, unless it is told before."""
        if payment := self.flow.payment(cart):
            with self.flow.nobody_hears():
                self.flow.pay(payment, card)
            if redelivered and self.flow.webhooks:
                self.redeliver(0)

    @precondition(lambda self: self.server.can_refuse)
    @rule(cart=_CARTS_IN_PROGRESS)
    def expire_unheard(self, cart: CartModel) -> None:
        """Expire a session while nobody answers webhooks."""
        if self.flow.payment(cart) is not None:
            with self.flow.nobody_hears():
                self.expire(cart)

    @precondition(lambda self: self.flow.webhooks)
    @rule(number=st.integers(0, 9))
    def redeliver(self, number: int) -> None:
        """Deliver a webhook to the shop again, or one that failed at last."""
        webhooks = self.flow.choice_of_webhooks()
        delivery, event = webhooks[number % len(webhooks)]
        reply = self.flow.caller.send(Request("POST", path_of(delivery.url), delivery.headers, delivery.body))
        require(reply.status == 200, AnswerNotPredicted, f"{delivery} was answered {reply}")
        late = self.flow.late.pop(event["id"], None)
        self.flow.touched |= set(self.flow.carts)
        self.flow.settle(self.flow.carts[0])
        self.flow.reached("redeliver what was heard" if late is None else f"redeliver what was not heard: {late.kind}")
        if late is not None:
            self.flow.learn(late.kind, late.payment)

    @rule(seconds=st.sampled_from(_SPANS))
    def time_passes(self, seconds: int) -> None:
        """Set the clock ahead: failed webhooks are retried, sessions run out."""
        self.server.clock(self.flow.caller.key, {"advance": seconds})
        self.flow.passed(seconds)

    @rule(cart=_CARTS_IN_PROGRESS)
    def run_out(self, cart: CartModel) -> None:
        """Let the time to pay run out."""
        if payment := self.flow.payment(cart):
            self.time_passes(max(payment.expires_at - self.flow.now, 1))

    # A restart takes as long as a hundred calls, so a run has few.
    @precondition(lambda self: self.server.can_restart and self.flow.restarts < _MOST_RESTARTS)
    @rule(cart=_OPEN_CARTS, after=st.integers(1, 3))
    def restart_during_checkout(self, cart: CartModel, after: int) -> None:
        """Kill the server in the middle of a checkout, and ask again after a minute."""
        self.flow.restart_during_checkout(cart, after)

    @precondition(lambda self: self.server.can_restart and self.flow.restarts < _MOST_RESTARTS)
    @rule(cart=_CARTS_IN_PROGRESS, after=st.integers(0, 5))
    def restart_during_payment(self, cart: CartModel, after: int) -> None:
        """Kill the server in the middle of a payment, and look after a minute what has become of it."""
        if payment := self.flow.payment(cart):
            self.flow.restart_during_payment(payment, after)


def _item(action: str, variant: str, quantity: int) -> CartCall:
    return CartCall(action, {"item": {"variant_id": variant, "quantity": quantity}})


def check_checkout_flow(
    server: CheckoutServer, *, settings: settings | None = None, machine: type[CheckoutMachine] = CheckoutMachine
) -> Tally:
    """Run the machine against a server and return what it did.

    Args:
        server: what is driven; each run opens a world of its own.
        settings: Hypothesis' settings: so many runs (`max_examples`) of so many steps (`stateful_step_count`).
        machine: the machine, perhaps with rules or bounds of your own.

    Raises:
        FlowFault: something did not hold; Hypothesis prints the fewest steps that show it.
    """
    tally = Tally()
    bound = type(machine.__name__, (machine,), {"server": server, "goods": learn_goods(server), "tally": tally})
    run_state_machine_as_test(bound, settings=_quiet(settings))
    return tally


def _quiet(wanted: settings | None) -> settings:
    # A server takes its time, which says nothing about its checkouts.
    return settings(wanted or settings(), deadline=None, suppress_health_check=list(HealthCheck))
