"""The smallest gateway that keeps the contract: sessions in a dictionary, webhooks signed with HMAC. Copy it.

It has no payment page: `pay`, `decline` and `expire_session` stand for what happens there, and return the webhook
that a real gateway would send.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from diddo_gateways.protocol import (
    GatewayRefused,
    GatewaySettings,
    PaymentRefund,
    PaymentSession,
    SessionEvent,
    SessionEventKind,
    SessionRequest,
    SessionStatus,
    WebhookRefused,
)

__all__ = ["InMemoryGateway", "SignedWebhook"]

LIFETIME = 24 * 3600
TOLERANCE = 300
SIGNATURE = "in-memory-signature"


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A webhook as it is posted."""

    body: bytes
    headers: Mapping[str, str]


class InMemoryGateway:
    """Payments that exist in memory only.

    Args:
        settings: the webhook secret is used; there are no options.
        clock: the time in Unix seconds.

    Raises:
        ValueError: an option is given.
    """

    def __init__(self, settings: GatewaySettings, *, clock: Callable[[], float] = time.time) -> None:
        if settings.options:
            raise ValueError(f"the in_memory gateway has no option {', '.join(sorted(settings.options))}")
        self._secret = settings.webhook_secret.encode()
        self._clock = clock
        self._sessions: dict[str, PaymentSession] = {}
        self._refunds: dict[str, PaymentRefund] = {}
        self._refunded: dict[str, int] = {}
        self._events = 0

    async def create_session(self, request: SessionRequest) -> PaymentSession:
        """Open a session; see `Gateway.create_session`."""
        if request.amount < 1:
            raise GatewayRefused(f"nothing can be paid with {request.amount} {request.currency}")
        session_id = "ims_" + hashlib.sha256(request.idempotency_key.encode()).hexdigest()[:24]
        session = PaymentSession(
            id=session_id,
            status=SessionStatus.OPEN,
            url=f"https://in-memory.invalid/pay/{session_id}",
            amount=request.amount,
            currency=request.currency,
            expires_at=int(self._clock()) + LIFETIME,
            metadata=dict(request.metadata),
        )
        return self._sessions.setdefault(session_id, session)

    async def retrieve_session(self, session_id: str) -> PaymentSession:
        """Return a session; see `Gateway.retrieve_session`."""
        if session_id not in self._sessions:
            raise GatewayRefused(f"there is no session {session_id}")
        return self._sessions[session_id]

    async def expire_session(self, session_id: str) -> PaymentSession:
        """End an open session; see `Gateway.expire_session`."""
        return await self._close(session_id, SessionStatus.EXPIRED)

    async def refund(self, session_id: str, *, amount: int | None = None, idempotency_key: str) -> PaymentRefund:
        """Give money back; see `Gateway.refund`."""
        if known := self._refunds.get(idempotency_key):
            return known
        session = await self.retrieve_session(session_id)
        left = session.amount - self._refunded.get(session_id, 0)
        wanted = left if amount is None else amount
        if session.status is not SessionStatus.PAID or not 0 < wanted <= left:
            raise GatewayRefused(f"{wanted} {session.currency} cannot be refunded on the session {session_id}")
        self._refunded[session_id] = session.amount - left + wanted
        refund = PaymentRefund(f"imr_{len(self._refunds) + 1}", wanted, session.currency, "succeeded")
        self._refunds[idempotency_key] = refund
        return refund

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> SessionEvent | None:
        """Verify a webhook; see `Gateway.parse_webhook`."""
        sent_at, _, signature = headers.get(SIGNATURE, "").partition(".")
        if not hmac.compare_digest(self._sign(sent_at, body).encode(), signature.encode()):
            raise WebhookRefused("the signature does not fit the body")
        if abs(self._clock() - int(sent_at)) > TOLERANCE:
            raise WebhookRefused("the webhook is too old")
        event = json.loads(body)
        return SessionEvent(
            event["id"], SessionEventKind(event["kind"]), event["session"]["id"], event["session"]["metadata"]
        )

    async def pay(self, session_id: str) -> SignedWebhook:
        """Pay an open session, and return the webhook that says so."""
        await self._close(session_id, SessionStatus.PAID)
        return self.webhook(session_id, SessionEventKind.PAID)

    def webhook(self, session_id: str, kind: SessionEventKind) -> SignedWebhook:
        """Return a signed webhook about a session."""
        self._events += 1
        session = self._sessions[session_id]
        event = {
            "id": f"ime_{self._events}",
            "kind": kind,
            "session": {"id": session_id, "metadata": dict(session.metadata)},
        }
        body = json.dumps(event).encode()
        sent_at = str(int(self._clock()))
        return SignedWebhook(body, {SIGNATURE: f"{sent_at}.{self._sign(sent_at, body)}"})

    async def _close(self, session_id: str, status: SessionStatus) -> PaymentSession:
        session = await self.retrieve_session(session_id)
        if session.status is not SessionStatus.OPEN:
            raise GatewayRefused(f"the session {session_id} is {session.status}")
        self._sessions[session_id] = replace(session, status=status, url=None)
        return self._sessions[session_id]

    def _sign(self, sent_at: str, body: bytes) -> str:
        return hmac.new(self._secret, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
