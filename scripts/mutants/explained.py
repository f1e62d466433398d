"""The file `mutants.toml`: what is mutated, which tests have to notice, and why some mutants may survive."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A module that is mutated, or the functions, classes and variables `parts` of it, and the tests that have to notice."""

    module: str
    tests: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why the mutants that make `line` one of `becomes` may survive.

    Both are the changed lines without indentation, joined by a space. Where the module has the line several times,
    `nth` says which one is meant, counted from 1; else all of them are.
    """

    module: str
    line: str
    becomes: tuple[str, ...]
    why: str
    nth: int | None = None

    def covers(self, mutant: Mapping[str, Any]) -> bool:
        """Return whether it speaks of the mutant."""
        return (
            (mutant["module"], mutant["line"]) == (self.module, self.line)
            and mutant["becomes"] in self.becomes
            and self.nth in {None, mutant["nth"]}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Why mutants of some operators on lines that match `line`, a regular expression, may survive anywhere."""

    operators: tuple[str, ...]
    line: str
    why: str

    def covers(self, mutant: Mapping[str, Any]) -> bool:
        """Return whether it speaks of the mutant."""
        return mutant["operator"] in self.operators and re.search(self.line, mutant["line"]) is not None


@dataclass(frozen=True, slots=True)
class Explained:
    """All that the file says."""

    targets: tuple[Target, ...]
    explanations: tuple[Explanation, ...]
    rules: tuple[Rule, ...]


def read(file: Path = FILE) -> Explained:
    """Read the file.

    Raises:
        TypeError: it has a key that means nothing, or lacks one.
    """
    tables = tomllib.loads(file.read_text("utf-8"))
    groups = tables.get("tests", {})
    targets = [
        Target(**{**it, "tests": _tests(groups, it["tests"]), "parts": tuple(it.get("parts", ()))})
        for it in tables["target"]
    ]
    explanations = [Explanation(**{**it, "becomes": tuple(it["becomes"])}) for it in tables.get("explained", ())]
    rules = [Rule(**{**it, "operators": tuple(it["operators"])}) for it in tables.get("rule", ())]
    return Explained(tuple(targets), tuple(explanations), tuple(rules))


def _tests(groups: Mapping[str, list[str]], said: str | list[str]) -> tuple[str, ...]:
    """Return the tests of a target, which may name a group of them."""
    return tuple(groups[said] if isinstance(said, str) else said)


def stale(explained: Explained) -> list[Explanation]:
    """Return the explanations of lines that their modules no longer have; only a full run tells the rest."""
    return [it for it in explained.explanations if it.line not in _flat(ROOT / it.module)]


def _flat(module: Path) -> str:
    return " ".join(line.strip() for line in module.read_text("utf-8").splitlines() if line.strip())
