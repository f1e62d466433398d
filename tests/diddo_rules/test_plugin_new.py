# ruff: noqa: S603 (the programs that are started are our own)
import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from diddo_rules.cli import main

LONG = "abcdefghij-abcdefghij-abcdefghij-abcdefg"
NAMES = ("small-orders", "small_orders", LONG)
CACHE = Path(__file__).parents[2] / ".mypy_cache" / "new_plugin"


def run(*command: str, folder: Path, **variables: str) -> CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DIDDO_", "PYTEST_"))}
    command = (sys.executable, "-m", *command)
    return subprocess.run(command, cwd=folder, env=inherited | variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new plugin, as the command makes it."""
    into = tmp_path_factory.mktemp("new")
    assert main(["plugins", "new", "small-orders", "--into", str(into)]) == 0
    return into / "small-orders"


def test_it_says_what_it_made_and_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "small-orders", "--into", str(tmp_path)]) == 0
    said = capsys.readouterr()
    folder = tmp_path / "small-orders"
    files = {str(path) for path in folder.rglob("*") if path.is_file()}
    assert set(said.out.split()) == files
    assert f"cd {folder}" in said.err


def test_it_says_so_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "small-orders", "--into", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["plugin"] == "small_orders"
    assert "small_orders.py" in told["files"]
    assert ".github/workflows/fuzz.yml" in told["files"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Small", "PLUGIN_NAME_INVALID"),
        ("1st", "PLUGIN_NAME_INVALID"),
        ("small.orders", "PLUGIN_NAME_INVALID"),
        ("../up", "PLUGIN_NAME_INVALID"),
        ("class", "PLUGIN_NAME_INVALID"),
        ("a" * 41, "PLUGIN_NAME_INVALID"),
        ("cart-lines", "PLUGIN_NAME_TAKEN"),
        ("json", "PLUGIN_NAME_TAKEN"),
        ("pydantic", "PLUGIN_NAME_TAKEN"),
        ("there", "PLUGIN_EXISTS"),
    ],
)
def test_what_cannot_be_a_plugin_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: str
) -> None:
    (tmp_path / "there").mkdir()
    assert main(["plugins", "new", name, "--into", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == code
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("name", NAMES)
def test_what_it_makes_is_clean(tmp_path: Path, name: str) -> None:
    assert main(["plugins", "new", name, "--into", str(tmp_path)]) == 0
    folder = tmp_path / name
    done = [run("ruff", *command, folder=folder) for command in (("format", "--check", "."), ("check", "."))]
    assert [it.returncode for it in done] == [0, 0], done


def test_what_it_makes_is_typed(made: Path) -> None:
    done = run("mypy", "--cache-dir", str(CACHE), ".", folder=made)
    assert done.returncode == 0, done.stdout


def test_its_own_tests_pass_as_soon_as_it_is_installed(made: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-index")
    done = run(*pip, "--no-deps", "--no-build-isolation", "--target", str(site), str(made), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    tests = ("pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "ci", str(made / "tests"))
    done = run(*tests, "--rootdir", str(tmp_path), folder=tmp_path, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stdout
    program = "import sys; from diddo_rules.cli import main; sys.exit(main())"
    inherited = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-c", program, "rules", "list", "--json"]
    listed = subprocess.run(command, cwd=tmp_path, env=inherited, capture_output=True, text=True, check=True)
    checks = {check["check"]: check for check in json.loads(listed.stdout)["checks"]}
    assert checks["small_orders:order_is_small_enough"]["codes"] == ["SMALL_ORDERS_EXCEEDED"]
