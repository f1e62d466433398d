"""How far a fuzzing run has come: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from diddo_rules.testing.campaign import Budget, Outcome

__all__ = ["progress"]

_EVERY = 10.0


@contextmanager
def progress(budget: Budget, stream: TextIO, environ: Mapping[str, str]) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that is to be told again and again what has come so far."""
    if environ.get("CI") or not stream.isatty():
        yield _Lines().tell
        return
    from rich.console import Console  # noqa: PLC0415 (a pipe needs no bar)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda outcome: bar.update(task, completed=_done(budget, outcome), description=_said(outcome))


class _Lines:
    """Says a line whenever ten more seconds have passed."""

    def __init__(self) -> None:
        self._due = _EVERY

    def tell(self, outcome: Outcome) -> None:
        """Say how far it is, if it is time."""
        if outcome.seconds >= self._due:
            self._due = outcome.seconds + _EVERY
            click.echo(f"diddo: {outcome.seconds:.0f} s: {_said(outcome)}", err=True)


def _done(budget: Budget, outcome: Outcome) -> float:
    """Return how much of the budget is used up, from 0 to 1."""
    if budget.seconds is not None:
        return min(1.0, outcome.seconds / budget.seconds)
    return outcome.coverage.cases / (budget.count or 1) * budget.shards


def _said(outcome: Outcome) -> str:
    seen = outcome.coverage
    rate = seen.cases / outcome.seconds if outcome.seconds else 0.0
    faults = f", {len(outcome.suspects)} faults" if outcome.suspects else ""
    return (
        f"{seen.cases:,} cases, {rate:,.0f} a second; {len(seen.by_property)} properties, {len(seen.by_code)} codes, "
        f"{len(seen.behaviours)} behaviours{faults}"
    )
