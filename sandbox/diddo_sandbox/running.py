"""Runs the sandbox under uvicorn, on a socket that listens already."""

import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any

import click
import orjson
import uvicorn

from diddo_gateways.documents.opening import open_documents
from diddo_rules import Engine, SettingsError
from diddo_sandbox.app import Sandbox, open_sandbox
from diddo_sandbox.banner import banner
from diddo_sandbox.settings import SandboxSettings

__all__ = ["AnnouncedServer", "serve_on"]

UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what to call a server that listens everywhere


async def serve_on(
    listener: socket.socket, settings: SandboxSettings, engine: Engine, *, quiet: bool, as_json: bool
) -> None:
    """Serve on a listening socket until the process is interrupted.

    Args:
        listener: the socket.
        settings: how the sandbox runs.
        engine: what validates carts.
        quiet: say nothing but warnings and errors.
        as_json: say on stdout, as JSON, where the server is, in place of the banner.

    Raises:
        StateFileError: the state file cannot be used.
        CatalogueError: the catalogue file cannot be used.
        SettingsError: the gateway cannot be made.
    """
    host, port = listener.getsockname()[:2]
    name = UNSPECIFIED.get(host, host)
    base_url = settings.public_url or f"http://{f'[{name}]' if ':' in name else name}:{port}"
    sandbox = await open_sandbox(settings, engine, open_documents(settings.state), base_url=base_url)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "stripe"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
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
