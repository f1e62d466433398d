"""Trying something on many cases, and finding the smallest ones that speak against it: the work of Hypothesis."""

from collections.abc import Callable

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Flaky

from diddo_rules.context import Pick
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.drivers import replayed
from diddo_rules.testing.strategies import choices
from diddo_rules.testing.subject import Subject

__all__ = ["Against", "smallest_complaint", "try_choices"]

_CHOICES = 40


class Against(Exception):
    """What was tried does not hold; each subclass is found, and made smaller, on its own."""


def try_choices(holds: Callable[[list[int]], None], *, count: int | None, seed: int) -> None:
    """Call `holds` with lists of choices for `replayed`; those for which it raises `Against` become smaller and smaller.

    Args:
        holds: what is tried; it has to remember by itself what speaks against it.
        count: how many lists; None leaves it to the Hypothesis profile.
        seed: the same seed makes the same lists.
    """
    tried = hypothesis.seed(seed)(_profile(count)(hypothesis.given(choices(_CHOICES))(holds)))
    try:
        tried()
    except* (Against, Flaky):
        pass  # remembered by `holds`; what says this now and that then is flaky, and speaks against itself


def smallest_complaint(
    judge: Callable[[Subject, Pick], Complaint | None], subject: Subject, *, count: int | None = None, seed: int = 0
) -> Complaint | None:
    """Return the complaint about the smallest case that breaks the property, or None if none of `count` cases does.

    A case that takes too long is not made smaller, which would take as long for each attempt.
    """
    found: list[Complaint] = []

    def holds(chosen: list[int]) -> None:
        if found and found[-1].property == "within-budget":
            raise Against
        complaint = judge(subject, replayed(chosen))
        if complaint is not None:
            found.append(complaint)
            raise Against

    try_choices(holds, count=count, seed=seed)
    return found[-1] if found else None


def _profile(count: int | None) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=count or hypothesis.settings().max_examples,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=True,
        suppress_health_check=list(HealthCheck),
    )
