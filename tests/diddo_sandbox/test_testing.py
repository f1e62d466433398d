"""What the package ships for other people's tests."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request as URLRequest
from urllib.request import urlopen

import pytest
import stripe

from diddo_rules import SettingsError
from diddo_rules.testing import Request
from diddo_sandbox.checkout_servers import InProcessCheckoutServer
from diddo_sandbox.private_world import SandboxClock, SandboxWorld
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import InProcessSandbox, RunningSandbox, sandbox_server


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


def test_each_test_has_a_world_of_its_own(
    sandbox_world: SandboxWorld, sandbox_clock: SandboxClock, stripe_client: stripe.StripeClient
) -> None:
    assert sandbox_world.key.startswith("sk_test_test_testing-py-test_each_test_has_a_world")
    frozen = sandbox_clock.freeze()
    assert sandbox_clock.advance(3600) == sandbox_clock.now() == frozen + 3600
    assert sandbox_clock.resume() >= frozen + 3600
    with pytest.raises(ValueError, match="forward only"):
        sandbox_clock.freeze(1)
    customer = stripe_client.v1.customers.create({"email": "ada@example.test"})
    assert sandbox_world.request("POST", "/checkout/cart_ready").status == 200
    refused = sandbox_world.request("POST", "/checkout/cart_ready")
    assert (refused.status, refused.codes) == (409, ["ALREADY_SUBMITTED"])
    exported = sandbox_world.export()["documents"]
    assert [it["id"] for it in exported["customer"]] == [customer.id]
    assert [it["body"]["cart"]["id"] for it in exported["cart"]] == ["cart_ready"]


def test_webhook_secrets_are_rotated_over_the_control_api(
    sandbox_world: SandboxWorld, stripe_client: stripe.StripeClient
) -> None:
    made = stripe_client.v1.webhook_endpoints.create({"url": "https://a.test", "enabled_events": ["customer.created"]})
    rolled = sandbox_world.request("POST", f"/_sandbox/webhook_endpoints/{made.id}/roll_secret", {"expires_in": 60})
    assert rolled.status == 200
    assert rolled.json["id"] == made.id
    assert rolled.json["secret"].startswith("whsec_")
    assert rolled.json["secret"] != made.secret
    for path, body, status in (("we_none", {}, 404), (made.id, {"expires_in": 86_401}, 422)):
        assert sandbox_world.request("POST", f"/_sandbox/webhook_endpoints/{path}/roll_secret", body).status == status


def test_accounts_are_set_to_an_older_version() -> None:
    with sandbox_server(SandboxSettings(stripe_version="2026-02-25.clover")) as sandbox:
        asked = URLRequest(f"{sandbox.url}/v1/customers", headers={"authorization": "Bearer sk_test_old"})  # noqa: S310
        with urlopen(asked) as answer:  # noqa: S310  loopback
            assert answer.headers["stripe-version"] == "2026-02-25.clover"
    with pytest.raises(ValueError, match="it must be one of 2025-03-31"):
        SandboxSettings(stripe_version="2019-05-16")


FAILING = """
def test_fails(sandbox_world, stripe_client):
    stripe_client.v1.webhook_endpoints.create({"url": "https://a.test", "enabled_events": ["*"]})
    sandbox_world.request("GET", "/cart/cart_ready")
    assert False

def test_passes(sandbox_world):
    assert sandbox_world.request("GET", "/cart/cart_ready").status == 200
"""


def test_a_world_is_kept_if_its_test_has_failed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(FAILING, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    [kept] = (tmp_path / "diddo-failures").iterdir()
    assert str(kept) in done.stdout
    text = kept.read_text("utf-8")
    assert json.loads(text)["documents"]["cart"][0]["id"] == "cart_ready"
    assert not re.search("whsec_[0-9A-Za-z]", text)


@pytest.mark.parametrize(("documentation_ids", "status"), [(True, 200), (False, 404)])
def test_ids_of_the_documentation_can_be_made_to_exist(documentation_ids: Any, status: int) -> None:
    settings = SandboxSettings(allowed_hosts=("sandbox.test",), documentation_ids=documentation_ids)
    with InProcessSandbox(settings) as sandbox:
        assert sandbox.request("GET", "/v1/customers/cus_xxxxxxxxxxxxx").status == status


WITHOUT_EXTRA = """
import sys
sys.modules["uvicorn"] = None

def test_needs_the_server(sandbox):
    pass
"""


def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(WITHOUT_EXTRA, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert "the module uvicorn is not installed" in done.stdout
    assert "pip install 'diddo-rules[sandbox]'" in done.stdout
    assert "Traceback" not in done.stdout
