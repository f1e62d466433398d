"""Replaying in a process of its own, which a failure may well end."""

from collections.abc import Callable
from multiprocessing.connection import Connection

from diddo_rules.engine import Engine
from diddo_rules.testing.children import child, pipe
from diddo_rules.testing.failures import Failure
from diddo_rules.testing.processes import how_it_ended
from diddo_rules.testing.replaying import replay

__all__ = ["replay_apart"]


def replay_apart(
    make_engine: Callable[[], Engine],
    failure: Failure,
    *,
    make_against: Callable[[], Engine] | None = None,
    patience: float = 30.0,
) -> str | None:
    """Return what the failure's property complains of now, or how the process ended; None if it holds.

    Args:
        make_engine: called in the other process, so it has to be importable.
        failure: what to replay.
        make_against: likewise, for the engine with the earlier release, if there is one.
        patience: the seconds after which the process is given up.

    Raises:
        DiddoError: the engine cannot be made, or has no such plugin, or there is no such property.
    """
    ours, theirs = pipe(duplex=False)
    process = child(_replay, theirs, make_engine, make_against, failure)
    theirs.close()
    try:
        if not ours.poll(patience):
            return f"it did not come back within {patience:g} s, and nothing could interrupt it"
        said: str | Exception | None = ours.recv()
    except EOFError:
        process.join()
        return how_it_ended(process.exitcode)
    finally:
        process.kill()
        process.join()
    if isinstance(said, Exception):
        raise said
    return said


def _replay(
    connection: Connection,
    make_engine: Callable[[], Engine],
    make_against: Callable[[], Engine] | None,
    failure: Failure,
) -> None:
    try:
        complaint = replay(failure, make_engine(), against=make_against and make_against())
    except Exception as error:  # noqa: BLE001 (it is raised at the other end)
        connection.send(error)
    else:
        connection.send(complaint and complaint.message)
