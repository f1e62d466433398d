"""What the engine says about a cart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from diddo_rules.violations import Violation

__all__ = ["Crash", "Report", "Skipped", "TraceEntry", "verdict_of"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that was not asked, and why."""

    check: str
    plugin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Crash:
    """A check that broke or was late, so that nobody knows what it would have said.

    `blocks` tells whether the cart is refused for it: not where all that the check could find would let it pass.
    """

    check: str
    plugin: str
    exception: str
    message: str
    blocks: bool = True


@dataclass(frozen=True)
class Report:
    """The verdict on one cart, in the order of the plan.

    `violations` refuse the cart; `warnings` and `infos` travel with it. `shadow` is what checks in the mode `shadow`
    have said, which refuses nothing; it is None where there are none. `tolerated` is what was wrong already before a
    change. `ran` names every check that was asked, also those that crashed; checks are named `plugin:function`.
    `cart_id` is None for a cart without any finding. `trace` is there if it was asked for. `findings` holds what each
    check that was asked has yielded, whatever became of it; with the `plan`, it is for `Engine.revalidate`.
    """

    violations: tuple[Violation, ...]
    ran: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    crashed: tuple[Crash, ...]
    warnings: tuple[Violation, ...] = ()
    infos: tuple[Violation, ...] = ()
    shadow: "Report | None" = None
    tolerated: tuple[Violation, ...] = ()
    cart_id: str | None = field(default=None, compare=False)
    trace: "tuple[TraceEntry, ...] | None" = field(default=None, compare=False, repr=False)
    findings: Mapping[str, tuple[Violation, ...]] = field(default_factory=dict, compare=False, repr=False)
    plan: object = field(default=None, compare=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the cart is valid: nothing was violated, and no check crashed that might have refused it."""
        return not self.violations and not any(crash.blocks for crash in self.crashed)

    @property
    def http_status(self) -> int:
        """200 if ok, the status of the first violation if there is one, and 500 if checks only crashed."""
        if self.violations:
            return self.violations[0].http_status
        return 200 if self.ok else 500

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The code of each violation."""
        return tuple(violation.code for violation in self.violations)

    def to_dict(self, locale: str | None = None) -> dict[str, Any]:
        """Return plain JSON values, as `report.schema.json` describes them, with the texts in a language."""
        told = {
            "ok": self.ok,
            "http_status": self.http_status,
            "violations": _violations(self.violations, locale),
            "warnings": _violations(self.warnings, locale),
            "infos": _violations(self.infos, locale),
            "tolerated": _violations(self.tolerated, locale),
            "ran": list(self.ran),
            "skipped": [_plain(it) for it in self.skipped],
            "crashed": [_plain(it) for it in self.crashed],
            "shadow": None if self.shadow is None else self.shadow.to_dict(locale),
        }
        return told if self.trace is None else told | {"trace": [_plain(it) for it in self.trace]}

    def to_json(self, locale: str | None = None) -> str:
        """Return `to_dict()` as JSON text."""
        return to_json(self.to_dict(locale)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """What became of one check: `verdict` is `passed`, `found`, `crashed`, `skipped` or `off`.

    `seconds` is wall-clock time. `file` and `line` are where the check stands. `reads` are the facts that it has read,
    as dotted paths without positions; None where that cannot be told. `reason` says why it was skipped, or how it
    crashed. `mode` is `enforce` or `shadow`. `codes` are those that it found.
    """

    check: str
    plugin: str
    version: str | None
    mode: str
    verdict: str
    codes: tuple[str, ...] = ()
    seconds: float | None = None
    file: str
    line: int
    reads: tuple[str, ...] | None = None
    reason: str | None = None


def verdict_of(check: str, report: Report) -> str:
    """Return what became of a check, by its name: `passed`, `found`, `crashed` or `skipped`."""
    sides = [report] if report.shadow is None else [report, report.shadow]
    if any(it.check == check for side in sides for it in side.skipped):
        return "skipped"
    if any(it.check == check for side in sides for it in side.crashed):
        return "crashed"
    return "found" if report.findings.get(check) else "passed"


def _violations(violations: Iterable[Violation], locale: str | None) -> list[dict[str, Any]]:
    return [violation.to_error(locale) | {"http_status": violation.http_status} for violation in violations]


def _plain(record: Skipped | Crash | TraceEntry) -> dict[str, Any]:
    return {
        it.name: list(value) if isinstance(value := getattr(record, it.name), tuple) else value for it in fields(record)
    }
