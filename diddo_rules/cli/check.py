"""`diddo check`: the verdict on carts in files, for people and for other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import diddo_rules  # which imports its parts, and pydantic, when they are asked for
from diddo_rules.cli.carts import CartText, read_carts
from diddo_rules.cli.failures import ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from rich.console import Console

    from diddo_rules import Context, Engine, Report
    from diddo_rules.formats.judged import JudgedCart

__all__ = ["check"]

_FORMATS = ("text", "json", "sarif", "ucp", "github")
_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


def _print_schema(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 (click's)
    if wanted:
        from diddo_rules.formats.report_schema import report_schema  # noqa: PLC0415 (it imports pydantic)

        click.echo(json.dumps(report_schema(), indent=2))
        context.exit()


@click.command(short_help="Validate the carts in files.")
@click.argument("carts", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--stop", type=click.Choice(["first", "all"]), help="End at the first violation, or find them all.")
@click.option("--point", type=click.Choice(["cart", "checkout", "api"]), default="api", help="Where it is asked.")
@click.option("--lang", metavar="TAG", help="The language of the messages, such as de or pt-BR.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="How to tell it; text if nothing is said.")
@click.option(
    "--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema, help="Print JSON's schema."
)
@engine_options
@json_option
def check(
    carts: Sequence[Path], *, as_json: bool, format_: str | None, lang: str | None, point: Any, **options: Any
) -> int:
    """Validate the carts in the JSON files CARTS; `-` is stdin, and a file called .jsonl has a cart on each line.

    The formats json and ucp write one line per cart. The exit code is 0 if all carts are valid, 1 if one is not, 2 if
    there is no cart in a file, 3 if the settings or a plugin are broken.
    """
    if as_json and format_ not in {None, "json"}:
        raise click.UsageError(f"--json and --format {format_} exclude each other")
    read = read_carts(carts)
    engine = make_engine(limited=True, **options)
    judged = _judged(read, _reports(read, engine, diddo_rules.Context(point=point)))
    _WRITERS["json" if as_json else format_ or "text"](judged, engine, lang)
    return ExitCode.OK if all(it.report.ok for it in judged) else ExitCode.FINDINGS


def _reports(carts: Sequence[CartText], engine: Engine, context: Context) -> list[Report]:
    if not engine.plan_at(context.point).has_io:
        return [engine.validate(it.cart, context) for it in carts]
    from diddo_rules.io_lane import awaited  # noqa: PLC0415 (asyncio is slow to import, and seldom needed)

    async def reports() -> list[Report]:
        return [await engine.validate_async(it.cart, context) for it in carts]

    return awaited(reports())


def _judged(carts: Sequence[CartText], reports: Sequence[Report]) -> list[JudgedCart]:
    from diddo_rules.formats.judged import JudgedCart  # noqa: PLC0415 (it imports the engine's parts)
    from diddo_rules.json_places import JsonPlaces  # noqa: PLC0415 (likewise)

    return [
        JudgedCart(it.file, it.cart, report, JsonPlaces(it.text, first_line=it.line))
        for it, report in zip(carts, reports, strict=True)
    ]


def _write_json(carts: Sequence[JudgedCart], _engine: Engine, lang: str | None) -> None:
    for judged in carts:
        click.echo(judged.report.to_json(lang))


def _write_ucp(carts: Sequence[JudgedCart], _engine: Engine, lang: str | None) -> None:
    from diddo_rules.formats.ucp import messages  # noqa: PLC0415 (only who asks for it)

    for judged in carts:
        click.echo(json.dumps({"messages": messages(judged.report, lang)}, ensure_ascii=False))


def _write_sarif(carts: Sequence[JudgedCart], engine: Engine, lang: str | None) -> None:
    from diddo_rules.formats.sarif import sarif_log  # noqa: PLC0415 (only who asks for it)

    click.echo(json.dumps(sarif_log(carts, engine, locale=lang), ensure_ascii=False, indent=2))


def _write_github(carts: Sequence[JudgedCart], _engine: Engine, lang: str | None) -> None:
    from diddo_rules.formats.github import annotations  # noqa: PLC0415 (only who asks for it)

    for line in annotations(carts, lang):
        click.echo(line)


def _write_text(carts: Sequence[JudgedCart], _engine: Engine, lang: str | None) -> None:
    out = screen()
    for judged in carts:
        _print(judged, lang, out)


_WRITERS: dict[str, Callable[[Sequence[JudgedCart], Engine, str | None], None]] = {
    "text": _write_text,
    "json": _write_json,
    "sarif": _write_sarif,
    "ucp": _write_ucp,
    "github": _write_github,
}


def _print(judged: JudgedCart, lang: str | None, out: Console) -> None:
    report = judged.report
    _print_findings(report, lang, out)
    if report.shadow is not None:
        _print_findings(report.shadow, lang, out, mark="  (shadow: it counts for nothing)")
    for crash in report.crashed:
        out.print(f"{crash.check} crashed  500", style="bold red")
        out.print(f"  {crash.exception}: {plain(crash.message)}")
    verdict = "valid" if report.ok else "not valid"
    counts = f"checks: {len(report.ran)} ran, {len(report.skipped)} skipped, {len(report.crashed)} crashed"
    out.print(f"Cart {plain(judged.cart.id)} is {verdict} ({counts}).", style="bold green" if report.ok else "bold")


def _print_findings(report: Report, lang: str | None, out: Console, *, mark: str = "") -> None:
    from diddo_rules.formats.judged import findings  # noqa: PLC0415 (it imports the engine's parts)

    for severity, violation in findings(report):
        status = violation.http_status if severity == "error" else severity
        heading = f"{violation.code}  {status}  {violation.at or 'the whole cart'}{mark}"
        out.print(heading, style="dim" if mark else _STYLES[severity])
        out.print(f"  {plain(violation.message_in(lang))}")
        out.print(f"  {violation.remedy_in(lang)}", style="dim")
