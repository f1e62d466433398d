"""What counts as text that says nothing."""

import re

__all__ = ["is_blank"]

# Whitespace, and the zero-width characters that copying from a web page leaves behind.
_visible = re.compile(r"[^\s\u200b-\u200f\u2060\ufeff]").search


def is_blank(text: str | None) -> bool:
    """Return whether `text` is missing, empty, or nothing but white space and zero-width characters."""
    return text is None or _visible(text) is None
