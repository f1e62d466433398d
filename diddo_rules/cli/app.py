"""The command group: our own commands by name, those of others by entry point, none imported before it is needed."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise

import click

from diddo_rules.cli.extras import missing_extra
from diddo_rules.cli.failures import CommandFailure, ExitCode, print_failure
from diddo_rules.errors import DiddoError

__all__ = ["COMMANDS_GROUP", "app", "main"]

COMMANDS_GROUP = "diddo_commands"

_OWN = {
    "check": "diddo_rules.cli.check:check",
    "explain": "diddo_rules.cli.explain:explain",
    "fuzz": "diddo_rules.cli.fuzz:fuzz",
    "plugins": "diddo_rules.cli.plugins:plugins",
    "replay": "diddo_rules.cli.replay:replay",
    "rules": "diddo_rules.cli.rules:rules",
}


class _LazyGroup(click.Group):
    """Finds commands when they are asked for; the group `diddo_commands` holds those of other packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted({*_OWN, *(it.name for it in _foreign())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _OWN:
            module, _, name = _OWN[cmd_name].partition(":")
            own: click.Command = getattr(import_module(module), name)
            return own
        found = [it for it in _foreign() if it.name == cmd_name]
        return _load(found[0]) if found else super().get_command(ctx, cmd_name)


def _foreign() -> Sequence[EntryPoint]:
    return tuple(entry_points(group=COMMANDS_GROUP))


def _load(entry_point: EntryPoint) -> click.Command:
    """Return the command, or one that says why it cannot be had: `diddo --help` has to list it all the same."""
    try:
        loaded: click.Command = entry_point.load()
    except ModuleNotFoundError as error:
        return _unavailable(_missing_extra(entry_point, error), entry_point.name)
    return loaded


def _unavailable(failure: CommandFailure, name: str) -> click.Command:
    options = {"ignore_unknown_options": True}
    short_help = str(failure).partition(": ")[2]

    @click.command(name, short_help=short_help, add_help_option=False, context_settings=options)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def unavailable(arguments: tuple[str, ...]) -> None:
        del arguments
        raise failure

    return unavailable


def _missing_extra(entry_point: EntryPoint, error: ModuleNotFoundError) -> CommandFailure:
    reason = missing_extra(error, entry_point.dist)
    message = f"{entry_point.name} cannot run: {reason}"
    return CommandFailure(message, code="MISSING_EXTRA", exit_code=ExitCode.CONFIGURATION)


def _foreign_called(arguments: Sequence[str]) -> EntryPoint | None:
    """Return the entry point of the command that was called, if it is not one of ours."""
    called = next((it for it in arguments if not it.startswith("-")), None)
    return next((it for it in _foreign() if it.name == called and called not in _OWN), None)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="diddo-rules", prog_name="diddo")
def app() -> None:
    """Validate Diddo carts, and try a checkout offline."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `diddo` and return its exit code: 0 ok, 1 findings, 2 usage, 3 configuration or plugin, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = _wants_json(arguments)
    try:
        return _run(arguments, as_json=as_json)
    except CommandFailure as failure:
        return print_failure(failure, as_json=as_json)
    except click.Abort:
        return ExitCode.INTERRUPTED


def _wants_json(arguments: Sequence[str]) -> bool:
    """Return whether failures have to be JSON too; they may come before the arguments were understood."""
    asked = {"--json", "--format=json"}
    return not asked.isdisjoint(arguments) or ("--format", "json") in pairwise(arguments)


def _run(arguments: Sequence[str], *, as_json: bool) -> int:
    """Run the command, and turn each kind of error that is somebody's mistake into a `CommandFailure`."""
    try:
        outcome = app.main(args=list(arguments), prog_name="diddo", standalone_mode=False)
    except click.ClickException as error:
        if not as_json:
            error.show()
            return error.exit_code
        raise CommandFailure(error.format_message(), code="USAGE", exit_code=error.exit_code) from error
    except DiddoError as error:
        raise CommandFailure(str(error), code="CONFIGURATION", exit_code=ExitCode.CONFIGURATION) from error
    except ModuleNotFoundError as error:
        # A command of another package may import what it needs as late as this.
        called = _foreign_called(arguments)
        if called is None:
            raise
        raise _missing_extra(called, error) from error
    return outcome if isinstance(outcome, int) else ExitCode.OK
