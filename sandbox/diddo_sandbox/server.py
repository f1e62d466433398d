"""Starts the sandbox: its settings and plugins, and the socket that it listens on."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from diddo_gateways.documents import StateFileError
from diddo_rules import Engine, load_settings
from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_rules.cli.options import TIME_LIMIT
from diddo_sandbox.catalogue import CatalogueError
from diddo_sandbox.settings import sandbox_settings

__all__ = ["run_server"]

PORT_IN_USE = 5
FIRST_PORT, NEXT_PORTS = 8080, 100


def run_server(flags: Mapping[str, Any], *, config: Path | None, quiet: bool, as_json: bool) -> None:
    """Serve until interrupted.

    Args:
        flags: settings from the command line by dotted key; None for one that was not given.
        config: the settings file, or None to look for one.
        quiet: say nothing but warnings and errors.
        as_json: say on stdout, as JSON, where the server is.

    Raises:
        CommandFailure: the port is taken, or the state or catalogue file cannot be used.
        DiddoError: a setting or a plugin is wrong.
        click.Abort: the server was interrupted.
    """
    loaded = load_settings(Path.cwd(), os.environ, flags=_with_port_number(flags), file=config)
    settings = sandbox_settings(loaded)
    engine = Engine.from_settings(loaded, time_limit=TIME_LIMIT)
    with _listen(settings.host, settings.port) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            # The slow imports come after: who connects meanwhile waits for an answer instead of being refused.
            from diddo_sandbox.running import serve_on  # noqa: PLC0415

            runner.run(serve_on(listener, settings, engine, quiet=quiet, as_json=as_json))
        except KeyboardInterrupt:
            raise click.Abort from None
        except (StateFileError, CatalogueError) as error:
            raise CommandFailure(str(error), code="CONFIGURATION", exit_code=ExitCode.CONFIGURATION) from error


def _with_port_number(flags: Mapping[str, Any]) -> dict[str, Any]:
    port = flags.get("sandbox.port")
    if port is None or port == "auto":
        return dict(flags)
    if not port.isdigit():
        raise click.BadParameter(f"{port!r} is neither a port number nor 'auto'", param_hint="--port")
    return {**flags, "sandbox.port": int(port)}


def _listen(host: str, port: int | str) -> socket.socket:
    """Return a listening socket.

    Raises:
        CommandFailure: there is none to be had.
    """
    wanted = range(FIRST_PORT, FIRST_PORT + NEXT_PORTS) if port == "auto" else [int(port)]
    reason = ""
    for number in wanted:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, number), family=family, backlog=2048)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    advice = "Take another with --port, or the next free one with --port auto."
    message = f"cannot listen on {host}:{port}: {reason}. {advice}"
    raise CommandFailure(message, code="PORT_IN_USE", exit_code=PORT_IN_USE)


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415  not to be had on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
