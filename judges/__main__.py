"""`make judges`: start a sandbox, send every judge on all journeys, and print how they fared."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
_JUDGES = ([sys.executable, "-m", "judges.python_judge"], ["node", str(HERE / "node" / "judge.mjs")])
_PATIENCE = 300


@dataclass
class Verdict:
    """What one judge says: for each journey the number of its steps, and what went wrong or None."""

    name: str
    journeys: dict[str, tuple[int, str | None]] = field(default_factory=dict)


@contextmanager
def _serving() -> Iterator[str]:
    """Run `diddo serve` until the block ends; yield its URL."""
    diddo = Path(sys.executable).with_name("diddo")
    with subprocess.Popen([diddo, "serve", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line:
                sys.exit("the sandbox did not start")
            yield json.loads(line)["url"]
        finally:
            server.terminate()


def _ask(command: list[str], url: str, files: list[Path]) -> Verdict:
    """Have one judge go on all journeys."""
    asked = [*command, url, *map(str, files)]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or not lines:
        sys.exit(f"{command[0]} ended with {done.returncode} before all journeys were done")
    return Verdict(lines[0]["judge"], {it["journey"]: (it["steps"], it["wrong"]) for it in lines[1:]})


def _print_table(verdicts: list[Verdict]) -> None:
    """Print a row for each journey, with a column for each judge."""
    print(f"{'journey':58}{'steps':>5}  " + "  ".join(verdict.name for verdict in verdicts))
    for journey, (steps, _) in verdicts[0].journeys.items():
        found = ("ok" if it.journeys[journey][1] is None else "WRONG" for it in verdicts)
        cells = (cell.ljust(len(it.name)) for cell, it in zip(found, verdicts, strict=True))
        print(f"{journey:58}{steps:>5}  {'  '.join(cells)}".rstrip())


def main(files: list[str]) -> None:
    """Judge by the journeys of the files, by default of all; exit with 1 if anything is wrong."""
    chosen = [Path(file).resolve() for file in files] or sorted(HERE.glob("journeys/*.json"))
    with _serving() as url:
        verdicts = [_ask(command, url, chosen) for command in _JUDGES]
    _print_table(verdicts)
    wrong = [(it.name, name, why) for it in verdicts for name, (_, why) in it.journeys.items() if why is not None]
    for judge, journey, why in wrong:
        print(f"\n{judge}: {journey}\n  {why}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
