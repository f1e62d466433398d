"""Where in a JSON text each value stands, so that a finding can be shown on its line."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from json import loads
from typing import NamedTuple

from pydantic.alias_generators import to_camel

__all__ = ["JsonPlaces", "Region"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Region(NamedTuple):
    """A stretch of text; lines and columns count from 1, in characters, and `end_column` is the first one behind."""

    line: int
    column: int
    end_line: int
    end_column: int


class _Value(NamedTuple):
    """One value: its first character, the one behind it, and what is in it by key or position."""

    start: int
    end: int
    inside: "dict[str, _Value]"


class JsonPlaces:
    """The places of the values in a JSON text that is known to be right.

    Args:
        text: the JSON.
        first_line: the number of its first line in the file that it is from.
    """

    def __init__(self, text: str, *, first_line: int = 1) -> None:
        self._text = text
        self._first_line = first_line

    def region(self, pointer: str) -> Region:
        """Return where the value at a JSON pointer stands, or what is nearest above it.

        A key is also found in camelCase, because carts may be written so.
        """
        value = self._whole
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = value.inside.get(key) or value.inside.get(to_camel(key))
            if found is None:
                break
            value = found
        return Region(*self._line_and_column(value.start), *self._line_and_column(value.end))

    @cached_property
    def _whole(self) -> _Value:
        tokens = _TOKEN.finditer(self._text)
        return _value(next(tokens), tokens)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._line_starts, offset) - 1
        return self._first_line + index, offset - self._line_starts[index] + 1


def _value(token: "re.Match[str]", tokens: "Iterator[re.Match[str]]") -> _Value:
    if token[0] == "{":
        return _members(token.start(), tokens)
    if token[0] == "[":
        return _items(token.start(), tokens)
    return _Value(token.start(), token.end(), {})


def _members(start: int, tokens: "Iterator[re.Match[str]]") -> _Value:
    inside: dict[str, _Value] = {}
    for token in tokens:
        if token[0] == "}":
            return _Value(start, token.end(), inside)
        if token[0] != ",":
            next(tokens)  # the colon
            inside[loads(token[0])] = _value(next(tokens), tokens)
    raise ValueError("the text ends within an object")


def _items(start: int, tokens: "Iterator[re.Match[str]]") -> _Value:
    inside: dict[str, _Value] = {}
    for token in tokens:
        if token[0] == "]":
            return _Value(start, token.end(), inside)
        if token[0] != ",":
            inside[str(len(inside))] = _value(token, tokens)
    raise ValueError("the text ends within an array")
