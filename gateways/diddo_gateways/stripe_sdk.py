"""Stripe as a gateway, through its official SDK; the fake or the real one is only a base URL.

The one module that imports `stripe`.
"""

import asyncio
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NoReturn

import stripe
from stripe import StripeClient
from stripe.checkout import Session

from diddo_gateways.in_process import AsgiApp, Response, call
from diddo_gateways.protocol import (
    GatewayRefused,
    GatewaySettings,
    GatewayUnavailable,
    PaymentRefund,
    PaymentSession,
    SessionEvent,
    SessionEventKind,
    SessionRequest,
    SessionStatus,
    WebhookRefused,
)

__all__ = ["AsgiClient", "StripeClient", "StripeGateway", "ThreadedClient", "stripe_client"]

EVENTS = {
    "checkout.session.completed": SessionEventKind.PAID,
    "checkout.session.async_payment_succeeded": SessionEventKind.PAID,
    "checkout.session.async_payment_failed": SessionEventKind.ATTEMPT_FAILED,
    "checkout.session.expired": SessionEventKind.EXPIRED,
    "payment_intent.payment_failed": SessionEventKind.ATTEMPT_FAILED,
}
# What the SDK raises when the same request may pass later.
PASSING = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)
OPTIONS = frozenset({"base_url", "api_key", "webhook_secret"})


class AsgiClient(stripe.HTTPClient):
    """Lets the SDK's asynchronous methods call an ASGI application in the same process."""

    name = "asgi"

    def __init__(self, app: AsgiApp) -> None:
        super().__init__()
        self._app = app

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Carry out one request of the SDK."""
        answer = await call(self._app, method.upper(), url, headers=headers, body=_bytes(post_data))
        return answer.body, answer.status, answer.headers

    async def close_async(self) -> None:
        """There is nothing to close."""


def stripe_client(api_key: str, base_url: str) -> StripeClient:
    """Return the official SDK's client of a Stripe at `base_url`, such as the fake one."""
    stripe.enable_telemetry = False  # it would write a file into the user's home
    with _no_advice_on_proxies():
        return StripeClient(api_key, base_addresses={"api": base_url, "files": base_url})


