"""The fake without a socket, through the official SDK."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
import stripe

from diddo_gateways.stripe_fake.testing import InProcessStripe


def test_sync_and_async_calls_reach_one_server(fake_stripe_client: stripe.StripeClient) -> None:
    made = fake_stripe_client.v1.customers.create({"email": "ada@example.test"})

    async def found() -> stripe.Customer:
        return await fake_stripe_client.v1.customers.retrieve_async(made.id)

    assert asyncio.run(found()).email == "ada@example.test"
    assert [it.id for it in fake_stripe_client.v1.customers.list().auto_paging_iter()] == [made.id]


def test_each_test_has_a_world_of_its_own(fake_stripe_client: stripe.StripeClient) -> None:
    assert fake_stripe_client.v1.customers.list().data == []


def test_errors_are_the_sdks_own(fake_stripe_client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        fake_stripe_client.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "usd",
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
    assert declined.value.code == "card_declined"


def test_many_loops_and_threads_may_call_at_once(fake_stripe: InProcessStripe) -> None:
    client = fake_stripe.client("sk_test_crowd")

    async def crowd() -> list[stripe.Customer]:
        return await asyncio.gather(*(client.v1.customers.create_async({"name": str(it)}) for it in range(20)))

    ids = {it.id for _ in range(2) for it in asyncio.run(crowd())}
    assert len(ids) == 40


def test_time_is_moved_and_webhooks_arrive_without_a_socket() -> None:
    arrived: list[tuple[str, bytes, str]] = []

    async def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        arrived.append((url, body, headers["Stripe-Signature"]))
        return 200

    with InProcessStripe(deliver=deliver) as fake:
        client = fake.client()
        endpoint = client.v1.webhook_endpoints.create({"url": "https://a.test/hook", "enabled_events": ["*"]})
        frozen = fake.freeze()
        assert fake.advance(3600) == fake.now() == frozen + 3600
        assert fake.resume() >= frozen + 3600
        client.v1.customers.create({})
        fake.settle()
        [(url, body, signature)] = arrived
        event = client.construct_event(body, signature, str(endpoint.secret), tolerance=7200)
        assert (url, event.type) == ("https://a.test/hook", "customer.created")


def test_a_state_file_is_kept(tmp_path: Path) -> None:
    with InProcessStripe(tmp_path / "stripe.db") as fake:
        made = fake.client().v1.customers.create({"name": "Ada"})
    with InProcessStripe(tmp_path / "stripe.db") as fake:
        assert fake.client().v1.customers.retrieve(made.id).name == "Ada"


def test_files_are_sent_and_read_back(fake_stripe_client: stripe.StripeClient) -> None:
    sent = io.BytesIO(b"%PDF-1.4 a receipt")
    sent.name = "receipt.pdf"
    made = fake_stripe_client.v1.files.create({"purpose": "dispute_evidence", "file": sent})
    assert made.object == "file"


def test_now_is_the_second_of_the_worlds_clock() -> None:
    with InProcessStripe() as fake:
        frozen = fake.freeze()
        registration = fake.client().v1.tax.registrations.create(
            {
                "country": "US",
                "active_from": "now",
                "country_options": {"us": {"state": "CA", "type": "state_sales_tax"}},
            }
        )
        assert registration.active_from == frozen
