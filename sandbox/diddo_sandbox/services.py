"""What the routes stand on, made once per server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.worlds import World, Worlds, parse_key
from diddo_sandbox.carts import Carts
from diddo_sandbox.catalogue import Catalogue
from diddo_sandbox.checkouts import Checkouts
from diddo_sandbox.errors import ApiError, Forbidden, Unauthorized
from diddo_sandbox.payment_gateways import PaymentGateways
from diddo_sandbox.settings import SandboxSettings

__all__ = ["CartId", "CurrentWorld", "Services", "ServicesOf"]

DEFAULT_WORLD = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a route may need."""

    settings: SandboxSettings
    base_url: str
    secret: bytes
    worlds: Worlds
    catalogue: Catalogue
    carts: Carts
    checkouts: Checkouts
    gateways: PaymentGateways
    stripe: StripeFake
    not_ready: Callable[[], list[str]]


def services_of(request: Request) -> Services:
    """Return the services of the application that serves the request."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]
_bearer = HTTPBearer(auto_error=False, description="Any `sk_test_<name>`: it opens the private world of that name.")


async def world_of(
    services: ServicesOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> World:
    """Return the world that the request's API key opens.

    Raises:
        ApiError: there is no key, it is not one of the sandbox, or it may not call this API.
    """
    if credentials is None:
        if services.settings.auth:
            raise ApiError(Unauthorized(at="", problem="The request has no API key."))
        return await services.worlds.open(DEFAULT_WORLD)
    key = parse_key(credentials.credentials)
    if key is None:
        raise ApiError(Unauthorized(at="", problem="The API key is not one of this sandbox."))
    if key.kind != "secret":
        raise ApiError(Forbidden(at="", kind=key.kind))
    return await services.worlds.open(key.world)


CurrentWorld = Annotated[World, Depends(world_of)]
CartId = Annotated[str, Path(examples=["cart_ready", "cart_no_shipping", "cart_no_buyer"])]
