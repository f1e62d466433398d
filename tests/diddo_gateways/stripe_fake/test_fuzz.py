"""Every modelled operation with parameters of all kinds: never a 500, and every answer in Stripe's shape."""

import asyncio
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import urlencode

from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.operations import operations
from diddo_gateways.stripe_fake.shapes import check_shape
from diddo_gateways.worlds import Worlds

SEEDS = range(6)
CALLS = 1000
KNOWN = catalogue.load()
JUNK = ("", "0", "-1", "9" * 26, "abc", "true", "é\U0001f600", "a" * 600, "[]", "null", "1.5", " ")
# What makes a request likely enough to get somewhere; the rest is up to the catalogue's types.
LIKELY: dict[str, tuple[str, ...]] = {
    "amount": ("2000", "1000", "2000", "50", "0", "1", "99999999", "-5"),
    "amount_to_capture": ("0", "1", "500", "5000"),
    "confirm": ("true", "true", "false"),
    "currency": ("usd", "usd", "usd", "eur", "jpy", "kwd", "xyz"),
    "exp_month": ("1", "12", "13"),
    "exp_year": ("2040", "40", "1999"),
    "mode": ("payment", "payment", "setup"),
    "number": ("4242424242424242", "4000000000000002", "4000002760003184", "378282246310005", "12"),
    "return_url": ("https://shop.test/back?a=b#c",),
    "success_url": ("https://shop.test/done",),
    "token": ("tok_visa", "tok_nobody"),
    "type": ("card",),
    "url": ("https://shop.test/hooks",),
}
# One good object of each kind to begin with.
BEGINNING = (
    ("/v1/customers", "email=ada@example.com"),
    ("/v1/products", "name=Hat"),
    ("/v1/prices", "currency=usd&unit_amount=900&product_data[name]=Cap"),
    ("/v1/webhook_endpoints", "url=https://shop.test&enabled_events[]=*"),
    ("/v1/payment_methods", "type=card&card[token]=tok_visa"),
    (
        "/v1/payment_intents",
        "amount=900&currency=usd&confirm=true&payment_method=pm_card_visa&capture_method=manual&return_url=https://a.test",
    ),
    (
        "/v1/checkout/sessions",
        (
            "mode=payment&success_url=https://shop.test&line_items[0][quantity]=1&line_items[0][price_data][currency]=usd"
            "&line_items[0][price_data][unit_amount]=900&line_items[0][price_data][product_data][name]=Hat"
        ),
    ),
)
# What the payments of the dispute and Radar cards lead to, and money that can be paid out.
BEGINNING += tuple(
    ("/v1/charges", f"amount={amount}&currency=usd&source=tok_{card}")
    for amount, card in (
        (900, "createDispute"),
        (900, "createIssuerFraudRecord"),
        (900, "riskLevelElevated"),
        (90_000, "bypassPending"),
    )
)
# What is made of others; a name stands for the id of the newest object of that kind.
BEGINNING += (
    ("/v1/payouts", "amount=100&currency=usd"),
    ("/v1/refunds", "charge={charge}&amount=100"),
    ("/v1/coupons", "percent_off=10&duration=once"),
    ("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]={coupon}"),
    ("/v1/tax_rates", "display_name=VAT&percentage=10&inclusive=false"),
    ("/v1/shipping_rates", "display_name=Post&fixed_amount[amount]=500&fixed_amount[currency]=usd"),
    ("/v1/plans", "amount=500&currency=usd&interval=month&product[name]=Club"),
    ("/v1/setup_intents", ""),
    ("/v1/invoices", "customer={customer}"),
    ("/v1/invoiceitems", "customer={customer}&amount=500&currency=usd&invoice={invoice}"),
    ("/v1/subscriptions", "customer={customer}&items[0][plan]={plan}&payment_behavior=default_incomplete"),
    ("/v1/customers/{customer}/sources", "source=tok_visa"),
    ("/v1/test_helpers/test_clocks", "frozen_time=1800000000"),
)
OFTEN = ("POST /v1/payment_intents", "POST /v1/payment_intents/{intent}/confirm", "POST /v1/checkout/sessions")


def modelled() -> list[str]:
    """Return the modelled operations of the catalogue; those of the second version answer in shapes of their own."""
    return [name for name in operations() if " /v1/" in name and name in KNOWN.operations]


PLACE = re.compile(r"(\w+)s/(\{\w+\})")


