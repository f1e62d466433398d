"""Older versions of the API, as SDKs of the last two years send them."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from receiving import HookedShop, hooked_shop

from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.stripe_fake import catalogue, versions
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.errors import ParameterRefused
from diddo_gateways.worlds import Worlds

NEWEST = "2026-10-28.endive"
DAHLIA, CLOVER, BASIL = "2026-08-26.dahlia", "2026-02-25.clover", "2025-08-27.basil"
OLDER = (DAHLIA, CLOVER, BASIL)
DONE = {"success_url": "https://shop.test/done"}
CUP: dict[str, Any] = {
    "mode": "payment",
    "line_items": [
        {"price_data": {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Cup"}}, "quantity": 1}
    ],
}
KNOWN = catalogue.load()


@pytest.fixture
def hooked(serve: Any) -> Iterator[HookedShop]:
    yield from hooked_shop(serve)


def at(version: str) -> Any:
    """Return options that ask for a version."""
    return {"stripe_version": version}


class TestWhichAreServed:
    """The header itself."""

    @pytest.mark.parametrize("version", versions.released())
    def test_every_version_from_basil_on(self, shop: Any, version: str) -> None:
        answer = shop.client.v1.customers.create({"name": "Ada"}, at(version))
        assert answer.last_response.headers["Stripe-Version"] == version

    def test_betas_behind_a_version_are_passed_over(self, shop: Any) -> None:
        answer = shop.client.v1.customers.create({}, at(f"{CLOVER}; some_beta=v1"))
        assert answer.last_response.headers["Stripe-Version"] == CLOVER

    @pytest.mark.parametrize("version", ["2024-06-20", "2025-02-24.acacia", "2026-10-28", "tomorrow", ""])
    def test_others_are_refused(self, shop: Any, version: str) -> None:
        answer = shop.client.raw_request
        with pytest.raises(stripe.InvalidRequestError, match=f"Invalid Stripe API version: {version}"):
            answer("get", "/v1/customers", headers={"Stripe-Version": version})

    def test_nothing_was_different_in_the_release_that_is_served(self) -> None:
        assert versions.older(NEWEST) is None
        assert versions.older("2026-09-30.endive") is None
        assert all(versions.older(version) is not None for version in OLDER)


class TestPaymentMethodTypes:
    """Written until endive."""

    @pytest.mark.parametrize("version", OLDER)
    def test_of_intents(self, shop: Any, version: str) -> None:
        intents = shop.client.v1.payment_intents
        made = intents.create({"amount": 1000, "currency": "usd", "payment_method_types": ["card"]}, at(version))
        assert (made.payment_method_types, made.automatic_payment_methods) == (["card"], None)
        # Cards need no page to return to.
        paid = intents.confirm(made.id, {"payment_method": "pm_card_visa"}, at(version))
        assert paid.status == "succeeded"
        kept = shop.client.v1.setup_intents.create({"payment_method_types": ["card"]}, at(version))
        assert (kept.payment_method_types, kept.automatic_payment_methods) == (["card"], None)

    @pytest.mark.parametrize("version", OLDER)
    def test_of_sessions(self, shop: Any, version: str) -> None:
        made = shop.client.v1.checkout.sessions.create({**CUP, **DONE, "payment_method_types": ["card"]}, at(version))
        assert made.payment_method_types == ["card"]

    def test_errors_speak_of_them_by_that_name(self, shop: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError, match=r"Invalid payment_method_types\[0\]: must be") as caught:
            shop.client.v1.checkout.sessions.create({**CUP, **DONE, "payment_method_types": ["beads"]}, at(CLOVER))
        assert caught.value.param == "payment_method_types[0]"

    def test_no_longer(self, shop: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.client.v1.payment_intents.create(
                {"amount": 1000, "currency": "usd", "payment_method_types": ["card"]}, at("2026-09-30.endive")
            )
        assert caught.value.code == "payment_method_types_no_longer_supported"
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shop.client.v1.checkout.sessions.create({**CUP, **DONE, "payment_method_types": ["card"]})
        assert caught.value.code == "parameter_unknown"


class TestUiMode:
    """`hosted`, `embedded` and `custom` until dahlia."""

    @pytest.mark.parametrize(
        ("then", "now", "urls"),
        [
            ("hosted", "hosted_page", DONE),
            ("embedded", "embedded_page", {"return_url": "https://shop.test/back"}),
            ("custom", "elements", {"return_url": "https://shop.test/back"}),
        ],
    )
    def test_has_other_names(self, shop: Any, then: str, now: str, urls: Any) -> None:
        sessions = shop.client.v1.checkout.sessions
        made = sessions.create({**CUP, **urls, "ui_mode": then}, at(CLOVER))
        assert made.ui_mode == then
        assert sessions.retrieve(made.id, options=at(BASIL)).ui_mode == then
        assert sessions.list(options=at(CLOVER)).data[0].ui_mode == then
        assert sessions.retrieve(made.id).ui_mode == now
        assert sessions.retrieve(made.id, options=at(DAHLIA)).ui_mode == now

    def test_names_of_another_time_are_refused(self, shop: Any) -> None:
        sessions = shop.client.v1.checkout.sessions
        with pytest.raises(stripe.InvalidRequestError, match="must be one of custom, embedded, or hosted") as caught:
            sessions.create({**CUP, **DONE, "ui_mode": "hosted_page"}, at(CLOVER))
        assert caught.value.param == "ui_mode"
        with pytest.raises(stripe.InvalidRequestError, match="Invalid ui_mode"):
            sessions.create({**CUP, **DONE, "ui_mode": "hosted"}, at(DAHLIA))


class TestDiscounts:
    """They hold their coupon itself until clover."""

    def test_a_promotion_code_is_made_of_a_coupon_and_shows_it(self, shop: Any) -> None:
        coupon = shop.client.v1.coupons.create({"percent_off": 10, "duration": "forever"})
        made = shop.client.v1.promotion_codes.create({"coupon": coupon.id}, at(BASIL))
        assert (made.coupon.id, made.coupon.percent_off) == (coupon.id, 10)
        assert "promotion" not in made.to_dict()
        assert shop.client.v1.promotion_codes.retrieve(made.id).promotion.coupon == coupon.id

    def test_a_discount_shows_its_coupon(self, shop: Any) -> None:
        v1 = shop.client.v1
        coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
        ada = v1.customers.create({"payment_method": "pm_card_visa"})
        price = v1.prices.create(
            {"currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}, "product_data": {"name": "Tea"}}
        )
        (method,) = v1.customers.payment_methods.list(ada.id).data
        made = v1.subscriptions.create(
            {
                "customer": ada.id,
                "items": [{"price": price.id}],
                "default_payment_method": method.id,
                "discounts": [{"coupon": coupon.id}],
                "expand": ["discounts"],
            },
            at(BASIL),
        )
        assert made.discounts[0].coupon.id == coupon.id
        assert "source" not in made.discounts[0].to_dict()
        assert made.billing_mode.type == "classic"
        changed = v1.subscriptions.update(
            made.id, {"billing_cycle_anchor": "now", "proration_behavior": "none"}, at(DAHLIA)
        )
        assert changed.id == made.id


class TestWebhooks:
    """An endpoint gets events in its own version; what the API lists stays in the account's."""

    def test_an_endpoint_of_an_older_version(self, hooked: HookedShop) -> None:
        for number, version in enumerate((*OLDER, None)):
            params = {} if version is None else {"api_version": version}
            hooked.v1.webhook_endpoints.create(
                {"url": f"https://shop.test/{number}", "enabled_events": ["checkout.session.expired"], **params}  # type: ignore[typeddict-item]
            )
        session = hooked.v1.checkout.sessions.create({**CUP, **DONE})  # type: ignore[typeddict-item]
        hooked.v1.checkout.sessions.expire(session.id)
        told = {received.url[-1]: received.content for received in hooked.settle()}
        assert [told[number]["api_version"] for number in "0123"] == [*OLDER, NEWEST]
        modes = [told[number]["data"]["object"]["ui_mode"] for number in "0123"]
        assert modes == ["hosted_page", "hosted", "hosted", "hosted_page"]
        (event,) = hooked.v1.events.list({"type": "checkout.session.expired"}, at(CLOVER)).data
        assert (event.api_version, event.data.object.ui_mode) == (NEWEST, "hosted_page")

    def test_a_destination_of_an_older_version(self, hooked: HookedShop) -> None:
        hooked.client.v2.core.event_destinations.create(
            {
                "name": "old",
                "type": "webhook_endpoint",
                "event_payload": "snapshot",
                "enabled_events": ["checkout.session.expired"],
                "snapshot_api_version": CLOVER,
                "webhook_endpoint": {"url": "https://shop.test/old"},
            }
        )
        session = hooked.v1.checkout.sessions.create({**CUP, **DONE})  # type: ignore[typeddict-item]
        hooked.v1.checkout.sessions.expire(session.id)
        (received,) = hooked.settle()
        assert received.content["api_version"] == CLOVER
        assert received.content["data"]["object"]["ui_mode"] == "hosted"

    def test_versions_before_basil_are_not_modelled(self, shop: Any) -> None:
        with pytest.raises(stripe.APIError, match="does not model"):
            shop.client.v1.webhook_endpoints.create(
                {"url": "https://shop.test/h", "enabled_events": ["*"], "api_version": "2024-06-20"}
            )


