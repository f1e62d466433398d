"""Every block of every page does what the page says."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = sorted(it for it in DOCS.rglob("*.md") if it.parent.name not in ("reference", "decisions"))
# The whole of what is not run, and why; a block that is skipped for another reason fails.
NOT_RUN = {"tutorial.md": {"it installs": 1}}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(DOCS)))
def test_each_block_does_what_the_page_says(path: Path, run_page: Any) -> None:
    page = run_page(path)
    assert Counter(page.skipped) == NOT_RUN.get(str(path.relative_to(DOCS)), {})
