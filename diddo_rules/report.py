"""What the engine says about a cart."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from diddo_rules.violations import Violation

__all__ = ["Crash", "Report", "Skipped"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that was not asked, and why."""

    check: str
    plugin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Crash:
    """A check that broke, so that nobody knows what it would have said."""

    check: str
    plugin: str
    exception: str
    message: str


@dataclass(frozen=True)
class Report:
    """The verdict on one cart, in the order of the plan.

    `ran` names every check that was asked, also those that crashed; checks are named `plugin:function`.
    """

    violations: tuple[Violation, ...]
    ran: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    crashed: tuple[Crash, ...]

    @property
    def ok(self) -> bool:
        """Whether the cart is valid: nothing was violated, and no check crashed, for then nobody knows."""
        return not self.violations and not self.crashed

    @property
    def http_status(self) -> int:
        """200 if ok, the status of the first violation if there is one, and 500 if checks only crashed."""
        if self.violations:
            return self.violations[0].http_status
        return 500 if self.crashed else 200

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The code of each violation."""
        return tuple(violation.code for violation in self.violations)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: ok, http_status, violations, ran, skipped, crashed."""
        return {
            "ok": self.ok,
            "http_status": self.http_status,
            "violations": [_violation(violation) for violation in self.violations],
            "ran": list(self.ran),
            "skipped": [{"check": it.check, "plugin": it.plugin, "reason": it.reason} for it in self.skipped],
            "crashed": [
                {"check": it.check, "plugin": it.plugin, "exception": it.exception, "message": it.message}
                for it in self.crashed
            ],
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text."""
        return to_json(self.to_dict()).decode()


def _violation(violation: Violation) -> dict[str, Any]:
    return violation.to_error() | {"http_status": violation.http_status}
