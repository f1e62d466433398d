"""One sandbox for the folder's tests, in process; each test works in a world of its own."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from diddo_sandbox.testing import Answer, InProcessSandbox

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

    def __call__(self, method: str, path: str, body: object = None) -> Answer:
        return self.sandbox.request(method, path, body, key=self.key)

    def add(self, variant_id: str, quantity: int = 1, cart_id: str = "0") -> Answer:
        item = {"variant_id": variant_id, "quantity": quantity}
        return self("POST", "/cart/add", {"cart_id": cart_id, "item": item})

    def set_quantity(self, cart_id: str, variant_id: str, quantity: int) -> Answer:
        item = {"variant_id": variant_id, "quantity": quantity}
        return self("POST", "/cart/update", {"cart_id": cart_id, "item": item})

    def buyer(self, cart_id: str, **fields: object) -> Answer:
        return self("POST", "/cart/customer", {"cart_id": cart_id, "buyer_identity": BUYER | fields})

    def choose_first_shipping(self, cart_id: str) -> Answer:
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
