# ruff: noqa: S603, S607 (the programs that are started are our own)
"""Replaying: a failure file says whether the failure is still one, what has changed, and can be passed on."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from diddo_rules import Engine, RulesSettings, Settings
from diddo_rules.cli import main
from diddo_rules.testing import Failure, load_failure, replay
from diddo_rules.testing.fuzzing import Fuzzer, Job

PLUGIN = '''
import os
from collections.abc import Iterator, Mapping
from pydantic import BaseModel
from diddo_rules import Cart, Case, Violation, check, hookimpl

class Odd(Violation):
    """Tests need a rule that is odd."""

    code = "ODD"
    http_status = 422
    template = "Odd."
    remedy = "Even."

class Limit(BaseModel):
    """How many pieces are too many."""

    most: int = 98

@check(priority=2000)
def is_even(cart: Cart, settings: Limit) -> Iterator[Odd]:
    for store in cart.stores:
        if sum(line.quantity for line in store.cart_lines) > settings.most:
            {does}
    yield from ()

@hookimpl
def settings_model():
    return Limit

@hookimpl
def mutators():
    return {{Odd: lambda cart, context, pick: Case(cart, context)}}
'''
CRASHES = PLUGIN.format(does='raise RuntimeError("boom")')
EXITS = PLUGIN.format(does="os._exit(7)")
IS_FINE = PLUGIN.format(does="pass")
Diddo = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin that crashes, in a folder whose settings load it."""
    monkeypatch.chdir(tmp_path)
    Path("diddo.toml").write_text('[rules]\nload = ["./odd.py"]\n')
    path = tmp_path / "odd.py"
    path.write_text(CRASHES)
    return path


def failure_of(plugin: Path, broken: str) -> Failure:
    engine = Engine.from_settings(Settings(rules=RulesSettings(load=(str(plugin),))))
    fuzzer = Fuzzer(engine, Job(plugins=("odd",), seed=1))
    suspects = fuzzer.run(range(400), until={})["odd"].suspects.values()
    return fuzzer.failure(next(it for it in suspects if it.property == broken), shrink=True)


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Failure:
    """What fuzzing says of that plugin."""
    path = tmp_path_factory.mktemp("crashing") / "odd.py"
    path.write_text(CRASHES)
    return failure_of(path, "never-crashes")


@pytest.fixture
def file(crash: Failure, plugin: Path) -> Path:
    """The failure file of that plugin, beside it."""
    return crash.save(plugin.parent / "diddo-failures")


