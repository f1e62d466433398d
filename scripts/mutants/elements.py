"""Leaving out one element of a table: an edge that is missing from a state table is a mutant as well."""

import ast
from collections.abc import Iterator
from typing import Any

# From which byte to which.
Span = tuple[int, int]


def without_elements(source: str) -> Iterator[str]:
    """Yield the source without one element of one tuple, list, set or dict that is written out, for each in turn.

    What stands between the brackets of an index or a type is left alone.
    """
    text = source.encode()
    starts = [0, *(index + 1 for index, byte in enumerate(text) if byte == ord("\n"))]
    tree = ast.parse(source)
    in_brackets = {it for node in ast.walk(tree) if isinstance(node, ast.Subscript) for it in ast.walk(node.slice)}
    for node in ast.walk(tree):
        spans = [_span(one, last, starts) for one, last in _elements(node)] if node not in in_brackets else []
        for index in range(len(spans)):
            opens, closes = _span(node, node, starts)
            inside = closes - (text[opens : opens + 1] in (b"(", b"[", b"{"))
            start, end, rest = _left_out(node, index, spans, inside)
            kept = text[slice(*rest)] + b"," if rest else b""
            yield (text[:start] + kept + text[end:]).decode()


def _left_out(node: ast.AST, index: int, spans: list[Span], close: int) -> tuple[int, int, Span | None]:
    """Return from where to where text goes, and what of it stays all the same, with a comma behind it."""
    if len(spans) == 2 and isinstance(node, ast.Tuple):
        return spans[0][0], close, spans[1 - index]
    if len(spans) == 1:
        return spans[0][0], close, None
    if index == len(spans) - 1:
        return spans[index - 1][1], spans[index][1], None
    return spans[index][0], spans[index + 1][0], None


def _elements(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return where each element begins and ends."""
    if isinstance(node, ast.Dict):
        return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return [(element, element) for element in node.elts]
    return []


def _span(first: Any, last: Any, starts: list[int]) -> Span:
    return starts[first.lineno - 1] + first.col_offset, starts[last.end_lineno - 1] + last.end_col_offset
