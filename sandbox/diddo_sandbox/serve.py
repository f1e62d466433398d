"""`diddo serve`: the whole sandbox in one process."""

import asyncio
import gc
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

__all__ = ["serve"]

CONFIGURATION, PORT_IN_USE = 3, 5
NEXT_PORTS = 100


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="TCP port; 'auto' takes the next free one.  [default: 8080]")
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps everything over a restart."
)
@click.option("--gateway", help="Payment gateway that serves carts.  [default: stripe]")
@click.option("--no-auth", is_flag=True, help="Serve requests without an API key, in the world 'default'.")
@click.option(
    "--catalogue", type=click.Path(dir_okay=False, path_type=Path), help="Catalogue file in place of the seeded one."
)
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Settings file to use.")
@click.option("--quiet", is_flag=True, help="No banner, no access log.")
def serve(quiet: bool, config: Path | None, no_auth: bool, **flags: Any) -> None:  # noqa: FBT001  click gives flags
    """Start the checkout sandbox: API, fake Stripe and payment pages, entirely offline."""
    from diddo_rules import DiddoError  # noqa: PLC0415  the engine is not needed for --help

    try:
        _serve(flags | {"auth": False if no_auth else None}, config=config, quiet=quiet)
    except DiddoError as error:
        _fail(str(error), CONFIGURATION)


def _serve(flags: dict[str, Any], *, config: Path | None, quiet: bool) -> None:
    from diddo_rules import Engine, load_settings, validate_settings  # noqa: PLC0415  see above
    from diddo_sandbox.settings import SandboxSettings  # noqa: PLC0415  see above

    port = flags.get("port")
    if port is not None and port != "auto":
        flags["port"] = _port_number(port)
    loaded = load_settings(
        Path.cwd(), os.environ, flags={f"sandbox.{name}": value for name, value in flags.items()}, file=config
    )
    settings = validate_settings(SandboxSettings, loaded.sandbox, section="sandbox", origins=loaded.origins)
    listener = _listen(settings.host, settings.port)
    try:
        engine = Engine.from_settings(loaded)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(settings, engine, listener, quiet=quiet))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        listener.close()


def _port_number(port: str) -> int:
    if port.isdigit() and int(port) <= 65535:
        return int(port)
    raise click.BadParameter(f"{port!r} is neither a port number nor 'auto'", param_hint="--port")


def _listen(host: str, port: int | str) -> socket.socket:
    """Return a listening socket, or end the program with the reason and exit code 5."""
    wanted = range(8080, 8080 + NEXT_PORTS) if port == "auto" else [int(port)]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason = ""
    for number in wanted:
        try:
            return socket.create_server((host, number), family=family, backlog=2048)
        except OSError as error:
            reason = error.strerror or str(error)
    advice = "Take another with --port, or the next free one with --port auto."
    return _fail(f"Cannot listen on {host}:{port}: {reason}. {advice}", PORT_IN_USE)


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415  not to be had on every system
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(settings: Any, engine: Any, listener: socket.socket, *, quiet: bool) -> None:
    import uvicorn  # noqa: PLC0415  slow to import

    from diddo_gateways.documents import StateFileError  # noqa: PLC0415  see above
    from diddo_gateways.documents.sqlite import SqliteDocuments  # noqa: PLC0415  see above
    from diddo_sandbox.app import open_sandbox  # noqa: PLC0415  see above
    from diddo_sandbox.catalogue import CatalogueError  # noqa: PLC0415  see above

    host, port = listener.getsockname()[:2]
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        sandbox = await open_sandbox(settings, engine, SqliteDocuments(settings.state), base_url=base_url)
    except (StateFileError, CatalogueError) as error:
        _fail(str(error), CONFIGURATION)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "stripe"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if not quiet:
        click.echo(sandbox.banner(), err=True)
    config = uvicorn.Config(
        sandbox,
        http="httptools",
        access_log=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    gc.freeze()
    server = uvicorn.Server(config)
    sandbox.on_failure = lambda: setattr(server, "should_exit", True)
    await server.serve(sockets=[listener])
    if sandbox.failure is not None:
        _fail(str(sandbox.failure), CONFIGURATION)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"diddo serve: {message}", err=True)
    sys.exit(code)
