# ruff: noqa: S314 (the XML is our own)
"""Fuzzing: the same outcome however it is divided, faults made small, and survivors of whatever plugins do."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from diddo_rules import Engine, PluginLoadError, RulesSettings, Settings
from diddo_rules.cli import fuzz_progress, main
from diddo_rules.cli.fuzz_report import as_dict
from diddo_rules.testing import installed_engine, load_cases, load_failure
from diddo_rules.testing.campaign import Budget, Outcome, fuzz
from diddo_rules.testing.fuzzing import Fuzzer, Job

PLUGIN = '''
import os, signal
from collections.abc import Iterator
from diddo_rules import Cart, Violation, check

class Odd(Violation):
    """Tests need a rule that is odd."""

    code = "ODD"
    http_status = 422
    template = "Odd."
    remedy = "Even."

@check(priority=2000)
def is_even(cart: Cart) -> Iterator[Odd]:
    quantities = [line.quantity for store in cart.stores for line in store.cart_lines]
    if len(cart.stores) > 1 and max(quantities, default=0) >= 99:
        {does}
    yield from ()
'''
WHAT_IT_DOES = {
    "crashes": 'raise RuntimeError("boom")',
    "exits": "os._exit(7)",
    "hangs": "while True: pass",
    "stops": "os.kill(os.getpid(), signal.SIGSTOP)",
    "finds": 'yield Odd(at="/stores")',
    "alters": 'object.__setattr__(cart, "id", "x")',
    "is_fine": "pass",
}
Diddo = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    """Write the file of a plugin that does a thing to some carts; it is called by what it does."""

    def make(does: str) -> Path:
        path = tmp_path / f"{does}.py"
        path.write_text(PLUGIN.format(does=WHAT_IT_DOES[does]))
        return path

    return make


@pytest.fixture
def diddo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Diddo:
    """Run `diddo … --json` in an empty folder: the exit code, what it printed, and what it said besides."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
        code = main([*arguments, "--json"])
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    return run


def engine_with(file: Path) -> Engine:
    return Engine.from_settings(Settings(rules=RulesSettings(load=(str(file),))))


def outcome_of(*, jobs: int, budget: Budget) -> tuple[dict[str, Any], bytes]:
    export = io.BytesIO()
    job = Job(plugins=("stores", "cart_lines"), seed=3, export=True)
    outcome = fuzz(installed_engine, job, budget=budget, jobs=jobs, export=export)
    return as_dict(outcome, {}) | {"seconds": None}, export.getvalue()


def test_the_outcome_is_the_same_however_many_processes_there_are(tmp_path: Path) -> None:
    alone, together = (outcome_of(jobs=jobs, budget=Budget(count=600)) for jobs in (1, 2))
    assert alone == together
    told, lines = alone
    assert told["ok"]
    assert told["cases"] == 600
    assert {it["code"] for it in told["codes"]} == {
        "MISSING_STORES",
        "MISSING_STORE_DOMAIN",
        "MISSING_CART_LINES",
        "VARIANT_NOT_FOUND",
    }
    assert told["never_provoked"] == []
    assert told["behaviours"]["new_in_last_fifth"] < told["behaviours"]["seen"] / 4
    exported = tmp_path / "carts.jsonl"
    exported.write_bytes(lines)
    cases = list(load_cases(exported))
    assert len(cases) > 600
    assert all(installed_engine().validate(*case).codes == codes for case, codes in cases)


def test_shards_are_the_whole_and_nothing_twice() -> None:
    def numbers(**parts: int) -> list[int]:
        return [number for range_ in Budget(count=2_345, **parts).ranges() for number in range_]

    parts = [numbers(shard=shard, shards=3) for shard in (1, 2, 3)]
    assert all(parts)
    assert sorted(chain.from_iterable(parts)) == numbers() == list(range(2_345))


