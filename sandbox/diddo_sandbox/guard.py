"""What every request passes before any route: the host's name, the origin, the size of its body, and a last catch."""

import logging
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import Response

from diddo_gateways.in_process import AsgiApp, AsgiMessage, Receive, Scope, Send
from diddo_rules import Violation
from diddo_sandbox.answers import BODY_LIMIT, error_response
from diddo_sandbox.errors import InternalServerError, InvalidRequest, RequestTooLarge

__all__ = ["Guard"]

log = logging.getLogger(__name__)

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", "::1", "testserver"})


class TooLarge(HTTPException):
    """The body has grown past the limit while it was read; FastAPI lets only its own kind of exception through."""

    def __init__(self) -> None:
        super().__init__(413)


class Guard:
    """Wraps the server's applications.

    Args:
        app: what is guarded.
        base_url: the server's own origin.
        hosts: names, besides the local ones, under which the server may be addressed; this stops a page elsewhere
            from reaching the server by a DNS name that points here.
    """

    def __init__(self, app: AsgiApp, *, base_url: str, hosts: Iterable[str] = ()) -> None:
        self._app = app
        own = urlsplit(base_url)
        self._hosts = LOCAL_NAMES | {own.hostname or "", *hosts}
        self._port = own.port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in READ}
        if refused := self._refusal(scope["path"], headers):
            await error_response(refused)(scope, receive, send)
            return
        sent = _Started(send)
        try:
            await self._app(scope, _bounded(receive), sent)
        except TooLarge:
            await self._answer(error_response(RequestTooLarge(at="", limit=BODY_LIMIT)), scope, receive, sent)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            fault = InternalServerError(at="", problem="The sandbox failed; its log says where.")
            await self._answer(error_response(fault), scope, receive, sent)

    def _refusal(self, path: str, headers: Mapping[bytes, bytes]) -> Violation | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if _host_name(host) not in self._hosts:
            return InvalidRequest(at="", problem=f"This server is not called {host!r}; see 'allowed_hosts'.")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > BODY_LIMIT:
            return RequestTooLarge(at="", limit=BODY_LIMIT)
        if path.startswith(OWN_ORIGIN_ONLY) and not self._own(headers.get(b"origin")):
            return CrossOrigin(at="", path=path)
        return None

    def _own(self, origin: bytes | None) -> bool:
        if origin is None:
            return True
        parts = urlsplit(origin.decode("latin-1"))
        return _host_name(parts.netloc) in self._hosts and parts.port == self._port

    async def _answer(self, response: Response, scope: Scope, receive: Receive, sent: "_Started") -> None:
        if not sent.started:
            await response(scope, receive, sent)


class CrossOrigin(Violation):
    """Pages of other origins must not steer the sandbox or press its buttons."""

    code = "FORBIDDEN"
    http_status = 403
    template = "{path} is closed to pages of other origins."
    remedy = "Call it from a program or from the sandbox's own pages."
    path: str


READ = frozenset({b"host", b"content-length", b"origin"})
# The control API and the pages whose buttons pay.
OWN_ORIGIN_ONLY = ("/_sandbox", "/c/pay/", "/3d_secure/")


class _Started:
    """Notes whether a response has begun: only before that can another one be sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: AsgiMessage) -> None:
        self.started = True
        await self._send(message)


def _bounded(receive: Receive) -> Receive:
    received = 0

    async def bounded() -> AsgiMessage:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_LIMIT:
            raise TooLarge
        return message

    return bounded


def _host_name(host: str) -> str:
    """Return the name of a Host header without its port; IPv6 addresses keep their brackets."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
