"""The whole checkout as a Hypothesis state machine: shoppers, cards, webhooks and accidents against a running sandbox.

A small model predicts each answer; after each step money, carts and events are compared (see `flow_checks`). A rule
that cannot be tried on a server, as killing one that is only known by its URL, is left out.

    from diddo_rules.testing import HttpCheckoutServer, check_checkout_flow

    def test_the_whole_flow():
        with HttpCheckoutServer("http://127.0.0.1:8080") as server:
            check_checkout_flow(server)
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

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

from diddo_rules.testing.api_calls import BUYERS_SENT, BuyerSent, CartCall, api_calls
from diddo_rules.testing.checkout_server import CheckoutServer, Delivery, Reply, Request
from diddo_rules.testing.flow_caller import UNKNOWN_VARIANT, Caller, Tally, learn_goods, path_of
from diddo_rules.testing.flow_checks import check_cart, check_charges, check_events
from diddo_rules.testing.flow_model import (
    CARDS,
    STATUSES,
    AnswerNotPredicted,
    Card,
    CartModel,
    Good,
    Payment,
    PriceDrifted,
    RaceHasNotOneWinner,
    RetryAnsweredDifferently,
    require,
)

__all__ = ["CheckoutMachine", "check_checkout_flow"]

# So many carts at most, and so many that are not submitted: a run is to finish some.
_MOST_CARTS, _MOST_OPEN = 6, 2
_MOST_RESTARTS = 1
_VISA = CARDS[0]
_SOME_CALLS = 4
# Seconds: a webhook that failed is sent again after so long, and what a killed worker held is free again.
_RETRIED_AFTER = 3600
_LEASE = 61
_REFUND_RETURNS_AFTER = 5
_SPANS = (1, 6, 60, 3600, 24 * 3600 + 1)
_ANSWERED = {"complete": 200, "expired": 410}
_OUTCOMES = {"pays": 303, "challenges": 303, "declines": 402, "is refused": 402}
_EVENTS = {
    "checkout.session.completed": "paid",
    "payment_intent.payment_failed": "failed",
    "checkout.session.expired": "expired",
}


class _Late(NamedTuple):
    """What the shop will learn of a payment at `due` (Unix seconds), unless the webhook is delivered before."""

    due: int
    kind: str
    payment: Payment


def _of_runner(choices: Callable[[Any], Any]) -> st.SearchStrategy[Any]:
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine)))


_CARTS = _of_runner(lambda machine: machine.choice_of_carts())
_VARIANTS = _of_runner(lambda machine: machine.variants)
_STORES = _of_runner(lambda machine: machine.stores)


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
        self.tally.runs += 1
        self.variants = (*self.goods, UNKNOWN_VARIANT)
        self.stores = sorted({good.store for good in self.goods.values() if good.store})
        self.server.deliveries.clear()
        self.caller = Caller(self.server, self.tally)
        self.server.clock(self.caller.key, {"freeze": True})
        self.now = int(self.caller.send(self.caller.api_request("GET", "/_sandbox/clock")).json["now"])
        self.inbox = self.caller.watch_events()
        self.models: list[CartModel] = []
        self.paid_for: list[Payment] = []
        self.challenges: list[tuple[Payment, str]] = []
        self.noted = 0
        self.delivered: set[str] = set()
        self.webhooks: dict[str, tuple[Delivery, Any]] = {}
        self.late: dict[str, _Late] = {}
        self.late_in_inbox: dict[str, int] = {}
        self.events: dict[str, None] = {}
        self.repeatable: tuple[Request, Reply] | None = None
        self.touched: set[CartModel] = set()
        self.money_moved = False
        self.unheard = False
        self.restarts = 0

    # Carts

    @initialize(number=st.integers(1, 3))
    def first_carts(self, number: int) -> None:
        """Begin with some carts."""
        for variant in self.variants[:number]:
            self.create(variant, number)

    @precondition(lambda self: self._has_room())
    @rule(variant=_VARIANTS, quantity=st.integers(1, 3))
    def create(self, variant: str, quantity: int) -> None:
        """Put something into a cart that does not exist yet."""
        model = CartModel(self.goods, len(self.models) + 1)
        reply = self._call(model, _item("add", variant, quantity))
        if reply.status == 200:
            model.cart_id = reply.json["id"]
            self.models.append(model)

    def _in_progress(self) -> list[CartModel]:
        return [model for model in self.models if model.state != "submitted"]

    def _has_room(self) -> bool:
        return len(self.models) < _MOST_CARTS and len(self._in_progress()) < _MOST_OPEN

    def choice_of_carts(self) -> list[CartModel]:
        """Return the carts to draw from: mostly those that are in progress."""
        in_progress = self._in_progress()
        submitted = [model for model in self.models if model.state == "submitted"]
        return [*in_progress, *in_progress, *submitted[-1:]]

    @rule(cart=_CARTS, variant=_VARIANTS, quantity=st.sampled_from([1, 2, 3, 499, 500, 501, 0]))
    def add(self, cart: CartModel, variant: str, quantity: int) -> None:
        """Add pieces of a variant."""
        self._call(cart, _item("add", variant, quantity))

    @rule(cart=_CARTS, variant=_VARIANTS, quantity=st.sampled_from([1, 2, 0, 500, 501, -1]))
    def update(self, cart: CartModel, variant: str, quantity: int) -> None:
        """Set how many pieces of a variant there are."""
        self._call(cart, _item("update", variant, quantity))

    @rule(cart=_CARTS, variant=_VARIANTS)
    def remove(self, cart: CartModel, variant: str) -> None:
        """Take a variant out."""
        self._call(cart, CartCall("remove", {"variant_id": variant}))

    @rule(cart=_CARTS, buyer=st.sampled_from(BUYERS_SENT))
    def customer(self, cart: CartModel, buyer: BuyerSent) -> None:
        """Say who buys."""
        self._call(cart, CartCall("customer", {"buyer_identity": buyer.fields}))

    @rule(cart=_CARTS)
    def shipping_rates(self, cart: CartModel) -> None:
        """Ask how each store ships."""
        self._call(cart, CartCall("shipping-rates"))

    @rule(cart=_CARTS, store=_STORES, rank=st.integers(0, 2))
    def select_shipping(self, cart: CartModel, store: str, rank: int) -> None:
        """Choose among what a store offers, or what it does not offer."""
        offered = [*cart.offered.get(store, {}), "no-such-method"]
        option = {"store": store, "shipping_id": offered[rank % len(offered)]}
        self._call(cart, CartCall("shipping-method", {"shipping_options": [option]}))

    @rule(cart=_CARTS, calls=st.runner().flatmap(lambda machine: _sequences(machine.variants)))
    def several(self, cart: CartModel, calls: list[CartCall]) -> None:
        """Make several calls on end."""
        for call in calls:
            self._call(cart, call)

    @precondition(lambda self: self.repeatable is not None)
    @rule()
    def stutter(self) -> None:
        """Make the last call again, as a client does that has not seen the answer."""
        assert self.repeatable is not None  # noqa: S101  the precondition
        request, before = self.repeatable
        again = self.caller.send(request)
        same = (again.status, again.body) == (before.status, before.body) or again.status == before.status >= 400
        require(same, RetryAnsweredDifferently, f"{request} was answered {before}, and then {again}")
        self._reached("stutter")

    # Checkout

    @rule(cart=_CARTS)
    def validate(self, cart: CartModel) -> None:
        """Ask what is wrong with the cart."""
        report = self.caller.send(self.caller.api_request("POST", f"/checkout/{cart.cart_id}/validate")).json
        codes = tuple(found["code"] for found in report["violations"])
        expected = cart.checkout_refusal
        if cart.state != "open":
            codes = codes[:1]
        require(codes == expected, AnswerNotPredicted, f"{cart} has the faults {codes}, not {expected}")

    @rule(cart=_CARTS, at_once=st.integers(1, 4))
    def checkout(self, cart: CartModel, at_once: int) -> None:
        """Check out, perhaps several times at once."""
        request = self.caller.api_request("POST", f"/checkout/{cart.cart_id}")
        refusal = cart.checkout_refusal
        replies = self.caller.race([request] * at_once)
        self.touched.add(cart)
        won = [reply for reply in replies if reply.status == 200]
        require(
            len(won) == (0 if refusal else 1),
            RaceHasNotOneWinner,
            f"{len(won)} of {at_once} checkouts of {cart} went through, which {refusal or 'nothing'} forbids",
        )
        for reply in replies:
            if reply not in won:
                self._expect(
                    reply, refusal or ("ALREADY_SUBMITTED",), f"checkout of {cart}", of_locked=bool(cart.payment)
                )
        self._reached(f"checkout: {', '.join(refusal) or 'accepted'}")
        if won:
            self._opened(cart, won[0].json["url"])

    @rule(cart=_CARTS)
    def checkout_races_an_edit(self, cart: CartModel) -> None:
        """Check out while a line is changed: either may come first, the other is refused, and then it is checked out."""
        self._prepare(cart)
        if cart.checkout_refusal:
            return
        variant, pieces = next(iter(cart.lines.items()))
        edit = _item("update", variant, pieces + 1 if pieces < 500 else 1)
        requests = [("POST", f"/checkout/{cart.cart_id}", None), edit.request(cart.cart_id)]
        checked_out, edited = self.caller.race([self.caller.api_request(*request) for request in requests])
        self.touched.add(cart)
        won = [reply for reply in (checked_out, edited) if reply.status == 200]
        require(len(won) == 1, RaceHasNotOneWinner, f"a checkout and an edit: {checked_out}, {edited}")
        self._reached(f"checkout {checked_out.status} races edit {edited.status}")
        if checked_out.status == 200:
            self._opened(cart, checked_out.json["url"])
        else:
            cart.learn(edit, edited.json)
            self._payment(cart)  # so that what follows does not depend on who was faster

    # Payment: whoever pays or ends a payment first does what is left to be done before

    @rule(cart=_CARTS, card=st.sampled_from(CARDS))
    def pay(self, cart: CartModel, card: Card) -> None:
        """Pay at the payment page, also once more."""
        if payment := self._payment(cart):
            self._pay(payment, card)

    @precondition(lambda self: any(payment.status == "expired" for payment in self.paid_for))
    @rule(card=st.sampled_from(CARDS[:3]))
    def pay_too_late(self, card: Card) -> None:
        """Pay at a page that has expired."""
        self._pay(next(payment for payment in self.paid_for if payment.status == "expired"), card)

    @rule(cart=_CARTS, at_once=st.integers(2, 4))
    def race_to_pay(self, cart: CartModel, at_once: int) -> None:
        """Press the button several times at once."""
        payment = self._payment(cart)
        if payment is None:
            return
        replies = self.caller.race([self.caller.pay_request(payment.page, _VISA)] * at_once)
        self._settle(payment.cart)
        won = [reply for reply in replies if reply.status == 303]
        expected = 1 if payment.status == "open" else 0
        require(
            len(won) == expected, RaceHasNotOneWinner, f"{len(won)} of {at_once} payments of {payment} went through"
        )
        self._reached(f"race to pay: {expected} won")
        if won:
            payment.challenge, payment.card = None, _VISA
            self._charged(payment)

    @precondition(lambda self: self.challenges)
    @rule(challenge=_of_runner(lambda machine: machine.challenges), outcome=st.sampled_from(["complete", "fail"]))
    def authenticate(self, challenge: tuple[Payment, str], outcome: str) -> None:
        """Complete or fail 3-D Secure, also when it is too late."""
        payment, page = challenge
        reply = self.caller.send(Request("POST", page, body=f"outcome={outcome}".encode()))
        require(reply.status == 303, AnswerNotPredicted, f"the challenge of {payment} was answered {reply.status}")
        self._settle(payment.cart)
        current = payment.status == "open" and payment.challenge == page
        self._reached(f"3-D Secure: {outcome if current else 'too late'}")
        if current:
            payment.challenge = None
            if outcome == "complete":
                self._charged(payment)
            else:
                self._happens("failed", payment)

    @rule(cart=_CARTS)
    def expire(self, cart: CartModel) -> None:
        """End a session through Stripe's API, as the shop may."""
        payment = self._payment(cart)
        if payment is None:
            return
        reply = self._stripe(payment, f"checkout/sessions/{payment.session_id}/expire")
        expected = 200 if payment.status == "open" else 400
        require(reply.status == expected, AnswerNotPredicted, f"expiring {payment} was answered {reply.status}")
        self._reached(f"expire: {expected}")
        if payment.status == "open":
            payment.status = "expired"
            self._happens("expired", payment)

    @precondition(lambda self: self.paid_for)
    @rule(payment=_of_runner(lambda machine: machine.paid_for), share=st.sampled_from(["all", "half", "too much"]))
    def refund(self, payment: Payment, share: str) -> None:
        """Give money back through Stripe's API."""
        intent = self.caller.stripe(f"checkout/sessions/{payment.session_id}")["payment_intent"]
        if intent is None:
            return
        left = payment.total - payment.given_back(self.now) if payment.status == "complete" else 0
        amount = {"all": left, "half": left // 2, "too much": left + 1}[share] or 1
        reply = self._stripe(payment, "refunds", {"payment_intent": intent, "amount": amount})
        expected = 200 if amount <= left else 400
        require(reply.status == expected, AnswerNotPredicted, f"{amount} of {payment}: {reply.status} {reply.body!r}")
        self._reached(f"refund {share}: {reply.status}")
        if reply.status == 200:
            payment.refunds.append((amount, self.now + _REFUND_RETURNS_AFTER if payment.card.refund_fails else None))

    # Webhooks, time and accidents

    @precondition(lambda self: self.server.can_refuse)
    @rule(cart=_CARTS, card=st.sampled_from(CARDS))
    def pay_unheard(self, cart: CartModel, card: Card) -> None:
        """Pay while nobody answers webhooks: the shop learns of it an hour later."""
        if payment := self._payment(cart):
            with self._nobody_hears():
                self._pay(payment, card)

    @precondition(lambda self: self.server.can_refuse)
    @rule(cart=_CARTS)
    def expire_unheard(self, cart: CartModel) -> None:
        """Expire a session while nobody answers webhooks."""
        if self._payment(cart) is not None:
            with self._nobody_hears():
                self.expire(cart)

    @precondition(lambda self: self.webhooks)
    @rule(number=st.integers(0, 40))
    def redeliver(self, number: int) -> None:
        """Deliver a webhook to the shop again, or one that failed at last."""
        webhooks = self._choice_of_webhooks()
        delivery, event = webhooks[number % len(webhooks)]
        reply = self.caller.send(Request("POST", path_of(delivery.url), delivery.headers, delivery.body))
        require(reply.status == 200, AnswerNotPredicted, f"{delivery} was answered {reply}")
        late = self.late.pop(event["id"], None)
        self.touched |= set(self.models)
        self._settle(self.models[0])
        self._reached("redeliver what was heard" if late is None else f"redeliver what was not heard: {late.kind}")
        if late is not None:
            self._learn(late.kind, late.payment)

    @rule(seconds=st.sampled_from(_SPANS))
    def time_passes(self, seconds: int) -> None:
        """Set the clock ahead: failed webhooks are retried, sessions run out."""
        self.server.clock(self.caller.key, {"advance": seconds})
        self._passed(seconds)

    # A restart takes as long as a hundred calls, so a run has few.
    @precondition(lambda self: self.server.can_restart and self.restarts < _MOST_RESTARTS)
    @rule(cart=_CARTS, during=st.sampled_from(["checkout", "payment"]), after=st.integers(0, 6))
    def restart(self, cart: CartModel, during: str, after: int) -> None:
        """Kill the server in the middle of a request, and go on after a minute."""
        self.restarts += 1
        if during == "checkout":
            self._restart_during_checkout(cart, after)
        elif payment := self._payment(cart):
            self._restart_during_payment(payment, after)

    # What must hold

    @invariant()
    def everything_holds(self) -> None:
        """Compare what was touched: after what may move money that is everything."""
        self.tally.steps += 1
        if self.money_moved:
            check_charges(self.paid_for, self.caller.listed("charges"), now=self.now)
        for model in sorted(self.touched, key=lambda model: model.number):
            if model.cart_id != "0":
                check_cart(model, self.caller.cart_state(model.cart_id))
        if self.money_moved and self.inbox is not None:
            self._check_events()
        self.touched, self.money_moved = set(), False

    # How it is done

    def _call(self, model: CartModel, call: CartCall) -> Reply:
        request = self.caller.api_request(*call.request(model.cart_id))
        refusal = model.refusal(call)
        reply = self.caller.send(request)
        self._expect(reply, refusal, f"{call} on {model}")
        self.touched.add(model)
        if not refusal:
            model.learn(call, reply.json["cart"] if call.action == "status" else reply.json)
        self.repeatable = (request, reply) if call.changes_nothing_twice else None
        self._reached(f"{call.action}: {', '.join(refusal) or 'accepted'}")
        return reply

    def _expect(self, reply: Reply, codes: tuple[str, ...], what: str, *, of_locked: bool = False) -> None:
        status = STATUSES.get(codes[0], 422) if codes else 200
        found = tuple(reply.codes) if reply.status != 200 else ()
        if of_locked:
            found = found[:1]
        same = (reply.status, found) == (status, codes)
        require(same, AnswerNotPredicted, f"{what} was answered {reply.status} {found}, not {status} {codes}")

    def _stripe(self, payment: Payment, path: str, fields: Mapping[str, object] | None = None) -> Reply:
        request = self.caller.stripe_request("POST", f"/v1/{path}", fields)
        reply = self.caller.send(request)
        self._settle(payment.cart)
        self.repeatable = (request, reply)
        return reply

    def _settle(self, cart: CartModel) -> None:
        self.touched.add(cart)
        self.server.settle(self.caller.key)
        self._note_deliveries()
        self.repeatable, self.money_moved = None, True

    def _reached(self, what: str) -> None:
        self.tally.reached[what] += 1

    def _prepare(self, cart: CartModel) -> None:
        """Do what is left to be done before a checkout."""
        if cart.state == "open" and cart.lines:
            if cart.buyer is None:
                self.customer(cart, BUYERS_SENT[0])
            for store in sorted(cart.stores - cart.chosen.keys()):
                if store not in cart.offered:
                    self.shipping_rates(cart)
                self.select_shipping(cart, store, 0)

    def _payment(self, cart: CartModel) -> Payment | None:
        """Return the cart's payment, begun now if that is possible."""
        self._prepare(cart)
        if not cart.checkout_refusal:
            self.checkout(cart, 1)
        return cart.payment

    def _pay(self, payment: Payment, card: Card) -> None:
        reply = self.caller.send(self.caller.pay_request(payment.page, card))
        expected = _ANSWERED.get(payment.status) or _OUTCOMES[card.outcome]
        require(reply.status == expected, AnswerNotPredicted, f"{payment} with {card} was answered {reply.status}")
        self._reached(f"pay: {payment.status if payment.status in _ANSWERED else card.outcome}")
        self._settle(payment.cart)
        if payment.status != "open" or card.outcome == "is refused":
            return
        payment.challenge, payment.card = None, card
        if card.outcome == "challenges":
            payment.challenge = path_of(reply.headers["location"])
            self.challenges.append((payment, payment.challenge))
        else:
            self._charged(payment)

    def _opened(self, cart: CartModel, url: str) -> None:
        """Take in the payment session of a cart that has been checked out."""
        self._settle(cart)
        page = path_of(url.partition("#")[0])
        session = self.caller.stripe(f"checkout/sessions/{page.rpartition('/')[2]}")
        methods = [cart.offered[store][chosen] for store, chosen in cart.chosen.items()]
        total = cart.subtotal() + sum(method["total"]["value"] for method in methods)
        currency = self.goods[next(iter(cart.lines))].currency
        asked = (session["amount_total"], session["currency"].upper())
        require(asked == (total, currency), PriceDrifted, f"{cart} costs {total} {currency}, asked for was {asked}")
        payment = Payment(cart, session["id"], page, total, currency, session["expires_at"])
        cart.state, cart.payment = "locked", payment
        self.paid_for.append(payment)

    def _charged(self, payment: Payment) -> None:
        """Take in what comes of a charge: a card with a code is declined."""
        if payment.card.code:
            self._check_decline(payment)
            self._happens("failed", payment)
        else:
            payment.status, payment.cart.state = "complete", "paid"
            self._happens("paid", payment)

    def _check_decline(self, payment: Payment) -> None:
        session = self.caller.stripe(f"checkout/sessions/{payment.session_id}")
        error = self.caller.stripe(f"payment_intents/{session['payment_intent']}")["last_payment_error"] or {}
        told = (error.get("code"), error.get("decline_code"))
        expected = (payment.card.code, payment.card.decline_code)
        require(told[0] == expected[0], AnswerNotPredicted, f"{payment.card} was declined as {told}")
        require(expected[1] in (None, told[1]), AnswerNotPredicted, f"{payment.card} was declined as {told}")

    def _happens(self, kind: str, payment: Payment) -> None:
        if not self.unheard:
            self._learn(kind, payment)

    def _learn(self, kind: str, payment: Payment) -> None:
        """Let the shop learn what has become of a payment; a cart that has gone on since is not concerned."""
        self._reached(kind)
        cart = payment.cart
        if cart.payment is not payment or cart.state not in ("locked", "paid"):
            return
        if kind == "paid":
            cart.state = "submitted"
        elif kind == "expired":
            cart.unlock()
        elif payment.status == "open":
            payment.failures += 1
            if payment.failures >= self.failed_attempts:
                payment.status = "expired"
                cart.unlock()
                self._reached("cancelled after failures")

    def _choice_of_webhooks(self) -> list[tuple[Delivery, Any]]:
        """Return the webhooks to the shop's own door in an order that does not depend on ids."""
        return sorted(self.webhooks.values(), key=lambda sent: (sent[1]["created"], sent[1]["type"]))

    @contextmanager
    def _nobody_hears(self) -> Iterator[None]:
        self.unheard = True
        with self.server.refusing():
            yield
        self.unheard = False

    def _note_deliveries(self) -> None:
        """Take in the webhooks that have left the server since the last look."""
        new = self.server.deliveries[self.noted :]
        self.noted += len(new)
        for delivery in new:
            event, due = delivery.event, self.now + _RETRIED_AFTER
            if self.inbox is not None and delivery.url.startswith(self.inbox):
                self.delivered |= {event["id"]} if delivery.accepted else set()
                self.late_in_inbox |= {event["id"]: due} if self.unheard else {}
            elif (payment := self._payment_of(event)) is not None:
                self.webhooks[event["id"]] = (delivery, event)
                if self.unheard:
                    self.late[event["id"]] = _Late(due, _EVENTS[event["type"]], payment)

    def _payment_of(self, event: Any) -> Payment | None:
        cart_id = event["data"]["object"]["metadata"].get("cart_id")
        # Of a cart's payments the last one: while it is open or paid, no other begins.
        return next((payment for payment in reversed(self.paid_for) if payment.cart.cart_id == cart_id), None)

    def _passed(self, seconds: int) -> None:
        self.now += seconds
        self.repeatable, self.money_moved = None, True
        self.touched |= set(self.models)
        self._note_deliveries()
        for event in [event for event, late in self.late.items() if late.due <= self.now]:
            late = self.late.pop(event)
            self._learn(late.kind, late.payment)
        for payment in self.paid_for:
            if payment.status == "open" and payment.expires_at <= self.now:
                payment.status = "expired"
                self._learn("expired", payment)
                self._reached("ran out")

    def _die_over(self, request: Request, after: int) -> None:
        self.server.restart(request, after=after)
        self.server.clock(self.caller.key, {"advance": _LEASE})

    def _restart_during_checkout(self, cart: CartModel, after: int) -> None:
        """Ask again after the crash: the shopper gets the session that was being opened, or has it already."""
        self._prepare(cart)
        request = self.caller.api_request("POST", f"/checkout/{cart.cart_id}")
        self._die_over(request, after)
        self._passed(_LEASE)
        if cart.checkout_refusal:
            return
        reply = self.caller.send(request)
        if reply.status != 200:
            self._expect(reply, ("ALREADY_SUBMITTED",), f"checkout of {cart} after a crash", of_locked=True)
        sessions = [
            session
            for session in self.caller.listed("checkout/sessions")
            if session["metadata"].get("cart_id") == cart.cart_id and session["status"] == "open"
        ]
        require(len(sessions) == 1, RaceHasNotOneWinner, f"{cart} has {len(sessions)} open sessions after a crash")
        self._reached(f"restart during checkout, then {reply.status}")
        self._opened(cart, sessions[0]["url"])

    def _restart_during_payment(self, payment: Payment, after: int) -> None:
        """Look what has become of the payment after the crash."""
        self._die_over(self.caller.pay_request(payment.page, _VISA), after)
        session = self.caller.stripe(f"checkout/sessions/{payment.session_id}")
        self._reached(f"restart during payment, then {session['status']}")
        if payment.status == "open" and session["status"] == "complete":
            payment.challenge, payment.card = None, _VISA
            self._charged(payment)
        self._passed(_LEASE)

    def _check_events(self) -> None:
        newest = next(reversed(self.events), None)
        events = [event["id"] for event in self.caller.listed("events", newer_than=newest)]
        self.events |= dict.fromkeys(reversed(events) if newest is None else events)
        self._note_deliveries()
        check_events(self.delivered, self.events, late=self.late_in_inbox, now=self.now)


def _item(action: str, variant: str, quantity: int) -> CartCall:
    return CartCall(action, {"item": {"variant_id": variant, "quantity": quantity}})


def _sequences(variants: tuple[str, ...]) -> st.SearchStrategy[list[CartCall]]:
    return api_calls(variants=variants, max_calls=_SOME_CALLS)


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
