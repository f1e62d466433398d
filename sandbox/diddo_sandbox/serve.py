"""`diddo serve`: the command; all that it starts is imported only when it runs."""

from pathlib import Path
from typing import Any

import click

from diddo_rules.cli.options import engine_options, json_option

__all__ = ["serve"]

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="TCP port, 0 for any free one, 'auto' for the next free one from 8080.  [default: 8080]")
@click.option("--state", type=FILE, help="File that keeps everything over a restart.")
@click.option("--gateway", help="Payment gateway that serves carts.  [default: stripe]")
@click.option("--no-auth", is_flag=True, help="Serve requests without an API key, in the world 'default'.")
@click.option("--catalogue", type=FILE, help="Catalogue file in place of the seeded one.")
@click.option("--quiet", is_flag=True, help="No banner; warnings and errors only.")
@engine_options
@json_option
def serve(*, no_auth: bool, quiet: bool, as_json: bool, config: Path | None, **flags: Any) -> None:
    """Start the checkout sandbox: API, fake Stripe and payment pages, entirely offline.

    With --json one line on stdout says where it is, in place of the banner.
    """
    from diddo_sandbox.server import run_server  # noqa: PLC0415  slow to import, and --help needs none of it

    rules = {f"rules.{name}": flags.pop(name) for name in ("load", "enable", "disable")}
    sandbox = {f"sandbox.{name}": value for name, value in flags.items()}
    sandbox["sandbox.auth"] = False if no_auth else None
    run_server(rules | sandbox, config=config, quiet=quiet, as_json=as_json)
