"""`diddo rules`: the checks that run, in their order, and what each of them says of a cart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import diddo_rules  # which imports its parts, and pydantic, when they are asked for
from diddo_rules.cli.carts import read_carts
from diddo_rules.cli.failures import ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.rule_files import export_rules, print_schema, test_rules
from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from diddo_rules import Engine, Report, TraceEntry
    from diddo_rules.plan import Plan, Step

__all__ = ["list_rules", "rules", "trace"]

_VERDICT_STYLES = {"passed": "green", "found": "bold red", "crashed": "bold red", "skipped": "dim", "off": "dim"}
point_option = click.option(
    "--point", type=click.Choice(["cart", "checkout", "api"]), default="api", help="Where the cart is validated."
)


@click.group()
def rules() -> None:
    """Look at the checks."""


for _command in (export_rules, print_schema, test_rules):
    rules.add_command(_command)


@rules.command("list", short_help="List the checks in their order.")
@point_option
@engine_options
@json_option
def list_rules(*, point: Any, as_json: bool, **options: Any) -> None:
    """List the checks in the order in which they run, and why so, and after them those that are not asked."""
    engine = make_engine(**options)
    plan = engine.plan_at(point)
    rows = [_row(step, engine, plan) for step in plan.every_step()]
    # With plugins switched off, names without an owner are to be expected.
    for check, name in () if engine.not_imported else plan.unmatched:
        click.echo(f"diddo: {check} names {name}, which no loaded check or plugin is called", err=True)
    if as_json:
        click.echo(json.dumps({"point": point, "checks": rows}))
    else:
        _print_rows(rows)


@rules.command("trace", short_help="Show what each check says of a cart, and why.")
@click.argument("cart", type=click.Path(path_type=Path, allow_dash=True))
@point_option
@engine_options
@json_option
def trace(cart: Path, *, point: Any, as_json: bool, **options: Any) -> int:
    """Show how each check came to its verdict on the cart in the JSON file CART, and the call that would help.

    The exit code is 0 if the cart is valid, 1 if not, 2 if there is no cart in the file, 3 if the settings or a
    plugin are broken.
    """
    judged = read_carts([cart])
    engine = make_engine(limited=True, **options)
    context = diddo_rules.Context(point=point)
    reports = [_traced(engine, it.cart, context) for it in judged]
    for report in reports:
        if as_json:
            step = engine.next_step(report)
            click.echo(json.dumps(report.to_dict() | {"next": None if step is None else step._asdict()}))
        else:
            _print_trace(report, engine)
    return ExitCode.OK if all(report.ok for report in reports) else ExitCode.FINDINGS


def _traced(engine: Engine, cart: diddo_rules.Cart, context: diddo_rules.Context) -> Report:
    if not engine.plan_at(context.point).has_io:
        return engine.trace(cart, context)
    from diddo_rules.io_lane import awaited  # noqa: PLC0415 (asyncio is slow to import, and seldom needed)

    return awaited(engine.trace_async(cart, context))


def _row(step: Step, engine: Engine, plan: Plan) -> dict[str, Any]:
    plugin = next(it for it in engine.plugins if it.name == step.plugin)
    return {
        "check": step.name,
        "plugin": step.plugin,
        "version": plugin.version,
        "source": plugin.source,
        "on": step in plan.steps,
        "mode": step.mode,
        "severity": {code: policy.severity for code, policy in step.policies.items()},
        "io": step.info.is_io,
        "points": list(step.info.points),
        "priority": step.priority,
        "before": list(step.before),
        "after": list(step.after),
        "requires": list(step.info.requires),
        "why": _why(step, plan),
        "codes": list(step.codes),
        "muted": sorted(step.muted),
        "does": (step.function.__doc__ or "").strip().partition("\n")[0],
    }


def _why(step: Step, plan: Plan) -> list[str]:
    """Return what put the check where it is, besides its own priority, or why it is not asked."""
    if step not in plan.steps:
        return [next(off.reason for off in plan.off if off.check == step.name)]
    said = [f"set by {where}" for where in step.placed_by]
    return [*said, *plan.moved.get(step.name, ()), *(["does I/O"] if step.info.is_io else [])]


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 (`diddo --help` prints no table)

    table = Table(box=None, pad_edge=False)
    for heading in ("PRIORITY", "CODE", "CHECK", "STATE", "WHY HERE", "DOES"):
        table.add_column(heading, justify="right" if heading == "PRIORITY" else "left")
    for row in rows:
        codes = ", ".join(f"{code} (off)" if row["on"] and code in row["muted"] else code for code in row["codes"])
        why = ", ".join(row["why"]) or "priority"
        style = None if row["on"] else "dim"
        table.add_row(str(row["priority"]), codes, row["check"], _state(row), why, row["does"], style=style)
    screen().print(table)


def _state(row: dict[str, Any]) -> str:
    if not row["on"]:
        return "off" if row["mode"] == "off" else "not asked"
    severities = sorted(set(row["severity"].values()))
    said = "on" if row["mode"] == "enforce" else str(row["mode"])
    return said if severities == ["error"] else f"{said} ({', '.join(severities)})"


def _print_trace(report: Report, engine: Engine) -> None:
    from rich.table import Table  # noqa: PLC0415 (`diddo --help` prints no table)

    out = screen()
    table = Table(box=None, pad_edge=False)
    for heading in ("CHECK", "VERDICT", "µs", "READS", "WHERE"):
        table.add_column(heading, justify="right" if heading == "µs" else "left")
    for entry in report.trace or ():
        table.add_row(*_cells(entry), style=_VERDICT_STYLES[entry.verdict])
    out.print(table)
    step = engine.next_step(report)
    out.print(f"\nThe cart is {'valid' if report.ok else 'not valid'}.", style="bold")
    if step is not None:
        out.print(f"Next: {step.method} {plain(step.path)}  {step.why}")


def _cells(entry: TraceEntry) -> list[str]:
    said = ", ".join(entry.codes) or entry.verdict
    if entry.reason:
        said = f"{entry.verdict}: {plain(entry.reason)}"
    mode = " (shadow)" if entry.mode == "shadow" else ""
    seconds = "" if entry.seconds is None else f"{entry.seconds * 1e6:.1f}"
    version = f" {entry.version}" if entry.version else ""
    where = f"{_short(entry.file)}:{entry.line}{version}"
    return [entry.check, said + mode, seconds, ", ".join(entry.reads or ()), where]


def _short(file: str) -> str:
    """Return the path from the current folder, if the file is in it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
