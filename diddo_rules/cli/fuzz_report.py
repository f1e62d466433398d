"""What a fuzzing run has come to, for people, for programs, and for continuous integration."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import click

from diddo_rules.cli.screen import plain, screen

if TYPE_CHECKING:
    from diddo_rules import Engine
    from diddo_rules.testing.campaign import Outcome
    from diddo_rules.testing.failures import Failure

__all__ = ["as_dict", "as_junit", "show", "tell_github"]

Files = Mapping[str, Path]
"""Where each failure was saved, by its file name."""


def as_dict(outcome: Outcome, files: Files) -> dict[str, Any]:
    """Return the outcome as plain JSON values; only `seconds` differs between runs of the same seed and count."""
    seen = outcome.coverage
    return {
        "ok": not outcome.failures,
        "interrupted": outcome.interrupted,
        "seed": outcome.job.seed,
        "plugins": list(outcome.job.plugins),
        "cases": seen.cases,
        "seconds": round(outcome.seconds, 3),
        "properties": {name: cases for name, _, cases in _judged(outcome)},
        "codes": [{"plugin": plugin, "code": code, "cases": n} for (plugin, code), n in sorted(seen.by_code.items())],
        "never_provoked": [{"plugin": plugin, "code": code} for plugin, code in outcome.never_provoked],
        "behaviours": {"seen": len(seen.behaviours), "new_in_last_fifth": _new_lately(outcome)},
        "failures": [_failure(it, files) for it in outcome.failures],
    }


def _failure(failure: Failure, files: Files) -> dict[str, Any]:
    told = failure.model_dump(mode="json", include={"property", "claim", "plugin", "check", "code", "message"})
    return told | {"file": str(files[failure.file_name()])}


def _new_lately(outcome: Outcome) -> int:
    """Return how many behaviours were new in the last fifth of the cases: at 0, more of the same is of little use."""
    seen = outcome.coverage
    return seen.new_since(seen.last - seen.last // 5)


def show(outcome: Outcome, files: Files) -> None:
    """Print the outcome for people."""
    out = screen()
    seen = outcome.coverage
    out.print(_properties(outcome))
    out.print(_codes(outcome))
    for failure in outcome.failures:
        out.print(f"\n✗ {failure.property}  {failure.check or failure.code or failure.plugin}", style="bold red")
        out.print(f"  {plain(failure.message)}")
        out.print(f"  diddo replay {files[failure.file_name()]}", style="dim")
    for plugin, code in outcome.never_provoked:
        click.echo(f"diddo: no case has provoked {code} of {plugin}", err=True)
    rate = f"{seen.cases / outcome.seconds:,.0f} a second" if outcome.seconds else "at once"
    lately = _new_lately(outcome)
    saturated = "none of them new" if lately == 0 else f"{lately} of them new"
    out.print(
        f"\n{seen.cases:,} cases, {rate}; {len(seen.behaviours)} behaviours, {saturated} in the last fifth; "
        f"{_faults(outcome)}; seed {outcome.job.seed}.",
        style="bold" if outcome.failures else "bold green",
    )


def _faults(outcome: Outcome) -> str:
    early = ", ended early" if outcome.interrupted else ""
    return f"{len(outcome.failures) or 'no'} fault{'' if len(outcome.failures) == 1 else 's'}{early}"


def _properties(outcome: Outcome) -> Any:
    from rich.table import Table  # noqa: PLC0415 (with --json there is no table)

    broken = {failure.property for failure in outcome.failures}
    table = Table("", "PROPERTY", "CASES", "CLAIM", box=None, pad_edge=False)
    for name, claim, cases in _judged(outcome):
        mark = "✗" if name in broken else "✓" if cases else "-"
        table.add_row(mark, name, f"{cases:,}", claim, style="red" if name in broken else None)
    return table


def _judged(outcome: Outcome) -> Iterator[tuple[str, str, int]]:
    """Yield each property with its claim, and the cases that were made for it."""
    from diddo_rules.testing.replaying import AGREES, AGREES_CLAIM  # noqa: PLC0415 (it imports the kit)

    counted = outcome.coverage.by_property
    for it in outcome.job.properties:
        yield it.name, it.claim, counted[it.name]
    if outcome.compared:
        yield AGREES, AGREES_CLAIM, outcome.compared


def _codes(outcome: Outcome) -> Any:
    from rich.table import Table  # noqa: PLC0415 (with --json there is no table)

    table = Table("PLUGIN", "CODE", "CASES", box=None, pad_edge=False)
    counted = [*outcome.coverage.by_code.items(), *((it, 0) for it in outcome.never_provoked)]
    for (plugin, code), cases in sorted(counted):
        table.add_row(plugin, code, f"{cases:,}", style=None if cases else "yellow")
    return table


def as_junit(outcome: Outcome) -> bytes:
    """Return JUnit XML: a suite for each plugin, with a test for each property."""
    suites = ET.Element("testsuites", name="diddo fuzz")
    for plugin in outcome.job.plugins:
        failures = [it for it in outcome.failures if it.plugin == plugin]
        judged = [name for name, _, _ in _judged(outcome)]
        broken = {it.property for it in failures}
        suite = ET.SubElement(suites, "testsuite", name=plugin, tests=str(len(judged)), failures=str(len(broken)))
        for name in judged:
            case = ET.SubElement(suite, "testcase", classname=plugin, name=name)
            for failure in (failure for failure in failures if failure.property == name):
                found = ET.SubElement(case, "failure", message=plain(failure.message), type=failure.property)
                found.text = f"diddo replay {failure.file_name()}"
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written


def tell_github(outcome: Outcome, files: Files, engine: Engine, environ: Mapping[str, str]) -> None:
    """On GitHub Actions, annotate the checks at fault and write the summary of the job."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    for failure in outcome.failures:
        where = ",".join(f"{name}={value}" for name, value in _place(failure, engine))
        click.echo(f"::error {where}::{_escaped(f'{failure.message} ({files[failure.file_name()]})')}", err=True)
    for plugin, code in outcome.never_provoked:
        click.echo(f"::warning title=never provoked::no case has provoked {code} of {plugin}", err=True)
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write("\n".join(_summary(outcome, files)) + "\n")


def _place(failure: Failure, engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield the parts of an annotation: the file and line of the check, where there is one to blame."""
    step = next((it for it in engine.plan.every_step() if it.name == failure.check), None)
    if step is not None:
        code = inspect.unwrap(step.function).__code__
        yield "file", os.path.relpath(code.co_filename)
        yield "line", str(code.co_firstlineno)
    yield "title", _escaped(f"{failure.property} of {failure.plugin}").replace(",", "%2C").replace(":", "%3A")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _summary(outcome: Outcome, files: Files) -> Iterator[str]:
    seen = outcome.coverage
    yield f"### diddo fuzz: {_faults(outcome)} in {seen.cases:,} cases (seed {outcome.job.seed})\n"
    if outcome.failures:
        yield "| property | check | message | file |\n|---|---|---|---|"
    for it in outcome.failures:
        cells = (it.property, it.check or it.plugin, it.message, f"`{files[it.file_name()]}`")
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    yield "\n| plugin | code | cases |\n|---|---|---|"
    for (plugin, code), cases in sorted([*seen.by_code.items(), *((it, 0) for it in outcome.never_provoked)]):
        yield f"| {plugin} | {code} | {cases:,} |"


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|")
