"""Form encoding with brackets: `a[b][0]=c` as nested dicts of strings.

Whether `0` is a position in a list or a key of a map is decided later, by the operation's schema: `metadata[0]` is a
key and `expand[0]` a position. `a[]=x` counts up positions; `a[][b]=1&a[][c]=2` is one element with two fields, as
Rack reads it.
"""

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from diddo_gateways.stripe_fake.errors import ParameterRefused

__all__ = ["Tree", "decode"]

Tree = dict[str, "str | Tree"]

MOST_PAIRS = 10_000
DEEPEST = 20
# Names come again from request to request: those of up to this many bytes are taken apart once.
REMEMBERED = 256


def decode(text: bytes, into: Tree | None = None) -> Tree:
    """Decode `key=value&…` into nested dicts whose leaves are strings.

    Args:
        text: a query string or a form body.
        into: the tree to add to, when a request has both.

    Raises:
        ParameterRefused: the text is not UTF-8, holds a null byte, is too deep, has too many pairs, or uses one name
            for a value and for an object at once.
    """
    tree: Tree = {} if into is None else into
    if not text:
        return tree
    if b"%00" in text or b"\0" in text:
        raise ParameterRefused("Invalid null byte in the request's parameters.")
    pairs = text.split(b"&", MOST_PAIRS)
    if len(pairs) > MOST_PAIRS:
        raise ParameterRefused(f"The request has more than {MOST_PAIRS} parameters.")
    try:
        for pair in pairs:
            if pair:
                name, _, value = pair.partition(b"=")
                steps = _steps(name) if len(name) <= REMEMBERED else _taken_apart(name)
                _add(tree, steps, _unquoted(value))
    except UnicodeDecodeError as error:
        raise ParameterRefused("Invalid UTF-8 in the request's parameters.") from error
    return tree


def _unquoted(text: bytes) -> str:
    if b"%" in text or b"+" in text:
        text = unquote_to_bytes(text.replace(b"+", b" "))
    return text.decode()


def _taken_apart(name: bytes) -> tuple[str, ...]:
    """Return the steps of a name, `a[b][]` as `a`, `b` and the empty text."""
    text = _unquoted(name)
    if not text.endswith("]") or text.find("[") <= 0:
        return (text,)
    first, _, rest = text[:-1].partition("[")
    return (first, *rest.split("]["))


_steps = lru_cache(maxsize=4096)(_taken_apart)


def _add(tree: Tree, steps: tuple[str, ...], value: str) -> None:
    if len(steps) > DEEPEST:
        raise ParameterRefused(f"Parameters may be nested {DEEPEST} levels deep: {_whole(steps)}")
    for position, step in enumerate(steps[:-1]):
        inner = tree.get(step) if step else None
        # The common step, to where an earlier parameter has been; the rest is for `_enter`.
        tree = inner if isinstance(inner, dict) else _enter(tree, steps, position)
    last = steps[-1]
    if not last and len(steps) > 1:
        last = str(len(tree))
    if isinstance(tree.get(last), dict):
        raise ParameterRefused("Invalid object", param=_whole(steps))
    tree[last] = value


def _whole(steps: tuple[str, ...]) -> str:
    """Return the name as it was sent."""
    return steps[0] + "".join(f"[{step}]" for step in steps[1:])


def _enter(tree: Tree, steps: tuple[str, ...], position: int) -> Tree:
    """Go one level down, making it when it is not there."""
    step = steps[position] or _element(tree, steps[position + 1 :])
    inner = tree.setdefault(step, {})
    if isinstance(inner, str):
        raise ParameterRefused("Invalid object", param=_whole(steps))
    return inner


def _element(tree: Tree, following: tuple[str, ...]) -> str:
    """Return the position that an empty pair of brackets stands for: the last one, until a field of it comes again."""
    last = tree.get(str(len(tree) - 1))
    node: str | Tree | None = last
    for step in following:
        node = node.get(step) if isinstance(node, dict) else None
    again = node is not None or not isinstance(last, dict)
    return str(len(tree) if again else len(tree) - 1)
