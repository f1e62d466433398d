"""Webhook endpoints as their owners see them: what is signed, counted, tried again, sent again, and no longer sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from receiving import HookedShop, hooked_shop

from diddo_gateways.stripe_fake.deliveries import LIVE_RETRIES

URL = "https://shop.test/hooks"
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def shop(serve: Any) -> Iterator[HookedShop]:
    yield from hooked_shop(serve)


def listen(shop: HookedShop, *events: str, **params: Any) -> Any:
    return shop.v1.webhook_endpoints.create({"url": URL, "enabled_events": list(events or ("*",)), **params})


def roll(shop: HookedShop, endpoint: Any, overlap: int = 0) -> str:
    world = shop.server.world(shop.name)
    return str(shop.server.call(shop.server.fake.roll_secret(world, endpoint.id, overlap=overlap)))


def parts(header: str) -> list[str]:
    return [part.partition("=")[0] for part in header.split(",")]


def test_a_delivery_has_a_time_a_valid_signature_and_one_of_the_scheme_of_test_mode(shop: HookedShop) -> None:
    endpoint = listen(shop, "customer.created")
    ada = shop.v1.customers.create({"name": "Ada"})
    (received,) = shop.settle()
    assert parts(received.signature) == ["t", "v1", "v0"]
    event = received.verified(endpoint.secret)
    assert (event.type, event.data.object.id) == ("customer.created", ada.id)
    assert received.body.startswith(b'{\n  "id": "evt_')
    # Whoever knows the header signs the same.
    at = int(received.signature.split(",")[0][2:])
    header = stripe.WebhookSignature.generate_signature_header(received.body.decode(), endpoint.secret, at)
    assert received.signature.startswith(header)


def test_a_rotated_secret_signs_beside_the_new_one_until_its_time_is_up(shop: HookedShop) -> None:
    endpoint = listen(shop)
    new = roll(shop, endpoint, overlap=HOUR)
    assert new.startswith("whsec_")
    assert new != endpoint.secret
    shop.v1.customers.create()
    (received,) = shop.settle()
    assert parts(received.signature) == ["t", "v1", "v1", "v0"]
    assert received.verified(new).id == received.verified(endpoint.secret).id
    shop.settle(HOUR)
    shop.v1.customers.create()
    (received,) = shop.settle()
    assert parts(received.signature) == ["t", "v1", "v0"]
    received.verified(new)
    with pytest.raises(stripe.SignatureVerificationError):
        received.verified(endpoint.secret)


def test_a_secret_rotated_at_once_is_void(shop: HookedShop) -> None:
    endpoint = listen(shop)
    first = roll(shop, endpoint, overlap=HOUR)
    second = roll(shop, endpoint)
    shop.v1.customers.create()
    (received,) = shop.settle()
    received.verified(second)
    with pytest.raises(stripe.SignatureVerificationError):
        received.verified(first)
    # The one before still has its hour.
    received.verified(endpoint.secret)


def test_pending_webhooks_counts_who_has_not_answered_well(shop: HookedShop) -> None:
    listen(shop, "customer.created")
    listen(shop, "customer.created", url="https://shop.test/other")
    listen(shop, "customer.deleted", url="https://shop.test/third")
    shop.answers = [500, 200]
    shop.v1.customers.create()
    (event,) = shop.v1.events.list().data
    assert [json.loads(received.body)["pending_webhooks"] for received in shop.settle()] == [2, 2]
    assert shop.v1.events.retrieve(event.id).pending_webhooks == 1
    assert [found.id for found in shop.v1.events.list({"delivery_success": False}).data] == [event.id]
    assert len(shop.settle(HOUR)) == 1
    assert shop.v1.events.retrieve(event.id).pending_webhooks == 0
    assert [found.id for found in shop.v1.events.list({"delivery_success": True}).data] == [event.id]


@pytest.mark.parametrize("answer", [200, 201, 204, 299])
def test_any_2xx_is_success(shop: HookedShop, answer: int) -> None:
    listen(shop)
    shop.answers = [answer]
    shop.v1.customers.create()
    assert len(shop.settle()) == 1
    assert shop.settle(DAY) == []


@pytest.mark.parametrize("answer", [301, 302, 307, 400, 410, 500])
def test_everything_else_is_tried_again(shop: HookedShop, answer: int) -> None:
    listen(shop)
    shop.answers = [answer]
    shop.v1.customers.create()
    (first,) = shop.settle()
    (second,) = shop.settle(HOUR)
    assert second.content["id"] == first.content["id"]


def test_a_sandbox_tries_three_times_within_hours(shop: HookedShop) -> None:
    listen(shop)
    shop.answers = [500] * 9
    shop.v1.customers.create()
    assert [len(shop.settle(HOUR)) for _ in range(6)] == [2, 0, 1, 0, 0, 0]
    (event,) = shop.v1.events.list().data
    assert event.pending_webhooks == 1


def test_live_mode_tries_for_three_days_ever_more_rarely(serve: Any) -> None:
    assert 2 * DAY < sum(LIVE_RETRIES) < 3 * DAY
    for shop in hooked_shop(serve, retry_after=LIVE_RETRIES):
        listen(shop)
        shop.answers = [500] * 20
        shop.v1.customers.create()
        tried = [len(shop.settle())]
        for wait in (*LIVE_RETRIES, 3 * DAY):
            assert shop.settle(wait - 1) == []
            tried.append(len(shop.settle(1)))
        assert tried == [1] * 7 + [0]


def test_a_deleted_endpoint_gets_nothing_more_and_is_waited_for_no_longer(shop: HookedShop) -> None:
    endpoint = listen(shop)
    shop.answers = [500]
    shop.v1.customers.create()
    shop.settle()
    (event,) = shop.v1.events.list().data
    shop.v1.webhook_endpoints.delete(endpoint.id)
    shop.v1.customers.create()
    assert shop.settle(DAY) == []
    assert shop.v1.events.retrieve(event.id).pending_webhooks == 0


def test_a_disabled_endpoint_resumes_where_it_is(shop: HookedShop) -> None:
    endpoint = listen(shop)
    shop.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    shop.v1.customers.create({"name": "missed"})
    shop.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    shop.v1.customers.create({"name": "heard"})
    assert [received.content["data"]["object"]["name"] for received in shop.settle()] == ["heard"]


def test_what_an_endpoint_listens_to_can_be_changed(shop: HookedShop) -> None:
    endpoint = listen(shop, "customer.deleted")
    shop.v1.customers.create()
    assert shop.types() == []
    shop.v1.webhook_endpoints.update(endpoint.id, {"enabled_events": ["customer.created", "customer.updated"]})
    ada = shop.v1.customers.create()
    shop.v1.customers.update(ada.id, {"name": "Ada"})
    shop.v1.customers.delete(ada.id)
    assert shop.types() == ["customer.created", "customer.updated"]


def test_an_unknown_type_of_event_is_refused_with_those_that_there_are(shop: HookedShop) -> None:
    with pytest.raises(
        stripe.InvalidRequestError, match=r"enabled_events\[1\]: must be one of \*, account.app"
    ) as caught:
        listen(shop, "customer.created", "customer.*")
    assert caught.value.param == "enabled_events[1]"


def test_the_secret_is_told_once(shop: HookedShop) -> None:
    endpoint = listen(shop)
    assert endpoint.secret.startswith("whsec_")
    for answer in (
        shop.v1.webhook_endpoints.retrieve(endpoint.id),
        shop.v1.webhook_endpoints.update(endpoint.id, {"description": "mine"}),
        shop.v1.webhook_endpoints.list().data[0],
    ):
        assert "secret" not in answer.to_dict()


def test_an_account_has_sixteen_endpoints_at_most(shop: HookedShop) -> None:
    for _ in range(16):
        listen(shop, "customer.created")
    with pytest.raises(stripe.InvalidRequestError, match="16"):
        listen(shop, "customer.created")


def test_endpoints_for_connected_accounts_hear_nothing_of_their_own(shop: HookedShop) -> None:
    endpoint = listen(shop, connect=True)
    assert endpoint.status == "enabled"
    shop.v1.customers.create()
    assert shop.settle() == []
    assert shop.v1.events.list().data[0].pending_webhooks == 0


class TestSendingAgain:
    """What `stripe events resend` calls."""

    def test_to_all_that_listen(self, shop: HookedShop) -> None:
        listen(shop, "customer.created")
        listen(shop, "customer.deleted", url="https://shop.test/other")
        shop.v1.customers.create()
        (first,) = shop.settle()
        answer = shop.raw("POST", f"/v1/events/{first.content['id']}/retry", data={"for_stripecli": "true"})
        assert answer.json()["id"] == first.content["id"]
        (again,) = shop.settle()
        assert (again.url, again.content["id"]) == (URL, first.content["id"])

    def test_to_one_that_had_failed(self, shop: HookedShop) -> None:
        endpoint = listen(shop)
        listen(shop, url="https://shop.test/other")
        shop.answers = [500] * 6
        shop.v1.customers.create()
        shop.settle()
        shop.settle(HOUR)
        shop.settle(2 * HOUR)
        (event,) = shop.v1.events.list().data
        assert event.pending_webhooks == 2
        for _ in range(2):
            shop.raw("POST", f"/v1/events/{event.id}/retry", data={"webhook_endpoint": endpoint.id})
            assert [received.url for received in shop.settle()] == [URL]
            assert shop.v1.events.retrieve(event.id).pending_webhooks == 1

    def test_not_to_one_that_is_not_there_or_disabled(self, shop: HookedShop) -> None:
        endpoint = listen(shop)
        shop.v1.customers.create()
        (event,) = shop.v1.events.list().data
        shop.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
        for named, status in ((endpoint.id, 400), ("we_none", 400)):
            answer = shop.raw("POST", f"/v1/events/{event.id}/retry", data={"webhook_endpoint": named})
            assert answer.status_code == status
        assert shop.raw("POST", "/v1/events/evt_none/retry").status_code == 404


class TestEvents:
    """How events are found."""

    def test_by_type_by_group_and_by_several_types(self, shop: HookedShop) -> None:
        ada = shop.v1.customers.create()
        shop.v1.customers.update(ada.id, {"name": "Ada"})
        shop.v1.products.create({"name": "Cup"})

        def types(**params: Any) -> list[str]:
            return [event.type for event in shop.v1.events.list(params).data]  # type: ignore[arg-type]

        assert types(type="customer.created") == ["customer.created"]
        assert types(type="customer.*") == ["customer.updated", "customer.created"]
        assert types(type="*.created") == ["product.created", "customer.created"]
        assert types(types=["product.created", "customer.updated"]) == ["product.created", "customer.updated"]
        with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
            types(type="customer.created", types=["customer.created"])
        with pytest.raises(stripe.InvalidRequestError):
            types(types=["customer.created"] * 21)

    def test_for_thirty_days(self, shop: HookedShop) -> None:
        shop.v1.customers.create()
        (event,) = shop.v1.events.list().data
        shop.settle(30 * DAY)
        assert shop.v1.events.retrieve(event.id).id == event.id
        shop.settle(2)
        assert shop.v1.events.list().data == []
        with pytest.raises(stripe.InvalidRequestError, match="No such event"):
            shop.v1.events.retrieve(event.id)

    def test_an_event_of_a_timer_names_no_request(self, shop: HookedShop) -> None:
        listen(shop, "checkout.session.expired")
        cup: Any = {
            "price_data": {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Cup"}},
            "quantity": 1,
        }
        shop.v1.checkout.sessions.create({"mode": "payment", "success_url": URL, "line_items": [cup]})
        (received,) = shop.settle(DAY)
        assert received.content["request"] == {"id": None, "idempotency_key": None}

    def test_an_event_names_the_request_that_it_comes_from(self, shop: HookedShop) -> None:
        shop.v1.customers.create({}, {"idempotency_key": "once"})
        (event,) = shop.v1.events.list().data
        assert event.request is not None
        assert event.request.id is not None
        assert event.request.id.startswith("req_")
        assert event.request.idempotency_key == "once"
        assert (event.object, event.livemode, event.api_version) == ("event", False, "2026-10-28.endive")
