"""What a journey's step says of a result: references to earlier results, paths into it, and matchers."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Unmet", "hold", "resolve", "value_at"]

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_MISSING = object()


class Unmet(Exception):
    """A result is not what its step expects."""


def resolve(value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value with each `${name.path}` replaced; a text that is one reference becomes what it names."""
    if isinstance(value, dict):
        return {key: resolve(it, names) for key, it in value.items()}
    if isinstance(value, list):
        return [resolve(it, names) for it in value]
    if not isinstance(value, str):
        return value
    if whole := _REFERENCE.fullmatch(value):
        return _named(whole[1], names)
    return _REFERENCE.sub(lambda found: str(_named(found[1], names)), value)


def _named(path: str, names: Mapping[str, Any]) -> Any:
    found = value_at(path, names)
    if found is _MISSING:
        raise Unmet(f"the journey names {path}, which is not there")
    return found


def value_at(path: str, value: Any) -> Any:
    """Return what stands at a dotted path; `*` stands for each item of a list, and makes a list."""
    head, _, rest = path.partition(".")
    if head == "*":
        found: Any = value
        return [value_at(rest, it) if rest else it for it in found]
    if isinstance(value, list):
        found = value[int(head)] if int(head) < len(value) else _MISSING
    else:
        found = value.get(head, _MISSING) if isinstance(value, dict) else _MISSING
    return value_at(rest, found) if rest and found is not _MISSING else found


def hold(result: Any, expected: Mapping[str, Any]) -> None:
    """Hold a result against what is expected at each path, or raise `Unmet`."""
    for path, wanted in expected.items():
        got = value_at(path, result)
        if not _matches(got, wanted):
            shown = "nothing" if got is _MISSING else json.dumps(got)
            raise Unmet(f"{path} should be {json.dumps(wanted)} and is {shown}")


def _matches(got: Any, wanted: Any) -> bool:
    name, argument = next(iter(wanted.items()), (None, None)) if isinstance(wanted, dict) else (None, None)
    if got is _MISSING or name == "$absent":
        return got is _MISSING and name == "$absent"
    return _MATCHERS[name](got, argument) if name in _MATCHERS else _canonical(got) == _canonical(wanted)


def _canonical(value: Any) -> str:
    # As JSON, 1 is not true.
    return json.dumps(value, sort_keys=True)


def _sorted(items: Iterable[Any]) -> list[str]:
    return sorted(map(_canonical, items))


_MATCHERS: dict[Any, Callable[[Any, Any], bool]] = {
    "$present": lambda got, _: got is not None,
    "$starts": lambda got, text: isinstance(got, str) and got.startswith(text),
    "$at_least": lambda got, least: got >= least,
    "$length": lambda got, length: len(got) == length,
    "$contains": lambda got, item: item in got,
    "$any_order": lambda got, items: _sorted(got) == _sorted(items),
}
