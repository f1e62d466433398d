"""One sandbox for the folder's tests, in process; each test works in a world of its own."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from diddo_rules.testing import Reply
from diddo_sandbox.testing import InProcessSandbox

from .browsing import browser, open_page, own_key, server  # noqa: F401  fixtures

BUYER = {
    "first_name": "Ada",
    "last_name": "Okafor",
    "address_1": "1 Market Street",
    "city": "San Francisco",
    "province_code": "CA",
    "country_code": "US",
    "postal_code": "94105",
    "email": "ada@example.test",
    "phone": "+1 415 555 0100",
}
HOODIE, SCARF, MUG = "harbor-hoodie-navy-m", "gulls-scarf", "northside-mug-green"
_worlds = count()


class Api:
    """The Diddo API, called with one key."""

    def __init__(self, sandbox: InProcessSandbox, key: str) -> None:
        self.sandbox = sandbox
        self.key = key

    def __call__(self, method: str, path: str, body: object = None) -> Reply:
        return self.sandbox.request(method, path, body, key=self.key)

    def add(self, variant_id: str, quantity: int = 1, cart_id: str = "0") -> Reply:
        item = {"variant_id": variant_id, "quantity": quantity}
        return self("POST", "/cart/add", {"cart_id": cart_id, "item": item})

    def set_quantity(self, cart_id: str, variant_id: str, quantity: int) -> Reply:
        item = {"variant_id": variant_id, "quantity": quantity}
        return self("POST", "/cart/update", {"cart_id": cart_id, "item": item})

    def buyer(self, cart_id: str, **fields: object) -> Reply:
        return self("POST", "/cart/customer", {"cart_id": cart_id, "buyer_identity": BUYER | fields})

    def choose_first_shipping(self, cart_id: str) -> Reply:
        rates = self("GET", f"/cart/shipping-rates/{cart_id}").json
        options = [
            {"store": store["store"], "shipping_id": store["offer"]["shipping_methods"][0]["id"]}
            for store in rates["stores"]
        ]
        return self("POST", "/cart/shipping-method", {"cart_id": cart_id, "shipping_options": options})

    def ready_cart(self) -> str:
        """Build a two-store cart by the API, step by step, up to checkout."""
        cart_id: str = self.add(HOODIE, 2).json["id"]
        self.add(MUG, 1, cart_id)
        assert self.buyer(cart_id).status == 200
        assert self.choose_first_shipping(cart_id).status == 200
        return cart_id


CONTRACT_CODES = {
    "CART_NOT_FOUND": 400,
    "ALREADY_SUBMITTED": 409,
    "BUYER_IDENTITY_MISSING": 400,
    "MISSING_TOTAL_COST": 400,
    "MISSING_STORES": 400,
    "MISSING_STORE_DOMAIN": 400,
    "SHIPPING_ADDRESS_UNAVAILABLE": 422,
    "MISSING_CART_LINES": 400,
    "VARIANT_NOT_FOUND": 400,
}


CARD = {
    "email": "ada@example.test",
    "number": "4242424242424242",
    "expiry": "12/34",
    "cvc": "123",
    "name": "Ada Okafor",
    "country": "US",
    "postal_code": "94105",
}


class Shopper:
    """Somebody at the payment page, without a script."""

    def __init__(self, sandbox: InProcessSandbox, url: str) -> None:
        self._sandbox = sandbox
        self.path = url.partition("#")[0].removeprefix("http://sandbox.test")

    def look(self) -> tuple[int, str]:
        answer = self._sandbox.request("GET", self.path, key=None)
        return answer.status, answer.body.decode()

    def pay(self, **fields: str) -> tuple[int, str]:
        """Send the form; return the status, and the page or where it leads."""
        form = "&".join(f"{name}={value}" for name, value in (CARD | fields).items())
        answer = self._sandbox.request("POST", self.path, form.encode(), key=None)
        return answer.status, answer.headers.get("location", answer.body.decode())

    def answer(self, url: str, outcome: str) -> str:
        path = url.removeprefix("http://sandbox.test")
        assert self._sandbox.request("GET", path, key=None).status == 200
        answer = self._sandbox.request("POST", path, f"outcome={outcome}".encode(), key=None)
        assert answer.status == 303
        return answer.headers["location"]


def check_out(api: Api, cart_id: str) -> Shopper:
    answer = api("POST", f"/checkout/{cart_id}")
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["url"]
    return Shopper(api.sandbox, answer.json["url"])


def status(api: Api, cart_id: str) -> dict[str, Any]:
    api.sandbox.settle()
    state: dict[str, Any] = api("GET", f"/cart/status/{cart_id}").json
    return state


def stripe(api: Api, method: str, path: str, body: str = "") -> Any:
    answer = api.sandbox.request(method, path, body.encode(), key=api.key)
    assert answer.status == 200, answer.body
    return answer.json


def only_session(api: Api) -> Any:
    [session] = stripe(api, "GET", "/v1/checkout/sessions")["data"]
    return session


@pytest.fixture(scope="session")
def in_process() -> Iterator[InProcessSandbox]:
    with InProcessSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def make_api(in_process: InProcessSandbox) -> Callable[[], Api]:
    return lambda: Api(in_process, f"sk_test_w{next(_worlds)}")


@pytest.fixture
def api(make_api: Callable[[], Api]) -> Api:
    return make_api()
