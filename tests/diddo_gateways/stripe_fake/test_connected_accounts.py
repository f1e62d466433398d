"""Connected accounts: what belongs to one is seen with `Stripe-Account` alone, on the platform's clock."""

import json
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.testing import InProcessStripe

RETURN = "https://shop.test/return"


@pytest.fixture
def seller(shop: Any) -> str:
    made = shop.client.v1.accounts.create({"type": "custom", "country": "US", "email": "seller@example.com"})
    return str(made.id)


def test_what_is_made_for_an_account_is_its_own(shop: Any, seller: str) -> None:
    v1, other = shop.client.v1, {"stripe_account": seller}
    mine, theirs = v1.customers.create({"name": "mine"}), v1.customers.create({"name": "theirs"}, other)
    assert [customer.id for customer in v1.customers.list()] == [mine.id]
    assert [customer.id for customer in v1.customers.list(options=other)] == [theirs.id]
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        v1.customers.retrieve(theirs.id)
    assert [event.data.object["id"] for event in v1.events.list({"type": "customer.created"}, other)] == [theirs.id]
    assert v1.customers.list(options={"stripe_context": seller}).data[0].id == theirs.id


def test_money_goes_to_the_account_that_is_paid(shop: Any, seller: str) -> None:
    v1, other = shop.client.v1, {"stripe_account": seller}
    paid = v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "capture_method": "automatic",
            "return_url": RETURN,
        },
        other,
    )
    assert paid.status == "succeeded"
    assert [part.amount for part in v1.balance.retrieve(options=other).pending if part.amount] != []
    assert [part.amount for part in v1.balance.retrieve().pending if part.amount] == []


def test_an_account_reads_itself(shop: Any, seller: str, well_formed: Any) -> None:
    own = shop.client.v1.accounts.retrieve_current(options={"stripe_account": seller})
    well_formed(own)
    assert (own.id, own.email) == (seller, "seller@example.com")
    assert shop.client.v1.accounts.retrieve_current().id == shop.server.world(shop.name).account


def test_what_an_account_is_to_be_able_to_do_it_can_do_at_once(shop: Any) -> None:
    asked: Any = {"transfers": {"requested": True}, "card_payments": {"requested": False}}
    made = shop.client.v1.accounts.create({"type": "express", "country": "US", "capabilities": asked})
    able = made.capabilities.to_dict()
    assert {name: state for name, state in able.items() if state} == {
        "transfers": "active",
        "card_payments": "inactive",
    }
    assert shop.client.v1.accounts.retrieve(made.id).capabilities.transfers == "active"


def test_accounts_of_others_and_deleted_ones_are_out_of_reach(shop: Any, server: Any, seller: str) -> None:
    stranger = server.client("sk_test_stranger")
    with pytest.raises(stripe.PermissionError, match="does not have access"):
        stranger.v1.customers.list(options={"stripe_account": seller})
    shop.client.v1.accounts.delete(seller)
    with pytest.raises(stripe.PermissionError, match="does not have access"):
        shop.client.v1.customers.list(options={"stripe_account": seller})


def test_a_platform_listens_to_its_accounts_with_an_endpoint_for_them() -> None:
    arrived: list[tuple[str, dict[str, Any]]] = []

    async def deliver(url: str, body: bytes, _: Any) -> int:
        arrived.append((url, json.loads(body)))
        return 200

    with InProcessStripe(deliver=deliver) as fake:
        v1 = fake.client("sk_test_platform").v1
        seller = v1.accounts.create({"type": "custom", "country": "US"}).id
        mine: Any = {"url": "https://shop.test/mine", "enabled_events": ["customer.created"]}
        v1.webhook_endpoints.create(mine)
        v1.webhook_endpoints.create(mine | {"url": "https://shop.test/theirs", "connect": True})
        v1.customers.create({"name": "mine"})
        v1.customers.create({"name": "theirs"}, {"stripe_account": seller})
        fake.advance(0, world="platform")
    assert {url: event.get("account") for url, event in arrived} == {
        "https://shop.test/mine": None,
        "https://shop.test/theirs": seller,
    }
