"""A shop's backend as its owner writes it for Stripe: nothing in it knows of a sandbox but the base URL.

It reads `STRIPE_SECRET_KEY` and `STRIPE_API_BASE`, prints `{"url": …}` and takes JSON by POST until its input ends.
What it knows of orders, subscriptions and disputes it has from webhooks alone.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe

Json = dict[str, Any]


class Shop:
    """The shop: one method for each thing that it is asked."""

    def __init__(self, url: str) -> None:
        stripe.enable_telemetry = False
        base: Any = {"api": os.environ["STRIPE_API_BASE"]}
        self.stripe = stripe.StripeClient(os.environ["STRIPE_SECRET_KEY"], base_addresses=base)
        self.url = url
        self.orders: dict[str, Json] = {}
        # By payment intent, since webhooks come in any order: a dispute may be told of before its payment.
        self.payments: dict[str, Json] = {}
        self.subscriptions: dict[str, Json] = {}
        self.seen: list[str] = []
        made = self.stripe.v1.webhook_endpoints.create({"url": f"{url}/webhook", "enabled_events": ["*"]})
        self.secret = made.secret or ""

    def account(self, given: Json) -> Json:
        """Make a customer, on a test clock if one is named."""
        customer = self.stripe.v1.customers.create(given)  # type: ignore[arg-type]
        return {"customer": customer.id}

    def card(self, given: Json) -> Json:
        """Save a card for later, and make it the one that subscriptions are paid with."""
        customer = given["customer"]
        setup = self.stripe.v1.setup_intents.create(
            {
                "customer": customer,
                "payment_method": given["card"],
                "usage": "off_session",
                "confirm": True,
                "return_url": f"{self.url}/saved",
            }
        )
        if setup.status == "succeeded":
            settings: Any = {"default_payment_method": setup.payment_method}
            self.stripe.v1.customers.update(customer, {"invoice_settings": settings})
        action: Any = setup.next_action
        return {"status": setup.status, "url": action.redirect_to_url.url if action else None}

    def order(self, given: Json) -> Json:
        """Open a checkout session and return where the shopper pays."""
        order = f"order-{len(self.orders) + 1}"
        self.orders[order] = {"status": "open"}
        lines: Any = [
            {
                "quantity": item["quantity"],
                "price_data": {
                    "currency": "usd",
                    "unit_amount": item["price"],
                    "product_data": {"name": item["name"]},
                },
            }
            for item in given["items"]
        ]
        session = self.stripe.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": lines,
                "client_reference_id": order,
                "payment_intent_data": {"metadata": {"order": order}},
                "success_url": f"{self.url}/thanks?session={{CHECKOUT_SESSION_ID}}",
                "cancel_url": f"{self.url}/cart",
            }
        )
        return {"order": order, "url": session.url}

    def charge(self, given: Json) -> Json:
        """Charge a saved card while its owner is away."""
        customer = self.stripe.v1.customers.retrieve(given["customer"])
        settings: Any = customer.invoice_settings
        order = f"order-{len(self.orders) + 1}"
        self.orders[order] = {"status": "open"}
        try:
            intent = self.stripe.v1.payment_intents.create(
                {
                    "amount": given["amount"],
                    "currency": "usd",
                    "customer": customer.id,
                    "payment_method": settings.default_payment_method,
                    "off_session": True,
                    "confirm": True,
                    "return_url": f"{self.url}/thanks",
                    "metadata": {"order": order},
                }
            )
        except stripe.CardError as error:
            return {"order": order, "status": "declined", "code": error.code}
        return {"order": order, "status": intent.status}

    def clock(self, given: Json) -> Json:
        """Start a test clock."""
        clock = self.stripe.v1.test_helpers.test_clocks.create({"frozen_time": given["at"]})
        return {"clock": clock.id}

    def advance(self, given: Json) -> Json:
        """Advance a test clock and wait until everything that falls due has happened."""
        clocks = self.stripe.v1.test_helpers.test_clocks
        clocks.advance(given["clock"], {"frozen_time": given["to"]})
        until = time.monotonic() + 60
        while (status := clocks.retrieve(given["clock"]).status) == "advancing" and time.monotonic() < until:
            time.sleep(0.05)
        return {"status": status}

    def subscribe(self, given: Json) -> Json:
        """Subscribe a customer to a plan of so much a month."""
        plan: Any = {"product_data": {"name": "Monthly box"}, "recurring": {"interval": "month"}}
        price = self.stripe.v1.prices.create({"currency": "usd", "unit_amount": given["amount"], **plan})
        subscription = self.stripe.v1.subscriptions.create(
            {"customer": given["customer"], "items": [{"price": price.id}]}
        )
        return {"subscription": subscription.id, "status": subscription.status}

    def settle(self, given: Json) -> Json:
        """Pay what a subscription owes with the card that its customer has now."""
        owed = self.stripe.v1.invoices.list({"subscription": given["subscription"], "status": "open"})
        paid = [self.stripe.v1.invoices.pay(invoice.id or "").status for invoice in owed.data]
        return {"paid": paid}

    def refund(self, given: Json) -> Json:
        """Give a part of an order's money back."""
        intent = self.orders[given["order"]]["payment_intent"]
        refund = self.stripe.v1.refunds.create({"payment_intent": intent, "amount": given["amount"]})
        return {"status": refund.status}

    def defend(self, given: Json) -> Json:
        """Answer the dispute of an order."""
        dispute = self._known(given["order"])["dispute"]
        evidence: Any = {"uncategorized_text": given["evidence"]}
        answered = self.stripe.v1.disputes.update(dispute, {"evidence": evidence, "submit": True})
        return {"status": answered.status}

    def balance(self, _: Json) -> Json:
        """Say what the shop has."""
        balance = self.stripe.v1.balance.retrieve()
        amounts = [*balance.available, *balance.pending]
        return {"usd": sum(part.amount for part in amounts if part.currency == "usd")}

    def told(self, _: Json) -> Json:
        """Say what the webhooks have told."""
        orders = {order: self._known(order) for order in self.orders}
        return {"orders": orders, "subscriptions": self.subscriptions, "seen": self.seen}

    def _known(self, order: str) -> Json:
        known = self.orders[order]
        return {**known, **self.payments.get(known.get("payment_intent", ""), {})}

    def webhook(self, body: bytes, signature: str) -> None:
        """Take a webhook: the only source of what the shop believes.

        Raises:
            stripe.SignatureVerificationError: it is not Stripe's.
        """
        event = self.stripe.construct_event(body, signature, self.secret)
        self.seen.append(event.type)
        told: Any = event.data.object
        handler = HANDLERS.get(event.type)
        if handler is not None:
            handler(self, told)


