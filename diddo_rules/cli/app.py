"""The command group: our own commands by name, those of others by entry point, none imported before it is needed."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import click

from diddo_rules.cli.extras import missing_extra
from diddo_rules.cli.failures import CommandFailure, ExitCode, print_failure
from diddo_rules.errors import DiddoError

__all__ = ["COMMANDS_GROUP", "app", "main"]

COMMANDS_GROUP = "diddo_commands"

_OWN = {
    "check": "diddo_rules.cli.check:check",
    "explain": "diddo_rules.cli.explain:explain",
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
        return _unavailable(entry_point.name, missing_extra(error, entry_point.dist))
    return loaded


def _unavailable(name: str, reason: str) -> click.Command:
    @click.command(name, short_help=reason, add_help_option=False, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def unavailable(arguments: tuple[str, ...]) -> None:
        del arguments
        raise CommandFailure(f"diddo {name}: {reason}", code="MISSING_EXTRA", exit_code=ExitCode.CONFIGURATION)

    return unavailable


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="diddo-rules", prog_name="diddo")
def app() -> None:
    """Validate Diddo carts, and try a checkout offline."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `diddo` and return its exit code: 0 ok, 1 findings, 2 usage, 3 configuration or plugin, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        outcome = app.main(args=list(arguments), prog_name="diddo", standalone_mode=False)
    except CommandFailure as failure:
        return print_failure(failure, as_json=as_json)
    except click.ClickException as error:
        if not as_json:
            error.show()
            return error.exit_code
        usage = CommandFailure(error.format_message(), code="USAGE", exit_code=error.exit_code)
        return print_failure(usage, as_json=True)
    except DiddoError as error:
        configuration = CommandFailure(str(error), code="CONFIGURATION", exit_code=ExitCode.CONFIGURATION)
        return print_failure(configuration, as_json=as_json)
    except click.Abort:
        return ExitCode.INTERRUPTED
    return outcome if isinstance(outcome, int) else ExitCode.OK
