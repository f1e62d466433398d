"""The wire: what of an HTTP request matters, and responses with Stripe's headers."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from diddo_gateways.stripe_fake.errors import StripeError

__all__ = [
    "JSON",
    "BodyTooLarge",
    "ClientGone",
    "Receive",
    "Request",
    "Response",
    "Scope",
    "Send",
    "read",
    "send_response",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

ENCODED_SLASH = re.compile(b"%2f", re.IGNORECASE)
LARGEST_BODY = 2 * 1024 * 1024
NEEDED = {
    b"authorization",
    b"content-type",
    b"idempotency-key",
    b"stripe-version",
    b"stripe-account",
    b"stripe-context",
    b"access-control-request-headers",
}
EXPOSED = (
    b"Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required,"
    b" X-Stripe-Privileged-Session-Required"
)
JSON = b"application/json"
FIXED: list[Header] = [
    (b"content-type", JSON),
    (b"cache-control", b"no-cache, no-store"),
    (b"vary", b"Origin"),
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, PUT, PATCH, POST, DELETE"),
    (b"access-control-expose-headers", EXPOSED),
    (b"access-control-max-age", b"300"),
]


class BodyTooLarge(StripeError):
    """A body larger than any request of the API needs."""

    status = 413
    began = False

    def __init__(self) -> None:
        super().__init__(f"The request's body is larger than {LARGEST_BODY} bytes.")


class ClientGone(Exception):
    """The client hung up before its request was whole: there is nobody to answer."""


class Request(NamedTuple):
    """What of an HTTP request matters; header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes


class Response(NamedTuple):
    """An HTTP response: `headers` come besides those that every response has."""

    status: int
    body: bytes
    headers: list[Header]
    media_type: bytes = JSON


async def read(scope: Scope, receive: Receive) -> Request:
    """Read a request whole.

    Raises:
        BodyTooLarge: its body goes beyond the limit.
        ClientGone: the client hung up before all of it had come.
    """
    headers = {name: value for name, value in scope["headers"] if name in NEEDED}
    method: str = scope["method"]
    body = b"" if method in ("GET", "HEAD", "OPTIONS") else await _read_body(receive)
    return Request(method, _path(scope), scope["query_string"], headers, body)


def _path(scope: Scope) -> str:
    """Return the decoded path, in which a slash that was sent encoded, as part of an id, still is `%2F`."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2f" not in raw.lower():
        return str(scope["path"])
    return unquote(ENCODED_SLASH.sub(b"%252F", raw).decode("ascii", "replace"))


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part, more = message.get("body", b""), message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise BodyTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_response(send: Send, response: Response, *, head: bool) -> None:
    """Send a response; `head` leaves the body out, as HEAD asks."""
    body = response.body
    fixed = FIXED if response.media_type is JSON else [(b"content-type", response.media_type), *FIXED[1:]]
    headers = [*fixed, (b"content-length", b"%d" % len(body)), *response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def preflight(request: Request) -> Response:
    """Answer a browser's question whether it may call, which it always may."""
    wanted = request.headers.get(b"access-control-request-headers")
    headers = [(b"access-control-allow-headers", wanted)] if wanted else []
    return Response(200, b"", headers)