@pytest.fixture
def diddo(capsys: pytest.CaptureFixture[str]) -> Diddo:
    """Run `diddo`: its exit code, what it printed, and what it said besides."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(it) for it in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_it_still_fails_until_it_is_mended(diddo: Diddo, file: Path, plugin: Path) -> None:
    code, printed, _ = diddo("replay", file)
    assert code == 1
    assert "never-crashes of odd:is_even still does not hold: RuntimeError: boom" in printed
    plugin.write_text(IS_FINE)
    code, printed, _ = diddo("replay", file)
    assert code == 0
    assert "never-crashes of odd:is_even holds now. It was: RuntimeError: boom" in printed


def test_what_ends_the_process_fails_too(diddo: Diddo, file: Path, plugin: Path) -> None:
    plugin.write_text(EXITS)
    code, printed, _ = diddo("replay", file, "--json")
    assert code == 1
    assert json.loads(printed) == {
        "fails": True,
        "property": "never-crashes",
        "plugin": "odd",
        "message": "it ended the process with the exit code 7",
        "was": "RuntimeError: boom",
        "differences": [],
    }


def test_the_settings_are_those_of_the_file_unless_today_s_are_wanted(diddo: Diddo, file: Path) -> None:
    with Path("diddo.toml").open("a") as settings:
        settings.write("[plugins.odd]\nmost = 1_000_000\n")
    code, _, said = diddo("replay", file)
    assert code == 1
    assert "the settings of odd are others" in said
    assert diddo("replay", file, "--current-settings")[0] == 0


def test_what_has_changed_is_said(diddo: Diddo, file: Path) -> None:
    failure = load_failure(file)
    plan = (*failure.plan, failure.plan[0].model_copy(update={"plugin": "gone", "check": "gone:check", "version": "9"}))
    old = failure.model_copy(update={"plan": plan, "versions": {"python": "2.7", "pluggy": None}})
    _, _, said = diddo("replay", old.save(Path("old")))
    assert ", and was 2.7" in said
    assert ", and was None" in said
    assert "the plugin gone is not there" in said
    assert "the checks, or their order, are others" in said


def test_a_failure_of_two_carts_is_repeated_from_its_choices(diddo: Diddo, plugin: Path) -> None:
    plugin.write_text(IS_FINE)
    failure = failure_of(plugin, "broken-alone")
    assert failure.other is not None
    assert diddo("replay", failure.save(Path("broken")))[0] == 1


def test_where_nobody_knows_the_cart_the_seed_repeats_it(diddo: Diddo, plugin: Path, file: Path) -> None:
    engine = Engine.from_settings(Settings(rules=RulesSettings(load=(str(plugin),))))
    fuzzer = Fuzzer(engine, Job(plugins=("odd",), seed=1))
    suspect = next(iter(fuzzer.run(range(400), until={})["odd"].suspects.values()))
    seed = Job(plugins=("odd",), seed=1).seed_of(suspect.number)
    unknown = load_failure(file).model_copy(update={"case": None, "choices": None, "seed": seed})
    assert diddo("replay", unknown.save(Path("unknown")))[0] == 1


def test_printed_as_a_test_it_is_clean_and_fails_as_long_as_the_failure_does(
    diddo: Diddo, file: Path, plugin: Path
) -> None:
    code, test, _ = diddo("replay", file, "--as", "pytest")
    assert code == 0
    Path("test_found.py").write_text(test)
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--isolated", "--check"], ["check", "--isolated"]):
        subprocess.run([*ruff, *command, "test_found.py"], check=True, capture_output=True)
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_found.py"]
    failing = subprocess.run(pytest_, capture_output=True, text=True, check=False)
    assert failing.returncode == 1
    assert "test_never_crashes_of_odd_is_even" in failing.stdout
    assert "RuntimeError: boom" in failing.stdout
    plugin.write_text(IS_FINE)
    assert subprocess.run(pytest_, capture_output=True, check=False).returncode == 0


def test_printed_as_calls_it_can_be_run(diddo: Diddo, file: Path) -> None:
    code, calls, _ = diddo("replay", file, "--as", "curl")
    assert code == 0
    assert "curl" not in calls  # there is no code that a sandbox could be asked for
    Path("calls.sh").write_text(calls.replace("diddo check", "true"))
    subprocess.run(["bash", "-e", "calls.sh"], check=True)
    code, printed, _ = diddo("check", "cart.json")
    assert code == 1
    assert "odd:is_even crashed" in printed


def test_a_code_can_be_asked_of_a_sandbox(diddo: Diddo, file: Path) -> None:
    coded = load_failure(file).model_copy(update={"code": "MISSING_STORES", "case": None})
    _, calls, _ = diddo("replay", coded.save(Path("coded")), "--as", "curl")
    assert "There is no cart to check" in calls
    assert "/checkout/cart_force_MISSING_STORES/validate" in calls


def test_a_file_from_elsewhere_brings_no_code_into_what_is_printed(diddo: Diddo, file: Path, tmp_path: Path) -> None:
    evil = {
        "property": 'x"""\nopen("test", "w")\n"""',
        "plugin": "gifts\ntouch plugin",
        "check": None,
        "code": '$(touch code)";touch more;"',
    }
    foreign = load_failure(file).model_copy(update=evil)
    saved = tmp_path / "foreign.json"
    saved.write_text(foreign.model_dump_json(), "utf-8")
    _, test, _ = diddo("replay", saved, "--as", "pytest")
    [_, *statements] = ast.parse(test).body
    assert [type(it) for it in statements] == [ast.ImportFrom, ast.ImportFrom, ast.Assign, ast.FunctionDef]
    _, calls, _ = diddo("replay", saved, "--as", "curl")
    programs = "curl() { :; }; diddo() { :; }; cat() { :; }\n"
    subprocess.run(["bash", "-c", programs + calls], cwd=tmp_path, check=True)
    assert not {"test", "plugin", "code", "more"} & {it.name for it in tmp_path.iterdir()}


def test_what_is_no_failure_file_is_refused(diddo: Diddo, plugin: Path) -> None:
    code, _, said = diddo("replay", plugin)
    assert code == 3
    assert "is no failure file" in said


def test_a_property_that_there_is_not_is_named(file: Path, diddo: Diddo) -> None:
    other = load_failure(file).model_copy(update={"property": "of-another-version"})
    code, _, said = diddo("replay", other.save(Path("other")))
    assert code == 3
    assert "there is no property of-another-version" in said


def test_the_schema_is_printed(diddo: Diddo) -> None:
    code, printed, _ = diddo("replay", "--schema")
    assert code == 0
    assert json.loads(printed)["title"] == "Failure"


def test_a_test_may_replay_in_its_own_process(file: Path, plugin: Path) -> None:
    failure = load_failure(file)
    engine = Engine.from_settings(Settings(rules=RulesSettings(load=(str(plugin),))))
    complaint = replay(failure, engine)
    assert complaint is not None
    assert complaint.message == failure.message
