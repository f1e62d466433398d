"""How the checkout machine speaks to a server: as the front end, as Stripe's API client, and as the shopper's browser."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

from diddo_rules.testing.cart_calls import CartCall
from diddo_rules.testing.checkout_server import CheckoutServer, Reply, Request
from diddo_rules.testing.flow_model import Card, Good, ServerFailed, require

__all__ = ["UNKNOWN_VARIANT", "Caller", "Tally", "learn_goods", "path_of"]

_FORM = "application/x-www-form-urlencoded"
UNKNOWN_VARIANT = "no-such-variant"


@dataclass
class Tally:
    """What a run of the machine did: `reached` counts each kind of outcome, such as `pay: declines`."""

    runs: int = 0
    steps: int = 0
    calls: int = 0
    reached: Counter[str] = field(default_factory=Counter)


class Caller:
    """Calls a server under one key, in the world of that key.

    Args:
        server: the server.
        tally: where calls are counted.
    """

    def __init__(self, server: CheckoutServer, tally: Tally) -> None:
        self.server = server
        self.key = server.new_key()
        self._tally = tally
        self._idempotency_keys = count()

    @property
    def world(self) -> str:
        """The name of the key's world."""
        return self.key.removeprefix("sk_test_")

    def api_request(self, method: str, path: str, body: Any = None) -> Request:
        """Return a request of the Diddo API, with a JSON body or none."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        return Request(method, path, headers, b"" if body is None else json.dumps(body).encode())

    def stripe_request(self, method: str, path: str, fields: Mapping[str, object] | None = None) -> Request:
        """Return a request of Stripe's API; one that changes something has an idempotency key."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": _FORM}
        if method == "POST":
            headers["idempotency-key"] = f"{self.key}-{next(self._idempotency_keys)}"
        return Request(method, path, headers, urlencode(fields or {}).encode())

    def pay_request(self, page: str, card: Card) -> Request:
        """Return the form that a shopper sends from a payment page."""
        form = {"email": "ada@example.test", "name": "Ada Okafor", "country": "US", "postal_code": "94105"}
        form |= {"number": card.number, "expiry": card.expiry, "cvc": card.cvc}
        return Request("POST", page, {"content-type": _FORM}, urlencode(form).encode())

    def send(self, request: Request) -> Reply:
        """Send a request.

        Raises:
            ServerFailed: it was answered with a status of 500 or above.
        """
        return self._sound(request, self.server.send(request))

    def race(self, requests: Sequence[Request]) -> list[Reply]:
        """Send requests at once; see `send`."""
        replies = [self.send(requests[0])] if len(requests) == 1 else self.server.race(requests)
        return [self._sound(request, reply) for request, reply in zip(requests, replies, strict=True)]

    def _sound(self, request: Request, reply: Reply) -> Reply:
        self._tally.calls += 1
        require(reply.status < 500, ServerFailed, f"{request} was answered {reply.status}: {reply.body!r}")
        return reply

    def cart_state(self, cart_id: str) -> Any:
        """Return what `GET /cart/status/:id` answers."""
        return self.send(self.api_request(*CartCall("status").request(cart_id))).json

    def stripe(self, path: str) -> Any:
        """Return an object of Stripe's."""
        return self.send(self.stripe_request("GET", f"/v1/{path}")).json

    def listed(self, path: str, *, newer_than: str | None = None) -> Iterator[Any]:
        """Yield all objects of a list of Stripe's, newest first; those newer than an object oldest first."""
        onwards = "starting_after" if newer_than is None else "ending_before"
        query: dict[str, object] = {"limit": 100} if newer_than is None else {"limit": 100, onwards: newer_than}
        while True:
            found = self.stripe(f"{path}?{urlencode(query)}")
            objects = found["data"] if newer_than is None else found["data"][::-1]
            yield from objects
            if not found["has_more"]:
                return
            query[onwards] = objects[-1]["id"]

    def watch_events(self) -> str | None:
        """Have every event of the world delivered to the server's inbox; return its URL, None when there is none."""
        if self.server.inbox is None:
            return None
        url = f"{self.server.inbox}/{self.world}"
        fields = {"url": url, "enabled_events[0]": "*"}
        require(
            self.send(self.stripe_request("POST", "/v1/webhook_endpoints", fields)).status == 200, ServerFailed, url
        )
        return url


def learn_goods(server: CheckoutServer) -> dict[str, Good]:
    """Return variants of the server's catalogue to shop with, by id: mostly of one currency, one of them sold out.

    Which store sells a variant is seen when it is put into a cart.
    """
    caller = Caller(server, Tally())
    found: dict[str, list[Good]] = {}
    for product in caller.send(caller.api_request("GET", "/products?limit=100")).json["products"]:
        for variant in product["variants"]:
            good = Good(variant["external_id"], variant["price"], variant["currency"], variant["available"])
            found.setdefault(product["brand"] if good.available else "sold out", []).append(good)
    sold_out = found.pop("sold out", [])[:1]
    sold = [_with_store(caller, good) for good in _assorted(list(found.values()))]
    return {good.variant_id: good for good in sold + sold_out}


def _assorted(brands: Sequence[Sequence[Good]]) -> Iterator[Good]:
    """Yield two goods of the first brand, one of each other in its currency, and one of each further currency."""
    yield from brands[0][:2]
    currency, others = brands[0][0].currency, dict[str, Good]()
    for brand in brands[1:]:
        if brand[0].currency == currency:
            yield brand[0]
        else:
            others.setdefault(brand[0].currency, brand[0])
    yield from others.values()


def _with_store(caller: Caller, good: Good) -> Good:
    add = CartCall("add", {"item": {"variant_id": good.variant_id, "quantity": 1}})
    cart = caller.send(caller.api_request(*add.request("0"))).json
    return good._replace(store=cart["stores"][0]["store"])


def path_of(url: str) -> str:
    """Return the path of a URL with its query."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
