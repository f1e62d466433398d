"""What the server says when it starts: where it is, what key to use, what it keeps."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["banner"]

LINES = """
  Diddo sandbox   {base_url}          no account, no network, no money moves

  API             {base_url}/cart, /checkout, /products       docs: {base_url}/docs
  Fake Stripe     {base_url}/v1                               gateway: {gateway}
  API key         {key}
  Test cards      4242 4242 4242 4242 pays · 4000 0000 0000 0002 declines · 4000 0027 6000 3184 asks for 3-D Secure
  Rules           {rules}
  Keeps           {keeps}
"""


def banner(base_url: str, *, gateway: str, auth: bool, state: Path | None, plugins: Sequence[str], checks: int) -> str:
    """Return the text.

    Args:
        base_url: the server's origin.
        gateway: the gateway that serves carts.
        auth: whether requests need a key.
        state: the file that keeps everything, or None.
        plugins: the names of the loaded plugins.
        checks: how many checks are on.
    """
    key = "any sk_test_<name> opens a private world of that name" if auth else "none needed (world 'default')"
    keeps = "nothing: all is gone when it stops (--state FILE keeps it)" if state is None else f"everything, in {state}"
    rules = f"{checks} checks of {len(plugins)} plugins: {', '.join(plugins)}"
    return LINES.format(base_url=base_url, gateway=gateway, key=key, rules=rules, keeps=keeps)
