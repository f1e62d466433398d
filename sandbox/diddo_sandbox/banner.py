"""What the server says when it starts: where it is, what key to use, what it keeps."""

from collections.abc import Mapping
from typing import Any

__all__ = ["banner"]

TEXT = """
  Diddo sandbox   {url} · no account, no network, no money moves

  API             {url}/cart, /checkout, /products · documented at {url}/docs
  Fake Stripe     {url}/v1 · carts are paid through the gateway '{gateway}'
  API key         {key}
  Test cards      4242 4242 4242 4242 pays · 4000 0000 0000 0002 declines · 4000 0027 6000 3184 asks for 3-D Secure
  Try             curl -X POST {header}{url}/checkout/cart_ready
  Rules           {checks} checks of {count} plugins: {plugins}
  Keeps           {keeps}
"""


def banner(description: Mapping[str, Any]) -> str:
    """Return the text for a server's description; see `Sandbox.description`."""
    with_key = description["auth"]
    state = description["state"]
    return TEXT.format(
        url=description["url"],
        gateway=description["gateway"],
        key="any sk_test_<name>: it opens a private world of that name" if with_key else "none needed",
        header="-H 'Authorization: Bearer sk_test_me' " if with_key else "",
        checks=len(description["checks"]),
        count=len(description["plugins"]),
        plugins=", ".join(description["plugins"]),
        keeps=f"everything, in {state}" if state else "nothing: all is gone when it stops (--state FILE keeps it)",
    )
