"""The server: the Diddo API, the fake Stripe and the payment pages, put together in one ASGI application."""

import asyncio
import gc
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from diddo_gateways.documents import Documents, Put
from diddo_gateways.in_process import AsgiApp, Receive, Scope, Send, call
from diddo_gateways.stripe_fake.app import PlatformEndpoint, StripeFake
from diddo_gateways.stripe_fake.deliveries import LIVE_RETRIES, SANDBOX_RETRIES, deliver_over_socket
from diddo_gateways.stripe_fake.work import API_VERSION
from diddo_gateways.worlds import World, Worlds
from diddo_rules import Engine, SettingsError
from diddo_sandbox.answers import handle_errors
from diddo_sandbox.carts import CartRecord, Carts
from diddo_sandbox.catalogue import Catalogue
from diddo_sandbox.checkouts import Checkouts
from diddo_sandbox.guard import Backstop, Guard
from diddo_sandbox.languages import languages_of
from diddo_sandbox.pages import file_link, invoice, payment, payment_link, receipt, three_d_secure
from diddo_sandbox.payment_gateways import PaymentGateways
from diddo_sandbox.ready_made import ready_made
from diddo_sandbox.routes import carts, checkouts, control, products
from diddo_sandbox.routes import rules as rule_routes
from diddo_sandbox.rules import Rules
from diddo_sandbox.services import Services
from diddo_sandbox.settings import SandboxSettings

__all__ = ["Sandbox", "open_sandbox"]

log = logging.getLogger(__name__)

STRIPE_PATHS = ("/v1/", "/v2/")
STRIPE_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
)
LOCAL_ORIGINS = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
KEYS = "Any `sk_test_<name>`: it opens the private world of that name."
DESCRIPTION = (
    "The Diddo API as the sandbox serves it. Nothing here moves money; see the fidelity ledger for what is known."
)


async def open_sandbox(
    settings: SandboxSettings,
    engine: Engine,
    documents: Documents,
    *,
    base_url: str,
    source: Callable[[], float] = time.time,
) -> "Sandbox":
    """Return a sandbox over a document store, whose secrets are kept there so that a restart goes on.

    Args:
        settings: how it runs.
        engine: what validates carts.
        documents: where carts and payments are kept.
        base_url: the origin under which the server is reached, such as `http://127.0.0.1:8080`.
        source: real time in Unix seconds.

    Raises:
        SettingsError: the gateway is unknown, or its options are wrong.
        CatalogueError: the catalogue file cannot be used.
    """
    return Sandbox(settings, engine, documents, base_url=base_url, source=source, secret=await _secret(documents))


