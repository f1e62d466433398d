"""The example plugins, really installed: each into a folder of its own, without the network."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Install an example, and return an environment in which it is found; settings of ours are left out of it."""

    @cache
    def installed(name: str) -> dict[str, str]:
        target = tmp_path_factory.mktemp(name)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        subprocess.run(  # noqa: S603 (our own example)
            [*pip, "--no-index", "--no-deps", "--no-build-isolation", "--target", str(target), str(EXAMPLES / name)],
            check=True,
        )
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DIDDO_", "PYTEST_"))}
        return inherited | {"PYTHONPATH": str(target), "NO_COLOR": "1"}

    return installed


@pytest.fixture(scope="session")
def own_tests(install: Callable[[str], dict[str, str]]) -> Callable[[str, Path], "subprocess.CompletedProcess[str]"]:
    """Run the tests that an example brings, where it is installed."""

    def run(name: str, directory: Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "ci"]
        return subprocess.run(  # noqa: S603 (our own tests)
            [*command, "--rootdir", str(directory), str(EXAMPLES / name / "tests")],
            cwd=directory,
            env=install(name),
            capture_output=True,
            text=True,
            check=False,
        )

    return run
