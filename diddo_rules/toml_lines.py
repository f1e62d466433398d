"""Finding the line on which a key of a TOML file stands, for error messages."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["line_of"]


def line_of(text: str, key: str) -> int | None:
    """Return the line, from 1, on which the dotted `key`, or what is nearest above it, is set; None if nothing is.

    The parser tells no lines, so ever more of the file is parsed, until the key is there.
    """
    path = list(_path(tomllib.loads(text), key))
    lines = text.splitlines()
    parsed = 0
    for count in range(1, len(lines) + 1) if path else ():
        try:
            content = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # in the midst of a value
        if _has(content, path):
            return parsed + 1
        parsed = count
    return None


def _path(content: Any, key: str) -> Iterator[str]:
    """Yield the keys that the dotted `key` leads through: a key may hold dots itself, as a domain does."""
    while isinstance(content, Mapping) and key:
        found = [name for name in content if key == name or key.startswith(f"{name}.")]
        if not found:
            return
        name = max(found, key=len)
        yield name
        content, key = content[name], key[len(name) + 1 :]


def _has(content: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(content, Mapping) or name not in content:
            return False
        content = content[name]
    return True
