"""The list of decisions, from their first lines."""

from collections.abc import Iterator
from pathlib import Path

from markdown_parts import NOTE, table

__all__ = ["pages"]

_DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page's name and text."""
    titles = {it.name: it.read_text("utf-8").partition("\n")[0].removeprefix("# ") for it in _DECISIONS.glob("*.md")}
    rows = [(title[:4], f"[{title[5:]}](../decisions/{name})") for name, title in sorted(titles.items())]
    introduction = "Reasons for what is not obvious: what was decided, why, and what follows from it.\n"
    yield "decisions.md", "\n".join([NOTE, "# Decisions\n", introduction, table(("number", "decision"), rows)])
