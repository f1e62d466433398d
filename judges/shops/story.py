"""The story that is played with a shop: its shoppers in a browser, its owner's clicks, and time on a test clock.

The shop is a program (`shop.py`, `../node/shop.mjs`) that was written for Stripe and given another base URL. It is asked
by JSON, and believed only in what webhooks have told it.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Page

from judges.expectations import Unmet, hold

__all__ = ["CHAPTERS", "Told", "telling"]

DAY = 86_400
BOOKED_WITHIN = 5
# Noon on 15 January 2027, UTC, and the same time of the months after.
START = 1_799_928_000
MONTHS = (START, START + 31 * DAY, START + 59 * DAY, START + 90 * DAY)


@dataclass(frozen=True, slots=True)
class Told:
    """A shop under way: `ask` puts JSON to it, `page` is the shopper's browser, `settle` waits for all deliveries."""

    url: str
    page: Page
    settle: Callable[[], None]

    def ask(self, what: str, **given: Any) -> Any:
        """Have the shop do something."""
        answer = httpx.post(f"{self.url}/{what}", json=given, timeout=90, trust_env=False)
        if answer.status_code != 200:
            raise Unmet(f"{what}: the shop answers {answer.status_code}: {answer.text[:400]}")
        self.settle()
        return answer.json()

    def expect(self, **wanted: Any) -> None:
        """Hold what webhooks have told the shop against what should be: dotted paths, written with two underscores."""
        self.settle()
        hold(self.ask("told"), {path.replace("__", "."): value for path, value in wanted.items()})

    def pay(self, url: str, number: str) -> None:
        """Pay on the hosted page."""
        self.page.goto(url)
        self.card(number)

    def card(self, number: str) -> None:
        """Type a card in and press the button."""
        page = self.page
        for label, text in (
            ("Email", "ada@example.com"),
            ("Card number", number),
            ("Expiry date", "12/34"),
            ("Security code", "123"),
            ("Name on card", "Ada Okafor"),
        ):
            field = page.get_by_label(label, exact=True)
            if field.count():
                field.fill(text)
        page.get_by_role("button", name="Pay $").click()

    def came_back(self) -> None:
        """Wait until the shopper is at the shop again."""
        self.page.wait_for_url(f"{self.url}/**")


def checkout(told: Told) -> None:
    """Cards on the hosted page: one pays, one is declined and replaced, one must be authenticated."""
    items = [{"name": "Cup", "price": 1250, "quantity": 2}]
    bought = told.ask("order", items=items)
    told.pay(bought["url"], "4242424242424242")
    told.came_back()
    told.expect(**{f"orders__{bought['order']}__status": "paid"})
    declined = told.ask("order", items=items)
    told.pay(declined["url"], "4000000000000002")
    told.page.get_by_text("Your card was declined").first.wait_for()
    told.expect(**{f"orders__{declined['order']}__status": "open"}, seen={"$contains": "payment_intent.payment_failed"})
    told.card("4242424242424242")
    told.came_back()
    told.expect(**{f"orders__{declined['order']}__status": "paid"})
    asked = told.ask("order", items=items)
    told.pay(asked["url"], "4000002500003155")
    told.page.get_by_role("button", name="Complete authentication").click()
    told.came_back()
    told.expect(**{f"orders__{asked['order']}__status": "paid"})


def saved_cards(told: Told) -> None:
    """A card is saved and charged later; one that always wants its owner is refused while they are away."""
    customer = told.ask("account", email="ada@example.com", name="Ada")["customer"]
    hold(told.ask("card", customer=customer, card="pm_card_visa"), {"status": "succeeded"})
    charged = told.ask("charge", customer=customer, amount=1900)
    hold(charged, {"status": "succeeded"})
    told.expect(**{f"orders__{charged['order']}__status": "paid"})
    other = told.ask("account", email="grace@example.com", name="Grace")["customer"]
    asked = told.ask("card", customer=other, card="pm_card_authenticationRequired")
    hold(asked, {"status": "requires_action", "url": {"$present": True}})
    told.page.goto(asked["url"])
    told.page.get_by_role("button", name="Complete authentication").click()
    told.came_back()
    told.expect(seen={"$contains": "setup_intent.succeeded"})


