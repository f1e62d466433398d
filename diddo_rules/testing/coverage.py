"""What a fuzzing run has seen of a plugin: how often each code, which behaviours, and when the last new one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from diddo_rules.report import Report
from diddo_rules.testing.subject import Subject

__all__ = ["Behaviour", "Coverage", "behaviour_of"]

Behaviour = tuple[tuple[str, ...], ...]
"""What the checks said of a case, without the values: codes (with how many times up to three), crashes, skipped."""

_MANY = 3


def behaviour_of(subject: Subject, report: Report) -> Behaviour:
    """Return the behaviour of all checks in a case, as the plugin is seen among them."""
    said = Counter((check, violation.code) for check, found in report.findings.items() for violation in found)
    found = tuple(sorted(f"{check} {code} {min(times, _MANY)}" for (check, code), times in said.items()))
    crashed = tuple(sorted(f"{crash.check} {crash.exception}" for crash in subject.crashes(report)))
    return found, crashed, tuple(skipped.check for skipped in report.skipped)


@dataclass(slots=True)
class Coverage:
    """Counts that can be added up: cases by property, cases by code, and the first case of each behaviour.

    `last` is the highest number of a case.
    """

    cases: int = 0
    last: int = 0
    by_property: Counter[str] = field(default_factory=Counter)
    by_code: Counter[tuple[str, str]] = field(default_factory=Counter)
    behaviours: dict[Behaviour, int] = field(default_factory=dict)

    def add(self, number: int, name: str, reports: Iterable[tuple[Subject, Report]]) -> None:
        """Take note of one case, by its number, the property it was made for, and what was said of it."""
        self.cases += 1
        self.last = max(self.last, number)
        self.by_property[name] += 1
        codes: set[tuple[str, str]] = set()
        for subject, report in reports:
            codes.update((subject.name, violation.code) for _, violation in subject.found(report))
            self.behaviours.setdefault(behaviour_of(subject, report), number)
        self.by_code.update(codes)

    def merge(self, other: "Coverage") -> None:
        """Add what another part of the run has seen."""
        self.cases += other.cases
        self.last = max(self.last, other.last)
        self.by_property.update(other.by_property)
        self.by_code.update(other.by_code)
        for behaviour, number in other.behaviours.items():
            self.behaviours[behaviour] = min(number, self.behaviours.get(behaviour, number))

    def new_since(self, number: int) -> int:
        """Return how many behaviours were first seen in that case or later."""
        return sum(first >= number for first in self.behaviours.values())

    def never(self, subjects: Iterable[Subject]) -> Iterator[tuple[str, str]]:
        """Yield the codes, with their plugins, that no case has provoked."""
        for subject in subjects:
            for violation in subject.violations:
                if not self.by_code[subject.name, violation.code]:
                    yield subject.name, violation.code