def test_a_number_says_the_same_in_any_company(make: Callable[[str], Path]) -> None:
    fuzzer = Fuzzer(engine_with(make("crashes")), Job(plugins=("crashes",), seed=1))
    suspects = list(fuzzer.run(range(300), until={})["crashes"].suspects.values())
    assert [it.property for it in suspects] == ["never-crashes"]
    number = suspects[0].number
    assert list(fuzzer.run([number], until={})["crashes"].suspects.values()) == suspects
    assert fuzzer.run(range(300), until={"crashes": number})["crashes"].suspects == {}


def test_what_is_found_is_made_small_and_saved(diddo: Diddo, make: Callable[[str], Path]) -> None:
    load = ("--load", str(make("crashes")), "--plugin", "crashes", "--jobs", "1")
    code, told, _ = diddo("fuzz", *load, "--count", "300", "--seed", "1", "--junit", "junit.xml")
    assert code == 1
    (failure,) = told["failures"]
    assert failure["property"] == "never-crashes"
    assert failure["check"] == "crashes:is_even"
    assert failure["message"] == "RuntimeError: boom"
    saved = load_failure(Path(failure["file"]))
    assert Path(failure["file"]).name == saved.file_name()
    assert saved.case is not None
    assert saved.case.cart is not None
    assert [len(store["cart_lines"]) for store in saved.case.cart["stores"]] == [1, 1]
    suite = ET.parse("junit.xml").getroot()[0]
    assert [case.get("name") for case in suite if len(case)] == ["never-crashes"]
    assert len(suite) == len(told["properties"])