class Sandbox:
    """The whole server as one ASGI application; see `open_sandbox`."""

    def __init__(
        self,
        settings: SandboxSettings,
        engine: Engine,
        documents: Documents,
        *,
        base_url: str,
        source: Callable[[], float],
        secret: str,
    ) -> None:
        self.documents = documents
        self._base_url = base_url
        self._engine = engine
        self._mutators = {violation.code: mutator for violation, mutator in engine.mutators().items()}
        self._loading: set[str] = set()
        # Why the server cannot do its work, found only after it listens; whoever runs it is told by `on_failure`.
        self.failure: SettingsError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        worlds = Worlds(documents, source=source)
        receiver = PlatformEndpoint(
            url=base_url + control.WEBHOOK_PATH.format(gateway="stripe"),
            secret=f"whsec_{secret}",
            enabled_events=STRIPE_EVENTS,
        )
        stripe = StripeFake(
            worlds,
            pages_url=base_url,
            raw_cards=settings.raw_cards,
            documentation_ids=settings.documentation_ids,
            platform_endpoints=[receiver],
            deliver=self._deliver,
            api_version=settings.stripe_version or API_VERSION,
            retry_after=LIVE_RETRIES if settings.webhook_retries == "live" else SANDBOX_RETRIES,
        )
        gateways = PaymentGateways(settings, webhook_secret=f"whsec_{secret}", fake=stripe, fake_url=base_url)
        catalogue = Catalogue.load(settings.catalogue, images_url=f"{base_url}/images")
        rules = Rules(engine)
        cart_service = Carts(catalogue, rules, currency=settings.currency, ready_made=self._ready_made)
        self.services = Services(
            settings=settings,
            secret=secret.encode(),
            worlds=worlds,
            catalogue=catalogue,
            carts=cart_service,
            rules=rules,
            languages=languages_of(engine),
            checkouts=Checkouts(
                cart_service,
                rules,
                gateways,
                settings,
                base_url=base_url,
                run=secrets.token_hex(8),
                installation=_fingerprint(secret),
            ),
            gateways=gateways,
            stripe=stripe,
            not_ready=lambda: sorted(self._loading),
        )
        self._api = _open_to_local_pages(Backstop(self._make_api()), settings)
        self._guarded = Guard(self._route, base_url=base_url, hosts=settings.allowed_hosts)

    def _ready_made(self, of: Carts, world: World, cart_id: str) -> CartRecord | None:
        return ready_made(of, self.services.catalogue, world, cart_id, self._mutators)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._guarded(scope, receive, send)

    def description(self) -> dict[str, Any]:
        """Return what there is to know of the server: url, gateway, auth, state (a path or null), plugins, checks."""
        settings = self.services.settings
        return {
            "url": self._base_url,
            "gateway": settings.gateway,
            "auth": settings.auth,
            "state": None if settings.state is None else str(settings.state),
            "plugins": [plugin.name for plugin in self._engine.plugins],
            "checks": [step.name for step in self._engine.plan.steps],
        }

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._api(scope, receive, send)
        elif scope["path"].startswith(STRIPE_PATHS) or scope["path"] + "/" in STRIPE_PATHS:
            await self.services.stripe(scope, receive, send)
        else:
            await self._api(_said_to_be_json(scope), receive, send)

    def _make_api(self) -> AsgiApp:
        api = FastAPIOffline(
            title="Diddo sandbox",
            version="1",
            description=DESCRIPTION,
            lifespan=self._lifespan,
            separate_input_output_schemas=False,
        )
        api.state.services = self.services
        for part in (carts, checkouts, products, control, rule_routes):
            api.include_router(part.router)
        for pages in (receipt, payment, payment_link, file_link, invoice, three_d_secure):
            api.include_router(pages.router)
        api.include_router(products.pictures)
        api.mount("/static", StaticFiles(packages=[("diddo_sandbox", "static")]))
        handle_errors(api)
        _describe_keys(api)
        api.add_route("/", lambda _: RedirectResponse("/docs"), include_in_schema=False)
        return api

    @asynccontextmanager
    async def _lifespan(self, _app: object) -> AsyncIterator[None]:
        self._loading.add("gateway")
        tasks = [asyncio.create_task(self.services.stripe.run()), asyncio.create_task(self._load_gateway())]
        gc.freeze()  # what is there at the start stays
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.documents.close()

    async def _load_gateway(self) -> None:
        # In a thread: importing an SDK takes longer than the server takes to listen.
        try:
            await asyncio.to_thread(self.services.gateways.load)
        except SettingsError as error:
            self.failure = error
            self.on_failure()
        else:
            self._loading.discard("gateway")

    async def _deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if url.startswith(self._base_url + "/"):
            return (await call(self, "POST", url, headers=headers, body=body)).status
        return await deliver_over_socket(url, body, headers)


def _open_to_local_pages(app: AsgiApp, settings: SandboxSettings) -> AsgiApp:
    """Let pages of local front ends read every answer, also that a request was refused or has failed."""
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_origin_regex=LOCAL_ORIGINS,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
    )


def _describe_keys(api: FastAPI) -> None:
    """Say in the OpenAPI document that requests carry a key; the routes read it by themselves."""
    generated = api.openapi

    def described() -> dict[str, Any]:
        document = generated()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["key"] = {"type": "http", "scheme": "bearer", "description": KEYS}
        document["security"] = [{"key": []}]
        return document

    # FastAPI documents this as the way to extend the document.
    api.openapi = described  # type: ignore[method-assign]


def _said_to_be_json(scope: Scope) -> Scope:
    """Return the request with a JSON content type: browsers send this API's bodies as text/plain, curl as a form."""
    headers = [header for header in scope["headers"] if header[0] != b"content-type"]
    return {**scope, "headers": [*headers, (b"content-type", b"application/json")]}


def _fingerprint(secret: str) -> str:
    """Return what names an installation without telling its secret."""
    return blake2b(secret.encode(), digest_size=8).hexdigest()


async def _secret(documents: Documents) -> str:
    """Return the server's secret, made at the first start: webhooks and tokens of an earlier run stay valid."""
    kept = await documents.get("", "server", "secret")
    if kept is not None:
        return str(orjson.loads(kept.body)["secret"])
    secret = secrets.token_hex(16)
    await documents.commit("", [Put("server", "secret", orjson.dumps({"secret": secret}))])
    return secret
