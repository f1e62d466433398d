"""`diddo rules test`, `export` and `schema`: for files that hold rules as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from diddo_rules.cli.failures import ExitCode
from diddo_rules.cli.options import json_option
from diddo_rules.cli.screen import plain

__all__ = ["export_rules", "print_schema", "test_rules"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("test", short_help="Hold rules as data to their examples.")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@json_option
def test_rules(files: Sequence[Path], *, as_json: bool) -> int:
    """Try the examples of the rules in FILES (TOML or JSON) on valid carts.

    The exit code is 0 if each gives what it promises, 1 if not, 3 if a file is no right file of rules.
    """
    from diddo_rules.declarative import broken_promises  # noqa: PLC0415 (it imports the engine)

    broken = [promise for file in files for promise in broken_promises(file)]
    if as_json:
        click.echo(json.dumps({"ok": not broken, "broken": broken}, ensure_ascii=False))
    else:
        for promise in broken or ["Every example gives what it promises."]:
            click.echo(plain(promise))
    return ExitCode.FINDINGS if broken else ExitCode.OK


@click.command("export", short_help="Print rules as data as JSON, for a browser.")
@click.argument("file", type=_FILE)
@json_option
def export_rules(file: Path, *, as_json: bool) -> None:
    """Print the rules in FILE as JSON, when it is certain that they can be loaded."""
    from diddo_rules.declarative import load_rules  # noqa: PLC0415 (it imports the engine)
    from diddo_rules.declarative.document import RuleFile  # noqa: PLC0415 (likewise)

    load_rules(file)
    click.echo(json.dumps(RuleFile(file.resolve()).content, ensure_ascii=False, indent=None if as_json else 2))


@click.command("schema", short_help="Print the JSON Schema of rules as data.")
@json_option
def print_schema(*, as_json: bool) -> None:
    """Print the JSON Schema of files that hold rules as data, for editors."""
    from diddo_rules.declarative import rules_schema  # noqa: PLC0415 (it imports pydantic)

    click.echo(json.dumps(rules_schema(), indent=None if as_json else 2))
