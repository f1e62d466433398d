"""The pytest fixtures of the sandbox: a server for the tests of a session, and for each test a world of its own.

Each process of pytest-xdist has a server of its own. Loading the plugin imports nothing but pytest.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from diddo_gateways.stripe_sdk import StripeClient
    from diddo_sandbox.checkout_servers import InProcessCheckoutServer
    from diddo_sandbox.private_world import SandboxClock, SandboxWorld
    from diddo_sandbox.testing import RunningSandbox

__all__ = ["checkout_server", "sandbox", "sandbox_clock", "sandbox_world", "stripe_client"]

_FAILED = pytest.StashKey[bool]()
_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Keep advice on proxies out of tests: the server imports the SDK's HTTP library in a thread, in whichever test."""
    config.addinivalue_line("filterwarnings", "ignore:SOCKS support in urllib3")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on a test that it has failed, for its world to be kept."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@contextmanager
def _extra_needed() -> Iterator[None]:
    """Say which extra brings what a fixture cannot import."""
    from diddo_rules.cli.extras import missing_extra  # noqa: PLC0415  unused, the plugin costs nothing

    try:
        yield
    except ModuleNotFoundError as error:
        pytest.fail(missing_extra(error, distribution("diddo-rules")), pytrace=False)


@pytest.fixture(scope="session")
def sandbox(pytestconfig: pytest.Config) -> Iterator["RunningSandbox"]:
    """A sandbox on a free loopback port, with the settings that hold in pytest's root folder; `sandbox.url` is its origin.

    Each `sk_test_<name>` opens a world of its own, so tests that use different names never meet.
    """
    with _extra_needed():
        from diddo_rules import Engine, load_settings  # noqa: PLC0415  unused, the plugin costs nothing
        from diddo_sandbox.settings import sandbox_settings  # noqa: PLC0415  likewise
        from diddo_sandbox.testing import sandbox_server  # noqa: PLC0415  likewise

    loaded = load_settings(pytestconfig.rootpath, os.environ)
    with sandbox_server(sandbox_settings(loaded), engine=Engine.from_settings(loaded)) as running:
        yield running


@pytest.fixture(scope="session")
def checkout_server(pytestconfig: pytest.Config) -> Iterator["InProcessCheckoutServer"]:
    """A sandbox in process, with the same settings but the state file: `diddo_rules.testing.check_checkout_flow` drives it."""
    with _extra_needed():
        from diddo_rules import Engine, load_settings  # noqa: PLC0415  unused, the plugin costs nothing
        from diddo_sandbox.checkout_servers import InProcessCheckoutServer  # noqa: PLC0415  likewise
        from diddo_sandbox.settings import sandbox_settings  # noqa: PLC0415  likewise
        from diddo_sandbox.testing import HOST  # noqa: PLC0415  likewise

    loaded = load_settings(pytestconfig.rootpath, os.environ)
    chosen = sandbox_settings(loaded)
    named = chosen.model_copy(update={"allowed_hosts": (*chosen.allowed_hosts, HOST), "state": None})
    with InProcessCheckoutServer(named, engine=Engine.from_settings(loaded)) as server:
        yield server


@pytest.fixture
def sandbox_world(sandbox: "RunningSandbox", request: pytest.FixtureRequest) -> Iterator["SandboxWorld"]:
    """A world that this test has to itself: keys, clock, requests.

    What it holds is written to `diddo-failures/world-<test>.json` if the test fails.
    """
    from diddo_gateways.worlds import world_name  # noqa: PLC0415  unused, the plugin costs nothing
    from diddo_sandbox.private_world import SandboxWorld  # noqa: PLC0415  likewise

    test: Any = request.node
    world = SandboxWorld(sandbox, world_name(test.nodeid, next(_numbers)))
    yield world
    if test.stash.get(_FAILED, False):
        path = world.export_to(Path(request.config.rootpath, "diddo-failures"))
        test.add_report_section("teardown", "sandbox world", f"what the world held: {path}")


@pytest.fixture
def sandbox_clock(sandbox_world: "SandboxWorld") -> "SandboxClock":
    """The clock of the test's world: `now`, `freeze`, `advance`, `resume`."""
    return sandbox_world.clock


@pytest.fixture
def stripe_client(sandbox_world: "SandboxWorld") -> "StripeClient":
    """The official SDK's client, speaking to the fake Stripe of the test's world."""
    from diddo_gateways.stripe_sdk import stripe_client  # noqa: PLC0415  unused, the plugin costs nothing

    return stripe_client(sandbox_world.key, sandbox_world.url)
