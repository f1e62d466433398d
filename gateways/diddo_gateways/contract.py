"""The contract of a payment gateway, as tests: subclass `GatewayContract` in a test module, and give it a harness.

class TestMine(GatewayContract):
@pytest.fixture
def harness(self):
return MyHarness()
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeVar

import pytest

from diddo_gateways.protocol import (
    Gateway,
    GatewayRefused,
    PaymentLine,
    PaymentSession,
    SessionEventKind,
    SessionRequest,
    SessionStatus,
    WebhookRefused,
)

__all__ = ["GatewayContract", "Harness", "Webhook"]

T = TypeVar("T")
METADATA = {"cart_id": "cart_1", "checkout_id": "checkout_1"}
REQUEST = SessionRequest(
    amount=12_345,
    currency="USD",
    lines=(PaymentLine("Hoodie (Navy / M)", 6_000, 2), PaymentLine("Shipping", 345)),
    success_url="https://shop.example/thanks",
    cancel_url="https://shop.example/cart",
    idempotency_key="checkout-1",
    email="ada@example.test",
    metadata=METADATA,
)


class Webhook(NamedTuple):
    """A webhook as it arrives: the raw body, and headers with lower-case names."""

    body: bytes
    headers: Mapping[str, str]


class Harness(Protocol):
    """What the contract needs besides the gateway: somebody who pays."""

    gateway: Gateway

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the gateway to its end; always in the same event loop, if the gateway needs that."""
        return asyncio.run(work)

    async def pay(self, session: PaymentSession) -> Webhook:
        """Pay an open session as a shopper would, and return the webhook that the gateway sends."""

    async def decline(self, session: PaymentSession) -> Webhook:
        """Try to pay an open session with a card that is declined, and return the webhook that the gateway sends."""

    async def expire(self, session: PaymentSession) -> Webhook:
        """Expire an open session through the gateway, and return the webhook that the gateway sends."""