def test_people_are_told_with_the_command_that_repeats_it(
    diddo: Diddo, make: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = Path("summary.md")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    file = make("finds")
    options = ("--load", str(file), "--plugin", "finds", "--jobs", "1", "--count", "300", "--seed", "1")
    assert main(["fuzz", *options]) == 1
    said = capsys.readouterr()
    assert "✗ valid-passes  finds:is_even" in said.out
    assert "  diddo replay diddo-failures/ODD-" in said.out
    assert f"::error file={file.name},line=" in said.err
    assert "title=valid-passes of finds::it refuses" in said.err
    assert "| valid-passes | finds:is_even | it refuses" in summary.read_text()
    assert diddo("fuzz", *options)[0] == 1  # and once more for programs


def test_a_code_that_no_case_provokes_is_named(diddo: Diddo, make: Callable[[str], Path]) -> None:
    options = ("--load", str(make("is_fine")), "--plugin", "is_fine", "--jobs", "1", "--count", "100")
    code, told, said = diddo("fuzz", *options)
    assert code == 0
    assert told["never_provoked"] == [{"plugin": "is_fine", "code": "ODD"}]
    assert f"with the seed {told['seed']}" in said
    assert main(["fuzz", *options, "--seed", "1"]) == 0


@pytest.mark.parametrize(
    ("does", "broken", "message"),
    [
        ("exits", "never-crashes", "it ended the process with the exit code 7"),
        ("stops", "within-budget", "it did not come back within 1 s, and nothing could interrupt it"),
        ("hangs", "within-budget", "it hangs: it took longer than 0.2 s"),
        ("alters", "pure", "it changes what it is given"),
    ],
)
def test_whatever_a_plugin_does_is_contained_and_named(
    make: Callable[[str], Path], does: str, broken: str, message: str
) -> None:
    company = ("cost",) if does == "exits" else ()  # which is not to blame
    job = Job(plugins=(*company, does), seed=1, seconds_per_cart=0.2)
    outcome = fuzz(
        partial(engine_with, make(does)), job, budget=Budget(count=500), patience=1.0 if does == "stops" else 30.0
    )
    (failure,) = outcome.failures
    assert (failure.plugin, failure.property, failure.message) == (does, broken, message)
    assert failure.check == f"{does}:is_even"
    assert failure.case is not None
    assert failure.case.cart is not None
    assert len(failure.case.cart["stores"]) > 1
    assert not outcome.interrupted


def test_ctrl_c_ends_with_what_was_found(make: Callable[[str], Path]) -> None:
    def interrupt(outcome: Outcome) -> None:
        if outcome.suspects and not outcome.interrupted:
            raise KeyboardInterrupt

    job = Job(plugins=("crashes",), seed=1)
    outcome = fuzz(partial(engine_with, make("crashes")), job, budget=Budget(seconds=60), watch=interrupt)
    assert outcome.interrupted
    assert outcome.seconds < 30
    assert [it.property for it in outcome.failures] == ["never-crashes"]


def test_ctrl_c_is_exit_code_130(diddo: Diddo, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def interrupting(*_: object) -> Iterator[Callable[[Outcome], None]]:
        def watch(outcome: Outcome) -> None:
            if outcome.coverage.cases and not outcome.interrupted:
                raise KeyboardInterrupt

        yield watch

    monkeypatch.setattr(fuzz_progress, "progress", interrupting)
    code, told, _ = diddo("fuzz", "--plugin", "cost", "--seconds", "60", "--jobs", "1")
    assert code == 130
    assert told["interrupted"]
    assert told["cases"] > 0


def test_where_there_is_no_terminal_a_line_is_said_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(job=Job(plugins=("cost",), seed=1), shares={})
    with fuzz_progress.progress(Budget(count=1), io.StringIO(), {}) as tell:
        for seconds in (1.0, 9.9, 10.1, 19.0, 21.0):
            outcome.seconds = seconds
            tell(outcome)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in lines] == [" 10 s", " 21 s"]


def test_a_terminal_gets_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    outcome = Outcome(job=Job(plugins=("cost",), seed=1), shares={}, seconds=1.0)
    with fuzz_progress.progress(Budget(seconds=2.0), terminal, {"TERM": "xterm"}) as tell:
        tell(outcome)
    assert "0 properties, 0 codes" in terminal.getvalue()


def test_an_earlier_release_is_compared_with(diddo: Diddo, make: Callable[[str], Path]) -> None:
    new = make("is_fine")
    old = new.parent / "old" / "is_fine.py"
    old.parent.mkdir()
    old.write_text(PLUGIN.format(does=WHAT_IT_DOES["finds"]))
    options = ("--load", str(new), "--plugin", "is_fine", "--jobs", "1", "--count", "150", "--seed", "1")
    code, told, _ = diddo("fuzz", *options, "--against", str(old))
    assert code == 1
    (failure,) = told["failures"]
    assert failure["property"] == "agrees-with-its-release"
    assert failure["message"] == "only with the old release ODD is found (error)"
    replayed = ("replay", failure["file"], "--load", str(new))
    assert diddo(*replayed, "--against", str(old))[0] == 1
    assert diddo(*replayed, "--against", str(new))[0] == 0
    assert diddo(*replayed)[0] == 3
    assert diddo(*replayed, "--as", "pytest")[0] == 2


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--count", "1", "--seconds", "1"), 2, "not both"),
        (("--shard", "3/2"), 2, "no part of a whole"),
        (("--shard", "half"), 2, "no part of a whole"),
        (("--without", "pur"), 2, "Did you mean pure?"),
        (("--against", "."), 2, "name it with --plugin"),
        (("--plugin", "costs"), 3, "Did you mean cost?"),
    ],
)
def test_what_cannot_be_done_is_said(diddo: Diddo, options: tuple[str, ...], exit_code: int, message: str) -> None:
    code, told, _ = diddo("fuzz", *options)
    assert code == exit_code
    assert message in told["errors"][0]["message"]


def test_a_property_can_be_left_out(make: Callable[[str], Path]) -> None:
    job = Job(plugins=("crashes",), seed=1, without=("never-crashes",))
    part = Fuzzer(engine_with(make("crashes")), job).run(range(200), until={})
    assert not part["crashes"].suspects
    assert "never-crashes" not in part["crashes"].coverage.by_property


def test_there_must_be_such_a_plugin() -> None:
    with pytest.raises(PluginLoadError, match="Did you mean cost"):
        fuzz(installed_engine, Job(plugins=("coast",), seed=1), budget=Budget(count=1))
