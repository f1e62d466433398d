"""What the package ships for other people's tests."""

from urllib.request import urlopen

import pytest

from diddo_rules import SettingsError
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import RunningSandbox, sandbox_server


def test_the_fixture_is_a_running_server(sandbox: RunningSandbox) -> None:
    with urlopen(sandbox.url + "/_sandbox/health") as answer:  # noqa: S310  loopback
        assert answer.status == 200


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(SettingsError, match="Did you mean stripe"), sandbox_server(SandboxSettings(gateway="strip")):
        pass
