"""Runs the sandbox in this process, from its settings to its end."""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import orjson
import uvicorn

from diddo_gateways.documents import StateFileError
from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_rules import Engine, SettingsError, load_settings, validate_settings
from diddo_rules.cli.failures import CommandFailure, ExitCode
from diddo_sandbox.app import Sandbox, open_sandbox
from diddo_sandbox.banner import banner
from diddo_sandbox.catalogue import CatalogueError
from diddo_sandbox.settings import SandboxSettings

__all__ = ["AnnouncedServer", "run_server"]

PORT_IN_USE = 5
PATHS = ("state", "catalogue")
FIRST_PORT, NEXT_PORTS = 8080, 100
UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what to call a server that listens everywhere


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
    tables = _with_whole_paths(loaded.sandbox, loaded.origins, loaded.directory)
    settings = validate_settings(SandboxSettings, tables, section="sandbox", origins=loaded.origins)
    engine = Engine.from_settings(loaded)
    with _listen(settings.host, settings.port) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_serve(settings, engine, listener, quiet=quiet, as_json=as_json))
        except KeyboardInterrupt:
            raise click.Abort from None
        except (StateFileError, CatalogueError) as error:
            raise CommandFailure(str(error), code="CONFIGURATION", exit_code=ExitCode.CONFIGURATION) from error


def _with_whole_paths(table: Mapping[str, Any], origins: Mapping[str, str], directory: Path) -> Mapping[str, Any]:
    """Return the settings with what a file says of paths made relative to that file's folder, as its rules are."""
    from_file = {name for name in PATHS if origins.get(f"sandbox.{name}", "").endswith(".toml")}
    return {name: directory / value if name in from_file else value for name, value in table.items()}


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


async def _serve(
    settings: SandboxSettings, engine: Engine, listener: socket.socket, *, quiet: bool, as_json: bool
) -> None:
    host, port = listener.getsockname()[:2]
    name = UNSPECIFIED.get(host, host)
    base_url = settings.public_url or f"http://{f'[{name}]' if ':' in name else name}:{port}"
    sandbox = await open_sandbox(settings, engine, SqliteDocuments(settings.state), base_url=base_url)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "stripe"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    gc.freeze()
    await _run(sandbox, listener, lambda: _announce(sandbox.description(), quiet=quiet, as_json=as_json))


def _announce(description: Mapping[str, Any], *, quiet: bool, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(description).decode())
    elif not quiet:
        click.echo(banner(description), err=True)


class AnnouncedServer(uvicorn.Server):
    """A server that calls back once it answers."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call back."""
        await super().startup(sockets)
        self._on_started()


async def _run(sandbox: Sandbox, listener: socket.socket, on_started: Callable[[], None]) -> None:
    config = uvicorn.Config(
        sandbox,
        http="httptools",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    server = AnnouncedServer(config, on_started)
    sandbox.on_failure = lambda: setattr(server, "should_exit", True)
    await server.serve(sockets=[listener])
    if sandbox.failure is not None:
        raise SettingsError(str(sandbox.failure))
