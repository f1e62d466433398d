"""A loopback server that takes webhooks, as a shop's does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Hook", "listening"]


class Hook:
    """Takes webhooks: `url` is where to send them, `taken` what came, as body and signature."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: dict[str, list[tuple[bytes, str]]] = {}

    def take(self, path: str, body: bytes, signature: str) -> None:
        """Keep a delivery under the path to which it came."""
        self.taken.setdefault(path, []).append((body, signature))


@contextmanager
def listening() -> Iterator[Hook]:
    """Take webhooks on a free loopback port until the block ends."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.take(self.path, self.rfile.read(int(self.headers["Content-Length"])), self.headers["Stripe-Signature"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
