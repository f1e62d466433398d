"""Calls an ASGI application without a socket: a request costs microseconds instead of a round trip."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["AsgiApp", "Response", "call"]

Scope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; header names are in lower case, a repeated one keeps its last value."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def call(
    app: AsgiApp, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Response:
    """Send one HTTP request to an ASGI application, and return its whole response.

    Args:
        app: the application.
        method: the HTTP method.
        url: absolute, or a path with its query.
        headers: request headers; `host` is taken from an absolute URL.
        body: the request's body.

    Raises:
        RuntimeError: the application ended without answering.
    """
    parts = urlsplit(url)
    sent = {"host": parts.netloc or "testserver", **{name.lower(): value for name, value in (headers or {}).items()}}
    if body:
        sent.setdefault("content-length", str(len(body)))
    exchange = _Exchange(body)
    await app(
        _scope(method, parts.scheme or "http", parts.path, parts.query, sent.items()), exchange.receive, exchange.send
    )
    return exchange.response()


def _scope(method: str, scheme: str, path: str, query: str, headers: Iterable[tuple[str, str]]) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path) or "/",
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }


class _Exchange:
    """The two ends of one request."""

    def __init__(self, body: bytes) -> None:
        self._request: AsgiMessage | None = {"type": "http.request", "body": body, "more_body": False}
        self._start: AsgiMessage | None = None
        self._chunks: list[bytes] = []

    async def receive(self) -> AsgiMessage:
        request, self._request = self._request, None
        return request or {"type": "http.disconnect"}

    async def send(self, message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._chunks.append(message.get("body", b""))

    def response(self) -> Response:
        if self._start is None:
            raise RuntimeError("the application ended without answering")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._start["headers"]}
        return Response(self._start["status"], headers, b"".join(self._chunks))
