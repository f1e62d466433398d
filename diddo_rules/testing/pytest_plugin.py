"""The pytest plugin: fixtures for teams that test their rules. Loading it imports nothing but pytest."""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diddo_rules import Engine

__all__ = ["diddo_engine"]


@pytest.fixture(scope="session")
def diddo_engine(pytestconfig: pytest.Config) -> "Engine":
    """The engine with all installed plugins, and the settings that hold in pytest's root folder."""
    from diddo_rules import Engine, load_settings  # noqa: PLC0415 (unused, the plugin costs nothing)

    return Engine.from_settings(load_settings(pytestconfig.rootpath, os.environ))


# The fixtures of the sandbox come with the sandbox, in a pytest plugin of its own.
