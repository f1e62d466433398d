"""SARIF 2.1.0, which CI systems and editors show beside the file: a rule per error code, a result per finding."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from diddo_rules.checks import SEVERITIES, Severity
from diddo_rules.engine import Engine
from diddo_rules.formats.judged import JudgedCart, findings
from diddo_rules.report import Crash
from diddo_rules.violations import Violation

__all__ = ["SCHEMA", "sarif_log"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def sarif_log(carts: Sequence[JudgedCart], engine: Engine, *, locale: str | None = None) -> dict[str, Any]:
    """Return the log of one run over all carts, as plain JSON values.

    What checks in the mode `shadow` have found is in it as suppressed. A check that broke is a notification, and the
    run counts as failed if the cart was refused for it.
    """
    codes = sorted(engine.violations)
    crashes = [(judged, crash) for judged in carts for crash in judged.report.crashed]
    run = {
        "tool": {"driver": _driver(codes, engine)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(crash.blocks for _, crash in crashes),
                "toolExecutionNotifications": [_notification(judged, crash) for judged, crash in crashes],
            }
        ],
        "artifacts": [{"location": _artifact(file)} for file in dict.fromkeys(judged.file for judged in carts)],
        "results": [result for judged in carts for result in _results(judged, codes, locale)],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(codes: Iterable[str], engine: Engine) -> dict[str, Any]:
    return {
        "name": "diddo-rules",
        "semanticVersion": version("diddo-rules"),
        "rules": [_rule(engine.violations[code], _severity(code, engine)) for code in codes],
    }


def _severity(code: str, engine: Engine) -> Severity:
    """Return how severe the settings take a code, the worst if several checks find it."""
    found = {step.policies[code].severity for step in engine.plan.every_step() if code in step.codes}
    return min(found, key=SEVERITIES.index)


def _rule(violation: type[Violation], severity: Severity) -> dict[str, Any]:
    why = inspect.getdoc(violation) or ""
    return {
        "id": violation.code,
        "name": violation.__name__,
        "shortDescription": {"text": violation.template},
        "fullDescription": {"text": why},
        "help": {"text": f"{why} {violation.remedy}"},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"http_status": violation.http_status, "facts": violation.fact_types()},
    }


def _results(judged: JudgedCart, codes: Sequence[str], locale: str | None) -> Iterator[dict[str, Any]]:
    for severity, violation in findings(judged.report):
        yield _result(judged, violation, codes, locale) | {"level": _LEVELS[severity]}
    if judged.report.shadow is not None:
        shadowed = {"suppressions": [{"kind": "external", "justification": "The check is in the mode shadow."}]}
        for severity, violation in findings(judged.report.shadow):
            yield _result(judged, violation, codes, locale) | {"level": _LEVELS[severity]} | shadowed


def _result(judged: JudgedCart, violation: Violation, codes: Sequence[str], locale: str | None) -> dict[str, Any]:
    return {
        "ruleId": violation.code,
        "ruleIndex": codes.index(violation.code),
        "message": {"text": f"{violation.message_in(locale)} {violation.remedy_in(locale)}"},
        "locations": [_location(judged, violation.at)],
        "partialFingerprints": {"codeCartPointer/v1": _fingerprint(judged, violation)},
        "properties": {"pointer": violation.at, "facts": violation.plain_facts},
    }


def _fingerprint(judged: JudgedCart, violation: Violation) -> str:
    """Return what stays the same for a finding when the cart is written anew in another layout."""
    return sha256(f"{violation.code} {judged.report.cart_id} {violation.at}".encode()).hexdigest()


def _location(judged: JudgedCart, pointer: str) -> dict[str, Any]:
    region = judged.places.region(pointer)
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(judged.file),
            "region": {
                "startLine": region.line,
                "startColumn": region.column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            },
        },
        "logicalLocations": [{"fullyQualifiedName": pointer or "/", "kind": "object"}],
    }


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}


def _notification(judged: JudgedCart, crash: Crash) -> dict[str, Any]:
    return {
        "level": "error" if crash.blocks else "warning",
        "descriptor": {"id": crash.check},
        "message": {"text": f"{crash.check} crashed: {crash.exception}: {crash.message}"},
        "locations": [_location(judged, "")],
    }
