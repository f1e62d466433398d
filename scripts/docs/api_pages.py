"""The Python reference and the hook page, from signatures and docstrings; nothing is imported for them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import griffe
from markdown_parts import NOTE, code_block, table

__all__ = ["loaded", "pages"]

_ROOT = Path(__file__).resolve().parents[2]
_LONG = 100
_PAGES = {
    "python-api.md": ("diddo_rules", "Python API"),
    "testing-api.md": ("diddo_rules.testing", "Testing kit API"),
    "gateway-api.md": ("diddo_gateways.protocol", "Gateway protocol"),
}


@cache
def _modules() -> Any:
    loader = griffe.GriffeLoader(search_paths=[_ROOT, _ROOT / "gateways"])
    for package in ("diddo_rules", "diddo_gateways"):
        loader.load(package)
    loader.resolve_aliases(external=False)
    return loader.modules_collection


def loaded(module: str) -> Any:
    """Return a package or module as griffe reads it, with what it re-exports resolved."""
    return _modules()[module]


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page."""
    for page, (package, title) in _PAGES.items():
        yield page, _api_page(package, title)
    yield "hooks.md", _hook_page()


def _public(package: str) -> dict[str, Any]:
    module = loaded(package)
    return {name: _meant(module[name], name) for name in module.exports}


def _meant(it: Any, name: str) -> Any:
    """Return what a public name leads to; a module that is called like what it exports hides it from griffe."""
    target = it.final_target if it.is_alias else it
    return target[name] if target.is_module else target


@cache
def _homes() -> dict[str, str]:
    """Return the page on which each public name is explained; the first page that has it counts."""
    homes: dict[str, str] = {}
    for page, (package, _) in _PAGES.items():
        for name in loaded(package).exports:
            homes.setdefault(name, page)
    return homes


def linked(text: str) -> str:
    """Return prose with each public name in backticks leading to where it is explained."""

    def link(found: re.Match[str]) -> str:
        page = _homes().get(found["name"])
        return found[0] if page is None else f"[{found[0]}]({page}#{found['name']})"

    return re.sub(r"(?<!\[)`(?P<name>[A-Z][A-Za-z]+|[a-z]+_[a-z_]+)`", link, text)


def _api_page(package: str, title: str) -> str:
    names = _public(package)
    modules: dict[str, list[str]] = {}
    for name, it in names.items():
        modules.setdefault(it.module.path, []).append(name)
    parts = [NOTE, f"# {title}\n", _prose(loaded(package)), f"Import these names from `{package}`.\n"]
    for module, members in modules.items():
        if module != package:
            heading = module.rpartition(".")[2].replace("_", " ").capitalize()
            parts += [f"## {heading} {{#module-{module.rpartition('.')[2]}}}\n", _first_line(loaded(module))]
        parts += [_entry(name, names[name]) for name in members]
    return "\n".join(parts)


def _first_line(it: Any) -> str:
    return linked(it.docstring.value.partition("\n")[0]) + "\n" if it.docstring else ""


def _entry(name: str, it: Any, *, level: int = 3) -> str:
    heading = f"{'#' * level} `{name}` {{#{name}}}\n"
    if it.is_class:
        return "\n".join([heading, code_block("python", _class_line(name, it)), _prose(it), *_members(name, it)])
    if it.is_function:
        return "\n".join([heading, code_block("python", _signature(name, it)), _prose(it)])
    return "\n".join([heading, code_block("python", f"{name} = {it.value}"), _prose(it)])


def _class_line(name: str, it: Any) -> str:
    init = it.members.get("__init__")
    if init is not None:
        return _signature(f"class {name}", init)
    bases = [base for base in (str(base).rpartition(".")[2] for base in it.bases) if not base.startswith("_")]
    return f"class {name}({', '.join(bases)})" if bases else f"class {name}"


def _signature(name: str, function: Any) -> str:
    parameters = list(_parameters(function))
    returns = f" -> {function.returns}" if function.returns and function.name != "__init__" else ""
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) > _LONG:
        line = f"{name}(\n" + "".join(f"    {it},\n" for it in parameters) + f"){returns}"
    return f"async {line}" if "async" in function.labels else line