class GatewayContract:
    """What every gateway keeps."""

    @pytest.fixture
    def harness(self) -> Harness:
        """Return a fresh gateway with somebody who pays; subclasses say which."""
        raise NotImplementedError

    @pytest.fixture
    def session(self, harness: Harness) -> PaymentSession:
        """An open session."""
        return harness.run(harness.gateway.create_session(REQUEST))

    def test_a_new_session_is_open_and_as_asked_for(self, session: PaymentSession) -> None:
        """Amount, currency and metadata are what was asked for, and there is a page to go to."""
        assert session.status is SessionStatus.OPEN
        assert (session.amount, session.currency) == (REQUEST.amount, REQUEST.currency)
        assert session.metadata == METADATA
        assert session.url
        assert session.url.startswith("http")

    def test_a_session_can_be_retrieved(self, harness: Harness, session: PaymentSession) -> None:
        """Retrieving gives what creating gave."""
        assert harness.run(harness.gateway.retrieve_session(session.id)) == session

    def test_a_repeated_request_gives_the_first_session(self, harness: Harness, session: PaymentSession) -> None:
        """The idempotency key makes a retry safe."""
        assert harness.run(harness.gateway.create_session(REQUEST)).id == session.id

    def test_another_key_gives_another_session(self, harness: Harness, session: PaymentSession) -> None:
        """Only the key makes a request a repeated one."""
        other = harness.run(harness.gateway.create_session(replace(REQUEST, idempotency_key="checkout-2")))
        assert other.id != session.id

    @pytest.mark.parametrize(("currency", "amount"), [("JPY", 1_200), ("KWD", 4_250), ("EUR", 1_990)])
    def test_currencies_with_other_decimals(self, harness: Harness, currency: str, amount: int) -> None:
        """Amounts are minor units, however many decimals the currency has."""
        lines = (PaymentLine("Scarf", amount),)
        request = replace(REQUEST, currency=currency, amount=amount, lines=lines, idempotency_key=currency)
        session = harness.run(harness.gateway.create_session(request))
        assert (session.amount, session.currency) == (amount, currency)

    def test_nothing_cannot_be_paid(self, harness: Harness) -> None:
        """An amount of zero is refused."""
        with pytest.raises(GatewayRefused):
            harness.run(harness.gateway.create_session(replace(REQUEST, amount=0, lines=())))

    def test_an_unknown_session_is_refused(self, harness: Harness) -> None:
        """Whatever is asked of it."""
        gateway = harness.gateway
        with pytest.raises(GatewayRefused):
            harness.run(gateway.retrieve_session("nobody"))
        with pytest.raises(GatewayRefused):
            harness.run(gateway.expire_session("nobody"))
        with pytest.raises(GatewayRefused):
            harness.run(gateway.refund("nobody", idempotency_key="r"))

    def test_an_expired_session_has_no_page(self, harness: Harness, session: PaymentSession) -> None:
        """Expiring is final, and only an open session can expire."""
        expired = harness.run(harness.gateway.expire_session(session.id))
        assert (expired.status, expired.url) == (SessionStatus.EXPIRED, None)
        with pytest.raises(GatewayRefused):
            harness.run(harness.gateway.expire_session(session.id))

    def test_a_paid_session_cannot_expire(self, harness: Harness, session: PaymentSession) -> None:
        """Paying is final too."""
        harness.run(harness.pay(session))
        paid = harness.run(harness.gateway.retrieve_session(session.id))
        assert (paid.status, paid.url, paid.amount) == (SessionStatus.PAID, None, REQUEST.amount)
        with pytest.raises(GatewayRefused):
            harness.run(harness.gateway.expire_session(session.id))

    def test_only_what_was_paid_is_refunded(self, harness: Harness, session: PaymentSession) -> None:
        """An open session has nothing to give back."""
        with pytest.raises(GatewayRefused):
            harness.run(harness.gateway.refund(session.id, idempotency_key="r"))

    def test_refunds_in_parts_add_up_to_the_payment(self, harness: Harness, session: PaymentSession) -> None:
        """A part, then the rest, then nothing is left."""
        gateway = harness.gateway
        harness.run(harness.pay(session))
        part = harness.run(gateway.refund(session.id, amount=45, idempotency_key="r1"))
        assert (part.amount, part.currency) == (45, "USD")
        assert harness.run(gateway.refund(session.id, amount=45, idempotency_key="r1")).id == part.id
        with pytest.raises(GatewayRefused):
            harness.run(gateway.refund(session.id, amount=REQUEST.amount, idempotency_key="r2"))
        assert harness.run(gateway.refund(session.id, idempotency_key="r3")).amount == REQUEST.amount - 45
        with pytest.raises(GatewayRefused):
            harness.run(gateway.refund(session.id, amount=1, idempotency_key="r4"))

    def test_the_webhook_of_a_payment_is_believed(self, harness: Harness, session: PaymentSession) -> None:
        """It names the session and carries its metadata; read twice it is the same event."""
        webhook = harness.run(harness.pay(session))
        event = harness.gateway.parse_webhook(*webhook)
        assert event is not None
        assert (event.kind, event.session_id, event.metadata) == (SessionEventKind.PAID, session.id, METADATA)
        assert harness.gateway.parse_webhook(*webhook) == event

    def test_a_failed_attempt_is_told_and_leaves_the_session_open(
        self, harness: Harness, session: PaymentSession
    ) -> None:
        """A shopper may try again; what the event belongs to is told by its metadata."""
        event = harness.gateway.parse_webhook(*harness.run(harness.decline(session)))
        assert event is not None
        assert (event.kind, event.metadata) == (SessionEventKind.ATTEMPT_FAILED, METADATA)
        assert event.session_id in (session.id, None)
        assert harness.run(harness.gateway.retrieve_session(session.id)).status is SessionStatus.OPEN
        harness.run(harness.pay(session))

    def test_an_expired_session_is_told(self, harness: Harness, session: PaymentSession) -> None:
        """Without that event a cart would stay locked for good."""
        event = harness.gateway.parse_webhook(*harness.run(harness.expire(session)))
        assert event is not None
        assert (event.kind, event.session_id, event.metadata) == (SessionEventKind.EXPIRED, session.id, METADATA)

    @pytest.mark.parametrize("fault", ["body", "signature", "no signature"])
    def test_a_webhook_that_was_tampered_with_is_not(
        self, harness: Harness, session: PaymentSession, fault: str
    ) -> None:
        """One changed byte is enough."""
        body, headers = harness.run(harness.pay(session))
        if fault == "body":
            body = body.replace(b"cart_1", b"cart_2")
        elif fault == "signature":
            # In all of its parts: the last need not be the one that is verified.
            headers = {name: ",".join(map(_other_end, value.split(","))) for name, value in headers.items()}
        else:
            headers = {}
        with pytest.raises(WebhookRefused):
            harness.gateway.parse_webhook(body, headers)


def _other_end(text: str) -> str:
    return text[:-1] + ("0" if text[-1:] != "0" else "1")
