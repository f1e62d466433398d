"""How a command ends when it cannot do its work."""

import json
from enum import IntEnum
from typing import Any

import click

__all__ = ["CommandFailure", "ExitCode", "print_failure"]


class ExitCode(IntEnum):
    """What the exit codes of `diddo` mean."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    CONFIGURATION = 3
    INTERRUPTED = 130


class CommandFailure(Exception):
    """The command cannot do what it was asked; its text is for the person who asked."""

    def __init__(self, message: str, *, code: str, exit_code: int, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code
        self.details = details


def print_failure(failure: CommandFailure, *, as_json: bool) -> int:
    """Say what went wrong, on stderr or as JSON on stdout, and return the exit code."""
    if as_json:
        error: dict[str, Any] = {"code": failure.code, "message": str(failure)}
        if failure.details:
            error["details"] = failure.details
        click.echo(json.dumps({"errors": [error]}, ensure_ascii=False))
    else:
        click.echo(f"diddo: {failure}", err=True)
    return failure.exit_code
