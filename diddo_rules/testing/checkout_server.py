"""The server that the checkout machine drives: requests to it, webhooks from it, time and accidents.

`HttpCheckoutServer` reaches any running sandbox by its URL. A subclass of `CheckoutServer` reaches one in some other
way, and may be able to do more to it: `can_restart`, `can_refuse`.
"""

import json
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

__all__ = ["CheckoutServer", "Delivery", "HttpCheckoutServer", "Reply", "Request"]

_NO_HEADERS: Mapping[str, str] = {}
_TIMEOUT = 30.0
_AT_ONCE = 8


class Request(NamedTuple):
    """An HTTP request: `path` with its query, a whole body."""

    method: str
    path: str
    headers: Mapping[str, str] = _NO_HEADERS
    body: bytes = b""


class Reply(NamedTuple):
    """A whole HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)

    @property
    def codes(self) -> list[str]:
        """The codes of a body that lists errors."""
        return [error["code"] for error in self.json["errors"]]


class Delivery(NamedTuple):
    """A signed webhook that has left the server; `accepted` tells whether its receiver took it."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    accepted: bool

    @property
    def event(self) -> Any:
        """The decoded event."""
        return json.loads(self.body)


class CheckoutServer(ABC):
    """A sandbox under test. Only `send` must be written; the rest is more to try.

    Attributes:
        inbox: a URL to which the server can post webhooks; None when nobody watches them.
        deliveries: the webhooks that were seen to leave the server, oldest first.
        can_restart: whether `restart` kills the server, even in the middle of a request.
        can_refuse: whether `refusing` makes every webhook fail, also those to the server itself.
    """

    inbox: str | None = None
    can_restart = False
    can_refuse = False

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._name = secrets.token_hex(4)
        self._worlds = count()

    @abstractmethod
    def send(self, request: Request) -> Reply:
        """Send a request and return the response."""

    def race(self, requests: Sequence[Request]) -> list[Reply]:
        """Send requests at once; by default each in a thread of its own."""
        with ThreadPoolExecutor(min(_AT_ONCE, len(requests))) as threads:
            return list(threads.map(self.send, requests))

    def new_key(self) -> str:
        """Return an API key whose world nobody has used yet."""
        return f"sk_test_flow-{self._name}-{next(self._worlds)}"

    def clock(self, key: str, change: Mapping[str, Any]) -> None:
        """Set the clock of the key's world, and return when all that fell due has been done.

        `change` is what `POST /_sandbox/clock` takes: `freeze`, `advance` (seconds), `resume`.
        """
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        reply = self.send(Request("POST", "/_sandbox/clock", headers, json.dumps(change).encode()))
        if reply.status != 200:
            raise RuntimeError(f"the clock of {key} was not set: {reply.status} {reply.body!r}")

    def settle(self, key: str) -> None:
        """Return when all that is due has been done."""
        self.clock(key, {})

    def restart(self, during: Request | None = None, *, after: int = 0) -> None:
        """Kill the server and start it again over what it had stored.

        Args:
            during: a request that it dies over, at the latest when all that came of the request has been done.
            after: how many writes it still finishes.
        """
        raise NotImplementedError("this server cannot be restarted")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Let every webhook fail for as long as the context lasts."""
        raise NotImplementedError("webhooks of this server cannot be made to fail")
        yield


class HttpCheckoutServer(CheckoutServer):
    """A sandbox that listens at `url`; use it as a context manager, so that it can receive the sandbox's webhooks.

    Args:
        url: the sandbox's origin, such as `http://127.0.0.1:8080`.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._host = urlsplit(url).netloc
        self._kept = threading.local()

    def __enter__(self) -> Self:
        self._receiver = _ReceivingServer(("127.0.0.1", 0), _receiver(self.deliveries))
        self._thread = threading.Thread(target=self._receiver.serve_forever, args=(0.05,), name="webhooks", daemon=True)
        self._thread.start()
        self.inbox = f"http://127.0.0.1:{self._receiver.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.shutdown()
        self._receiver.server_close()
        self._thread.join()
        self._connection().close()

    def send(self, request: Request) -> Reply:
        """Send a request over this thread's connection."""
        connection = self._connection()
        try:
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, headers, answer.read())
        except Exception:
            connection.close()  # the next request opens it anew
            raise

    def race(self, requests: Sequence[Request]) -> list[Reply]:
        """Send requests at once, over connections of their own."""
        with ThreadPoolExecutor(min(_AT_ONCE, len(requests))) as threads:
            return list(threads.map(self._send_alone, requests))

    def _send_alone(self, request: Request) -> Reply:
        try:
            return self.send(request)
        finally:
            self._connection().close()

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = HTTPConnection(self._host, timeout=_TIMEOUT)
        return connection


class _ReceivingServer(ThreadingHTTPServer):
    """Room for as many webhooks at once as a sandbox sends."""

    request_queue_size = 128


def _receiver(deliveries: list[Delivery]) -> type[BaseHTTPRequestHandler]:
    class Receiver(BaseHTTPRequestHandler):
        """Takes every webhook, and notes it."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            url = f"http://{self.headers['host']}{self.path}"
            deliveries.append(Delivery(url, dict(self.headers), body, accepted=True))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: stderr is the tests'."""

    return Receiver
