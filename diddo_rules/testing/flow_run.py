"""One run of the checkout machine: the world that it acts in, what it believes of it, and what it has seen."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from diddo_rules.testing.cart_calls import BUYERS_SENT, CartCall
from diddo_rules.testing.checkout_server import CheckoutServer, Delivery, Reply, Request
from diddo_rules.testing.flow_caller import UNKNOWN_VARIANT, Caller, Tally, path_of
from diddo_rules.testing.flow_checks import check_cart, check_charges, check_events
from diddo_rules.testing.flow_model import (
    CARDS,
    STATUSES,
    AnswerNotPredicted,
    Card,
    CartModel,
    FlowFault,
    Good,
    Payment,
    PriceDrifted,
    RaceHasNotOneWinner,
    RetryAnsweredDifferently,
    ShopperTrapped,
    SubmittedCartChanged,
    require,
)

__all__ = ["FlowRun", "fault_of"]

_VISA = CARDS[0]
# Seconds: a webhook that failed is sent again after so long, and what a killed worker held is free again.
_RETRIED_AFTER = 3600
_LEASE = 61
_ANSWERED = {"complete": 200, "expired": 410}
_OUTCOMES = {"pays": 303, "challenges": 303, "declines": 402, "is refused": 402}
_LOCKED = ("CART_MODIFICATION_FORBIDDEN", "ALREADY_SUBMITTED")
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


class FlowRun:
    """Acts in a new world, predicts each answer, and remembers what must be compared.

    Args:
        server: what is driven.
        goods: what can be bought, by variant.
        tally: where it counts what it did.
        failed_attempts: so many failed payments cancel a checkout.
    """

    def __init__(
        self, server: CheckoutServer, goods: Mapping[str, Good], tally: Tally, *, failed_attempts: int
    ) -> None:
        tally.runs += 1
        server.deliveries.clear()
        self.server, self.goods, self.tally = server, goods, tally
        self.failed_attempts = failed_attempts
        self.variants = (*goods, UNKNOWN_VARIANT)
        self.stores = sorted({good.store for good in goods.values() if good.store})
        self.caller = Caller(server, tally)
        server.clock(self.caller.key, {"freeze": True})
        self.now = int(self.caller.send(self.caller.api_request("GET", "/_sandbox/clock")).json["now"])
        self.inbox = self.caller.watch_events()
        self.carts: list[CartModel] = []
        self.payments: list[Payment] = []
        self.challenges: list[tuple[Payment, str]] = []
        self.webhooks: dict[str, tuple[Delivery, Any]] = {}
        self.late: dict[str, _Late] = {}
        self.repeatable: tuple[Request, Reply] | None = None
        self.touched: set[CartModel] = set()
        self.money_moved = False
        self.restarts = 0
        self._unheard = False
        self._noted = 0
        self._delivered: set[str] = set()
        self._late_in_inbox: dict[str, int] = {}
        self._events: dict[str, None] = {}

    @property
    def carts_in_progress(self) -> list[CartModel]:
        """The carts that are not submitted."""
        return [cart for cart in self.carts if cart.state != "submitted"]

    def call(self, model: CartModel, call: CartCall) -> Reply:
        """Make a call on a cart, and hold the answer against the model."""
        request = self.caller.api_request(*call.request(model.cart_id))
        refusal = model.refusal(call)
        reply = self.caller.send(request)
        self.expect(reply, refusal, model, what=str(call))
        if model.cart_id != "0":
            self.touched.add(model)
        if not refusal:
            model.learn(call, reply.json["cart"] if call.action == "status" else reply.json)
        self.repeatable = (request, reply) if call.changes_nothing_twice else None
        self.reached(f"{call.action}: {', '.join(refusal) or 'accepted'}")
        return reply

    def expect(
        self, reply: Reply, codes: tuple[str, ...], cart: CartModel, *, what: str, of_locked: bool = False
    ) -> None:
        """Hold an answer against the codes that are predicted; of a locked cart only the first is."""
        status = STATUSES.get(codes[0], 422) if codes else 200
        found = tuple(reply.codes) if reply.status != 200 else ()
        if of_locked:
            found = found[:1]
        fault = fault_of(cart, found, codes)
        same = (reply.status, found) == (status, codes)
        require(same, fault, f"{what} of {cart} was answered {reply.status} {found}, not {status} {codes}")

    def stripe(self, payment: Payment, path: str, fields: Mapping[str, object] | None = None) -> Reply:
        """Post to Stripe's API for a payment."""
        request = self.caller.stripe_request("POST", f"/v1/{path}", fields)
        reply = self.caller.send(request)
        self.settle(payment.cart)
        self.repeatable = (request, reply)
        return reply

    def stutter(self) -> None:
        """Send the last request again, if that must make no difference."""
        if self.repeatable is None:
            return
        request, before = self.repeatable
        again = self.caller.send(request)
        same = (again.status, again.body) == (before.status, before.body) or again.status == before.status >= 400
        require(same, RetryAnsweredDifferently, f"{request} was answered {before}, and then {again}")
        self.reached("stutter")

    def settle(self, cart: CartModel) -> None:
        """Wait for all that comes of something done to a cart's payment."""
        self.touched.add(cart)
        self.server.settle(self.caller.key)
        self._note_deliveries()
        self.repeatable, self.money_moved = None, True

    def reached(self, what: str) -> None:
        """Count an outcome."""
        self.tally.reached[what] += 1

    def prepare(self, cart: CartModel) -> None:
        """Do what is left to be done before a checkout."""
        if cart.state == "open" and cart.lines and cart.checkout_refusal:
            if cart.buyer is None:
                self.call(cart, CartCall("customer", {"buyer_identity": BUYERS_SENT[0].fields}))
            for store in sorted(cart.stores - cart.chosen.keys()):
                if store not in cart.offered:
                    self.call(cart, CartCall("shipping-rates"))
                self.select_shipping(cart, store, 0)
            self.check()

    def select_shipping(self, cart: CartModel, store: str, rank: int) -> None:
        """Choose among what a store offers, or what it does not offer."""
        offered = [*cart.offered.get(store, {}), "no-such-method"]
        option = {"store": store, "shipping_id": offered[rank % len(offered)]}
        self.call(cart, CartCall("shipping-method", {"shipping_options": [option]}))

    def payment(self, cart: CartModel) -> Payment | None:
        """Return the cart's payment, begun now if that is possible."""
        self.prepare(cart)
        if not cart.checkout_refusal:
            self.check_out(cart, 1)
        return cart.payment

    def check_out(self, cart: CartModel, at_once: int) -> None:
        """Check out, perhaps several times at once."""
        refusal = cart.checkout_refusal
        replies = self.caller.race([self.caller.api_request("POST", f"/checkout/{cart.cart_id}")] * at_once)
        self.touched.add(cart)
        won = [reply for reply in replies if reply.status == 200]
        require(len(won) < 2, RaceHasNotOneWinner, f"{len(won)} of {at_once} checkouts of {cart} went through")
        lost = [reply for reply in replies if reply not in won]
        for reply in lost if won else lost[1:]:
            self.expect(reply, refusal or _LOCKED[1:], cart, what="a checkout", of_locked=cart.state != "open")
        self.expect((won or lost)[0], refusal, cart, what="the checkout", of_locked=cart.state != "open")
        self.reached(f"checkout: {', '.join(refusal) or 'accepted'}")
        if won:
            self.opened(cart, won[0].json["url"])

    def pay(self, payment: Payment, card: Card) -> None:
        """Pay at the payment page, and take in what comes of it."""
        reply = self.caller.send(self.caller.pay_request(payment.page, card))
        expected = _ANSWERED.get(payment.status) or _OUTCOMES[card.outcome]
        require(reply.status == expected, AnswerNotPredicted, f"{payment} with {card} was answered {reply.status}")
        self.reached(f"pay: {payment.status if payment.status in _ANSWERED else card.outcome}")
        self.settle(payment.cart)
        if payment.status != "open" or card.outcome == "is refused":
            return
        payment.challenge, payment.card = None, card
        if card.outcome == "challenges":
            payment.challenge = path_of(reply.headers["location"])
            self.challenges.append((payment, payment.challenge))
        else:
            self.charged(payment)

    def authenticate(self, payment: Payment, page: str, outcome: str) -> None:
        """Answer a challenge of 3-D Secure, and take in what comes of it."""
        reply = self.caller.send(Request("POST", page, body=f"outcome={outcome}".encode()))
        require(reply.status == 303, AnswerNotPredicted, f"the challenge of {payment} was answered {reply.status}")
        self.settle(payment.cart)
        current = payment.status == "open" and payment.challenge == page
        self.reached(f"3-D Secure: {outcome if current else 'too late'}")
        if current:
            payment.challenge = None
            if outcome == "complete":
                self.charged(payment)
            else:
                self.happens("failed", payment)

    def race_to_pay(self, payment: Payment, at_once: int) -> None:
        """Pay several times at once."""
        replies = self.caller.race([self.caller.pay_request(payment.page, _VISA)] * at_once)
        self.settle(payment.cart)
        won = [reply for reply in replies if reply.status == 303]
        expected = 1 if payment.status == "open" else 0
        require(
            len(won) == expected, RaceHasNotOneWinner, f"{len(won)} of {at_once} payments of {payment} went through"
        )
        self.reached(f"race to pay: {expected} won")
        if won:
            payment.challenge, payment.card = None, _VISA
            self.charged(payment)

    def opened(self, cart: CartModel, url: str) -> None:
        """Take in the payment session of a cart that has been checked out."""
        self.settle(cart)
        page = path_of(url.partition("#")[0])
        session = self.caller.stripe(f"checkout/sessions/{page.rpartition('/')[2]}")
        methods = [cart.offered[store][chosen] for store, chosen in cart.chosen.items()]
        total = cart.subtotal() + sum(method["total"]["value"] for method in methods)
        currency = self.goods[next(iter(cart.lines))].currency
        asked = (session["amount_total"], session["currency"].upper())
        require(asked == (total, currency), PriceDrifted, f"{cart} costs {total} {currency}, asked for was {asked}")
        payment = Payment(cart, session["id"], page, total, currency, session["expires_at"])
        cart.state, cart.payment = "locked", payment
        self.payments.append(payment)

    def charged(self, payment: Payment) -> None:
        """Take in what comes of a charge: a card with a code is declined."""
        if payment.card.code:
            self._check_decline(payment)
            self.happens("failed", payment)
        else:
            payment.status, payment.cart.state = "complete", "paid"
            self.happens("paid", payment)

    def _check_decline(self, payment: Payment) -> None:
        session = self.caller.stripe(f"checkout/sessions/{payment.session_id}")
        error = self.caller.stripe(f"payment_intents/{session['payment_intent']}")["last_payment_error"] or {}
        told = (error.get("code"), error.get("decline_code"))
        expected = (payment.card.code, payment.card.decline_code)
        require(told[0] == expected[0], AnswerNotPredicted, f"{payment.card} was declined as {told}")
        require(expected[1] in (None, told[1]), AnswerNotPredicted, f"{payment.card} was declined as {told}")

    def happens(self, kind: str, payment: Payment) -> None:
        """Let something become of a payment: `paid`, `failed` or `expired`. The shop learns it, unless it hears nothing."""
        if not self._unheard:
            self.learn(kind, payment)

    def learn(self, kind: str, payment: Payment) -> None:
        """Let the shop learn what has become of a payment; a cart that has gone on since is not concerned."""
        self.reached(kind)
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
                self.reached("cancelled after failures")

    def choice_of_webhooks(self) -> list[tuple[Delivery, Any]]:
        """Return the webhooks to the shop's own door, unheard ones first, in an order that does not depend on ids."""

        def rank(sent: tuple[Delivery, Any]) -> tuple[bool, int, str]:
            event = sent[1]
            return event["id"] not in self.late, event["created"], event["type"]

        return sorted(self.webhooks.values(), key=rank)

    @contextmanager
    def nobody_hears(self) -> Iterator[None]:
        """Let no webhook arrive for as long as the context lasts."""
        self._unheard = True
        with self.server.refusing():
            yield
        self._unheard = False

    def _note_deliveries(self) -> None:
        """Take in the webhooks that have left the server since the last look."""
        new = self.server.deliveries[self._noted :]
        self._noted += len(new)
        for delivery in new:
            event, due = delivery.event, self.now + _RETRIED_AFTER
            if self.inbox is not None and delivery.url.startswith(self.inbox):
                self._delivered |= {event["id"]} if delivery.accepted else set()
                self._late_in_inbox |= {event["id"]: due} if self._unheard else {}
            elif (payment := self._payment_of(event)) is not None:
                self.webhooks[event["id"]] = (delivery, event)
                if self._unheard:
                    self.late[event["id"]] = _Late(due, _EVENTS[event["type"]], payment)

    def _payment_of(self, event: Any) -> Payment | None:
        cart_id = event["data"]["object"]["metadata"].get("cart_id")
        # Of a cart's payments the last one: while it is open or paid, no other begins.
        return next((payment for payment in reversed(self.payments) if payment.cart.cart_id == cart_id), None)

    def passed(self, seconds: int) -> None:
        """Take in that time has passed: late webhooks have come, sessions have run out."""
        self.now += seconds
        self.repeatable, self.money_moved = None, True
        self.touched |= set(self.carts)
        self._note_deliveries()
        for event in [event for event, late in self.late.items() if late.due <= self.now]:
            late = self.late.pop(event)
            self.learn(late.kind, late.payment)
        for payment in self.payments:
            if payment.status == "open" and payment.expires_at <= self.now:
                payment.status = "expired"
                self.learn("expired", payment)
                self.reached("ran out")

    def _die_over(self, request: Request, after: int) -> None:
        self.restarts += 1
        self.server.restart(request, after=after)
        self.server.clock(self.caller.key, {"advance": _LEASE})

    def restart_during_checkout(self, cart: CartModel, after: int) -> None:
        """Ask again after the crash: the shopper gets the session that was being opened, or has it already."""
        self.prepare(cart)
        request = self.caller.api_request("POST", f"/checkout/{cart.cart_id}")
        self._die_over(request, after)
        self.passed(_LEASE)
        if cart.checkout_refusal:
            return
        reply = self.caller.send(request)
        if reply.status != 200:
            require(
                reply.codes[0] == "ALREADY_SUBMITTED", AnswerNotPredicted, f"{cart} was answered {reply} after a crash"
            )
        sessions = [
            session
            for session in self.caller.listed("checkout/sessions")
            if session["metadata"].get("cart_id") == cart.cart_id and session["status"] == "open"
        ]
        require(sessions, ShopperTrapped, f"after a crash {cart} is locked, and has no page to pay at")
        require(len(sessions) == 1, RaceHasNotOneWinner, f"{cart} has {len(sessions)} open sessions after a crash")
        self.reached(f"restart during checkout, then {reply.status}")
        self.opened(cart, sessions[0]["url"])

    def restart_during_payment(self, payment: Payment, after: int) -> None:
        """Look what has become of the payment after the crash."""
        self._die_over(self.caller.pay_request(payment.page, _VISA), after)
        session = self.caller.stripe(f"checkout/sessions/{payment.session_id}")
        self.reached(f"restart during payment, then {session['status']}")
        if payment.status == "open" and session["status"] == "complete":
            payment.challenge, payment.card = None, _VISA
            self.charged(payment)
        self.passed(_LEASE)

    def _check_events(self) -> None:
        newest = next(reversed(self._events), None)
        events = [event["id"] for event in self.caller.listed("events", newer_than=newest)]
        self._events |= dict.fromkeys(reversed(events) if newest is None else events)
        self._note_deliveries()
        check_events(self._delivered, self._events, late=self._late_in_inbox, now=self.now)

    def check(self) -> None:
        """Compare what was touched, and after what may have moved money also the charges and events."""
        if self.money_moved:
            check_charges(self.payments, self.caller.listed("charges"), now=self.now)
        for cart in sorted(self.touched, key=lambda cart: cart.number):
            check_cart(cart, self.caller.cart_state(cart.cart_id))
        if self.money_moved and self.inbox is not None:
            self._check_events()
        self.touched, self.money_moved = set(), False


def fault_of(cart: CartModel, found: tuple[str, ...], expected: tuple[str, ...]) -> type[FlowFault]:
    """Name what it shows that a call on a cart was answered with other codes than expected."""
    if cart.state == "open" and found[:1] in [(code,) for code in _LOCKED]:
        return ShopperTrapped
    return SubmittedCartChanged if cart.state == "submitted" and expected[:1] == _LOCKED[:1] else AnswerNotPredicted
