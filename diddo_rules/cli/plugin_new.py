"""`diddo plugins new`: a working plugin distribution to change into one's own."""

from __future__ import annotations

import json
import keyword
import re
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import click

from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import json_option

__all__ = ["new"]

_NAME = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_TEMPLATES = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    ".gitignore": "gitignore",
    "plugin_name.py": "plugin.py",
    "tests/test_plugin_name.py": "test_plugin.py",
    ".github/workflows/fuzz.yml": "fuzz.yml",
}


@click.command("new", short_help="Start a plugin of your own.")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder to make it in; the current one by default.",
)
@json_option
def new(name: str, *, into: Path, as_json: bool) -> None:
    """Make the folder NAME with a plugin that works: a rule, its settings, its tests, and a workflow that fuzzes it.

    NAME is in small letters, such as small-orders.
    """
    module = _module_name(name)
    folder = into / name
    if folder.exists():
        raise _refused(f"{folder} exists already", "PLUGIN_EXISTS")
    written = _write(folder, module)
    if as_json:
        click.echo(json.dumps({"plugin": module, "folder": str(folder), "files": written}))
        return
    for file in written:
        click.echo(str(folder / file))
    click.echo(f"Next: cd {folder} && pip install -e '.[testing]' && pytest", err=True)


def _module_name(name: str) -> str:
    """Return the name as Python writes it, if it can be that of a new plugin."""
    if not _NAME.fullmatch(name):
        raise _refused(
            f"{name!r} cannot be a plugin's name: use up to 40 small letters and digits, with - or _ "
            "between words, as in small-orders",
            "PLUGIN_NAME_INVALID",
        )
    module = name.replace("-", "_")
    if keyword.iskeyword(module):
        raise _refused(f"{name} is a word of Python's, so no module can be called that", "PLUGIN_NAME_INVALID")
    if module in {it.name for it in entry_points(group="diddo_rules")}:
        raise _refused(f"a plugin called {module} is installed already", "PLUGIN_NAME_TAKEN")
    if module in sys.stdlib_module_names or find_spec(module) is not None:
        raise _refused(f"Python already has a module called {module}, which would be hidden", "PLUGIN_NAME_TAKEN")
    return module


def _refused(message: str, code: str) -> CommandFailure:
    return CommandFailure(message, code=code, exit_code=ExitCode.USAGE)


def _write(folder: Path, module: str) -> list[str]:
    """Write the files, and return their paths within the folder."""
    templates = files("diddo_rules.cli").joinpath("scaffold")
    written = []
    for path, template in _TEMPLATES.items():
        text = templates.joinpath(f"{template}.template").read_text("utf-8")
        target = folder / _named(path, module)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_named(text, module), "utf-8", newline="\n")
        written.append(target.relative_to(folder).as_posix())
    return written


def _named(text: str, module: str) -> str:
    """Put the plugin's name, in each way of writing it, where the template says so."""
    camel = "".join(word.capitalize() for word in module.split("_"))
    forms = {
        "plugin_name": module,
        "plugin-name": module.replace("_", "-"),
        "PluginName": camel,
        "PLUGIN_NAME": module.upper(),
    }
    for placeholder, form in forms.items():
        text = text.replace(placeholder, form)
    return text
