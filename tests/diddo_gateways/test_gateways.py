"""Both gateways keep the contract; the Stripe one against the fake, without a socket."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from diddo_gateways.contract import GatewayContract, Harness, Webhook
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.in_memory import InMemoryGateway
from diddo_gateways.protocol import GatewaySettings, PaymentLine, PaymentSession, SessionEventKind, SessionRequest
from diddo_gateways.stripe_fake.app import PlatformEndpoint, StripeFake
from diddo_gateways.stripe_fake.checkout.paying import CardForm, Declined, Outcome, Paid, pay_session
from diddo_gateways.stripe_sdk import StripeGateway
from diddo_gateways.worlds import Worlds

T = TypeVar("T")
SECRET = "whsec_contract"


class InMemoryHarness(Harness):
    def __init__(self) -> None:
        self.gateway: InMemoryGateway = InMemoryGateway(GatewaySettings("key", SECRET))

    async def pay(self, session: PaymentSession) -> Webhook:
        webhook = await self.gateway.pay(session.id)
        return Webhook(webhook.body, webhook.headers)

    async def decline(self, session: PaymentSession) -> Webhook:
        webhook = self.gateway.webhook(session.id, SessionEventKind.ATTEMPT_FAILED)
        return Webhook(webhook.body, webhook.headers)

    async def expire(self, session: PaymentSession) -> Webhook:
        await self.gateway.expire_session(session.id)
        webhook = self.gateway.webhook(session.id, SessionEventKind.EXPIRED)
        return Webhook(webhook.body, webhook.headers)


class TestInMemory(GatewayContract):
    @pytest.fixture
    def harness(self) -> Harness:
        return InMemoryHarness()


class StripeHarness(Harness):
    """The official SDK on the fake; what would be posted to the platform is kept."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._webhooks: list[Webhook] = []
        endpoint = PlatformEndpoint(
            "http://platform.test/",
            SECRET,
            ("checkout.session.completed", "checkout.session.expired", "payment_intent.payment_failed"),
        )
        self._fake = StripeFake(
            Worlds(MemoryDocuments()),
            pages_url="http://pages.test",
            platform_endpoints=[endpoint],
            deliver=self._keep,
        )
        settings = GatewaySettings("sk_test_contract", SECRET, base_url="http://stripe.test", transport=self._fake)
        self.gateway: StripeGateway = StripeGateway(settings)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def close(self) -> None:
        self._runner.close()

    async def pay(self, session: PaymentSession) -> Webhook:
        assert isinstance(await self._enter(session, "4242424242424242"), Paid)
        return await self._delivered()

    async def decline(self, session: PaymentSession) -> Webhook:
        assert isinstance(await self._enter(session, "4000000000000002"), Declined)
        return await self._delivered()

    async def expire(self, session: PaymentSession) -> Webhook:
        await self.gateway.expire_session(session.id)
        return await self._delivered()

    async def _enter(self, session: PaymentSession, number: str) -> Outcome:
        form = CardForm(number=number, exp_month="12", exp_year="2034", cvc="123")
        return await pay_session(self._fake, session.id, form)

    async def _delivered(self) -> Webhook:
        running = asyncio.create_task(self._fake.run())
        await self._fake.settled()
        running.cancel()
        return self._webhooks[-1]

    async def _keep(self, _url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self._webhooks.append(Webhook(body, {name.lower(): value for name, value in headers.items()}))
        return 200


class TestStripe(GatewayContract):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:  # type: ignore[override]
        harness = StripeHarness()
        yield harness
        harness.close()


def test_lines_must_add_up_to_the_amount() -> None:
    with pytest.raises(ValueError, match="add up to 5, not to the amount of 6 USD"):
        SessionRequest(6, "USD", (PaymentLine("Cap", 5),), "https://a.test", "https://a.test", "key")


def test_an_unknown_option_is_named() -> None:
    for factory in (StripeGateway, InMemoryGateway):
        with pytest.raises(ValueError, match="colour"):
            factory(GatewaySettings("sk_test_a", SECRET, options={"colour": "red"}))


def test_settings_do_not_show_their_secrets() -> None:
    assert "whsec" not in repr(GatewaySettings("sk_test_a", SECRET))
