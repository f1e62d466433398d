"""`/_sandbox`: health, readiness, clocks, webhook secrets, and the door at which gateways' webhooks arrive."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from diddo_gateways.protocol import WebhookRefused
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.signing import LONGEST_OVERLAP
from diddo_sandbox.answers import ERROR_RESPONSES, json_response
from diddo_sandbox.errors import ApiError, InvalidRequest, InvalidValue, RouteNotFound
from diddo_sandbox.services import CurrentCaller, ServicesOf

__all__ = ["WEBHOOK_PATH", "router"]

WEBHOOK_PATH = "/_sandbox/gateways/{gateway}/webhook"
# The first second of 2100: Unix seconds beyond have no date that everybody can write.
LATEST = 4_102_444_800
# These need no key; a webhook is known by its signature.
OPEN: dict[str, Any] = {"security": []}
router = APIRouter(prefix="/_sandbox", tags=["Sandbox control"], responses=ERROR_RESPONSES)


class ClockChange(BaseModel):
    """What to do to the clock, in this order: freeze (now, or at a Unix second), advance, resume."""

    model_config = ConfigDict(extra="forbid", strict=True)

    freeze: bool | Annotated[int, Field(ge=0, le=LATEST)] = False
    advance: Annotated[int, Field(ge=0, le=LATEST)] = 0
    resume: bool = False


class ClockState(BaseModel):
    """A world's clock: `now` is Unix seconds."""

    now: int
    frozen: bool


class Rolling(BaseModel):
    """How to give a webhook endpoint a new secret: the former one signs for so many seconds more, a day at most."""

    model_config = ConfigDict(extra="forbid", strict=True)

    expires_in: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP)] = 0


class RolledSecret(BaseModel):
    """The new secret of a webhook endpoint, told once."""

    id: str
    secret: str


class Readiness(BaseModel):
    """Whether everything is in place, and what is not."""

    ready: bool
    waiting_for: list[str]


@router.get("/health", openapi_extra=OPEN)
async def health() -> dict[str, str]:
    """Answer as soon as the server listens."""
    return {"status": "ok"}


@router.get("/ready", openapi_extra=OPEN, responses={200: {"model": Readiness}, 503: {"model": Readiness}})
async def ready(services: ServicesOf) -> Response:
    """Answer 200 once seeds, plugins and the gateway are in, else 503 with what is missing."""
    missing = services.not_ready()
    return json_response({"ready": not missing, "waiting_for": missing}, status=503 if missing else 200)


@router.get("/clock")
async def read_clock(caller: CurrentCaller) -> ClockState:
    """Tell the time of the key's world."""
    world = caller.world
    return ClockState(now=world.clock.now(), frozen=world.clock.frozen_at is not None)


@router.post("/clock")
async def set_clock(change: ClockChange, caller: CurrentCaller) -> ClockState:
    """Freeze, advance or resume the world's clock, and answer when all that fell due by it has been done."""
    world = caller.world
    now = world.clock.now()
    at = change.freeze if type(change.freeze) is int else now
    if not now <= at + change.advance <= LATEST or at < now:
        raise ApiError(InvalidValue(at="", problem=f"The clock goes forward only, and to {LATEST} at the latest."))
    if change.freeze is not False:
        world.clock.freeze(at if type(change.freeze) is int else None)
    world.clock.advance(change.advance)
    if change.resume:
        world.clock.resume()
    await world.save_clock()
    await caller.services.stripe.settled()
    return await read_clock(caller)


@router.post("/webhook_endpoints/{endpoint_id}/roll_secret")
async def roll_secret(endpoint_id: str, rolling: Rolling, request: Request, caller: CurrentCaller) -> RolledSecret:
    """Give a webhook endpoint or event destination of the fake Stripe a new secret, as Stripe's dashboard does."""
    try:
        secret = await caller.services.stripe.roll_secret(caller.world, endpoint_id, overlap=rolling.expires_in)
    except StripeError as error:
        raise ApiError(RouteNotFound(at="", path=request.url.path)) from error
    return RolledSecret(id=endpoint_id, secret=secret)


@router.post("/gateways/{gateway}/webhook", openapi_extra=OPEN)
async def webhook(gateway: str, request: Request, services: ServicesOf) -> dict[str, bool]:
    """Take a gateway's signed webhook, and learn from it how a payment stands."""
    receiver = services.gateways.receiver(gateway)
    if receiver is None:
        raise ApiError(RouteNotFound(at="", path=request.url.path))
    try:
        event = receiver.parse_webhook(await request.body(), request.headers)
    except WebhookRefused as error:
        raise ApiError(InvalidRequest(at="", problem=str(error))) from error
    # A gateway's account may serve others than us: what names no world of ours is not ours.
    if event is not None and "world" in event.metadata:
        await services.checkouts.learn(await services.worlds.open(event.metadata["world"]), event)
    return {"received": True}