def _completed(shop: Shop, session: Any) -> None:
    if session.client_reference_id in shop.orders:
        order = shop.orders[session.client_reference_id]
        order |= {"status": session.payment_status, "payment_intent": session.payment_intent}


def _paid(shop: Shop, intent: Any) -> None:
    order = intent.metadata.to_dict().get("order")
    if order in shop.orders:
        shop.orders[order] |= {"status": "paid", "payment_intent": intent.id}


def _refunded(shop: Shop, charge: Any) -> None:
    shop.payments.setdefault(charge.payment_intent, {})["refunded"] = charge.amount_refunded


def _disputed(shop: Shop, dispute: Any) -> None:
    told = {"dispute": dispute.id, "dispute_status": dispute.status}
    shop.payments.setdefault(dispute.payment_intent, {}).update(told)


def _subscribed(shop: Shop, subscription: Any) -> None:
    shop.subscriptions.setdefault(subscription.id, {})["status"] = subscription.status


HANDLERS: dict[str, Callable[[Shop, Any], None]] = {
    "checkout.session.completed": _completed,
    "payment_intent.succeeded": _paid,
    "charge.refunded": _refunded,
    "charge.dispute.created": _disputed,
    "charge.dispute.closed": _disputed,
    "customer.subscription.created": _subscribed,
    "customer.subscription.updated": _subscribed,
    "customer.subscription.deleted": _subscribed,
}
ASKED = frozenset(
    {
        "account", "card", "order", "charge", "clock", "advance", "subscribe",
        "settle", "refund", "defend", "balance", "told",
    }
)  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Gives requests to the shop."""

    shop: Shop

    def do_GET(self) -> None:
        """Show the shopper a page to come back to."""
        self._answer(200, b"<h1>The shop</h1>", "text/html")

    def do_POST(self) -> None:
        """Take a webhook, or what the shop is asked."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/webhook":
            try:
                self.shop.webhook(body, self.headers["Stripe-Signature"])
            except stripe.SignatureVerificationError as error:
                return self._answer(400, str(error).encode(), "text/plain")
            return self._answer(200, b"", "text/plain")
        name = self.path.removeprefix("/")
        if name not in ASKED:
            return self._answer(404, b"", "text/plain")
        try:
            answer = getattr(self.shop, name)(json.loads(body))
        except stripe.StripeError as error:
            return self._answer(500, str(error).encode(), "text/plain")
        return self._answer(200, json.dumps(answer).encode(), "application/json")

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Serve until the input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    Handler.shop = Shop(url)
    print(json.dumps({"url": url}), flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
