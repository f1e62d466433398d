"""`diddo check`: the verdict on a cart in a file."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import diddo_rules  # which imports its parts, and pydantic, when they are asked for
from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from pydantic import ValidationError

    from diddo_rules import Cart, Report

__all__ = ["check", "read_cart"]

_PLACE = re.compile(r" at line (?P<line>\d+) column (?P<column>\d+)$")


@click.command(short_help="Validate the cart in a file.")
@click.argument("cart", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--stop", type=click.Choice(["first", "all"]), help="End at the first violation, or find them all.")
@engine_options
@json_option
def check(cart: Path, *, as_json: bool, **options: Any) -> int:
    """Validate the cart in the JSON file CART, or on stdin if CART is `-`.

    The exit code is 0 if the cart is valid, 1 if not, 2 if there is no cart in the file, 3 if the settings or a
    plugin are broken.
    """
    judged = read_cart(cart)
    report = make_engine(**options).validate(judged)
    if as_json:
        click.echo(report.to_json())
    else:
        _print(report, judged)
    return ExitCode.OK if report.ok else ExitCode.FINDINGS


def read_cart(path: Path) -> Cart:
    """Return the cart in a file, in snake_case or camelCase.

    Raises:
        CommandFailure: there is no such file, it holds no JSON, or no cart; the text says where.
    """
    name = "stdin" if str(path) == "-" else str(path)
    try:
        with click.open_file(str(path), "rb") as file:
            text = file.read().removeprefix(BOM_UTF8)
    except OSError as error:
        raise _no_cart(f"{name}: {error.strerror}", "CART_FILE_UNREADABLE") from error
    from pydantic import ValidationError  # noqa: PLC0415 (`diddo --help` reads no cart)

    try:
        return diddo_rules.Cart.model_validate_json(text)
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


def _print(report: Report, cart: Cart) -> None:
    out = screen()
    for violation in report.violations:
        out.print(f"{violation.code}  {violation.http_status}  {violation.at or 'the whole cart'}", style="bold red")
        out.print(f"  {plain(violation.message)}")
        out.print(f"  {violation.remedy}", style="dim")
    for crash in report.crashed:
        out.print(f"{crash.check} crashed  500", style="bold red")
        out.print(f"  {crash.exception}: {plain(crash.message)}")
    verdict = "valid" if report.ok else "not valid"
    counts = f"checks: {len(report.ran)} ran, {len(report.skipped)} skipped, {len(report.crashed)} crashed"
    out.print(f"Cart {plain(cart.id)} is {verdict} ({counts}).", style="bold green" if report.ok else "bold")