def test_accounts_may_be_set_to_an_older_version(serve: Any) -> None:
    """What names no version is in the account's, and so are its events."""
    for shop in hooked_shop(serve, api_version=CLOVER):
        shop.v1.webhook_endpoints.create({"url": "https://shop.test/h", "enabled_events": ["checkout.session.expired"]})
        cup = {
            f"line_items[0][price_data][{name}]": value for name, value in (("currency", "usd"), ("unit_amount", "9"))
        }
        cup |= {"line_items[0][price_data][product_data][name]": "Cup", "line_items[0][quantity]": "100"}
        made = shop.raw("POST", "/v1/checkout/sessions", data={"mode": "payment", "ui_mode": "hosted", **DONE, **cup})
        assert (made.headers["stripe-version"], made.json()["ui_mode"]) == (CLOVER, "hosted")
        assert shop.v1.checkout.sessions.expire(made.json()["id"]).ui_mode == "hosted_page"
        (received,) = shop.settle()
        assert (received.content["api_version"], received.content["data"]["object"]["ui_mode"]) == (CLOVER, "hosted")
        (event,) = shop.v1.events.list({"type": "checkout.session.expired"}).data
        for listed in (event, shop.v1.events.retrieve(event.id)):
            assert (listed.api_version, listed.data.object.ui_mode) == (CLOVER, "hosted")
        with pytest.raises(stripe.InvalidRequestError, match="No such event"):
            shop.v1.events.retrieve("evt_none")