def subscription(told: Told) -> None:
    """A plan is renewed, fails when the card has gone bad, and recovers with another."""
    clock = told.ask("clock", at=MONTHS[0])["clock"]
    customer = told.ask("account", email="ada@example.com", name="Ada", test_clock=clock)["customer"]
    told.ask("card", customer=customer, card="pm_card_visa")
    made = told.ask("subscribe", customer=customer, amount=2000)
    hold(made, {"status": "active"})
    status = f"subscriptions__{made['subscription']}__status"
    told.expect(**{status: "active"}, seen={"$contains": "invoice.paid"})
    hold(told.ask("advance", clock=clock, to=MONTHS[1] + DAY // 2), {"status": "ready"})
    told.expect(**{status: "active"})
    told.ask("card", customer=customer, card="pm_card_chargeCustomerFail")
    hold(told.ask("advance", clock=clock, to=MONTHS[2] + DAY // 2), {"status": "ready"})
    told.expect(**{status: "past_due"}, seen={"$contains": "invoice.payment_failed"})
    told.ask("card", customer=customer, card="pm_card_mastercard")
    hold(told.ask("settle", subscription=made["subscription"]), {"paid": ["paid"]})
    told.expect(**{status: "active"})
    hold(told.ask("advance", clock=clock, to=MONTHS[3] + DAY // 2), {"status": "ready"})
    told.expect(**{status: "active"})


def money_back(told: Told) -> None:
    """A part is refunded, a dispute is won, and the balance says so."""
    customer = told.ask("account", email="ada@example.com", name="Ada")["customer"]
    told.ask("card", customer=customer, card="pm_card_visa")
    before = told.ask("balance")["usd"]
    sold = told.ask("charge", customer=customer, amount=3000)["order"]
    hold(told.ask("refund", order=sold, amount=1000), {"status": "succeeded"})
    told.expect(**{f"orders__{sold}__refunded": 1000})
    gained = told.ask("balance")["usd"] - before
    if not 2000 - 200 <= gained < 2000:
        raise Unmet(f"of 3000 with 1000 refunded and a fee there should be a little less than 2000, and are {gained}")
    told.ask("card", customer=customer, card="pm_card_createDispute")
    disputed = told.ask("charge", customer=customer, amount=5000)["order"]
    told.expect(**{f"orders__{disputed}__dispute_status": "needs_response"})
    withdrawn = told.ask("balance")["usd"]
    told.ask("defend", order=disputed, evidence="winning_evidence")
    told.expect(**{f"orders__{disputed}__dispute_status": "won"})
    if told.ask("balance")["usd"] - withdrawn < 5000:
        raise Unmet("what a won dispute brings back is not in the balance")


CHAPTERS = (checkout, saved_cards, subscription, money_back)


@contextmanager
def telling(command: Sequence[str], url: str, page: Page) -> Iterator[Told]:
    """Run a shop against the server at `url` until the block ends."""
    key = f"sk_test_shop-{secrets.token_hex(6)}"
    settings = {**os.environ, "STRIPE_API_BASE": url, "STRIPE_SECRET_KEY": key}
    with subprocess.Popen(command, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shop:
        try:
            line = shop.stdout.readline() if shop.stdout else ""
            if not line:
                raise Unmet(f"{command[-1]} did not start")
            yield Told(json.loads(line)["url"], page, lambda: _settled(url, key))
        finally:
            if shop.stdin:
                shop.stdin.close()


def _settled(url: str, key: str) -> None:
    """Let the seconds pass in which payments are booked, and wait until every webhook that is due has been delivered."""
    headers = {"Authorization": f"Bearer {key}"}
    clock = httpx.post(
        f"{url}/_sandbox/clock", json={"advance": BOOKED_WITHIN}, headers=headers, timeout=60, trust_env=False
    )
    clock.raise_for_status()
