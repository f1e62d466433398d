"""Say what somebody may have meant by a name that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the closest known name, or else lists all of them."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    if not by_folded:
        return "None are known."
    closest = get_close_matches(word.casefold(), by_folded, n=1)
    if closest:
        return f"Did you mean {by_folded[closest[0]]}?"
    return f"Known: {', '.join(by_folded.values())}."
