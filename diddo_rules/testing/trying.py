"""Trying a property on many cases, and finding the smallest one that breaks it: the work of Hypothesis."""

from collections.abc import Callable
from contextlib import suppress

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Flaky

from diddo_rules.context import Pick
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.drivers import replayed
from diddo_rules.testing.strategies import choices
from diddo_rules.testing.subject import Subject

__all__ = ["smallest_complaint"]

_CHOICES = 40


class _Broken(Exception):
    """The property does not hold."""


def smallest_complaint(
    judge: Callable[[Subject, Pick], Complaint | None], subject: Subject, *, count: int | None = None, seed: int = 0
) -> Complaint | None:
    """Return the complaint about the smallest case that breaks the property, or None if none of `count` cases does.

    A plugin that hangs is not made smaller, which would take a second for each attempt.
    """
    found: list[Complaint] = []

    @hypothesis.seed(seed)
    @_profile(count)
    @hypothesis.given(choices(_CHOICES))
    def holds(chosen: list[int]) -> None:
        if found and found[-1].property == "within-budget":
            raise _Broken
        complaint = judge(subject, replayed(chosen))
        if complaint is not None:
            found.append(complaint)
            raise _Broken

    # A plugin that says this now and that then is flaky, and was caught.
    with suppress(_Broken, Flaky):
        holds()
    return found[-1] if found else None


def _profile(count: int | None) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=count or hypothesis.settings().max_examples,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
