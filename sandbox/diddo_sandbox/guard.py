"""What every request passes before any route: the host's name, the origin, the size of its body, and a last catch."""

import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import Response

from diddo_gateways.in_process import AsgiApp, AsgiMessage, Receive, Scope, Send
from diddo_rules import Violation
from diddo_sandbox.answers import BODY_LIMIT, error_response
from diddo_sandbox.errors import InternalServerError, InvalidRequest, RequestTooLarge

__all__ = ["Backstop", "Guard"]

log = logging.getLogger(__name__)

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class TooLarge(HTTPException):
    """The body has grown past the limit while it was read; FastAPI lets only its own kind of exception through."""

    def __init__(self) -> None:
        super().__init__(413)


class Guard:
    """Lets through what is addressed to this server, from where it may be; every request passes it.

    Args:
        app: what is guarded.
        base_url: the server's own origin.
        hosts: names, besides the local ones, under which the server may be addressed; this stops a page elsewhere
            from reaching the server by a DNS name that points here.
    """

    def __init__(self, app: AsgiApp, *, base_url: str, hosts: Iterable[str] = ()) -> None:
        self._app = app
        own = urlsplit(base_url)
        port = f":{own.port}" if own.port else ""
        self._names = LOCAL_NAMES | {own.netloc.removesuffix(port), *hosts}
        self._origins = {f"{own.scheme}://{name}{port}".encode() for name in self._names}
        # Whole Host headers that are good at first sight; any other port is as good.
        self._known = {(name + port).encode() for name in self._names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http" and (refused := self._refusal(scope)):
            await error_response(refused)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Violation | None:
        host = origin = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
        if host not in self._known and _host_name(host.decode("latin-1")) not in self._names:
            called = host.decode("latin-1")
            return InvalidRequest(at="", problem=f"This server is not called {called!r}; see 'allowed_hosts'.")
        # A page that was reached by this very Host, as through a port mapping, is our own too.
        own = not origin or origin in self._origins or origin.partition(b"://")[2] == host
        if not own and scope["path"].startswith(OWN_ORIGIN_ONLY):
            return CrossOrigin(at="", path=scope["path"])
        return None


class CrossOrigin(Violation):
    """Pages of other origins must not steer the sandbox or press its buttons."""

    code = "FORBIDDEN"
    http_status = 403
    template = "{path} is closed to pages of other origins."
    remedy = "Call it from a program or from the sandbox's own pages."
    path: str


# The control API and the pages whose buttons pay.
OWN_ORIGIN_ONLY = ("/_sandbox", "/c/pay/", "/3d_secure/")


class Backstop:
    """Bounds what an application reads, and answers when it fails: the one error shape, whatever happens."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = _Started(send)
        try:
            if _announced_length(scope) > BODY_LIMIT:
                raise TooLarge  # noqa: TRY301  answered below, like a body that turns out to be
            await self._app(scope, _bounded(receive), sent)
        except TooLarge:
            await sent.unless_started(error_response(RequestTooLarge(at="", limit=BODY_LIMIT)), scope, receive)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            fault = InternalServerError(at="", problem="The sandbox failed; its log says where.")
            await sent.unless_started(error_response(fault), scope, receive)


def _announced_length(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


class _Started:
    """Notes whether a response has begun: only before that can another one be sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: AsgiMessage) -> None:
        self.started = True
        await self._send(message)

    async def unless_started(self, response: Response, scope: Scope, receive: Receive) -> None:
        """Send a response in place of the one that did not come."""
        if not self.started:
            await response(scope, receive, self._send)


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
