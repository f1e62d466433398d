"""The options that the commands share, and the engine they ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

import diddo_rules  # which imports its parts, and pydantic, when they are asked for

if TYPE_CHECKING:
    from diddo_rules import Engine, Settings

__all__ = ["TIME_LIMIT", "engine_options", "json_option", "make_engine", "read_settings"]

TIME_LIMIT = 2.0
"""Seconds after which a check is stopped where all wait for it and the settings do not say."""

_Command = TypeVar("_Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, errors included.")


def _from_here(_context: click.Context, _option: click.Parameter, names: str | None) -> str | None:
    """Take files relative to the current folder, as on any command line; in settings they go by the file's."""
    if names is None:
        return None
    files = (".py", ".toml", ".json")
    return ",".join(str(Path(name).absolute()) if name.endswith(files) else name for name in names.split(","))


def engine_options(command: _Command) -> _Command:
    """Add the flags that win over variables and files."""
    for option in (
        click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Read this settings file."),
        click.option(
            "--load",
            metavar="NAMES",
            callback=_from_here,
            help="Plugins to load besides the installed ones, with commas.",
        ),
        click.option("--enable", metavar="NAMES", help="Codes and plugins that are on; all others are off."),
        click.option("--disable", metavar="NAMES", help="Codes and plugins that are off."),
    ):
        command = option(command)
    return command


def read_settings(*, config: Path | None, stop: str | None = None, **switches: str | None) -> Settings:
    """Return the settings of the current folder; `switches` are the flags load, enable and disable."""
    flags = {f"rules.{name}": value for name, value in {"stop": stop, **switches}.items()}
    return diddo_rules.load_settings(Path.cwd(), os.environ, flags=flags, file=config)


def make_engine(
    *, config: Path | None, stop: str | None = None, limited: bool = False, **switches: str | None
) -> Engine:
    """Make the engine of the current folder; `switches` are the flags load, enable and disable.

    If it is `limited`, a check that hangs is stopped after `TIME_LIMIT`, where the settings do not say.
    """
    settings = read_settings(config=config, stop=stop, **switches)
    engine = diddo_rules.Engine.from_settings(settings, time_limit=TIME_LIMIT if limited else None)
    for failed in engine.failed_plugins:
        click.echo(f"diddo: skipped the plugin {failed.name} ({failed.source}): {failed.cause}", err=True)
    return engine
