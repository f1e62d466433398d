"""What a full run of `make mutants` relies on; the run itself takes minutes, and nights are for that."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Any]]:
    sys.path.insert(0, str(ROOT / "scripts/mutants"))
    try:
        yield {name: importlib.import_module(name) for name in ("explained", "elements")}
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def known(scripts: dict[str, Any]) -> Any:
    return scripts["explained"].read()


def test_what_is_mutated_is_there_and_so_are_its_tests(known: Any) -> None:
    places = [place for target in known.targets for place in (target.module, *target.tests)]
    assert [it for it in places if not (ROOT / it.partition("::")[0]).exists()] == []


def test_each_survivor_is_of_a_line_that_is_there_and_has_a_reason(scripts: dict[str, Any], known: Any) -> None:
    assert scripts["explained"].stale(known) == []
    assert [it for it in (*known.explanations, *known.rules) if not it.why.endswith(".")] == []
    assert {it.module for it in known.explanations} <= {it.module for it in known.targets}


def test_no_mutant_is_explained_twice(known: Any) -> None:
    keys = [(it.module, it.line, becomes, it.nth) for it in known.explanations for becomes in it.becomes]
    assert len(keys) == len(set(keys))


def test_a_line_that_is_gone_makes_its_explanation_stale(scripts: dict[str, Any], known: Any) -> None:
    gone = replace(known.explanations[0], line="nobody has written this")
    assert scripts["explained"].stale(replace(known, explanations=(gone,))) == [gone]


def test_an_explanation_is_of_one_change_of_one_line(known: Any) -> None:
    told = replace(known.explanations[0], nth=2)
    mutant = {"module": told.module, "line": told.line, "becomes": told.becomes[0], "nth": 2, "operator": "any"}
    assert told.covers(mutant)
    for key, value in {"module": "", "line": "", "becomes": "else", "nth": 1}.items():
        assert not told.covers(mutant | {key: value})


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("x = (1, 2, 3)", ["x = (2, 3)", "x = (1, 3)", "x = (1, 2)"]),
        ("x = (1, 2)", ["x = (2,)", "x = (1,)"]),
        ("x = (1,)", ["x = ()"]),
        ("x = 1, 2", ["x = 2,", "x = 1,"]),
        ("x = [f]", ["x = []"]),
        ("x = {'ü': (1,), 'é': 2}", ["x = {'é': 2}", "x = {'ü': (1,)}", "x = {'ü': (), 'é': 2}"]),
        ("x = {\n  1: 2,\n  3: 4,\n}", ["x = {\n  3: 4,\n}", "x = {\n  1: 2,\n}"]),
        ("x: tuple[int, str] = y[1, 2]; a, b = x", []),
    ],
)
def test_tables_lose_one_element_at_a_time(scripts: dict[str, Any], source: str, left: list[str]) -> None:
    assert list(scripts["elements"].without_elements(source)) == left
