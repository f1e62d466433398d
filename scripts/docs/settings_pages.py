"""The reference of the settings, from the models that read them."""

from collections.abc import Iterator
from typing import Any

from api_pages import linked, loaded
from markdown_parts import NOTE, table
from pydantic import BaseModel

from diddo_rules import CheckSettings, Layer, RulesSettings
from diddo_sandbox.settings import SandboxSettings

__all__ = ["pages"]

_INTRODUCTION = """\
Settings stand in `diddo.toml`, or below `[tool.diddo]` in `pyproject.toml`. A flag wins over a variable, a variable over
`diddo.toml`, and that over `pyproject.toml`. The nearest folder that has any counts. An unknown key is an error that
offers the key that was meant. Names of files are relative to the file that names them.
"""
_PLUGINS = """\
## `[plugins.NAME]` {#plugins}

The settings of the plugin NAME, as the model says that its hook [`settings_model`](hooks.md#settings_model) returns.
[Settings of a plugin](../how-to/settings.md) shows how.
"""
_TABLES: tuple[tuple[str, type[BaseModel], str, str | None], ...] = (
    ("[rules]", RulesSettings, "rules", "DIDDO_RULES_"),
    ("[checks.NAME]", CheckSettings, "checks", None),
    ("[points.POINT] and [stores.DOMAIN]", Layer, "layers", None),
    ("[sandbox]", SandboxSettings, "sandbox", "DIDDO_SANDBOX_"),
)
_WORDS = {
    "array": "a list of names",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "tables by name",
    "string": "text",
}


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page's name and text."""
    parts = [NOTE, "# Settings\n", _INTRODUCTION]
    parts += [_section(*each) for each in _TABLES]
    yield "settings.md", "\n".join([*parts, _PLUGINS])


def _section(title: str, model: type[BaseModel], anchor: str, prefix: str | None) -> str:
    schema = model.model_json_schema()
    said = _attributes(model)
    rows = []
    for name, field in schema["properties"].items():
        variable = f"`{prefix}{name.upper()}`" if prefix and _fits_a_variable(field) else ""
        default = f"`{_shown(field['default'])}`" if field.get("default") is not None else ""
        rows.append((f"`{name}`", _kind(field, schema), default, variable, said.get(name, "")))
    wanted = [0, 1, 2, *([3] if prefix else []), *([4] if said else [])]
    heading = ("key", "value", "default", "variable", "meaning")
    cells = table([heading[it] for it in wanted], [[row[it] for it in wanted] for row in rows])
    return "\n".join([f"## `{title}` {{#{anchor}}}\n", linked(_text(model)) + "\n", cells])


def _docstring(model: type[BaseModel]) -> list[Any]:
    if not model.__module__.startswith("diddo_rules"):
        import griffe  # noqa: PLC0415  the sandbox is not among the packages that griffe has loaded

        docstring = griffe.Docstring(model.__doc__ or "")
        return list(docstring.parse("google", warnings=False))
    found = loaded(model.__module__)[model.__name__].docstring
    return list(found.parse("google", warnings=False))


def _text(model: type[BaseModel]) -> str:
    return "\n\n".join(it.value for it in _docstring(model) if it.kind.value == "text")


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    sections = [it for it in _docstring(model) if it.kind.value == "attributes"]
    return {each.name: each.description for one in sections for each in one.value}


def _fits_a_variable(field: dict[str, Any]) -> bool:
    return field.get("type") != "object"


def _shown(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _kind(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "anyOf" in field:
        return " or ".join(_kind(it, schema) for it in field["anyOf"] if it.get("type") != "null")
    if "$ref" in field:
        return "a table like `[checks.NAME]`"
    if "enum" in field or "const" in field:
        return " or ".join(f"`{it}`" for it in field.get("enum") or [field["const"]])
    return _WORDS[field["type"]] + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    words = {
        "exclusiveMinimum": "above",
        "minimum": "from",
        "maximum": "up to",
        "exclusiveMaximum": "below",
        "pattern": "like",
    }
    said = [f"{word} `{field[key]}`" for key, word in words.items() if key in field]
    return f", {', '.join(said)}" if said else ""
