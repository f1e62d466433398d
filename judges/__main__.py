"""`make judges`: start a sandbox, send every judge on all journeys, play the story with every shop, print how they fared."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

from judges.expectations import Unmet
from judges.shops.story import CHAPTERS, telling

HERE = Path(__file__).parent
_JUDGES = ([sys.executable, "-m", "judges.python_judge"], ["node", str(HERE / "node" / "judge.mjs")])
_SHOPS = {
    "shop in Python": [sys.executable, "-m", "judges.shops.shop"],
    "shop in Node": ["node", str(HERE / "node" / "shop.mjs")],
}
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


def _play(url: str) -> Iterator[Verdict]:
    """Play the story with each shop."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, command in _SHOPS.items():
            page = browser.new_page()
            yield Verdict(name, dict(_chapters(command, url, page)))
            page.close()


def _chapters(command: list[str], url: str, page: Page) -> Iterator[tuple[str, tuple[int, str | None]]]:
    """Yield what came of each chapter."""
    with telling(command, url, page) as told:
        for chapter in CHAPTERS:
            try:
                chapter(told)
                yield f"a shop: {chapter.__name__}", (1, None)
            except (Unmet, Error) as error:
                yield f"a shop: {chapter.__name__}", (1, str(error))


def main(files: list[str]) -> None:
    """Judge by the journeys of the files, by default by all and by the story; exit with 1 if anything is wrong."""
    chosen = [Path(file).resolve() for file in files] or sorted(HERE.glob("journeys/*.json"))
    with _serving() as url:
        judged = [_ask(command, url, chosen) for command in _JUDGES]
        played = [] if files else list(_play(url))
    for verdicts in filter(None, (judged, played)):
        _print_table(verdicts)
    told = [(it.name, name, why) for it in [*judged, *played] for name, (_, why) in it.journeys.items()]
    wrong = [(name, what, why) for name, what, why in told if why is not None]
    for judge, journey, why in wrong:
        print(f"\n{judge}: {journey}\n  {why}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
