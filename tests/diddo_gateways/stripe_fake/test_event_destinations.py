"""API v2: event destinations, and the thin events that they get, list and fetch."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from receiving import HookedShop, hooked_shop

URL = "https://shop.test/thin"
SECRET = "webhook_endpoint.signing_secret"
DAY = 86_400


@pytest.fixture
def shop(serve: Any) -> Iterator[HookedShop]:
    yield from hooked_shop(serve)


def destination(shop: HookedShop, *events: str, payload: str = "thin", **params: Any) -> Any:
    given = {
        "name": "the shop",
        "type": "webhook_endpoint",
        "event_payload": payload,
        "enabled_events": list(events),
        "webhook_endpoint": {"url": URL},
        "include": [SECRET, "webhook_endpoint.url"],
        **params,
    }
    return shop.client.v2.core.event_destinations.create(given)  # type: ignore[arg-type]


def test_a_thin_notification_is_verified_and_leads_to_event_and_object(shop: HookedShop) -> None:
    made = destination(shop, "v1.customer.created")
    ada = shop.v1.customers.create({"name": "Ada"}, {"idempotency_key": "ada"})
    (received,) = shop.settle()
    assert received.url == URL
    assert set(received.content) == {
        "id", "object", "type", "livemode", "created", "context", "related_object", "reason",
    }  # fmt: skip
    told: Any = shop.client.parse_event_notification(
        received.body, received.signature, made.webhook_endpoint.signing_secret
    )
    assert (told.type, told.related_object.id, told.related_object.type) == ("v1.customer.created", ada.id, "customer")
    assert told.related_object.url == f"/v1/customers/{ada.id}"
    assert told.reason.request.idempotency_key == "ada"
    assert told.fetch_related_object().name == "Ada"
    event = told.fetch_event()
    (snapshot,) = shop.v1.events.list().data
    assert (event.id, event.snapshot_event, event.object) == (told.id, snapshot.id, "v2.core.event")
    assert snapshot.pending_webhooks == 0


def test_changes_are_told_before_and_after(shop: HookedShop) -> None:
    ada = shop.v1.customers.create({"name": "Ada", "metadata": {"a": "1", "b": "2"}})
    shop.v1.customers.update(ada.id, {"name": "Grace", "metadata": {"a": "3"}})
    event = shop.client.v2.core.events.list({"types": ["v1.customer.updated"]}).data[0]
    assert event.changes is not None
    assert event.changes.to_dict() == {
        "before": {"name": "Ada", "metadata": {"a": "1"}},
        "after": {"name": "Grace", "metadata": {"a": "3"}},
    }


def test_single_changes_have_thin_events_of_their_own(shop: HookedShop) -> None:
    destination(shop, "v1.product.deactivated", "v1.price.activated")
    cup = shop.v1.products.create({"name": "Cup"})
    shop.v1.products.update(cup.id, {"active": False})
    shop.v1.products.update(cup.id, {"active": True, "name": "Mug"})
    (received,) = shop.settle()
    assert received.content["type"] == "v1.product.deactivated"
    assert received.content["related_object"] == {"id": cup.id, "type": "product", "url": f"/v1/products/{cup.id}"}
    listed = shop.client.v2.core.events.list({"object_id": cup.id}).data
    assert sorted(event.type for event in listed) == [
        "v1.product.activated",
        "v1.product.created",
        "v1.product.deactivated",
        "v1.product.updated",
        "v1.product.updated",
    ]
    stored = shop.client.v2.core.events.retrieve(received.content["id"])
    assert stored.changes is not None
    assert stored.changes.to_dict() == {"before": {"active": True}, "after": {"active": False}}


def test_a_subscription_tells_its_states_and_a_code_that_it_is_used_up(shop: HookedShop) -> None:
    destination(shop, "v1.customer.subscription.active", "v1.promotion_code.fully_redeemed")
    v1 = shop.v1
    coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "max_redemptions": 1})
    ada = v1.customers.create({"payment_method": "pm_card_visa"})
    method = v1.customers.payment_methods.list(ada.id).data[0]
    price = v1.prices.create(
        {"currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}, "product_data": {"name": "Tea"}}
    )
    made = v1.subscriptions.create(
        {
            "customer": ada.id,
            "items": [{"price": price.id}],
            "default_payment_method": method.id,
            "discounts": [{"promotion_code": code.id}],
        }
    )
    told = {received.content["type"]: received.content["related_object"]["id"] for received in shop.settle()}
    assert told == {"v1.customer.subscription.active": made.id, "v1.promotion_code.fully_redeemed": code.id}


def test_a_snapshot_destination_gets_events_of_the_first_version(shop: HookedShop) -> None:
    made = destination(shop, "customer.created", payload="snapshot")
    assert made.snapshot_api_version == "2026-10-28.endive"
    shop.v1.customers.create({"name": "Ada"})
    (received,) = shop.settle()
    event = received.verified(made.webhook_endpoint.signing_secret)
    assert (event.object, event.data.object.name) == ("event", "Ada")
    assert shop.v1.events.retrieve(event.id).pending_webhooks == 0


def test_everything_is_heard_by_who_listens_to_everything(shop: HookedShop) -> None:
    destination(shop, "*")
    destination(shop, "*", payload="snapshot", webhook_endpoint={"url": "https://shop.test/full"})
    cup = shop.v1.products.create({"name": "Cup"})
    shop.v1.products.update(cup.id, {"active": False})
    heard = sorted((received.url[-4:], received.content["type"]) for received in shop.settle())
    assert heard == [
        ("full", "product.created"),
        ("full", "product.updated"),
        ("thin", "v1.product.created"),
        ("thin", "v1.product.deactivated"),
        ("thin", "v1.product.updated"),
    ]


def test_a_ping_is_for_its_destination_alone(shop: HookedShop) -> None:
    made = destination(shop, "v1.customer.created")
    destination(shop, "*", webhook_endpoint={"url": "https://shop.test/other"})
    pinged = shop.client.v2.core.event_destinations.ping(made.id)
    assert (pinged.object, pinged.type) == ("v2.core.event", "v2.core.event_destination.ping")
    (received,) = shop.settle()
    assert received.url == URL
    told: Any = shop.client.parse_event_notification(
        received.body, received.signature, made.webhook_endpoint.signing_secret
    )
    assert (told.id, told.type) == (pinged.id, "v2.core.event_destination.ping")
    assert told.fetch_related_object().id == made.id
    assert told.fetch_event().id == pinged.id


def test_url_and_secret_are_told_when_asked_for_and_the_secret_once(shop: HookedShop) -> None:
    destinations = shop.client.v2.core.event_destinations
    silent = destination(shop, "v1.customer.created", include=[])
    assert silent.webhook_endpoint.url is None
    assert silent.webhook_endpoint.signing_secret is None
    made = destination(shop, "v1.customer.created")
    assert made.webhook_endpoint.url == URL
    assert made.webhook_endpoint.signing_secret.startswith("whsec_")
    assert destinations.retrieve(made.id).webhook_endpoint.url is None  # type: ignore[union-attr]
    told = destinations.retrieve(made.id, {"include": ["webhook_endpoint.url"]})
    assert told.webhook_endpoint is not None
    assert (told.webhook_endpoint.url, told.webhook_endpoint.signing_secret) == (URL, None)
    page = destinations.list({"include": ["webhook_endpoint.url"], "limit": 1})
    assert [found.webhook_endpoint.url for found in page.auto_paging_iter()] == [URL, URL]  # type: ignore[union-attr]


def test_a_destination_is_changed_stopped_resumed_and_deleted(shop: HookedShop) -> None:
    destinations = shop.client.v2.core.event_destinations
    made = destination(shop, "v1.customer.created", metadata={"a": "1", "b": "2"})
    changed = destinations.update(
        made.id,
        {
            "enabled_events": ["v1.customer.deleted"],
            "webhook_endpoint": {"url": "https://shop.test/moved"},
            "metadata": {"a": None},
            "include": ["webhook_endpoint.url"],
        },
    )
    assert changed.webhook_endpoint is not None
    assert changed.webhook_endpoint.url == "https://shop.test/moved"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2"}
    ada = shop.v1.customers.create()
    stopped = destinations.disable(made.id)
    assert (stopped.status, stopped.status_details.disabled.reason) == ("disabled", "user")  # type: ignore[union-attr]
    with pytest.raises(stripe.InvalidRequestError, match="disabled"):
        destinations.ping(made.id)
    resumed = destinations.enable(made.id)
    assert (resumed.status, resumed.status_details) == ("enabled", None)
    shop.v1.customers.delete(ada.id)
    assert [(received.url, received.content["type"]) for received in shop.settle()] == [
        ("https://shop.test/moved", "v1.customer.deleted")
    ]
    assert destinations.delete(made.id).id == made.id
    shop.v1.customers.delete(shop.v1.customers.create().id)
    assert shop.settle() == []


@pytest.mark.parametrize(
    ("scopes", "heard"),
    [(["@self"], ["mine"]), (["@accounts"], ["theirs"]), (["@self", "@accounts"], ["mine", "theirs"])],
)
def test_whose_events_a_destination_gets(shop: HookedShop, scopes: list[str], heard: list[str]) -> None:
    made = destination(shop, "v1.customer.created", events_from=scopes)
    seller = shop.v1.accounts.create({"type": "custom", "country": "US"})
    shop.v1.customers.create({"name": "mine"})
    shop.v1.customers.create({"name": "theirs"}, {"stripe_account": seller.id})
    secret = made.webhook_endpoint.signing_secret
    told: list[Any] = [shop.client.parse_event_notification(it.body, it.signature, secret) for it in shop.settle()]
    # The context that a notification brings is the account in which the SDK then looks.
    assert sorted(it.fetch_related_object().name for it in told) == heard
    assert all(it.fetch_event().id == it.id for it in told)


def test_accounts_of_the_second_version_tell_of_themselves(shop: HookedShop) -> None:
    made = destination(shop, "v2.core.account.created", "v2.core.account.updated", "v2.core.account.closed")
    destination(shop, "*", payload="snapshot", webhook_endpoint={"url": "https://shop.test/full"})
    accounts = shop.client.v2.core.accounts
    account = accounts.create({"contact_email": "ada@shop.test", "display_name": "Ada"})
    accounts.update(account.id, {"display_name": "Grace"})
    accounts.close(account.id)
    received = shop.settle()
    assert sorted(it.content["type"] for it in received) == [
        "v2.core.account.closed",
        "v2.core.account.created",
        "v2.core.account.updated",
    ]
    told: Any = shop.client.parse_event_notification(
        received[0].body, received[0].signature, made.webhook_endpoint.signing_secret
    )
    assert told.fetch_related_object().id == account.id
    assert told.fetch_event().snapshot_event is None


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"enabled_events": ["customer.created"]}, "enabled_events[0]"),
        ({"enabled_events": ["v1.customer.created"], "event_payload": "snapshot"}, "enabled_events[0]"),
        ({"snapshot_api_version": "2026-10-28.endive"}, "snapshot_api_version"),
        ({"webhook_endpoint": {"url": "shop.test"}}, "webhook_endpoint.url"),
        ({"type": "amazon_eventbridge"}, "amazon_eventbridge"),
        ({"events_from": ["self"]}, "events_from[0]"),
    ],
)
def test_what_a_destination_cannot_be(shop: HookedShop, params: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        destination(shop, *params.pop("enabled_events", ["v1.customer.created"]), **params)
    assert caught.value.json_body["error"]["param"] == param


def test_destinations_in_clouds_are_kept_and_get_nothing(shop: HookedShop) -> None:
    amazon = {"aws_account_id": "123456789012", "aws_region": "eu-west-1"}
    made = destination(shop, "v1.customer.created", type="amazon_eventbridge", amazon_eventbridge=amazon)
    assert made.amazon_eventbridge.aws_event_source_status == "pending"
    shop.v1.customers.create()
    assert shop.settle() == []


class TestList:
    """`/v2/core/events`."""

    def test_page_by_page_newest_first(self, shop: HookedShop) -> None:
        cups = [shop.v1.products.create({"name": f"Cup {number}"}) for number in range(3)]
        for cup in cups:
            shop.settle(10)
            shop.v1.products.update(cup.id, {"active": False})
        pages = shop.client.v2.core.events.list({"limit": 2})
        assert len(pages.data) == 2
        every = list(pages.auto_paging_iter())
        assert len(every) == len({event.id for event in every}) == 9
        assert [event.created for event in every] == sorted((event.created for event in every), reverse=True)

    def test_by_type_object_and_time(self, shop: HookedShop) -> None:
        events = shop.client.v2.core.events
        ada, grace = shop.v1.customers.create(), shop.v1.customers.create()
        shop.settle(100)
        shop.v1.customers.delete(grace.id)
        late = events.list({"object_id": grace.id, "types": ["v1.customer.deleted"]}).data[0]
        assert [event.type for event in events.list({"object_id": ada.id}).data] == ["v1.customer.created"]
        assert [event.id for event in events.list({"created": {"gte": late.created}}).data] == [late.id]
        assert len(events.list({"created": {"lt": late.created}}).data) == 2
        assert events.list({"types": ["v2.core.event_destination.ping"]}).data == []

    def test_for_thirty_days(self, shop: HookedShop) -> None:
        shop.v1.customers.create()
        (event,) = shop.client.v2.core.events.list().data
        shop.settle(30 * DAY + 1)
        assert shop.client.v2.core.events.list().data == []
        with pytest.raises(stripe.InvalidRequestError):
            shop.client.v2.core.events.retrieve(event.id)

    @pytest.mark.parametrize("query", ["page=page_zzz", "created[gte]=yesterday", "limit=0"])
    def test_what_cannot_be_asked(self, shop: HookedShop, query: str) -> None:
        assert shop.raw("GET", f"/v2/core/events?{query}").status_code == 400


def test_every_thin_event_has_a_way_to_its_object() -> None:
    """Of each type whose object can be fetched, the URL is one that the server knows."""
    from diddo_gateways.stripe_fake import catalogue, thin_events  # noqa: PLC0415  inside, for this test alone

    known = catalogue.load()
    owners = {"customer": "cus_1", "account": "acct_1", "fee": "fee_1"}
    unknown = []
    for event_type, kind in known.thin_events.items():
        related = thin_events.blank_event("evt_test_1", event_type, 0, {"id": "obj_1", **owners})["related_object"]
        assert (related is None) == (kind is None)
        if related is not None and known.route("GET", related["url"]) is None:
            unknown.append(event_type)
    assert unknown == []