@contextmanager
def _no_advice_on_proxies() -> Iterator[None]:
    """Keep the SDK's HTTP library, which is imported with its first client, from warning of a package for proxies."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "SOCKS support in urllib3")
        yield


class ThreadedClient(stripe.HTTPClient):
    """Lets the SDK's methods, the asynchronous ones too, call whatever `send` hands their requests to.

    Args:
        send: takes method, URL, headers and body, and returns the future response.
    """

    name = "in process"

    def __init__(self, send: Callable[[str, str, Mapping[str, str], bytes], Future[Response]]) -> None:
        super().__init__()
        self._send = send

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Carry out one request of the SDK."""
        answer = self._send(method.upper(), url, headers or {}, _bytes(post_data)).result()
        return answer.body.decode(), answer.status, answer.headers

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Carry out one request of the SDK, without holding up the caller's event loop."""
        answer = await asyncio.wrap_future(self._send(method.upper(), url, headers or {}, _bytes(post_data)))
        return answer.body, answer.status, answer.headers

    def request_stream(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[BytesIO, int, Mapping[str, str]]:
        """Carry out one request whose answer is read as a stream."""
        answer = self._send(method.upper(), url, headers or {}, _bytes(post_data)).result()
        return BytesIO(answer.body), answer.status, answer.headers

    def close(self) -> None:
        """There is nothing to close."""

    async def close_async(self) -> None:
        """There is nothing to close."""


def _bytes(post_data: Any) -> bytes:
    return post_data.encode() if isinstance(post_data, str) else post_data or b""


class StripeGateway:
    """Payments by Stripe Checkout on a hosted page.

    `GatewaySettings.base_url` is where Stripe's API is (None: Stripe itself); `transport` stands for it in process.

    Raises:
        ValueError: an option is unknown.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        if unknown := set(settings.options) - OPTIONS:
            raise ValueError(
                f"the stripe gateway has no option {', '.join(sorted(unknown))}; it has {', '.join(sorted(OPTIONS))}"
            )
        stripe.enable_telemetry = False  # it would write a file into the user's home
        self._webhook_secret = settings.webhook_secret
        http_client = None if settings.transport is None else AsgiClient(settings.transport)
        addresses: Any = {} if settings.base_url is None else {"base_addresses": {"api": settings.base_url}}
        with _no_advice_on_proxies():
            self._stripe = StripeClient(settings.api_key, http_client=http_client, **addresses)

    async def create_session(self, request: SessionRequest) -> PaymentSession:
        """Open a Checkout Session in payment mode; see `Gateway.create_session`."""
        metadata = dict(request.metadata)
        params: Any = {
            "mode": "payment",
            "success_url": request.success_url,
            "cancel_url": request.cancel_url,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},  # a failed attempt is told by the intent
            "line_items": [_line_item(line, request.currency.lower()) for line in request.lines],
        }
        if request.email is not None:
            params["customer_email"] = request.email
        try:
            session = await self._stripe.v1.checkout.sessions.create_async(
                params, {"idempotency_key": request.idempotency_key}
            )
        except stripe.StripeError as error:
            _raise(error)
        return _payment_session(session)

    async def retrieve_session(self, session_id: str) -> PaymentSession:
        """Return a session; see `Gateway.retrieve_session`."""
        return _payment_session(await self._session(session_id))

    async def expire_session(self, session_id: str) -> PaymentSession:
        """End an open session; see `Gateway.expire_session`."""
        try:
            session = await self._stripe.v1.checkout.sessions.expire_async(session_id)
        except stripe.StripeError as error:
            _raise(error)
        return _payment_session(session)

    async def refund(self, session_id: str, *, amount: int | None = None, idempotency_key: str) -> PaymentRefund:
        """Give money back; see `Gateway.refund`."""
        session = await self._session(session_id)
        if session.payment_intent is None:
            raise GatewayRefused(f"the session {session_id} has not been paid")
        intent = session.payment_intent
        params: Any = {"payment_intent": intent if isinstance(intent, str) else intent.id}
        if amount is not None:
            params["amount"] = amount
        try:
            refund = await self._stripe.v1.refunds.create_async(params, {"idempotency_key": idempotency_key})
        except stripe.StripeError as error:
            _raise(error)
        return PaymentRefund(refund.id, refund.amount, refund.currency.upper(), refund.status or "pending")

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> SessionEvent | None:
        """Verify a webhook with the SDK; see `Gateway.parse_webhook`."""
        try:
            event = stripe.Webhook.construct_event(
                body.decode(), headers.get("stripe-signature", ""), self._webhook_secret
            )
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise WebhookRefused(f"the webhook does not hold: {type(error).__name__}") from error
        kind = EVENTS.get(event.type)
        if kind is None:
            return None
        subject: Any = event.data.object
        if kind is SessionEventKind.PAID and subject.payment_status == "unpaid":
            return None  # a delayed payment method: the money is not there yet
        session_id = subject.id if subject.object == "checkout.session" else None
        return SessionEvent(event.id, kind, session_id, _metadata(subject))

    async def _session(self, session_id: str) -> Session:
        try:
            return await self._stripe.v1.checkout.sessions.retrieve_async(session_id)
        except stripe.StripeError as error:
            _raise(error)


def _line_item(line: Any, currency: str) -> dict[str, Any]:
    return {
        "quantity": line.quantity,
        "price_data": {"currency": currency, "unit_amount": line.unit_amount, "product_data": {"name": line.name}},
    }


def _status(status: str | None, payment_status: str) -> SessionStatus:
    if status == "expired":
        return SessionStatus.EXPIRED
    return SessionStatus.OPEN if payment_status == "unpaid" else SessionStatus.PAID


def _payment_session(session: Session) -> PaymentSession:
    return PaymentSession(
        id=session.id,
        status=_status(session.status, session.payment_status),
        url=session.url,
        amount=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        expires_at=session.expires_at,
        metadata=_metadata(session),
    )


def _metadata(subject: Any) -> dict[str, str]:
    return {} if subject.metadata is None else subject.metadata.to_dict()


def _raise(error: stripe.StripeError) -> NoReturn:
    reason = error.user_message or str(error) or type(error).__name__
    raise (GatewayUnavailable if isinstance(error, PASSING) else GatewayRefused)(reason) from error
