"""Products: what they are made of, what may change, and how they are found."""

from typing import Any

import pytest
from refusals import refused


@pytest.fixture
def products(shop: Any) -> Any:
    return shop.client.v1.products


def test_a_product_with_all_that_it_can_have(products: Any, well_formed: Any) -> None:
    given = {
        "name": "Tea",
        "description": "Green",
        "images": ["https://shop.test/tea.png"],
        "marketing_features": [{"name": "Fresh"}, {"name": "Organic"}],
        "metadata": {"sku": "T1"},
        "package_dimensions": {"height": 1, "length": 2, "weight": 3.5, "width": 4},
        "shippable": True,
        "statement_descriptor": "TEA SHOP",
        "tax_code": "txcd_99999999",
        "unit_label": "bag",
        "url": "https://shop.test/tea",
    }
    made = products.create(given)
    well_formed(made)
    shown = made.to_dict()
    assert {name: shown[name] for name in given} == given
    emptied = products.update(
        made.id, {"description": "", "marketing_features": "", "package_dimensions": "", "unit_label": "", "url": ""}
    ).to_dict()
    assert [emptied[name] for name in ("description", "package_dimensions", "unit_label", "url")] == [None] * 4
    assert emptied["marketing_features"] == []


def test_where_a_service_is_performed(products: Any, well_formed: Any) -> None:
    made = products.create({"name": "Concert", "tax_details": {"tax_code": "txcd_1", "performance_location": "loc_1"}})
    well_formed(made)
    assert made.tax_details.to_dict() == {"performance_location": "loc_1", "tax_code": "txcd_1"}
    assert products.update(made.id, {"tax_details": ""}).tax_details is None


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"images": ["https://shop.test/a.png"] * 9}, "images"),
        ({"marketing_features": [{"name": "x"}] * 16}, "marketing_features"),
        ({"statement_descriptor": "x" * 23}, "statement_descriptor"),
        ({"unit_label": "x" * 13}, "unit_label"),
    ],
)
def test_no_more_than_stripe_keeps(products: Any, params: Any, param: str) -> None:
    error = refused(products.create, {"name": "Tea", **params})
    assert (error.http_status, error.param) == (400, param)


def test_a_recurring_default_price(shop: Any, products: Any) -> None:
    data = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "metadata": {"a": "b"}}
    made = products.create({"name": "Tea", "default_price_data": data, "expand": ["default_price"]})
    assert (made.default_price.unit_amount, made.default_price.type) == (900, "recurring")
    assert made.default_price.metadata.to_dict() == {"a": "b"}
    assert shop.events() == ["product.created", "plan.created", "price.created"]
    error = refused(products.create, {"name": "Tea", "default_price_data": {**data, "unit_amount": -1}})
    assert error.param == "default_price_data[unit_amount]"


def test_a_deleted_product_is_inactive_in_its_event(shop: Any, products: Any) -> None:
    made = products.create({"name": "Tea"})
    products.delete(made.id)
    event = shop.client.v1.events.list({"type": "product.deleted"}).data[0]
    assert (event.data.object.id, event.data.object.active) == (made.id, False)


def test_search_and_features(shop: Any, products: Any) -> None:
    tea = products.create({"name": "Green tea", "metadata": {"sku": "T1"}})
    products.create({"name": "Coffee", "active": False})
    for query in ("name~'green'", "metadata['sku']:'T1' AND active:'true'"):
        assert [found.id for found in products.search({"query": query})] == [tea.id]
    feature = shop.client.v1.entitlements.features.create({"name": "Support", "lookup_key": "support"})
    attached = products.features.create(tea.id, {"entitlement_feature": feature.id})
    assert [found.id for found in products.features.list(tea.id)] == [attached.id]
    assert products.features.delete(tea.id, attached.id).deleted
