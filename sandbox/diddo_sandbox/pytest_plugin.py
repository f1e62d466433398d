"""The pytest fixtures `sandbox`, a server for the tests of a session, and `checkout_server`, one to drive by machine.

Loading the plugin imports nothing but pytest.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diddo_sandbox.checkout_servers import InProcessCheckoutServer
    from diddo_sandbox.testing import RunningSandbox

__all__ = ["checkout_server", "sandbox"]


@pytest.fixture(scope="session")
def sandbox(pytestconfig: pytest.Config) -> Iterator["RunningSandbox"]:
    """A sandbox on a free loopback port, with the settings that hold in pytest's root folder; `sandbox.url` is its origin.

    Each `sk_test_<name>` opens a world of its own, so tests that use different names never meet.
    """
    from diddo_rules import Engine, load_settings  # noqa: PLC0415  unused, the plugin costs nothing
    from diddo_sandbox.settings import sandbox_settings  # noqa: PLC0415  likewise
    from diddo_sandbox.testing import sandbox_server  # noqa: PLC0415  likewise

    loaded = load_settings(pytestconfig.rootpath, os.environ)
    with sandbox_server(sandbox_settings(loaded), engine=Engine.from_settings(loaded)) as running:
        yield running


@pytest.fixture(scope="session")
def checkout_server(pytestconfig: pytest.Config) -> Iterator["InProcessCheckoutServer"]:
    """A sandbox in process, with the same settings but the state file: `diddo_rules.testing.check_checkout_flow` drives it."""
    from diddo_rules import Engine, load_settings  # noqa: PLC0415  unused, the plugin costs nothing
    from diddo_sandbox.checkout_servers import InProcessCheckoutServer  # noqa: PLC0415  likewise
    from diddo_sandbox.settings import sandbox_settings  # noqa: PLC0415  likewise
    from diddo_sandbox.testing import HOST  # noqa: PLC0415  likewise

    loaded = load_settings(pytestconfig.rootpath, os.environ)
    chosen = sandbox_settings(loaded)
    named = chosen.model_copy(update={"allowed_hosts": (*chosen.allowed_hosts, HOST), "state": None})
    with InProcessCheckoutServer(named, engine=Engine.from_settings(loaded)) as server:
        yield server
