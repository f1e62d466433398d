"""The pytest fixtures `fake_stripe`, a fake Stripe without a socket, and `fake_stripe_client`, an SDK client of a world.

Loading the plugin imports nothing but pytest.
"""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diddo_gateways.stripe_fake.testing import InProcessStripe
    from diddo_gateways.stripe_sdk import StripeClient

__all__ = ["fake_stripe", "fake_stripe_client"]

_numbers = count(1)


@pytest.fixture(scope="session")
def fake_stripe() -> Iterator["InProcessStripe"]:
    """A fake Stripe in the tests' own process; each `sk_test_<name>` opens a world of its own."""
    from diddo_gateways.stripe_fake.testing import InProcessStripe  # noqa: PLC0415  unused, the plugin costs nothing

    with InProcessStripe() as stripe:
        yield stripe


@pytest.fixture
def fake_stripe_client(fake_stripe: "InProcessStripe", request: pytest.FixtureRequest) -> "StripeClient":
    """The official SDK's client, in a world that the test has to itself."""
    from diddo_gateways.worlds import world_name  # noqa: PLC0415  unused, the plugin costs nothing

    return fake_stripe.client(f"sk_test_{world_name(request.node.nodeid, next(_numbers))}")
