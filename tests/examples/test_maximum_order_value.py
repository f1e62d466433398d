# ruff: noqa: S603 (the programs that are started are our own)
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from diddo_rules.testing import gen_cart, replayed

CODE = "MAXIMUM_ORDER_VALUE_EXCEEDED"
PROGRAM = "import sys; from diddo_rules.cli import main; sys.exit(main())"
Diddo = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def diddo(tmp_path: Path, install: Callable[[str], dict[str, str]]) -> Diddo:
    """Run `diddo` where the example is installed, in an empty folder."""

    def run(*arguments: str) -> CompletedProcess[str]:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=install("maximum_order_value"), capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def cart(tmp_path: Path) -> str:
    """A plain cart with a total of $10.00."""
    path = tmp_path / "cart.json"
    path.write_text(gen_cart(replayed([])).model_dump_json(), "utf-8")
    return str(path)


def test_it_is_listed_between_the_first_party_rules(diddo: Diddo) -> None:
    checks = json.loads(diddo("rules", "list", "--json").stdout)["checks"]
    position = [check["plugin"] for check in checks].index("maximum_order_value")
    assert checks[position - 1]["codes"] == ["MISSING_TOTAL_COST"]
    assert checks[position + 1]["codes"] == ["MISSING_STORES"]
    listed = checks[position]
    assert (listed["check"], listed["codes"], listed["version"]) == (
        "maximum_order_value:order_is_within_the_limit",
        [CODE],
        "1.0.0",
    )


def test_it_is_explained(diddo: Diddo) -> None:
    done = diddo("explain", CODE)
    assert done.returncode == 0
    assert f"{CODE}  422" in done.stdout
    assert "order by telephone" in done.stdout


def test_its_settings_decide(diddo: Diddo, cart: str, tmp_path: Path) -> None:
    settings = tmp_path / "diddo.toml"
    assert diddo("check", cart).returncode == 0
    settings.write_text("[plugins.maximum_order_value]\nlimits = { USD = 10_00 }")
    assert diddo("check", cart).returncode == 0
    settings.write_text("[plugins.maximum_order_value]\nlimits = { USD = 9_99 }")
    done = diddo("check", cart)
    assert done.returncode == 1
    assert f"{CODE}  422  /cost/total" in done.stdout
    assert "The order's total of $10.00 exceeds the limit of $9.99." in done.stdout


def test_a_slip_in_its_settings_names_key_and_file(diddo: Diddo, cart: str, tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text("[plugins.maximum_order_value]\nlimit = { USD = 1 }")
    done = diddo("check", cart)
    assert done.returncode == 3
    assert "diddo.toml:2: plugins.maximum_order_value.limit" in done.stderr
    assert "Did you mean limits?" in done.stderr


def test_it_can_be_switched_off(diddo: Diddo, cart: str, tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text("[plugins.maximum_order_value]\nlimits = { USD = 1 }")
    assert diddo("check", cart).returncode == 1
    assert diddo("check", cart, "--disable", "maximum_order_value").returncode == 0
    assert diddo("check", cart, "--disable", CODE).returncode == 0


def test_its_own_tests_pass(own_tests: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    done = own_tests("maximum_order_value", tmp_path)
    assert done.returncode == 0, done.stdout
