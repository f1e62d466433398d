"""The reference of the command `diddo`, from its commands as click knows them."""

import inspect
from collections.abc import Iterator

import click
from markdown_parts import NOTE, code_block, table

from diddo_rules.cli.app import app
from diddo_rules.cli.failures import ExitCode

__all__ = ["pages"]

_INTRODUCTION = """\
The result stands on stdout, what is said about it on stderr. `--json` prints the result, and an error, as JSON.
"""
_MEANINGS = {
    ExitCode.OK: "done, and nothing found",
    ExitCode.FINDINGS: "done, and something was found: the cart is not valid, or a rule has failed",
    ExitCode.USAGE: "the command was called in a way that it does not understand, or a file is not what it should be",
    ExitCode.CONFIGURATION: "the settings or a plugin are broken",
    ExitCode.INTERRUPTED: "interrupted",
}


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page's name and text."""
    parts = [NOTE, "# Commands\n", _INTRODUCTION]
    parts += [_command(command, path) for path, command in _walk(app, ("diddo",))]
    codes = [(str(code.value), _MEANINGS[code]) for code in ExitCode]
    parts += ["## Exit codes\n", table(("code", "meaning"), codes)]
    yield "commands.md", "\n".join(parts)


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, in alphabetical order."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path[-1])
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from _walk(inner, (*path, name))


def _command(command: click.Command, path: tuple[str, ...]) -> str:
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join([" ".join(path), *command.collect_usage_pieces(context)])
    text = inspect.cleandoc(command.help or command.short_help or "").replace("\b\n", "")
    rows = [_option(it, context) for it in command.params if isinstance(it, click.Option) and not it.hidden]
    anchor = "-".join(path)
    return "\n".join(
        [
            f"## `{' '.join(path)}` {{#{anchor}}}\n",
            code_block("text", usage),
            text + "\n",
            table(("option", "does"), rows),
        ]
    )


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag or option.count else f" `{option.make_metavar(context)}`"
    default = option.get_default(context)
    shown = f" Default: `{default}`." if option.show_default and default not in (None, ()) else ""
    return names + value, (option.help or "") + shown
