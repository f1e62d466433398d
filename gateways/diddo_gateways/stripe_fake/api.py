"""From a request to a response: key, version, parameters, idempotency, the operation, its answer or error."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from diddo_gateways.documents import Change, Conflict
from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Operation
from diddo_gateways.stripe_fake.errors import ApiError, PublishableKeyRefused, StripeError, UnknownUrl
from diddo_gateways.stripe_fake.expansion import expanded
from diddo_gateways.stripe_fake.generic.operations import GenericOperations
from diddo_gateways.stripe_fake.http import JSON, Request, Response, preflight
from diddo_gateways.stripe_fake.idempotency import Attempt, Idempotency, Kept
from diddo_gateways.stripe_fake.operations import Answer, Call, Download, Fidelity, Handled
from diddo_gateways.stripe_fake.parameters import Parameters
from diddo_gateways.stripe_fake.reading import V2, account_of, key_of, parameters_of, refused_account, version_of
from diddo_gateways.stripe_fake.versions import Older, older
from diddo_gateways.stripe_fake.work import API_VERSION, Fake, Work
from diddo_gateways.worlds import Ids, World, Worlds

__all__ = ["Api"]

log = logging.getLogger(__name__)

# Each is run again from the start when another request got in between; this often at most.
ATTEMPTS = 20
NO_WORLD = "\n"
# Each response says how much is behind it.
FIDELITY: dict[Fidelity, tuple[bytes, bytes]] = {
    "modelled": (b"sandbox-fidelity", b"modelled"),
    "generic": (b"sandbox-fidelity", b"generic"),
}
UPLOAD = "POST /v1/files"
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
    version: str = API_VERSION
    # What was different in that version, when something was, and the operation that is asked for.
    then: Older | None = None
    operation: str = ""
    world: World | None = None
    idempotency_key: str | None = None
    # The header that says how much is behind the answer, once it is known which operation is asked for.
    fidelity: tuple[bytes, bytes] | None = None

    def headers(self, *, original: str | None = None, replayed: bool = False) -> list[tuple[bytes, bytes]]:
        """Return the headers of this very response."""
        found = [(b"request-id", self.request_id.encode()), (b"stripe-version", self.version.encode())]
        if self.fidelity is not None:
            found.append(self.fidelity)
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
        modelled: the operations that have behaviour of their own, by name; the others are answered generically.
    """

    def __init__(self, fake: Fake, worlds: Worlds, modelled: Mapping[str, Handled]) -> None:
        self._fake = fake
        self._worlds = worlds
        self._modelled = modelled
        self._generic = GenericOperations()
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
        if request.path == "/":
            return self._greeting(exchange)
        try:
            return await self._serve(exchange)
        except StripeError as error:
            return self._failure(exchange, error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return self._failure(exchange, ApiError(DEFECT))

    def _greeting(self, exchange: Exchange) -> Response:
        """Answer whoever only asks whether somebody is there: tools do, before they begin."""
        exchange.request_id = self._ids.new("req_", 14)
        modelled = len(self._known.operations.keys() & self._modelled.keys())
        operations = {"modelled": modelled, "generic": len(self._known.operations) - modelled}
        said = {"object": "sandbox", "livemode": False, "api_version": API_VERSION, "operations": operations}
        return Response(200, orjson.dumps(said), exchange.headers())

    def handled(self, operation: Operation) -> Handled:
        """Return what answers an operation."""
        return self._modelled.get(operation.name) or self._generic.handled(operation)

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
        key = key_of(request)
        exchange.world = await self._worlds.open(key.world)
        exchange.request_id = exchange.world.ids.new("req_", 14)
        exchange.world = await self._world_of(request, exchange.world)
        exchange.version = version_of(request) or self._fake.api_version
        if exchange.version != API_VERSION:
            exchange.then, exchange.operation = older(exchange.version), operation.name
        handled = self.handled(operation)
        exchange.fidelity = FIDELITY[handled.fidelity]
        if key.kind == "publishable" and not handled.publishable:
            raise PublishableKeyRefused
        raw = parameters_of(request, upload=operation.name == UPLOAD)
        if exchange.then is not None:
            raw = exchange.then.params(operation.name, raw)
        params = self._parameters.read(operation, raw)
        call = _Call(
            handled, params, route.ids, publishable=key.kind == "publishable", url=request.path, then=exchange.then
        )
        if method == "POST":
            return await self._once(exchange, exchange.world, call, raw)
        response: Response = await self._run(exchange, exchange.world, call, None)
        return response

    async def _world_of(self, request: Request, world: World) -> World:
        """Return the world that a request is for: that of the key's account, or of one that is connected to it.

        Raises:
            AccountRefused: the account that it names is neither.
        """
        account = account_of(request)
        if account is None or account == world.account:
            return world
        if await world.get("account", account) is None:
            raise refused_account(request, account)
        return await self._worlds.connected(world, account)

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
        status, keeps, media_type = 200, True, JSON
        try:
            body, media_type = await call.run(work)
        except StripeError as error:
            if not error.began:
                raise
            status, keeps, body = error.status, error.keeps_changes, _error_body(exchange, error)
        except Exception:
            log.exception("%s failed (%s)", call.handled.name, exchange.request_id)
            status, keeps, body = ApiError.status, False, _error_body(exchange, ApiError(DEFECT))
        changes: list[Change] = []
        if attempt is not None:
            changes = await self._idempotency.record(world, attempt, Kept(status, body, exchange.request_id))
        if keeps:
            await work.commit(*changes)
        elif changes:
            await world.commit(changes)
        return Response(status, body, exchange.headers(), media_type)


class _Call:
    """An operation with its parameters, to be run in any number of works until one is not disturbed."""

    def __init__(
        self,
        handled: Handled,
        params: dict[str, Any],
        ids: dict[str, str],
        *,
        publishable: bool,
        url: str,
        then: Older | None,
    ) -> None:
        self.handled = handled
        self._url = url
        self._then = then
        self._expand = params.pop("expand", ())
        self._params = params
        self._ids = ids
        self._publishable = publishable

    async def run(self, work: Work) -> Download:
        """Run the handler and return the body of its answer."""
        # Handlers take parameters out as they use them.
        answer: Answer | Download = await self.handled.handler(
            Call(work, dict(self._params), self._ids, self._publishable, self._url)
        )
        if isinstance(answer, Download):
            return answer
        if self._expand:
            answer = await expanded(work, answer, self._expand)
        body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        return Download(body if self._then is None else await self._then.answer(work, body), JSON)


def _error_body(exchange: Exchange, error: StripeError) -> bytes:
    if exchange.then is not None:
        exchange.then.refusal(exchange.operation, error)
    if exchange.request.path.startswith(V2):
        return orjson.dumps({"error": error.body_v2()})
    return orjson.dumps({"error": error.body(request_log_url=exchange.log_url())})
