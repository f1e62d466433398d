"""`diddo plugins`: which plugins there are, whether they keep what every plugin has to keep, and a new one."""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from diddo_rules.cli.extras import missing_extra
from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.plugin_new import new
from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diddo_rules import Engine
    from diddo_rules.testing.properties import Complaint, Property
    from diddo_rules.testing.subject import Subject

__all__ = ["check_plugins", "list_plugins", "plugins"]

_COUNT = 200


@click.group()
def plugins() -> None:
    """List plugins, try them, and start new ones."""


plugins.add_command(new)


@plugins.command("list", short_help="List the plugins.")
@engine_options
@json_option
def list_plugins(*, as_json: bool, **options: Any) -> None:
    """List the plugins: where they come from, their checks, and whether they are on, off, shadowed or failed."""
    engine = make_engine(**options)
    rows = sorted(_rows(engine), key=lambda row: row["plugin"])
    if as_json:
        click.echo(json.dumps({"plugins": rows}))
    else:
        _print_list(rows)


def _rows(engine: Engine) -> Iterator[dict[str, Any]]:
    for it in engine.plugins:
        steps = [step for step in engine.plan.every_step() if step.plugin == it.name]
        checks = [step.name.partition(":")[2] for step in steps]
        modes = [step.mode for step in steps]
        # Nothing is off only because it is not asked at this point.
        state = next((mode for mode in ("enforce", "shadow") if mode in modes), "off" if modes else "enforce")
        yield _row(it.name, it.source, version=it.version, checks=checks, state=state)
    for failed in engine.failed_plugins:
        yield _row(failed.name, failed.source, state="failed", cause=failed.cause)
    for name in sorted({*engine.not_imported} - {failed.name for failed in engine.failed_plugins}):
        yield _row(name, None, state="off")


def _row(
    name: str,
    source: str | None,
    *,
    state: str,
    version: str | None = None,
    checks: list[str] | None = None,
    cause: str | None = None,
) -> dict[str, Any]:
    return {
        "plugin": name,
        "version": version,
        "source": source,
        "state": state,
        "checks": checks or [],
        "cause": cause,
    }


def _print_list(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 (`diddo --help` prints no table)

    table = Table(box=None, pad_edge=False)
    for heading in ("PLUGIN", "VERSION", "STATE", "CHECKS", "FROM"):
        table.add_column(heading)
    for row in rows:
        checks = row["cause"] or ", ".join(row["checks"])
        style = {"failed": "bold red", "off": "dim"}.get(row["state"])
        table.add_row(row["plugin"], row["version"], row["state"], plain(checks), row["source"], style=style)
    screen().print(table)


@plugins.command("check", short_help="Try plugins on generated carts.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--count", type=click.IntRange(min=1), default=_COUNT, show_default=True, help="Cases for each property.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="It chooses the cases.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Seconds for one cart, after which a check counts as hanging.",
)
@click.option("--without", multiple=True, metavar="PROPERTY", help="Leave a property out.")
@engine_options
@json_option
def check_plugins(
    names: tuple[str, ...],
    *,
    count: int,
    seed: int,
    time_limit: float,
    without: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Try the properties that every plugin has to keep on the plugins NAME, or on all.

    What does not hold is told with the smallest cart that shows it. The exit code is 0 if all holds, 1 if not, 3 if
    the settings or a plugin cannot be loaded.
    """
    subjects = _subjects(names, make_engine(**options), time_limit)
    told: list[dict[str, Any]] = []
    for subject in subjects:
        if not as_json:
            screen().print(f"{subject.name}: {count} carts for each property, seed {seed}", style="bold")
        _tell_unprovoked(subject)
        for row, complaint in _tried(subject, count=count, seed=seed, without=without):
            told.append(row)
            if not as_json:
                _print_row(row, complaint)
    if as_json:
        click.echo(json.dumps({"ok": all(row["holds"] for row in told), "properties": told}, ensure_ascii=False))
    return ExitCode.OK if all(row["holds"] for row in told) else ExitCode.FINDINGS


def _subjects(names: tuple[str, ...], engine: Engine, seconds: float) -> list[Subject]:
    try:
        from diddo_rules.testing import strategies  # noqa: F401, PLC0415 (only this command needs Hypothesis)
        from diddo_rules.testing.subject import Subject  # noqa: PLC0415
    except ModuleNotFoundError as error:
        from importlib.metadata import distribution  # noqa: PLC0415

        reason = missing_extra(error, distribution("diddo-rules"))
        message = f"plugins check cannot run: {reason}"
        raise CommandFailure(message, code="MISSING_EXTRA", exit_code=ExitCode.CONFIGURATION) from error
    wanted = names or tuple(it.name for it in engine.plugins)
    return [Subject.of(name, engine, seconds=seconds) for name in wanted]


def _tell_unprovoked(subject: Subject) -> None:
    """Say which codes no cart is broken for on purpose, so that nobody takes silence for proof."""
    if not subject.violations:
        click.echo(f"diddo: no check of {subject.name} is on, so there is nothing to try", err=True)
    for violation in subject.violations:
        if violation not in subject.mutators:
            message = f"{subject.name} offers no mutator for {violation.code}, so some properties do not try it"
            click.echo(f"diddo: {message}", err=True)


def _tried(
    subject: Subject, *, count: int, seed: int, without: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], Complaint | None]]:
    """Try the properties one by one, and yield what came of each as soon as it is known."""
    from diddo_rules.testing.properties import complaints_about  # noqa: PLC0415

    started = perf_counter()
    for judged, complaint in complaints_about(subject, count=count, seed=seed, without=without):
        yield _told(subject, judged, complaint, perf_counter() - started), complaint
        started = perf_counter()


def _told(subject: Subject, judged: Property, complaint: Complaint | None, seconds: float) -> dict[str, Any]:
    from diddo_rules.testing.complaint import case_as_json  # noqa: PLC0415

    row = {
        "plugin": subject.name,
        "property": judged.name,
        "claim": judged.claim,
        "holds": complaint is None,
        "seconds": round(seconds, 3),
    }
    if complaint is None:
        return row
    other = complaint.other and case_as_json(complaint.other)
    return row | {
        "check": complaint.check,
        "code": complaint.code,
        "message": complaint.message,
        "case": case_as_json(complaint.case),
        "other": other,
    }


def _print_row(row: dict[str, Any], complaint: Complaint | None) -> None:
    out = screen()
    if complaint is None:
        out.print(f"  ✓ {row['property']}  {row['seconds']:.1f} s")
        return
    out.print(f"  ✗ {row['property']}  {row['seconds']:.1f} s  {row['claim']}", style="bold red")
    for line in str(complaint).splitlines():
        out.print(f"    {plain(line)}")