class Fuzz:
    """Requests made up from the catalogue by a seeded generator, and the ids that came back."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  requests, not secrets
        self.ids: dict[str, list[str]] = {"payment_method": ["pm_card_visa", "pm_card_chargeDeclined", "pm_card_amex"]}

    def value(self, node: Any, name: str, depth: int = 0) -> Any:
        """Return something that a parameter may be given, or junk."""
        if self.random.random() < 0.05:
            return self.random.choice(JUNK)
        known = LIKELY.get(name) or self.ids.get(name)
        if known and self.random.random() < 0.8:
            return self.random.choice(known)
        node = KNOWN.resolve(node)
        if isinstance(node, str):
            return {"integer": str(self.random.randint(-2, 3000)), "boolean": "true", "decimal": "1.5"}.get(node, "x y")
        return self.fields(node, depth) if "fields" in node else self.form(node, name, depth)

    def form(self, node: Any, name: str, depth: int) -> Any:
        ((form, inner),) = node.items()
        match form:
            case "enum":
                return self.random.choice(inner)
            case "list":
                return [self.value(inner, name, depth + 1) for _ in range(self.random.randint(1, 2))]
            case "map":
                return {"key": self.random.choice(("x", ""))}
            case "any_of":
                inner = self.random.choice(inner)
        return self.value(inner, name, depth)

    def fields(self, node: Any, depth: int) -> dict[str, Any]:
        share = 0.0 if depth > 3 else 0.5 if len(node["fields"]) < 8 else 0.1
        names = [name for name in node["fields"] if name in node["required"] or self.random.random() < share]
        return {name: self.value(node["fields"][name], name, depth + 1) for name in names}

    def request(self, name: str) -> tuple[str, str, bytes]:
        """Return method, path and form of a call of an operation."""
        operation = KNOWN.operations[name]
        path = operation.path
        while found := PLACE.search(path):
            path = path.replace(found[2], self.random.choice(self.ids.get(found[1]) or ["nobody"]))
        params = self.fields(KNOWN.definitions[operation.params], 0) if operation.params else {}
        if name in OFTEN[:2] and self.random.random() < 0.8:
            card = {"number": self.random.choice(LIKELY["number"]), "exp_month": "12", "exp_year": "2040"}
            method = {"payment_method": self.random.choice(self.ids["payment_method"])}
            given = method if self.random.random() < 0.6 else {"payment_method_data": {"type": "card", "card": card}}
            likely = {key: params[key] for key in ("amount", "currency", "confirm", "capture_method") if key in params}
            params = {**likely, **given, "return_url": "https://shop.test"}
        if name == "POST /v1/refunds" and "charge" in self.ids:
            params = {"charge": self.random.choice(self.ids["charge"]), "amount": str(self.random.randint(0, 900))}
        return operation.method, path, urlencode(list(flat(params, ""))).encode()

    def learn(self, answer: dict[str, Any]) -> None:
        """Keep the ids of an answer for later requests."""
        kind = str(answer.get("object")).rpartition(".")[2]
        for element in answer["data"] if kind == "list" else ():
            self.learn(element)
        kept = self.ids.setdefault(kind, [])
        if "id" in answer and len(kept) < 40:
            kept.append(answer["id"])
        if isinstance(answer.get("latest_charge"), str):
            self.ids.setdefault("charge", []).append(answer["latest_charge"])


def flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Write nested values as a form's pairs."""
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            yield from flat(inner, f"{name}[{key}]" if name else str(key))
    else:
        yield name, str(value)


async def call(fake: StripeFake, method: str, path: str, form: bytes) -> tuple[int, Any]:
    """Send a request without a socket, and return status and body."""
    headers = [(b"authorization", b"Bearer sk_test_fuzz"), (b"content-type", b"application/x-www-form-urlencoded")]
    query, body = (b"", form) if method == "POST" else (form, b"")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await fake(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


async def send_many(seed: int) -> set[tuple[str, int]]:
    """Send requests of one seed, hold each answer, and return the operations with the statuses that they gave."""
    fuzz = Fuzz(seed)
    fake = StripeFake(Worlds(MemoryDocuments()), pages_url="http://pages.test")
    names = [*modelled(), *(OFTEN * 4)]
    seen = set()
    for path, form in BEGINNING:
        named = {kind: kept[-1] for kind, kept in fuzz.ids.items()}
        status, answer = await call(fake, "POST", path.format(**named), form.format(**named).encode())
        assert status == 200, (path, answer)
        fuzz.learn(answer)
    for _ in range(CALLS):
        name = fuzz.random.choice(names)
        method, path, form = fuzz.request(name)
        status, answer = await call(fake, method, path, form)
        assert status in (200, 400, 402, 404, 429, 501), (method, path, form, answer)
        if status == 200:
            assert check_shape(answer) == [], (method, path, form)
            fuzz.learn(answer)
        else:
            assert set(answer) == {"error"}
            assert answer["error"]["message"]
        seen.add((name, status))
    return seen


def test_whatever_is_sent_is_answered() -> None:
    seen: set[tuple[str, int]] = set()
    for seed in SEEDS:
        seen |= asyncio.run(send_many(seed))
    answered = {name for name, status in seen if status == 200}
    assert {"POST /v1/payment_intents", "POST /v1/refunds", "GET /v1/charges/{charge}"} <= answered
    assert len(answered) > 0.5 * len(modelled()), "most operations were called with something that they take"
    assert {status for _, status in seen} >= {200, 400, 402, 404, 501}
