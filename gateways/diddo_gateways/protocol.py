"""The gateway protocol: what a payment gateway does for a checkout, whoever it is.

A gateway knows money (whole minor units and a currency), never carts. One instance serves one account at the
gateway. A gateway is offered to the sandbox by an entry point in the group `diddo_gateways` whose object is a
`GatewayFactory`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

__all__ = [
    "Gateway",
    "GatewayError",
    "GatewayFactory",
    "GatewayRefused",
    "GatewaySettings",
    "GatewayUnavailable",
    "PaymentLine",
    "PaymentRefund",
    "PaymentSession",
    "SessionEvent",
    "SessionEventKind",
    "SessionRequest",
    "SessionStatus",
    "WebhookRefused",
]


class SessionStatus(StrEnum):
    """Where a payment session stands; `PAID` and `EXPIRED` are terminal."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One line of what is paid for: `unit_amount` in minor units, times `quantity`."""

    name: str
    unit_amount: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a payment session is asked for.

    `amount` (minor units of `currency`, an upper-case ISO 4217 code) equals the sum of the lines. `metadata` comes
    back with the session and its events: at most 50 entries, keys up to 40 and values up to 500 characters.
    `idempotency_key` makes a repeated request return the first one's session.
    """

    amount: int
    currency: str
    lines: Sequence[PaymentLine]
    success_url: str
    cancel_url: str
    idempotency_key: str
    email: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        total = sum(line.unit_amount * line.quantity for line in self.lines)
        if total != self.amount:
            raise ValueError(f"the lines add up to {total}, not to the amount of {self.amount} {self.currency}")


@dataclass(frozen=True, slots=True)
class PaymentSession:
    """A payment session at the gateway.

    `url` is the page to send the shopper to while the session is open, else None. `amount` is in minor units,
    `expires_at` in Unix seconds.
    """

    id: str
    status: SessionStatus
    url: str | None
    amount: int
    currency: str
    expires_at: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PaymentRefund:
    """Money given back: `amount` in minor units; `status` is the gateway's own word."""

    id: str
    amount: int
    currency: str
    status: str


class SessionEventKind(StrEnum):
    """What a gateway can tell about a session."""

    PAID = "paid"
    ATTEMPT_FAILED = "attempt_failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """What a verified webhook says.

    `id` is stable over repeated deliveries; `session_id` is None when the gateway's event does not name the session,
    so that only its metadata tells what it belongs to.
    """

    id: str
    kind: SessionEventKind
    session_id: str | None
    metadata: Mapping[str, str]


class GatewayError(Exception):
    """The gateway did not do what it was asked; the message is fit for a log, and carries no secret."""


class GatewayRefused(GatewayError):
    """The request itself is at fault: sending it again changes nothing."""


class GatewayUnavailable(GatewayError):
    """The gateway could not be reached or failed: the same request may pass later."""


class WebhookRefused(GatewayError):
    """A webhook's signature, age or body does not hold: nothing in it may be believed."""


class Gateway(Protocol):
    """A payment gateway, for one account."""

    async def create_session(self, request: SessionRequest) -> PaymentSession:
        """Open a payment session.

        Raises:
            GatewayRefused: the gateway rejects the amount, the currency or another part of the request.
            GatewayUnavailable: it cannot be reached.
        """

    async def retrieve_session(self, session_id: str) -> PaymentSession:
        """Return a session as it stands now.

        Raises:
            GatewayRefused: there is no such session.
        """

    async def expire_session(self, session_id: str) -> PaymentSession:
        """End an open session, so that it can no longer be paid.

        Raises:
            GatewayRefused: there is no such session, or it is not open.
        """

    async def refund(self, session_id: str, *, amount: int | None = None, idempotency_key: str) -> PaymentRefund:
        """Give back `amount` minor units of a paid session, or all that is left.

        Raises:
            GatewayRefused: the session is not paid, or less than `amount` is left.
        """

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> SessionEvent | None:
        """Verify a webhook and say what it means for a session; None when it concerns none.

        `headers` has lower-case names.

        Raises:
            WebhookRefused: the signature, its age or the body does not hold.
        """


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What a gateway is made from.

    Attributes:
        api_key: the key of the account that it serves.
        webhook_secret: what deliveries to `parse_webhook` are signed with.
        base_url: where the gateway's API is, or None for its own default.
        options: the gateway's own table of the settings file, as it stands there.
        transport: an ASGI application that stands for `base_url` in the same process, or None for a socket.
    """

    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    base_url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    transport: Any = None


class GatewayFactory(Protocol):
    """Makes the gateway for one account; the object behind a `diddo_gateways` entry point.

    Raises:
        ValueError: an option is unknown or wrong; the message names it.
    """

    def __call__(self, settings: GatewaySettings) -> Gateway:
        """Return the gateway."""
