"""The example plugin, really installed: into a folder of its own, without the network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "maximum_order_value"


@pytest.fixture(scope="session")
def example() -> Path:
    """The folder of the example's sources."""
    return EXAMPLE


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the example, and return an environment in which it is found; settings of ours are left out of it."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run(  # noqa: S603 (our own example)
        [*pip, "--no-index", "--no-deps", "--no-build-isolation", "--target", str(target), str(EXAMPLE)], check=True
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DIDDO_", "PYTEST_"))}
    return inherited | {"PYTHONPATH": str(target), "NO_COLOR": "1"}
