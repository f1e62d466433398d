"""The list of properties that every plugin has to keep, from the kit's own table."""

from collections.abc import Iterator

from api_pages import linked
from markdown_parts import NOTE, table

from diddo_rules.testing import PROPERTIES

__all__ = ["pages"]

_INTRODUCTION = """\
What every plugin has to keep, in the order in which it is tried. Where a plugin breaks one that is fundamental, the
others have nothing to stand on, and are not tried. [How to try them](../how-to/properties.md).
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page's name and text."""
    rows = [(f"`{it.name}`", linked(it.claim), "yes" if it.fundamental else "") for it in PROPERTIES]
    yield (
        "properties.md",
        "\n".join([NOTE, "# Properties\n", _INTRODUCTION, table(("property", "claim", "fundamental"), rows)]),
    )
