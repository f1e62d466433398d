"""The pytest fixture `sandbox`: a server for the tests of a session. Loading the plugin imports nothing but pytest."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diddo_sandbox.testing import RunningSandbox

__all__ = ["sandbox"]


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
