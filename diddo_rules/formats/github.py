"""Annotations for GitHub Actions: lines on stdout that show findings beside the file in a pull request."""

from collections.abc import Iterable, Iterator

from diddo_rules.checks import Severity
from diddo_rules.formats.judged import JudgedCart, findings

__all__ = ["annotations"]

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def annotations(carts: Iterable[JudgedCart], locale: str | None = None) -> Iterator[str]:
    """Yield one workflow command for each finding and for each check that broke."""
    for judged in carts:
        for severity, violation in findings(judged.report):
            text = f"{violation.message_in(locale)}\n{violation.remedy_in(locale)}"
            yield _command(_COMMANDS[severity], judged, violation.at, title=violation.code, text=text)
        for crash in judged.report.crashed:
            kind = "error" if crash.blocks else "warning"
            text = f"{crash.exception}: {crash.message}"
            yield _command(kind, judged, "", title=f"{crash.check} crashed", text=text)


def _command(kind: str, judged: JudgedCart, pointer: str, *, title: str, text: str) -> str:
    region = judged.places.region(pointer)
    properties = {"file": judged.file, "line": region.line, "endLine": region.end_line, "col": region.column}
    if region.line == region.end_line:  # elsewhere columns are not allowed
        properties["endColumn"] = region.end_column
    else:
        del properties["col"]
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in (properties | {"title": title}).items())
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
