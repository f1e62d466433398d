"""`diddo fuzz`: whether plugins keep what every plugin has to keep, on as many generated carts as there is time for."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import engine_options, json_option, make_engine

if TYPE_CHECKING:
    from diddo_rules.testing.campaign import Budget, Outcome
    from diddo_rules.testing.failures import Failure
    from diddo_rules.testing.fuzzing import Job

__all__ = ["fuzz"]

_DEFAULT_COUNT = 10_000
_COMPARED = 2_000
"""Cases on which two releases are compared, at most: Hypothesis makes them, some hundreds a second."""

_BIGGEST_SEED = 2**32 - 1
_SHARD = re.compile(r"(?P<shard>\d+)/(?P<shards>\d+)")


def _shard(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, int]:
    """Return the shard, from 1, and how many there are."""
    found = _SHARD.fullmatch(value)
    shard, shards = (int(found["shard"]), int(found["shards"])) if found else (0, 0)
    if not 1 <= shard <= shards:
        raise click.BadParameter(f"{value!r} is no part of a whole, such as 1/4")
    return shard, shards


@click.command(short_help="Try plugins on generated carts.")
@click.option("--plugin", "plugins", multiple=True, metavar="NAME", help="Which plugin; all, if it is not given.")
@click.option("--count", type=click.IntRange(min=1), help=f"How many cases; {_DEFAULT_COUNT:,} by default.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="For how long, instead of a count.")
@click.option("--jobs", type=click.IntRange(1, 256), help="How many processes; as many as processors by default.")
@click.option("--seed", type=click.IntRange(0, _BIGGEST_SEED), help="The same seed and count give the same result.")
@click.option("--shard", callback=_shard, default="1/1", metavar="I/N", help="Do the I-th of N parts of the work.")
@click.option("--without", multiple=True, metavar="PROPERTY", help="Leave a property out.")
@click.option(
    "--failures",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("diddo-failures"),
    show_default=True,
    help="The folder for failure files.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="Compare the plugin with an earlier release: a file, a folder or a wheel.",
)
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), help="Write the carts, as JSON Lines.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a report as JUnit XML.")
@engine_options
@json_option
def fuzz(  # noqa: PLR0913  one argument for each option
    *,
    plugins: tuple[str, ...],
    count: int | None,
    seconds: float | None,
    jobs: int | None,
    seed: int | None,
    shard: tuple[int, int],
    without: tuple[str, ...],
    failures: Path,
    against: Path | None,
    export: Path | None,
    junit: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Judge plugins by the properties that every plugin has to keep, on generated carts.

    What breaks one is made as small as it gets, and written to a file that `diddo replay` repeats. The exit code is 0
    if nothing was found, 1 if something was, 130 after Ctrl-C.
    """
    if count is not None and seconds is not None:
        raise click.UsageError("Give --count or --seconds, not both.")
    from diddo_rules.cli import fuzz_report  # noqa: PLC0415 (`diddo --help` fuzzes nothing)
    from diddo_rules.testing.campaign import Budget  # noqa: PLC0415

    if against is not None and len(plugins) != 1:
        raise click.UsageError("--against compares one plugin: name it with --plugin.")
    job = _job(plugins, seed, without, export=export is not None, options=options)
    budget = Budget(
        count=count or (None if seconds else _DEFAULT_COUNT), seconds=seconds, shard=shard[0], shards=shard[1]
    )
    click.echo(f"diddo: fuzzing {', '.join(job.plugins)} with the seed {job.seed}", err=True)
    outcome = _fuzzed(job, budget, jobs or os.cpu_count() or 1, export, options)
    if against and not outcome.interrupted:
        outcome.compared = min(budget.count or _COMPARED, _COMPARED)
        outcome.failures += _disagreements(job, outcome.compared, against, options)
    files = {failure.file_name(): failure.save(failures) for failure in outcome.failures}
    if junit:
        junit.write_bytes(fuzz_report.as_junit(outcome))
    engine = make_engine(**options)
    fuzz_report.tell_github(outcome, files, engine, os.environ)
    if as_json:
        click.echo(json.dumps(fuzz_report.as_dict(outcome, files), ensure_ascii=False))
    else:
        fuzz_report.show(outcome, files)
    if outcome.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FINDINGS if outcome.failures else ExitCode.OK


def _job(
    plugins: tuple[str, ...], seed: int | None, without: tuple[str, ...], *, export: bool, options: dict[str, Any]
) -> Job:
    import secrets  # noqa: PLC0415 (nothing else here needs it)

    from diddo_rules.suggest import did_you_mean  # noqa: PLC0415
    from diddo_rules.testing.fuzzing import Job  # noqa: PLC0415
    from diddo_rules.testing.properties import PROPERTIES  # noqa: PLC0415

    known = [it.name for it in PROPERTIES]
    for name in without:
        if name not in known:
            raise CommandFailure(
                f"there is no property {name}. {did_you_mean(name, known)}",
                code="UNKNOWN_PROPERTY",
                exit_code=ExitCode.USAGE,
            )
    names = plugins or tuple(it.name for it in make_engine(**options).plugins)
    drawn = secrets.randbelow(_BIGGEST_SEED + 1) if seed is None else seed
    return Job(plugins=tuple(dict.fromkeys(names)), seed=drawn, without=without, export=export)


def _disagreements(job: Job, count: int, release: Path, options: dict[str, Any]) -> list[Failure]:
    """Return on what the plugin and its earlier release disagree, as failures."""
    from diddo_rules.testing.differential import disagreements  # noqa: PLC0415 (it imports Hypothesis, which is slow)
    from diddo_rules.testing.failures import Failure  # noqa: PLC0415
    from diddo_rules.testing.releases import put_release  # noqa: PLC0415
    from diddo_rules.testing.replaying import AGREES_CLAIM, complaint_of  # noqa: PLC0415

    plugin = job.plugins[0]
    new, old = make_engine(**options), make_engine(**options)
    put_release(old, plugin, release)
    click.echo(f"diddo: comparing {plugin} with {release}", err=True)
    found = disagreements(old, new, count=count, seed=job.seed)
    return [Failure.of(complaint_of(it, plugin), new, claim=AGREES_CLAIM, choices=None, seed=job.seed) for it in found]


def _fuzzed(job: Job, budget: Budget, jobs: int, export: Path | None, options: dict[str, Any]) -> Outcome:
    from diddo_rules.cli.fuzz_progress import progress  # noqa: PLC0415
    from diddo_rules.testing.campaign import fuzz as run  # noqa: PLC0415

    with ExitStack() as stack:
        lines = stack.enter_context(export.open("wb")) if export else None
        watch = stack.enter_context(progress(budget, sys.stderr, os.environ))
        return run(partial(make_engine, **options), job, budget=budget, jobs=jobs, export=lines, watch=watch)
