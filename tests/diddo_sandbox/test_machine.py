"""The whole flow as a state machine against the sandbox: a short run each time, 5,000 steps and more every night."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from diddo_rules.testing import CartCall, CheckoutServer, Request, Tally, api_calls, check_checkout_flow
from diddo_sandbox.checkout_servers import InProcessCheckoutServer, ListeningCheckoutServer
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import HOST, InProcessSandbox

from .conftest import HOODIE, MUG, SCARF, Api

NIGHTLY_STEPS = 5000
SHIPPING = [("harbor-athletics.example", "standard"), ("northside-supply.example", "ground")]
# A run that never gets there would agree with any model.
REACHED_SOON = {
    "checkout: accepted",
    "pay: pays",
    "pay: declines",
    "3-D Secure: complete",
    "paid",
    "failed",
    "expired",
}
REACHED_BY_NIGHT = REACHED_SOON | {
    "stutter",
    "3-D Secure: fail",
    "3-D Secure: too late",
    "pay: complete",
    "pay: expired",
    "race to pay: 1 won",
    "checkout 200 races edit 409",
    "cancelled after failures",
    "ran out",
    "refund all: 200",
    "refund half: 200",
    "refund too much: 400",
    "redeliver what was heard",
    "redeliver what was not heard: paid",
}
nightly = pytest.mark.skipif(
    settings.get_current_profile_name() != "nightly", reason="takes minutes: make nightly runs it"
)


@pytest.fixture(scope="module")
def in_process_server() -> Iterator[InProcessCheckoutServer]:
    with InProcessCheckoutServer() as server:
        yield server


def short() -> settings:
    return settings(max_examples=15, stateful_step_count=25, phases=[Phase.generate])


def test_the_flow_agrees_with_its_model(in_process_server: InProcessCheckoutServer) -> None:
    tally = check_checkout_flow(in_process_server, settings=short())
    assert tally.reached.keys() >= REACHED_SOON


def test_a_restart_over_a_state_file_goes_on(tmp_path: Path) -> None:
    with InProcessCheckoutServer(SandboxSettings(state=tmp_path / "shop.db", allowed_hosts=(HOST,))) as server:
        headers = {"authorization": f"Bearer {server.new_key()}"}
        checkout = Request("POST", "/checkout/cart_ready", headers)
        server.send(Request("GET", "/cart/cart_ready", headers))
        server.restart(checkout, after=1)  # the cart is locked, its session is not there
        assert [server.send(checkout).status for _ in range(2)] == [200, 409]


def test_the_flow_agrees_with_its_model_over_http() -> None:
    with ListeningCheckoutServer() as server:
        tally = check_checkout_flow(server, settings=settings(short(), max_examples=5))
    assert tally.reached["paid"]


@pytest.mark.timeout(1800)
@nightly
def test_every_night_in_process(in_process_server: InProcessCheckoutServer) -> None:
    reached = steps_of_a_night(in_process_server)
    assert reached >= REACHED_BY_NIGHT | {"restart during payment, then complete", "restart during checkout, then 200"}


@pytest.mark.timeout(1800)
@nightly
def test_every_night_over_http() -> None:
    with ListeningCheckoutServer() as server:
        assert steps_of_a_night(server) >= REACHED_BY_NIGHT


def steps_of_a_night(server: CheckoutServer) -> set[str]:
    """Run until there have been so many steps; return all that was reached."""
    done = Tally()
    while done.steps < NIGHTLY_STEPS:
        tally = check_checkout_flow(server, settings=settings(max_examples=50, stateful_step_count=50))
        done.steps += tally.steps
        done.reached += tally.reached
    return set(done.reached)


@given(calls=api_calls(variants=[HOODIE, MUG, SCARF, "no-such-variant"], shipping=SHIPPING))
@settings(max_examples=30)
def test_no_sequence_of_calls_is_answered_with_a_fault_of_the_server(
    in_process: InProcessSandbox, calls: list[CartCall]
) -> None:
    api, cart_id = Api(in_process, "sk_test_calls"), "0"
    for call in calls:
        answer = api(*call.request(cart_id))
        assert answer.status < 500
        if call.action == "add" and answer.status == 200:
            cart_id = answer.json["id"]
