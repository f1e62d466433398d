"""`python scripts/docs`: write the generated pages to docs/reference, and build the site from all pages into site/."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import api_pages
import command_pages
import decision_pages
import error_pages
import property_pages
import settings_pages

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "docs" / "reference"

GENERATORS: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (
    api_pages.pages,
    command_pages.pages,
    settings_pages.pages,
    error_pages.pages,
    property_pages.pages,
    decision_pages.pages,
)


def write_generated() -> None:
    """Write each generated page anew; none is edited by hand, and git ignores them all."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir(parents=True)
    for generate in GENERATORS:
        for name, text in generate():
            (GENERATED / name).write_text(text, "utf-8", newline="\n")


def main() -> int:
    """Build the site; 1 if zensical has anything to say against a page."""
    write_generated()
    zensical = Path(sys.executable).with_name("zensical")
    return subprocess.run([zensical, "build", "--strict", "--clean"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
