"""Route 14 of the contract, and the pictures."""

import json

import pytest

from .conftest import HOODIE, Api

PRODUCT = (
    "external_id title description brand category gender age team player currency price_min price_max price_varies"
    " available featured_image images url option_names option_values variants tags"
)
VARIANT = "external_id product_id title price currency available option_values"


def test_products_and_variants_have_the_contracts_fields(api: Api) -> None:
    answer = api("GET", "/products?limit=100").json
    assert answer["pagination"] == {"total": len(answer["products"]), "limit": 100, "offset": 0}
    for product in answer["products"]:
        assert set(product) == set(PRODUCT.split())
        for variant in product["variants"]:
            assert set(variant) == set(VARIANT.split())
            assert variant["product_id"] == product["external_id"]


def test_every_available_variant_can_be_put_in_a_cart(api: Api) -> None:
    for product in api("GET", "/products?limit=100").json["products"]:
        for variant in product["variants"]:
            status = api.add(variant["external_id"]).status
            assert status == (200 if variant["available"] else 422)


@pytest.mark.parametrize("route", ["GET", "POST"])
def test_filters_take_one_value_or_several(api: Api, route: str) -> None:
    def found(**filters: object) -> list[str]:
        if route == "POST":
            answer = api("POST", "/products", filters)
        else:
            pairs = [
                (name, one)
                for name, value in filters.items()
                for one in (value if isinstance(value, list) else [value])
            ]
            answer = api("GET", "/products?" + "&".join(f"{name}={str(one).replace(' ', '+')}" for name, one in pairs))
        assert answer.status == 200, answer.body
        return [product["external_id"] for product in answer.json["products"]]

    assert found(player="ada okafor") == ["gulls-jersey-okafor"]
    assert set(found(team="Hinode Cranes", tags="small")) == {"hinode-megaphone", "hinode-keyring"}
    assert len(found(category=["caps", "scarves"], limit=100)) > len(found(category="caps", limit=100)) > 0
    assert found(team="Nobody") == []
    if route == "POST":
        assert len(found(team=None)) == len(found())
    assert found(team="Hinode Cranes", limit=2, offset=1) == ["hinode-uniform-sato", "hinode-cap"]


def test_pages_do_not_overlap(api: Api) -> None:
    seen = []
    while page := api("GET", f"/products?limit=7&offset={len(seen)}").json["products"]:
        seen += [product["external_id"] for product in page]
    assert len(seen) == len(set(seen)) == api("GET", "/products").json["pagination"]["total"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "limit=many"])
def test_bad_pages_are_refused(api: Api, query: str) -> None:
    answer = api("GET", f"/products?{query}")
    unread = query == "limit=many"
    assert (answer.status, answer.codes) == ((400, ["INVALID_REQUEST"]) if unread else (422, ["INVALID_VALUE"]))
    assert query.partition("=")[0] in answer.json["errors"][0]["message"]


def test_a_search_without_a_body_lists_everything(api: Api) -> None:
    assert api("POST", "/products").json == api("GET", "/products").json


def test_pictures_are_drawn_here(api: Api) -> None:
    product = api("GET", "/products").json["products"][0]
    assert product["featured_image"].startswith("http://sandbox.test/images/")
    answer = api("GET", product["featured_image"].removeprefix("http://sandbox.test"))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in answer.body
    cart = api.add(HOODIE).json
    assert cart["stores"][0]["cart_lines"][0]["variant"]["image"] == "http://sandbox.test/images/harbor-hoodie.svg"
    assert b"<script" not in api("GET", "/images/%3Cscript%3E.svg").body


def test_the_api_documents_itself(api: Api) -> None:
    document = json.loads(api("GET", "/openapi.json").body)
    for path in ("/cart/add", "/cart/{cart_id}", "/checkout/{cart_id}", "/checkout/cst", "/products"):
        assert path in document["paths"]
    page = api("GET", "/docs").body.decode()
    assert "swagger-ui" in page
    assert "https://" not in page.replace("https://json-schema.org", "")
