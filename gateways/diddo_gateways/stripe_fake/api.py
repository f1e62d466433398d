"""From a request to a response: key, version, parameters, idempotency, the operation, its answer or error."""

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from diddo_gateways.documents import Change, Conflict
from diddo_gateways.stripe_fake import catalogue, forms
from diddo_gateways.stripe_fake.errors import (
    AccountRefused,
    ApiError,
    InvalidApiKey,
    InvalidRequest,
    MissingApiKey,
    NotModelled,
    ParameterRefused,
    PublishableKeyRefused,
    StripeError,
    UnknownUrl,
)
from diddo_gateways.stripe_fake.expansion import expanded
from diddo_gateways.stripe_fake.http import Request, Response, preflight
from diddo_gateways.stripe_fake.idempotency import Attempt, Idempotency, Kept
from diddo_gateways.stripe_fake.operations import Answer, Call, Modelled
from diddo_gateways.stripe_fake.parameters import Parameters
from diddo_gateways.stripe_fake.work import Fake, Work
from diddo_gateways.worlds import Ids, Key, World, Worlds, parse_key

__all__ = ["VERSIONS", "Api"]

log = logging.getLogger(__name__)

# The release that the catalogue describes, month by month: within one, versions only add.
VERSIONS = ("2026-10-28.endive", "2026-09-30.endive")
FORM = b"application/x-www-form-urlencoded"
# Each is run again from the start when another request got in between; this often at most.
ATTEMPTS = 20
NO_WORLD = "\n"
DEFECT = "An unexpected error occurred: a defect of the sandbox, see its log."


class LockTimeout(StripeError):
    """Others kept changing what the request needs."""

    status = 429
    code = "lock_timeout"
    began = False

    def __init__(self) -> None:
        super().__init__(
            "This object cannot be accessed right now because another API request or Stripe process is currently"
            " accessing it. If you see this error intermittently, retry the request. If you see this error frequently"
            " and are making multiple concurrent requests to a single object, make your requests serially or at a"
            " lower rate."
        )


@dataclass(slots=True)
class Exchange:
    """One request under way, as far as it has been understood."""

    request: Request
    request_id: str
    version: str = VERSIONS[0]
    world: World | None = None
    idempotency_key: str | None = None

    def headers(self, *, original: str | None = None, replayed: bool = False) -> list[tuple[bytes, bytes]]:
        """Return the headers of this very response."""
        found = [(b"request-id", self.request_id.encode()), (b"stripe-version", self.version.encode())]
        if self.request.method == "POST":
            found.append((b"stripe-should-retry", b"false"))
        if self.idempotency_key is not None:
            found.append((b"idempotency-key", self.idempotency_key.encode("latin-1", "replace")))
            found.append((b"original-request", (original or self.request_id).encode()))
        if replayed:
            found.append((b"idempotent-replayed", b"true"))
        return found

    def log_url(self) -> str | None:
        """Return where the dashboard would show the request."""
        if self.world is None:
            return None
        return f"https://dashboard.stripe.com/{self.world.account}/test/workbench/logs?object={self.request_id}"


