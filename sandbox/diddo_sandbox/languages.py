"""Which language an answer is in, by the request's Accept-Language."""

import re
from collections.abc import Collection, Iterable

from diddo_rules import Engine

__all__ = ["ENGLISH", "languages_of", "preferred_language"]

ENGLISH = "en"
_RANGE = re.compile(
    r"\s*(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q=(?P<quality>[01](?:\.\d{0,3})?)\s*)?"
)
_MOST = 32
"""The ranges of a header that are looked at."""


def languages_of(engine: Engine) -> frozenset[str]:
    """Return the languages that any violation can be told in."""
    told = {locale for violation in engine.violations.values() for locale in violation.translations}
    return frozenset(told | {ENGLISH})


def preferred_language(header: str, available: Collection[str]) -> str:
    """Return the first of the languages that the header asks for and that is to be had, `de-AT` being `de` as well.

    What cannot be read of the header is passed over, as HTTP asks of servers; English is what is left.
    """
    by_tag = {tag.lower(): tag for tag in available}
    for wanted in _ranked(header):
        tag = wanted
        while tag:
            if tag in by_tag:
                return by_tag[tag]
            tag = tag.rpartition("-")[0]
    return ENGLISH


def _ranked(header: str) -> Iterable[str]:
    """Return the language tags in lower case, the best liked first."""
    found = [match for part in header.split(",")[:_MOST] if (match := _RANGE.fullmatch(part))]
    liked = [(float(match["quality"] or 1), match["tag"].lower()) for match in found]
    return [tag for quality, tag in sorted(liked, key=lambda it: -it[0]) if quality > 0]
