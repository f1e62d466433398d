"""`diddo explain`: all that is to be said about an error code."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import click

from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine
from diddo_rules.cli.screen import screen
from diddo_rules.suggest import did_you_mean

if TYPE_CHECKING:
    from diddo_rules import Engine, Violation

__all__ = ["explain"]


@click.command(short_help="Explain an error code.")
@click.argument("code")
@engine_options
@json_option
def explain(code: str, *, as_json: bool, **options: Any) -> None:
    """Explain the error CODE: when it is found, why the rule exists, and what to do about it."""
    engine = make_engine(**options)
    violation = engine.violations.get(code.upper())
    if violation is None:
        message = f"no loaded check finds {code}. {did_you_mean(code, engine.violations)}"
        raise CommandFailure(message, code="UNKNOWN_CODE", exit_code=ExitCode.USAGE)
    explanation = _explanation(violation, engine)
    if as_json:
        click.echo(json.dumps(explanation))
    else:
        _print(explanation)


def _explanation(violation: type[Violation], engine: Engine) -> dict[str, Any]:
    checks = [step for step in (*engine.plan.steps, *engine.plan.switched_off) if violation in step.info.yields]
    return {
        "code": violation.code,
        "http_status": violation.http_status,
        "why": inspect.getdoc(violation),
        "message": violation.template,
        "remedy": violation.remedy,
        "facts": violation.fact_types(),
        "checks": [{"check": step.name, "holds": inspect.getdoc(step.function)} for step in checks],
    }


def _print(explanation: dict[str, Any]) -> None:
    out = screen()
    out.print(f"{explanation['code']}  {explanation['http_status']}", style="bold")
    out.print(explanation["why"])
    out.print(f"\nMessage  {explanation['message']}")
    out.print(f"Remedy   {explanation['remedy']}")
    for name, kind in explanation["facts"].items():
        out.print(f"Fact     {name}: {kind}")
    for check in explanation["checks"]:
        out.print(f"Check    {check['check']}: {check['holds']}")