class Api:
    """The API of one server.

    Args:
        fake: the server, for its settings.
        worlds: its accounts.
        modelled: the operations that it models, by name.
    """

    def __init__(self, fake: Fake, worlds: Worlds, modelled: Mapping[str, Modelled]) -> None:
        self._fake = fake
        self._worlds = worlds
        self._modelled = modelled
        self._known = catalogue.load()
        self._parameters = Parameters(self._known)
        self._idempotency = Idempotency()
        # Requests that open no world have ids too.
        self._ids = Ids(NO_WORLD)

    async def answer(self, request: Request) -> Response:
        """Answer a request; what goes wrong is answered too, in Stripe's envelope."""
        if request.method == "OPTIONS":
            return preflight(request)
        exchange = Exchange(request, "")
        try:
            return await self._serve(exchange)
        except StripeError as error:
            return self._failure(exchange, error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return self._failure(exchange, ApiError(DEFECT))

    def refusal(self, request: Request, error: StripeError) -> Response:
        """Return the response to a request that was refused before it was read whole."""
        return self._failure(Exchange(request, ""), error)

    def _failure(self, exchange: Exchange, error: StripeError) -> Response:
        exchange.request_id = exchange.request_id or self._ids.new("req_", 14)
        return Response(error.status, _error_body(exchange, error), exchange.headers())

    async def _serve(self, exchange: Exchange) -> Response:
        request = exchange.request
        method = "GET" if request.method == "HEAD" else request.method
        route = self._known.route(method, request.path)
        if route is None:
            raise UnknownUrl(request.method, request.path)
        operation = route.operation
        key = _key(request)
        exchange.world = await self._worlds.open(key.world)
        exchange.request_id = exchange.world.ids.new("req_", 14)
        _check_account(request, exchange.world)
        exchange.version = _version(request)
        modelled = self._modelled.get(operation.name)
        if key.kind == "publishable" and (modelled is None or not modelled.publishable):
            raise PublishableKeyRefused
        if modelled is None:
            raise NotModelled(f"The operation {operation.name}")
        raw = _raw(request)
        params = self._parameters.read(operation, raw)
        call = _Call(modelled, params, route.ids, publishable=key.kind == "publishable", url=request.path)
        if method == "POST":
            return await self._once(exchange, exchange.world, call, raw)
        response: Response = await self._run(exchange, exchange.world, call, None)
        return response

    async def _once(self, exchange: Exchange, world: World, call: "_Call", raw: dict[str, Any]) -> Response:
        """Run a POST, or answer it as its idempotency key was answered before."""
        request = exchange.request
        sent = request.headers.get(b"idempotency-key")
        if not sent:
            return await self._run(exchange, world, call, None)
        key = exchange.idempotency_key = sent.decode("latin-1")
        self._idempotency.start(world, key)
        try:
            # Sorted: the same parameters in another order are the same request.
            same = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
            found = await self._idempotency.look_up(world, key, name=f"POST {request.path}", request=same)
            if isinstance(found, Kept):
                headers = exchange.headers(original=found.request_id, replayed=True)
                return Response(found.status, found.body, headers)
            return await self._run(exchange, world, call, found)
        finally:
            self._idempotency.end(world, key)

    async def _run(self, exchange: Exchange, world: World, call: "_Call", attempt: Attempt | None) -> Response:
        for _ in range(ATTEMPTS):
            try:
                return await self._try(exchange, world, call, attempt)
            except Conflict:
                continue
        raise LockTimeout

    async def _try(self, exchange: Exchange, world: World, call: "_Call", attempt: Attempt | None) -> Response:
        work = Work(self._fake, world, request_id=exchange.request_id, idempotency_key=exchange.idempotency_key)
        status, keeps = 200, True
        try:
            body = await call.run(work)
        except StripeError as error:
            if not error.began:
                raise
            status, keeps, body = error.status, error.keeps_changes, _error_body(exchange, error)
        except Exception:
            log.exception("%s failed (%s)", call.modelled.name, exchange.request_id)
            status, keeps, body = ApiError.status, False, _error_body(exchange, ApiError(DEFECT))
        changes: list[Change] = []
        if attempt is not None:
            changes = await self._idempotency.record(world, attempt, Kept(status, body, exchange.request_id))
        if keeps:
            await work.commit(*changes)
        elif changes:
            await world.commit(changes)
        return Response(status, body, exchange.headers())


class _Call:
    """An operation with its parameters, to be run in any number of works until one is not disturbed."""

    def __init__(
        self, modelled: Modelled, params: dict[str, Any], ids: dict[str, str], *, publishable: bool, url: str
    ) -> None:
        self.modelled = modelled
        self._url = url
        self._expand = params.pop("expand", ())
        self._params = params
        self._ids = ids
        self._publishable = publishable

    async def run(self, work: Work) -> bytes:
        """Run the handler and return the body of its answer."""
        # Handlers take parameters out as they use them.
        answer: Answer = await self.modelled.handler(
            Call(work, dict(self._params), self._ids, self._publishable, self._url)
        )
        if self._expand:
            answer = await expanded(work, answer, self._expand)
        return answer if isinstance(answer, bytes) else orjson.dumps(answer)


def _error_body(exchange: Exchange, error: StripeError) -> bytes:
    return orjson.dumps({"error": error.body(request_log_url=exchange.log_url())})


def _key(request: Request) -> Key:
    """Return the key of a request.

    Raises:
        MissingApiKey: there is none.
        InvalidApiKey: it is no test key.
    """
    text = _key_text(request)
    parsed = parse_key(text)
    if parsed is None:
        raise InvalidApiKey(text) if text else MissingApiKey
    return parsed


def _key_text(request: Request) -> str:
    """Return the key as it was sent, empty when there is none."""
    header = request.headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, given = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            return _basic_user(given.strip())
        case _:
            return ""


def _check_account(request: Request, world: World) -> None:
    """Refuse a request that is made for another account: there are no connected accounts, and no answer for them.

    Raises:
        AccountRefused: it is.
    """
    for header in (b"stripe-account", b"stripe-context"):
        account = request.headers.get(header)
        if account and account.decode("latin-1") != world.account:
            raise AccountRefused(_key_text(request), account.decode("latin-1"))


def _basic_user(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1").partition(":")[0]
    except binascii.Error:
        return ""


def _version(request: Request) -> str:
    sent = request.headers.get(b"stripe-version")
    if sent is None:
        return VERSIONS[0]
    version = sent.decode("latin-1")
    if version not in VERSIONS:
        raise ParameterRefused(f"Invalid Stripe API version: {version}. This sandbox serves {' and '.join(VERSIONS)}.")
    return version


def _raw(request: Request) -> dict[str, Any]:
    """Return a request's parameters, undecided between lists and maps as yet."""
    tree = forms.decode(request.query)
    if request.method != "POST":
        return tree
    content_type = request.headers.get(b"content-type", FORM).partition(b";")[0].strip().lower()
    if request.path.startswith("/v2/"):
        return _json(request.body)
    if content_type != FORM and request.body:
        raise InvalidRequestFormat
    return forms.decode(request.body, tree)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ParameterRefused("The request's body is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise ParameterRefused("The request's body is not a JSON object.")
    return parsed


class InvalidRequestFormat(InvalidRequest):
    """A body that is not form-encoded."""

    began = False

    def __init__(self) -> None:
        super().__init__(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any"
            " questions, we can help at https://support.stripe.com/."
        )
