"""Form encoding with brackets: `a[b][0]=c` as nested dicts of strings.

Whether `0` is a position in a list or a key of a map is decided later, by the operation's schema: `metadata[0]` is a
key and `expand[0]` a position. `a[]=x` counts up positions; `a[][b]=1&a[][c]=2` is one element with two fields, as
Rack reads it.
"""

from urllib.parse import unquote_to_bytes

from diddo_gateways.stripe_fake.errors import ParameterRefused

__all__ = ["Tree", "decode"]

Tree = dict[str, "str | Tree"]

MOST_PAIRS = 10_000
DEEPEST = 20


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
                if b"%" in pair or b"+" in pair:
                    name, value = (
                        unquote_to_bytes(name.replace(b"+", b" ")),
                        unquote_to_bytes(value.replace(b"+", b" ")),
                    )
                _add(tree, name.decode(), value.decode())
    except UnicodeDecodeError as error:
        raise ParameterRefused("Invalid UTF-8 in the request's parameters.") from error
    return tree


def _add(tree: Tree, name: str, value: str) -> None:
    if not name.endswith("]") or name.find("[") <= 0:
        _set(tree, name, value, whole=name)
        return
    first, _, rest = name[:-1].partition("[")
    steps = [first, *rest.split("][")]
    if len(steps) > DEEPEST:
        raise ParameterRefused(f"Parameters may be nested {DEEPEST} levels deep: {name}")
    last = steps.pop()
    for position, step in enumerate(steps):
        inner = tree.get(step) if step else None
        # The common step, to where an earlier parameter has been; the rest is for `_enter`.
        tree = inner if isinstance(inner, dict) else _enter(tree, step, [*steps[position + 1 :], last], whole=name)
    _set(tree, last or str(len(tree)), value, whole=name)


def _enter(tree: Tree, step: str, following: list[str], *, whole: str) -> Tree:
    """Go one level down, making it when it is not there."""
    if not step:
        step = _element(tree, following)
    inner = tree.setdefault(step, {})
    if isinstance(inner, str):
        raise ParameterRefused("Invalid object", param=whole)
    return inner


def _element(tree: Tree, following: list[str]) -> str:
    """Return the position that an empty pair of brackets stands for: the last one, until a field of it comes again."""
    last = tree.get(str(len(tree) - 1))
    node: str | Tree | None = last
    for step in following:
        node = node.get(step) if isinstance(node, dict) else None
    again = node is not None or not isinstance(last, dict)
    return str(len(tree) if again else len(tree) - 1)


def _set(tree: Tree, key: str, value: str, *, whole: str) -> None:
    if isinstance(tree.get(key), dict):
        raise ParameterRefused("Invalid object", param=whole)
    tree[key] = value
