"""Tax rates and shipping rates."""

from typing import Any

import pytest
from refusals import refused

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.resources.shipping_rates import shipping_amount
from diddo_gateways.stripe_fake.resources.tax_rates import named_rates
from diddo_gateways.stripe_fake.shapes import check_shape

VAT = {"display_name": "VAT", "inclusive": True, "percentage": 19}
POST = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 500, "currency": "USD"}}


def test_a_tax_rate(v1: Any, shop: Any, well_formed: Any) -> None:
    rate = v1.tax_rates.create(
        {**VAT, "country": "DE", "jurisdiction": "DE", "tax_type": "vat", "metadata": {"a": "b"}}
    )
    well_formed(rate)
    assert rate.id.startswith("txr_1")
    assert (rate.percentage, rate.effective_percentage, rate.rate_type, rate.active) == (19, 19, "percentage", True)
    changed = v1.tax_rates.update(rate.id, {"display_name": "MwSt.", "active": False})
    assert (changed.display_name, changed.active, changed.country) == ("MwSt.", False, "DE")
    assert [found.id for found in v1.tax_rates.list({"active": False, "inclusive": True})] == [rate.id]
    assert v1.tax_rates.list({"inclusive": False}).data == []
    assert shop.events() == ["tax_rate.created", "tax_rate.updated"]
    assert refused(v1.tax_rates.update, rate.id, {"percentage": 20}).code == "parameter_unknown"
    error = refused(v1.tax_rates.retrieve, "txr_0")
    assert (error.http_status, error.param, error.user_message) == (404, "tax_rate", "No such tax rate: 'txr_0'")


@pytest.mark.parametrize("percentage", [-1, 100.5, 1.23456])
def test_percentages_that_do_not_hold(v1: Any, percentage: float) -> None:
    assert refused(v1.tax_rates.create, {**VAT, "percentage": percentage}).param == "percentage"


def test_only_active_rates_are_applied(v1: Any, shop: Any) -> None:
    active, inactive = v1.tax_rates.create(VAT).id, v1.tax_rates.create({**VAT, "active": False}).id

    async def find(*ids: str) -> Any:
        work = shop.server.fake.work(await shop.server.worlds.open(shop.name))
        return [rate["id"] for rate in await named_rates(work, list(ids), param="line_items[0][tax_rates]")]

    assert shop.call(find(active)) == [active]
    for wrong in (inactive, "txr_0"):
        with pytest.raises(InvalidRequest) as caught:
            shop.call(find(active, wrong))
        assert caught.value.param == "line_items[0][tax_rates][1]"


def test_a_shipping_rate(v1: Any, shop: Any, well_formed: Any) -> None:
    estimate = {"minimum": {"unit": "day", "value": 2}, "maximum": {"unit": "week", "value": 1}}
    rate = v1.shipping_rates.create({**POST, "delivery_estimate": estimate, "tax_behavior": "exclusive"})
    well_formed(rate)
    assert rate.id.startswith("shr_1")
    assert rate.fixed_amount.to_dict() == {"amount": 500, "currency": "usd"}
    assert rate.delivery_estimate.to_dict() == estimate
    changed = v1.shipping_rates.update(rate.id, {"active": False, "metadata": {"a": "b"}})
    assert (changed.active, changed.metadata.to_dict()) == (False, {"a": "b"})
    assert [found.id for found in v1.shipping_rates.list({"active": False, "currency": "USD"})] == [rate.id]
    assert v1.shipping_rates.list({"currency": "eur"}).data == []
    assert refused(v1.shipping_rates.update, rate.id, {"tax_behavior": "inclusive"}).param == "tax_behavior"
    assert refused(v1.shipping_rates.retrieve, "shr_0").http_status == 404
    assert shop.events() == []


def test_shipping_in_several_currencies(v1: Any) -> None:
    euro = {"eur": {"amount": 450, "tax_behavior": "inclusive"}}
    rate = v1.shipping_rates.create({**POST, "fixed_amount": {**POST["fixed_amount"], "currency_options": euro}})
    # As it was sent: the SDK's `to_dict` leaves objects inside maps as they are.
    assert check_shape(rate.last_response.data) == []
    added = {"gbp": {"amount": 400}, "eur": {"amount": 460}}
    changed = v1.shipping_rates.update(rate.id, {"fixed_amount": {"currency_options": added}}).last_response.data
    assert changed["fixed_amount"]["currency_options"] == {
        "usd": {"amount": 500, "tax_behavior": "unspecified"},
        "eur": {"amount": 460, "tax_behavior": "inclusive"},
        "gbp": {"amount": 400, "tax_behavior": "unspecified"},
    }
    assert [shipping_amount(changed, currency) for currency in ("usd", "eur", "gbp")] == [500, 460, 400]
    with pytest.raises(InvalidRequest, match="no amount in the expected currency"):
        shipping_amount(changed, "chf")


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"fixed_amount": {"amount": -1, "currency": "usd"}}, "fixed_amount[amount]"),
        ({"fixed_amount": {"amount": 5, "currency": "xyz"}}, "fixed_amount[currency]"),
        (
            {"fixed_amount": {"amount": 5, "currency": "usd", "currency_options": {"eur": {"amount": -5}}}},
            "fixed_amount[currency_options][eur][amount]",
        ),
        ({"delivery_estimate": {"maximum": {"unit": "day", "value": 0}}}, "delivery_estimate[maximum][value]"),
    ],
)
def test_shipping_that_does_not_hold(v1: Any, params: Any, param: str) -> None:
    assert refused(v1.shipping_rates.create, {**POST, **params}).param == param
    assert v1.shipping_rates.list().data == []


def test_shipping_without_an_amount(v1: Any) -> None:
    error = refused(v1.shipping_rates.create, {"display_name": "Post"})
    assert (error.code, error.param) == ("parameter_missing", "fixed_amount")
