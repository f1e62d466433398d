"""`python scripts/mutants [--module PART]`: which changes of the code would no test notice?

Exit code 1: a mutant has survived that `mutants.toml` does not explain, or it explains one that has not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Children compile what they import only once, and leave nothing in the tree.
CACHE = tempfile.TemporaryDirectory(prefix="mutants-")
sys.pycache_prefix, sys.dont_write_bytecode = CACHE.name, False
sys.path[:0] = [str(ROOT / folder) for folder in ("", "plugins", "gateways", "sandbox")]
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # xdist, sybil and more would only cost time

import explained  # noqa: E402  (the cache has to be in place before)
import trials  # noqa: E402  (likewise)

Mutant = Mapping[str, Any]
MAKER = [ROOT / ".venv-mutants/bin/python", Path(__file__).with_name("make_mutants.py")]
SECONDS_BETWEEN_WORDS = 10


class Progress:
    """Says every few seconds how far it is."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_BETWEEN_WORDS

    def tell(self, module: str, counts: Mapping[str, int]) -> None:
        """Say so if it is time."""
        if time.monotonic() >= self._next:
            print(f"{module}: {counts['mutants']} tried, {counts['survived']} survived", file=sys.stderr, flush=True)
            self._next = time.monotonic() + SECONDS_BETWEEN_WORDS


def make(target: explained.Target) -> Iterator[Mutant]:
    """Yield the mutants of a module as they are made."""
    place = f"{target.module}:{','.join(target.parts)}" if target.parts else target.module
    with subprocess.Popen([*MAKER, place], stdout=subprocess.PIPE, text=True, cwd=ROOT) as maker:
        assert maker.stdout is not None  # noqa: S101  it is a pipe
        yield from map(json.loads, maker.stdout)
    if maker.returncode:
        raise RuntimeError(f"{place}: no mutants could be made")


def survivors(target: explained.Target, known: explained.Explained, *, jobs: int) -> tuple[Counter[str], list[Mutant]]:
    """Try all mutants of a module; return how many there are of each kind, and those that no test has noticed."""
    counts, survived, progress = Counter[str](), list[Mutant](), Progress()
    unchanged = trials.run_unchanged(target.tests)
    for mutant, killed in trials.try_all(make(target), target.tests, unchanged, jobs=jobs):
        counts["mutants"] += 1
        counts["killed" if killed else "survived"] += 1
        if not killed:
            survived.append(mutant)
            covered = any(it.covers(mutant) for it in (*known.explanations, *known.rules))
            counts["explained"] += covered
            if not covered:
                show(mutant)
        progress.tell(target.module, counts)
    return counts, survived


def show(mutant: Mutant) -> None:
    """Print a mutant, ready to be explained."""
    print(f"\n{mutant['module']}:{mutant['number']}: survives ({mutant['operator']}, line {mutant['nth']} of its kind)")
    print(f"  line = {json.dumps(mutant['line'], ensure_ascii=False)}")
    print(f"  becomes = [{json.dumps(mutant['becomes'], ensure_ascii=False)}]", flush=True)


def table(rows: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Print what became of the mutants of each module."""
    words = ("mutants", "killed", "survived", "explained")
    rows = list(rows)
    print(f"\n{'':50}{''.join(f'{word:>10}' for word in words)}{'seconds':>10}")
    for module, counts in [*rows, ("all", sum((Counter(counts) for _, counts in rows), Counter()))]:
        print(f"{module:50}{''.join(f'{counts[word]:>10}' for word in words)}{counts['seconds']:>10}")


def unused(known: explained.Explained, survived: list[Mutant], modules: set[str]) -> list[str]:
    """Return what is said of mutants that were killed, or are no more."""
    of_these = [it for it in known.explanations if it.module in modules]
    said = [
        f"{it.module}: {it.line} -> {becomes}"
        for it in of_these
        for becomes in it.becomes
        if not any(it.covers(mutant) and mutant["becomes"] == becomes for mutant in survived)
    ]
    if modules == {target.module for target in known.targets}:
        said += [f"rule: {it.why}" for it in known.rules if not any(map(it.covers, survived))]
    return said


def main() -> int:
    """Try the mutants of the modules that were asked for; 1 if something is left to do."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--module", action="append", help="only modules whose path holds this; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="how many mutants at a time (default 2)")
    chosen = parser.parse_args()
    known = explained.read()
    targets = [it for it in known.targets if not chosen.module or any(part in it.module for part in chosen.module)]
    rows, survived = [], []
    for target in targets:
        started = time.monotonic()
        counts, of_module = survivors(target, known, jobs=chosen.jobs)
        counts["seconds"] = round(time.monotonic() - started)
        rows.append((target.module, counts))
        survived += of_module
    stale = unused(known, survived, {target.module for target in targets})
    left = sum(counts["survived"] - counts["explained"] for _, counts in rows)
    table(rows)
    for line in stale:
        print(f"explained, but it does not survive: {line}")
    print(f"\n{left} unexplained, {len(stale)} explanations of nothing")
    return 1 if left or stale or not targets else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
