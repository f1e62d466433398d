"""The pytest plugin: fixtures for teams that test their rules. Loading it imports nothing that is not there already.

The fixtures of the sandbox come with the sandbox, in a pytest plugin of its own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

import diddo_rules  # which imports its parts when they are asked for

if TYPE_CHECKING:
    from diddo_rules import Engine

__all__ = ["diddo_engine", "pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the properties that every plugin has to keep as tests."""
    parser.getgroup("diddo").addoption(
        "--diddo-plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="Also test that this plugin keeps what every plugin has to keep, one test for each property.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register our Hypothesis profiles before Hypothesis' own plugin looks for the one that was asked for."""
    if "hypothesis" in sys.modules or config.getoption("--hypothesis-profile", default=None):
        from diddo_rules.testing.profiles import register_profiles  # noqa: PLC0415 (slow, and seldom wanted)

        register_profiles()
    if _plugins_to_test(config):
        from diddo_rules.testing.property_tests import require_plugins  # noqa: PLC0415 (slow, and seldom wanted)

        require_plugins(_plugins_to_test(config), config.rootpath)


def _plugins_to_test(config: pytest.Config) -> tuple[str, ...]:
    return tuple(dict.fromkeys(config.getoption("--diddo-plugin")))


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among these, too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of the plugins that were asked for: the same in each worker of pytest-xdist."""
    names = _plugins_to_test(config)
    if names:
        from diddo_rules.testing.property_tests import property_tests  # noqa: PLC0415

        items.extend(property_tests(session, names))


@pytest.fixture(scope="session")
def diddo_engine(pytestconfig: pytest.Config) -> Engine:
    """The engine of all installed plugins, with the settings that hold in pytest's root folder."""
    return diddo_rules.Engine.from_settings(diddo_rules.load_settings(pytestconfig.rootpath, os.environ))
