"""`diddo replay`: whether a failure that `diddo fuzz` has found still is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diddo_rules.cli.failures import ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine, read_settings
from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from diddo_rules import Engine
    from diddo_rules.testing.failures import Failure

__all__ = ["replay"]


def _print_schema(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 (click's)
    if wanted:
        from diddo_rules.testing.failures import failure_schema  # noqa: PLC0415 (it imports pydantic)

        click.echo(json.dumps(failure_schema(), indent=2))
        context.exit()


@click.command(short_help="Repeat a failure that was found by fuzzing.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="The earlier release to compare with.")
@click.option("--as", "form", type=click.Choice(["pytest", "curl"]), help="Print it as a test or as calls instead.")
@click.option("--current-settings", is_flag=True, help="Take the plugin's settings of today, not those of the file.")
@click.option(
    "--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema, help="Print the file's schema."
)
@engine_options
@json_option
def replay(
    file: Path,
    *,
    against: Path | None,
    form: str | None,
    current_settings: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Judge the cart in the failure file FILE once more, by the property that it broke.

    The exit code is 1 if it still breaks it, and 0 if not. What has changed since is said on stderr.
    """
    from diddo_rules.testing.failures import load_failure  # noqa: PLC0415 (`diddo --help` replays nothing)

    failure = load_failure(file)
    if form is not None:
        from diddo_rules.cli import replay_forms  # noqa: PLC0415

        text = replay_forms.as_pytest(failure) if form == "pytest" else replay_forms.as_curl(failure)
        click.echo(json.dumps({"as": form, "text": text}) if as_json else text, nl=as_json)
        return ExitCode.OK
    return _replayed(failure, against, current_settings=current_settings, as_json=as_json, options=options)


def _replayed(
    failure: Failure, against: Path | None, *, current_settings: bool, as_json: bool, options: dict[str, Any]
) -> int:
    from diddo_rules.testing.apart import replay_apart  # noqa: PLC0415
    from diddo_rules.testing.replaying import differences, settings_of  # noqa: PLC0415

    changed = list(differences(failure, make_engine(**options)))
    settings = None if current_settings else settings_of(failure)
    make = partial(_engine, failure.plugin, settings, options)
    earlier = None if against is None else partial(_earlier, make, failure.plugin, against)
    message = replay_apart(make, failure, make_against=earlier)
    if as_json:
        told = {"fails": message is not None, "property": failure.property, "plugin": failure.plugin}
        click.echo(json.dumps(told | {"message": message, "was": failure.message, "differences": changed}))
    else:
        _print(failure, message, changed)
    return ExitCode.OK if message is None else ExitCode.FINDINGS


def _engine(plugin: str, settings: dict[str, Any] | None, options: dict[str, Any]) -> Engine:
    """Return the engine of the current folder, with the settings that the plugin had."""
    import diddo_rules  # noqa: PLC0415 (it imports its parts, and pydantic, when they are asked for)

    current = read_settings(**options)
    if settings is not None:
        tables = {**current.plugins, plugin: {**current.plugins.get(plugin, {}), **settings}}
        current = replace(current, plugins=tables if settings else current.plugins)
    return diddo_rules.Engine.from_settings(current)


def _earlier(make: Callable[[], Engine], plugin: str, release: Path) -> Engine:
    from diddo_rules.testing.releases import put_release  # noqa: PLC0415 (seldom wanted)

    engine = make()
    put_release(engine, plugin, release)
    return engine


def _print(failure: Failure, message: str | None, changed: list[str]) -> None:
    for difference in changed:
        click.echo(f"diddo: {difference}", err=True)
    out = screen()
    blamed = failure.check or failure.code or failure.plugin
    if message is None:
        out.print(f"{failure.property} of {blamed} holds now. It was: {plain(failure.message)}", style="bold green")
        return
    out.print(f"{failure.property} of {blamed} still does not hold: {plain(message)}", style="bold red")
    out.print(f"  {failure.claim}", style="dim")
    for case in (failure.case, failure.other):
        if case is not None:
            out.print(f"  {plain(case.model_dump_json())}", style="dim")
