"""`python scripts/docs`: write the generated pages to docs/reference, and build the site from all pages into site/.

With an argument it does so in that folder, which holds another copy of docs/ and zensical.toml.
"""

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

GENERATORS: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (
    api_pages.pages,
    command_pages.pages,
    settings_pages.pages,
    error_pages.pages,
    property_pages.pages,
    decision_pages.pages,
)


def write_generated(folder: Path) -> None:
    """Write each generated page anew; none is edited by hand, and git ignores them all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for generate in GENERATORS:
        for name, text in generate():
            (folder / name).write_text(text, "utf-8", newline="\n")


def main(root: Path) -> int:
    """Build the site; 1 if zensical has anything to say against a page."""
    write_generated(root / "docs" / "reference")
    zensical = Path(sys.executable).with_name("zensical")
    return subprocess.run([zensical, "build", "--strict", "--clean"], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
