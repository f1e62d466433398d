"""What the routes stand on, made once per server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Request

from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.worlds import World, Worlds, parse_key
from diddo_sandbox.carts import Carts
from diddo_sandbox.catalogue import Catalogue
from diddo_sandbox.checkouts import Checkouts
from diddo_sandbox.errors import ApiError, Forbidden, Unauthorized
from diddo_sandbox.languages import preferred_language
from diddo_sandbox.payment_gateways import PaymentGateways
from diddo_sandbox.rules import Rules
from diddo_sandbox.settings import SandboxSettings

__all__ = ["Caller", "CartId", "CurrentCaller", "Language", "Services", "ServicesOf", "language_of"]

DEFAULT_WORLD = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a route may need."""

    settings: SandboxSettings
    secret: bytes
    worlds: Worlds
    catalogue: Catalogue
    carts: Carts
    checkouts: Checkouts
    rules: Rules
    languages: frozenset[str]
    gateways: PaymentGateways
    stripe: StripeFake
    not_ready: Callable[[], list[str]]


class Caller(NamedTuple):
    """The services, and the world that the caller's key opens."""

    services: Services
    world: World


async def services_of(request: Request) -> Services:
    """Return the services of the application that serves the request."""
    services: Services = request.app.state.services
    return services


async def caller_of(request: Request) -> Caller:
    """Return who calls, by the request's API key.

    One dependency without others below it, that reads the header itself: FastAPI's own security classes cost more
    than the rest of a plain request.

    Raises:
        ApiError: there is no key, it is not one of the sandbox, or it may not call this API.
    """
    services: Services = request.app.state.services
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        if services.settings.auth:
            raise ApiError(Unauthorized(at="", problem="The request has no API key."))
        return Caller(services, await services.worlds.open(DEFAULT_WORLD))
    key = parse_key(token.strip())
    if key is None:
        raise ApiError(Unauthorized(at="", problem="The API key is not one of this sandbox."))
    if key.kind != "secret":
        raise ApiError(Forbidden(at="", kind=key.kind))
    return Caller(services, await services.worlds.open(key.world))


async def language_of(request: Request) -> str:
    """Return the language that the request asks for, out of those that there are."""
    services: Services = request.app.state.services
    return preferred_language(request.headers.get("accept-language", ""), services.languages)


CartId = Annotated[str, Path(examples=["cart_ready", "cart_no_shipping", "cart_no_buyer"])]
CurrentCaller = Annotated[Caller, Depends(caller_of)]
Language = Annotated[str, Depends(language_of)]
ServicesOf = Annotated[Services, Depends(services_of)]