def _parameters(function: Any) -> Iterator[str]:
    keyword_only = False
    for it in function.parameters:
        if it.name in ("self", "cls"):
            continue
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(it.kind.value if it.kind else "", "")
        if it.kind and it.kind.value == "keyword-only" and not keyword_only:
            keyword_only = True
            yield "*"
        keyword_only = keyword_only or stars == "*"
        annotation = f": {it.annotation}" if it.annotation else ""
        default = "" if it.default is None or stars else f" = {it.default}" if annotation else f"={it.default}"
        yield f"{stars}{it.name}{annotation}{default}"


def _members(owner: str, it: Any) -> Iterator[str]:
    public = {name: member for name, member in it.members.items() if not name.startswith("_") and not member.is_alias}
    fields = [member for member in public.values() if member.is_attribute and "property" not in member.labels]
    documented = _documented_attributes(it)
    rows = [
        (f"`{it.name}`", f"`{it.annotation or ''}`" if it.annotation else "", f"`{it.value}`" if it.value else "", said)
        for it in fields
        if it.name != "model_config"
        for said in [linked(documented.get(it.name) or (it.docstring.value if it.docstring else ""))]
    ]
    described = any(row[3] for row in rows)
    heading = ("field", "type", "default", "meaning") if described else ("field", "type", "default")
    yield table(heading, [row if described else row[:3] for row in rows])
    for name, member in public.items():
        if member.is_function or "property" in member.labels:
            yield _member(owner, name, member)


def _member(owner: str, name: str, it: Any) -> str:
    if it.is_function:
        kind = "classmethod " if "classmethod" in it.labels else ""
        line = kind + _signature(f"{owner}.{name}", it)
    else:
        line = f"{owner}.{name}: {it.annotation}"
    return "\n".join([f"#### `{name}` {{#{owner}.{name}}}\n", code_block("python", line), _prose(it)])


def _documented_attributes(it: Any) -> dict[str, str]:
    if not it.docstring:
        return {}
    sections = it.docstring.parse("google", warnings=False)
    return {each.name: each.description for one in sections if one.kind.value == "attributes" for each in one.value}


def _prose(it: Any) -> str:
    """Return the docstring: its text, then arguments and errors as tables."""
    if not it.docstring:
        return ""
    parts = []
    for section in it.docstring.parse("google", warnings=False):
        kind = section.kind.value
        if kind == "text":
            parts.append(linked(section.value) + "\n")
        elif kind == "parameters":
            rows = [(f"`{each.name}`", linked(each.description)) for each in section.value]
            parts.append(table(("argument", "meaning"), rows))
        elif kind == "raises":
            rows = [(linked(f"`{each.annotation}`"), linked(each.description)) for each in section.value]
            parts.append(table(("raises", "when"), rows))
    return "\n".join(parts)


def _hook_page() -> str:
    module = loaded("diddo_rules.hookspecs")
    hooks = [it for it in module.members.values() if not it.is_alias and it.is_function and _is_hook(it)]
    parts = [NOTE, "# Hooks\n", _prose(module)]
    parts += [_entry(it.name, it, level=2) for it in hooks]
    parts += [
        "## The version of this page {#HOOK_API}\n",
        code_block("python", f"HOOK_API = {module['HOOK_API'].value}"),
    ]
    parts += [_prose(module["HOOK_API"]), "## Retired hooks {#retired}\n", _retired(hooks)]
    return "\n".join(parts)


def _is_hook(function: Any) -> bool:
    return any(str(it.value).startswith("hookspec") for it in function.decorators)


def _retired(hooks: list[Any]) -> str:
    retiring = [it for it in hooks if any("retiring" in str(each.value) for each in it.decorators)]
    rows = [(f"`{it.name}`", str(it.decorators[0].value)) for it in retiring]
    return table(("hook", "declared as"), rows) or "No hook is on its way out.\n"
