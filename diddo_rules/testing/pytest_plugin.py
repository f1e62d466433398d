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

__all__ = ["diddo_engine", "pytest_configure"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register our Hypothesis profiles before Hypothesis' own plugin looks for the one that was asked for."""
    if "hypothesis" in sys.modules or config.getoption("--hypothesis-profile", default=None):
        from diddo_rules.testing.profiles import register_profiles  # noqa: PLC0415 (slow, and seldom wanted)

        register_profiles()


@pytest.fixture(scope="session")
def diddo_engine(pytestconfig: pytest.Config) -> Engine:
    """The engine of all installed plugins, with the settings that hold in pytest's root folder."""
    return diddo_rules.Engine.from_settings(diddo_rules.load_settings(pytestconfig.rootpath, os.environ))
