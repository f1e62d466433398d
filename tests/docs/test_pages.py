"""Every block of every page does what the page says."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = [it for it in (ROOT / "docs").rglob("*.md") if it.parent.name not in ("reference", "decisions")]
# The whole of what is not run, and why; a block that is skipped for another reason fails.
NOT_RUN = {
    "README.md": {"they run for as long as you like, and these are the tests": 1},
    "docs/tutorial.md": {"it installs": 1},
}


@pytest.mark.parametrize("path", sorted([ROOT / "README.md", *WRITTEN]), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_block_does_what_the_page_says(path: Path, run_page: Any) -> None:
    page = run_page(path)
    assert Counter(page.skipped) == NOT_RUN.get(str(path.relative_to(ROOT)), {})
