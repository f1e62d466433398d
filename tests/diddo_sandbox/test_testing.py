"""What the package ships for other people's tests."""

from urllib.request import urlopen

import pytest

from diddo_rules import SettingsError
from diddo_rules.testing import Request
from diddo_sandbox.checkout_servers import InProcessCheckoutServer
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import RunningSandbox, sandbox_server


def test_the_fixture_is_a_running_server(sandbox: RunningSandbox) -> None:
    with urlopen(sandbox.url + "/_sandbox/health") as answer:  # noqa: S310  loopback
        assert answer.status == 200


def test_the_other_fixture_is_driven_without_a_socket(checkout_server: InProcessCheckoutServer) -> None:
    key = checkout_server.new_key()
    cart = Request("GET", "/cart/cart_ready", {"authorization": f"Bearer {key}"})
    before = checkout_server.send(cart)
    checkout_server.restart(Request("POST", "/checkout/cart_ready", cart.headers), after=0)
    assert checkout_server.send(cart) == before


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(SettingsError, match="Did you mean stripe"), sandbox_server(SandboxSettings(gateway="strip")):
        pass
