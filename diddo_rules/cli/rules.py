"""`diddo rules`: the checks that run, in their order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.screen import screen

if TYPE_CHECKING:
    from diddo_rules import Engine
    from diddo_rules.plan import Step

__all__ = ["list_rules", "rules"]


@click.group()
def rules() -> None:
    """Look at the checks."""


@rules.command("list", short_help="List the checks in their order.")
@engine_options
@json_option
def list_rules(*, as_json: bool, **options: Any) -> None:
    """List the checks in the order in which they run, and after them those that are switched off."""
    engine = make_engine(**options)
    rows = [_row(step, engine, on=True) for step in engine.plan.steps]
    rows += [_row(step, engine, on=False) for step in engine.plan.switched_off]
    # With plugins switched off, names without an owner are to be expected.
    for check, name in () if engine.not_imported else engine.plan.unmatched:
        click.echo(f"diddo: {check} names {name}, which no loaded check or plugin is called", err=True)
    if as_json:
        click.echo(json.dumps({"checks": rows}))
    else:
        _print(rows)


def _row(step: Step, engine: Engine, *, on: bool) -> dict[str, Any]:
    plugin = next(it for it in engine.plugins if it.name == step.plugin)
    return {
        "check": step.name,
        "plugin": step.plugin,
        "version": plugin.version,
        "source": plugin.source,
        "on": on,
        "priority": step.priority,
        "before": list(step.before),
        "after": list(step.after),
        "requires": list(step.info.requires),
        "codes": list(step.codes),
        "muted": sorted(step.muted),
        "does": (step.function.__doc__ or "").strip().partition("\n")[0],
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 (`diddo --help` prints no table)

    table = Table(box=None, pad_edge=False)
    for heading in ("PRIORITY", "CODE", "CHECK", "STATE", "DOES"):
        table.add_column(heading, justify="right" if heading == "PRIORITY" else "left")
    for row in rows:
        codes = ", ".join(f"{code} (off)" if row["on"] and code in row["muted"] else code for code in row["codes"])
        state = "on" if row["on"] else "off"
        table.add_row(str(row["priority"]), codes, row["check"], state, row["does"], style=None if row["on"] else "dim")
    screen().print(table)