def test_an_account_cannot_be_set_to_a_version_that_is_not_served() -> None:
    with pytest.raises(ParameterRefused, match="Invalid Stripe API version"):
        StripeFake(Worlds(MemoryDocuments()), pages_url="http://pages.test", api_version="2019-05-16")


def test_times_of_thin_events_were_asked_for_by_themselves(shop: Any) -> None:
    shop.client.v1.customers.create()
    found = shop.client.raw_request("get", "/v2/core/events?gte=2020-01-01T00:00:00Z", **at("2025-10-29.clover"))
    assert len(found.data["data"]) == 1
    with pytest.raises(stripe.InvalidRequestError):
        shop.client.raw_request("get", "/v2/core/events?gte=2020-01-01T00:00:00Z", **at("2025-11-17.clover"))


def test_one_key_repeats_one_answer_in_every_version(shop: Any) -> None:
    options = {"idempotency_key": "once", **at(CLOVER)}
    first = shop.client.v1.checkout.sessions.create({**CUP, **DONE}, options)
    again = shop.client.v1.checkout.sessions.create({**CUP, **DONE}, options)
    assert (again.id, again.ui_mode) == (first.id, "hosted")


EDITS = [
    (operation, edit)
    for change in versions._data()["changes"]  # noqa: SLF001  the data itself is what is tested
    for operation, edits in change.get("params", {}).items()
    for edit in edits
]


@pytest.mark.parametrize(("operation", "edit"), EDITS)
def test_what_a_parameter_has_become_is_one_of_today(operation: str, edit: Any) -> None:
    """No edit leads to a parameter that the operation does not have."""
    assert operation in KNOWN.operations
    places = [edit[word] for word in ("to", "number") if edit.get(word)] + list(edit.get("with", ()))
    places += [edit["at"]] if {"values", "absent"} & set(edit) else []
    for place in places:
        node: Any = "#" + (KNOWN.operations[operation].params or "")
        for step in place.split("."):
            node = _inside(node, step)
        if "values" in edit and isinstance(node, dict) and "enum" in node:
            assert set(edit["values"].values()) <= set(node["enum"])


def _inside(node: Any, step: str) -> Any:
    resolved = KNOWN.resolve(node)
    while isinstance(resolved, dict) and len(resolved) == 1 and "list" not in resolved:
        ((form, inner),) = resolved.items()
        parts = inner if form == "any_of" else [inner]
        resolved = next(part for part in map(KNOWN.resolve, parts) if isinstance(part, dict))
    return KNOWN.resolve(resolved["list"] if step == "*" else resolved["fields"][step])


STEPS = sorted({step for _, edit in EDITS for step in edit["at"].split(".")} - {"*"})
NESTED = st.recursive(
    st.sampled_from(["", "now", "12", "hosted", "card"]),
    lambda inner: st.dictionaries(st.sampled_from([*STEPS, "0", "1"]), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


def _sent(edit: Any, inner: Any) -> Any:
    """Return parameters that say something of any form where an edit looks."""
    for step in reversed(edit["at"].split(".")):
        inner = {"0" if step == "*" else step: inner}
    return inner


@given(edit=st.sampled_from(EDITS), inner=NESTED, others=st.dictionaries(st.sampled_from(STEPS), NESTED, max_size=2))
def test_whatever_is_sent_is_led_to_today_or_refused(edit: Any, inner: Any, others: Any) -> None:
    """No form of parameters, however odd, is a defect; and what was sent stays as it was."""
    operation = edit[0]
    sent = others | _sent(edit[1], inner)
    before = json.dumps(sent)
    then = versions.older("2025-03-31.basil")
    assert then is not None
    with suppress(ParameterRefused):
        json.dumps(then.params(operation, sent))
    assert json.dumps(sent) == before
