"""Making a case that was found by seed as small as it gets: Hypothesis takes over where the fast lane stops."""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import Flaky

from diddo_rules.testing.drivers import choice_bytes, packed
from diddo_rules.testing.strategies import choices

__all__ = ["shrunk"]

_ROOM = 64
"""Choices; a case takes a few dozen at most."""


class _Fails(Exception):
    """The case still shows what it has to show."""


def shrunk(chosen: Sequence[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """Return fewer and smaller choices for which `fails` still holds, or the given ones where none do.

    Hypothesis is handed them as the bytes that it would have drawn itself, which is what its `fuzz_one_input` is for.
    """
    count = max(_ROOM, len(chosen))
    smallest = list(chosen)

    @settings(
        database=InMemoryExampleDatabase(),
        deadline=None,
        phases=(Phase.reuse, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(choices(count))
    def attempt(tried: list[int]) -> None:
        if fails(tried):
            smallest[:] = tried
            raise _Fails

    try:
        attempt.hypothesis.fuzz_one_input(packed(chosen).ljust(choice_bytes(count), b"\0"))  # type: ignore[attr-defined]
    except _Fails:
        _run(attempt)
    return smallest


def _run(attempt: Callable[[], None]) -> None:
    try:
        attempt()
    except (_Fails, Flaky):
        return  # what fails now and then is as small as it was when it last did
