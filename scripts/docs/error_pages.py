"""The error catalogue: every code of the first-party checks with an example of it, and every code of the sandbox."""

import html
import inspect
import json
from collections.abc import Iterator, Sequence

from api_pages import linked
from markdown_parts import NOTE, code_block, table

import diddo_sandbox.errors
from diddo_rules import Engine, Settings, Violation
from diddo_rules.plan import Step
from diddo_rules.testing import gen_broken, seeded

__all__ = ["pages"]

_INTRODUCTION = """\
Every code that the first-party checks find, in the order in which they run. `diddo explain CODE` says the same, and
knows the codes of your own plugins as well. Each example was found in a cart that the
[testing kit](testing-api.md) broke on purpose.
"""
_SANDBOX = """\
## Codes of the sandbox {#sandbox}

What the sandbox's API answers besides, when a request is refused before any check is asked.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page's name and text."""
    engine = Engine.from_settings(Settings())
    found = {code: [it for it in engine.plan.every_step() if code in it.codes] for code in _in_order(engine)}
    overview = [
        (
            f"[`{code}`](#{code})",
            str(engine.violations[code].http_status),
            inspect.getdoc(engine.violations[code]) or "",
        )
        for code in found
    ]
    parts = [NOTE, "# Error catalogue\n", _INTRODUCTION, table(("code", "status", "why"), overview)]
    parts += [_entry(engine.violations[code], steps, engine) for code, steps in found.items()]
    yield "errors.md", "\n".join([*parts, _SANDBOX, _sandbox_table(set(found))])


def _in_order(engine: Engine) -> list[str]:
    return list(dict.fromkeys(code for step in engine.plan.every_step() for code in step.codes))


def _entry(violation: type[Violation], steps: Sequence[Step], engine: Engine) -> str:
    call = violation.cleared_by
    facts = violation.fact_types()
    rows = [("why", linked(inspect.getdoc(violation) or "")), ("remedy", violation.remedy)]
    rows += [("next call", f"`{call.method} {call.path}`: {call.why}")] if call else []
    rows += [("facts", ", ".join(f"`{name}` ({kind})" for name, kind in facts.items()))] if facts else []
    rows += [("worse if more", f"`{violation.measure}`")] if violation.measure else []
    rows += [("found by", _check(step)) for step in steps]
    heading = f"## `{violation.code}` {{#{violation.code}}}\n"
    about = table(("HTTP status", str(violation.http_status)), rows)
    return "\n".join([heading, about, *_languages(violation), _example(violation, engine)])


def _check(step: Step) -> str:
    asked = ", ".join(step.info.points)
    return f"`{step.name}` at {step.priority} ({asked}): {inspect.getdoc(step.function)}"


def _languages(violation: type[Violation]) -> Iterator[str]:
    said = {"en": (violation.template, violation.remedy)} | dict(violation.translations)
    rows = [(f"`{locale}`", *(_spoken(locale, text) for text in texts)) for locale, texts in said.items()]
    yield table(("language", "message", "remedy"), rows)


def _spoken(locale: str, text: str) -> str:
    """Return the text such that screen readers and writing from right to left know its language."""
    return f'<span lang="{locale}" dir="auto">{html.escape(text, quote=False)}</span>'


def _example(violation: type[Violation], engine: Engine) -> str:
    case = gen_broken(seeded(0), [violation], engine)
    found = next(it for it in engine.validate(*case).violations if type(it) is violation)
    return "For example:\n\n" + code_block("json", json.dumps(found.to_error(), indent=2, ensure_ascii=False))


def _sandbox_table(known: set[str]) -> str:
    own = [getattr(diddo_sandbox.errors, name) for name in diddo_sandbox.errors.__all__]
    codes = sorted((it for it in own if issubclass(it, Violation) and it.code not in known), key=lambda it: it.code)
    rows = [(f"`{it.code}`", str(it.http_status), inspect.getdoc(it) or "", it.remedy) for it in codes]
    return table(("code", "status", "why", "remedy"), rows)
