"""Reading carts from the files that a command line names."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import diddo_rules  # which imports its parts, and pydantic, when they are asked for
from diddo_rules.cli.failures import CommandFailure, ExitCode

if TYPE_CHECKING:
    from pydantic import ValidationError

    from diddo_rules import Cart

__all__ = ["CartText", "read_carts"]

_PLACE = re.compile(r" at line (?P<line>\d+) column (?P<column>\d+)$")
_LINES = {".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True)
class CartText:
    """A cart, the name of the file that it is from, its JSON, and the line on which that begins."""

    file: str
    cart: Cart
    text: str
    line: int = 1


def read_carts(paths: Iterable[Path]) -> list[CartText]:
    """Return all carts of all files: one per file, or one per line of a file called `.jsonl` or `.ndjson`.

    Raises:
        CommandFailure: a file cannot be read, or holds something else than carts; the text says where.
    """
    return [cart for path in paths for cart in _carts_in(path)]


def _carts_in(path: Path) -> Iterator[CartText]:
    name, content = _content(path)
    if path.suffix.lower() not in _LINES:
        cart = _cart(name, content)
        yield CartText(name, cart, content.decode())
        return
    lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
    if not lines:
        raise _no_cart(f"{name} holds no cart", "NOT_A_CART")
    for number, line in lines:
        cart = _cart(f"{name}:{number}", line)
        yield CartText(name, cart, line.decode(), number)


def _content(path: Path) -> tuple[str, bytes]:
    name = "stdin" if str(path) == "-" else str(path)
    try:
        with click.open_file(str(path), "rb") as file:
            return name, file.read().removeprefix(BOM_UTF8)
    except OSError as error:
        raise _no_cart(f"{name}: {error.strerror}", "CART_FILE_UNREADABLE") from error


def _cart(name: str, content: bytes) -> Cart:
    from pydantic import ValidationError  # noqa: PLC0415 (`diddo --help` reads no cart)

    try:
        return diddo_rules.Cart.model_validate_json(content)
    except ValidationError as error:
        raise _explained(name, error) from error


def _explained(name: str, error: ValidationError) -> CommandFailure:
    problems = error.errors(include_url=False)
    if problems[0]["type"] == "json_invalid":
        reason = problems[0]["ctx"]["error"]
        place = _PLACE.search(reason)
        where = f"line {place['line']}, column {place['column']}" if place else ""
        details = {key: int(value) for key, value in place.groupdict().items()} if place else None
        return _no_cart(f"{name} is not JSON: {where}: {_PLACE.sub('', reason)}", "NOT_JSON", details)
    faults = [{"pointer": diddo_rules.pointer(*problem["loc"]), "reason": problem["msg"]} for problem in problems]
    lines = "".join(f"\n  {fault['pointer'] or 'the whole'}: {fault['reason']}" for fault in faults)
    return _no_cart(f"{name} is not a cart:{lines}", "NOT_A_CART", {"faults": faults})


def _no_cart(message: str, code: str, details: dict[str, Any] | None = None) -> CommandFailure:
    return CommandFailure(message, code=code, exit_code=ExitCode.USAGE, details=details)
