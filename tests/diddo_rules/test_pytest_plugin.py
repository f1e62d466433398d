# ruff: noqa: S603 (the programs that are started are our own)
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from diddo_rules.testing import PROPERTIES

BROKEN = Path(__file__).parent / "broken_plugins"
Pytest = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    """Run pytest where there is one test of one's own, and a plugin that points at no place."""
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    (tmp_path / "diddo.toml").write_text(f'[rules]\nload = ["{BROKEN / "points_at_a_place.py"}"]\n')

    def run(*arguments: str, blocked: tuple[str, ...] = ()) -> CompletedProcess[str]:
        block = f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))"
        program = f"{block}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, "-p", "no:cacheprovider", "--hypothesis-profile", "dev", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_a_plugin_gets_one_test_for_each_property(run_pytest: Pytest) -> None:
    done = run_pytest("--collect-only", "-q", "--diddo-plugin", "cost", "--diddo-plugin", "cart")
    assert done.stdout.splitlines()[:-2] == [
        "test_own.py::test_own",
        *(f"diddo-plugin[{plugin}]::{it.name}" for plugin in ("cost", "cart") for it in PROPERTIES),
    ]


def test_a_failure_shows_the_smallest_cart_also_without_the_sandbox(run_pytest: Pytest) -> None:
    arguments = ("--diddo-plugin", "points_at_a_place", "-k", "own or points-at-a-place or reads")
    done = run_pytest(*arguments, blocked=("fastapi", "stripe", "babel"))
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    failure = done.stdout.partition("= FAILURES =")[2]
    assert "_ diddo-plugin[points_at_a_place]::points-at-a-place _" in failure
    assert "points_at_a_place:cart_has_a_price: it points at '/costs/total', which is no place in the cart" in failure
    assert '{"cart": {"id": "cart_' in failure
    assert "Traceback" not in failure


def test_after_a_fundamental_fault_the_other_properties_are_skipped(
    run_pytest: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIDDO_RULES_LOAD", str(BROKEN / "pure.py"))
    done = run_pytest("--diddo-plugin", "pure", "-rs")
    names = [it.name for it in PROPERTIES]
    assert f"1 failed, {1 + names.index('pure')} passed, {len(names) - 1 - names.index('pure')} skipped" in done.stdout
    assert "pure does not keep pure" in done.stdout


def test_its_workers_collect_the_same(run_pytest: Pytest) -> None:
    done = run_pytest("-n", "2", "--diddo-plugin", "cart", "-k", "own or cart and (reads or renders)")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_its_tests_are_chosen_like_others(run_pytest: Pytest) -> None:
    done = run_pytest("--diddo-plugin", "cart", "--diddo-plugin", "cart", "-k", "pure")
    assert f"1 passed, {len(PROPERTIES)} deselected" in done.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_plugin_that_there_is_not_is_a_usage_error(run_pytest: Pytest, workers: tuple[str, ...]) -> None:
    done = run_pytest("--diddo-plugin", "cat", *workers)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--diddo-plugin cat: there is no plugin cat. Did you mean cart?" in done.stderr


def test_unused_it_imports_next_to_nothing() -> None:
    program = "import sys, pytest; a = set(sys.modules); import diddo_rules.testing.pytest_plugin; print(set(sys.modules) - a)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {"diddo_rules", "diddo_rules.lazy", "diddo_rules.testing", "diddo_rules.testing.pytest_plugin"}
    assert {name for name in eval(done.stdout) if "." not in name or name.startswith("diddo")} <= ours  # noqa: S307
