"""A shop: one world of the shared server, with the official SDK pointed at it."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.shapes import check_shape

# For the modules that tests share: `catalogue_requests`, `refusals`, `tracks` and others.
sys.path.append(str(Path(__file__).parent))

RETURN_URL = "https://shop.test/return"
numbers = itertools.count()


@dataclass
class Shop:
    """One account of the fake, as its owner's backend uses it."""

    server: Any
    name: str
    client: stripe.StripeClient

    def pay(self, method: str | None = "pm_card_visa", **params: Any) -> stripe.PaymentIntent:
        """Create and confirm an intent."""
        given = {"amount": 2000, "currency": "usd", "confirm": True, "return_url": RETURN_URL, **params}
        if method is not None:
            given["payment_method"] = method
        return self.client.v1.payment_intents.create(given)  # type: ignore[arg-type]

    def declined(self, method: str | None, **params: Any) -> stripe.CardError:
        """Pay with a card that is declined, and return the error."""
        with pytest.raises(stripe.CardError) as caught:
            self.pay(method, **params)
        return caught.value

    def events(self) -> list[str]:
        """Return the types of all events, oldest first."""
        return [event.type for event in reversed(list(self.client.v1.events.list({"limit": 100}).auto_paging_iter()))]

    def told(self, error: stripe.StripeError, field: str) -> Any:
        """Return a field of the error as it was sent, or None."""
        return error.json_body["error"].get(field)

    def publishable(self) -> stripe.StripeClient:
        return self.server.client(f"pk_test_{self.name}")

    def by_number(self, number: str, **card: Any) -> dict[str, Any]:
        """Return `payment_method_data` of a card number."""
        details = {"number": number, "exp_month": 12, "exp_year": 2040, **card}
        return {"type": "card", "card": details}

    def call(self, coroutine: Any) -> Any:
        return self.server.call(coroutine)


@pytest.fixture
def shop(shared_server: Any) -> Shop:
    return _shop(shared_server)


@pytest.fixture
def v1(shop: Shop) -> Any:
    """The services of the API's first version, in the shop's account."""
    return shop.client.v1


@pytest.fixture
def own_shop(server: Any) -> Shop:
    """A shop on a server of the test's own: for those that move clocks or wait for deliveries."""
    return _shop(server)


def _shop(server: Any) -> Shop:
    name = f"shop{next(numbers)}"
    return Shop(server, name, server.client(f"sk_test_{name}"))


@pytest.fixture
def well_formed() -> Callable[[stripe.StripeObject], None]:
    """Hold an object of the API against the shape that the SDK's types give its kind."""

    def check(obj: stripe.StripeObject) -> None:
        assert check_shape(obj.to_dict()) == []

    return check
