"""Where results are printed: in colour on a terminal, and never wrapped or interpreted otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["plain", "screen"]

_WIDE = 200
_SPACES = "\u00a0\u202f"  # that do not break: French sets them within its quotation marks


def plain(text: str) -> str:
    """Return text from a cart such that it cannot steer a terminal: what cannot be printed is spelt out."""
    return "".join(char if char.isprintable() or char in _SPACES else _spelt_out(char) for char in text)


def _spelt_out(char: str) -> str:
    return char.encode("unicode_escape").decode()


def screen() -> Console:
    """Return stdout as Rich sees it; `NO_COLOR` and `COLUMNS` are honoured, and carts cannot inject markup."""
    from rich.console import Console  # noqa: PLC0415 (`diddo --help` prints nothing in colour)

    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)  # a pipe has no edge to fit into
    return console
