"""Pricing and the catalogue: whole amounts that add up in every currency."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import exponent
from diddo_sandbox import pricing
from diddo_sandbox.catalogue import Catalogue, CatalogueError
from diddo_sandbox.testing import InProcessSandbox

from .conftest import Api

CATALOGUE = Catalogue.load()
COUNTRIES = {"USD": "US", "EUR": "FR", "JPY": "JP", "KWD": "KW"}


def test_the_seeded_catalogue_is_large_enough() -> None:
    assert len(CATALOGUE.stores) >= 4
    assert len(CATALOGUE.products) >= 40
    assert sum(len(product["variants"]) > 1 for product in CATALOGUE.products) >= 20
    assert {store.currency for store in CATALOGUE.stores.values()} >= {"USD", "EUR", "JPY", "KWD"}


def test_prices_can_be_charged() -> None:
    """A card is charged three-decimal currencies in steps of ten."""
    for product in CATALOGUE.products:
        if exponent(product["currency"]) == 3:
            assert product["price_min"] % 10 == 0
    for store in CATALOGUE.stores.values():
        if exponent(store.currency) == 3:
            assert all(price % 10 == 0 for method in store.shipping for price in method.prices.values())


@given(
    value=st.integers(0, 10**9), basis_points=st.integers(0, 10_000), currency=st.sampled_from(["USD", "JPY", "KWD"])
)
def test_a_share_is_the_nearest_amount_that_can_be_charged(value: int, basis_points: int, currency: str) -> None:
    step = 10 if currency == "KWD" else 1
    share = pricing.share(value, basis_points, currency)
    assert share % step == 0
    # In ten-thousandths, so that no division rounds the check itself.
    assert abs(share * 10_000 - value * basis_points) * 2 <= 10_000 * step


@given(
    currency=st.sampled_from(sorted(COUNTRIES)),
    picks=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 20)), min_size=1, max_size=6),
    method=st.integers(0, 5),
)
def test_carts_add_up_in_every_currency(
    in_process: InProcessSandbox, currency: str, picks: list[tuple[int, int]], method: int
) -> None:
    api = Api(in_process, "sk_test_pricing")
    variants = [
        variant_id for variant_id, item in CATALOGUE.items.items() if item.store.currency == currency and item.available
    ]
    cart = {"id": "0"}
    for pick, quantity in picks:
        cart = api.add(variants[pick % len(variants)], quantity, cart["id"]).json
    country = COUNTRIES[currency]
    address = {
        "US": {},
        "FR": {"country_code": "FR", "province_code": None, "postal_code": "69002"},
        "JP": {"country_code": "JP", "province_code": "13", "postal_code": "105-0022"},
        "KW": {"country_code": "KW", "province_code": None, "postal_code": "13001"},
    }[country]
    assert api.buyer(cart["id"], **address).status == 200
    stores = api("GET", f"/cart/shipping-rates/{cart['id']}").json["stores"]
    options = []
    for store in stores:
        methods = store["offer"]["shipping_methods"]
        options.append({"store": store["store"], "shipping_id": methods[method % len(methods)]["id"]})
    body = {"cart_id": cart["id"], "shipping_options": options}
    cost = api("POST", "/cart/shipping-method", body).json["cost"]
    chosen = [api("GET", f"/cart/{cart['id']}").json["stores"][n]["offer"] for n in range(len(stores))]
    assert cost["subtotal"]["value"] == sum(offer["subtotal"]["value"] for offer in chosen)
    assert cost["shipping"]["value"] == sum(offer["selected_shipping_method"]["price"]["value"] for offer in chosen)
    assert cost["tax"]["value"] == sum(offer["selected_shipping_method"]["taxes"]["value"] for offer in chosen)
    assert cost["total"]["value"] == sum(cost[part]["value"] for part in ("subtotal", "tax", "shipping"))
    assert {cost[part]["currency"] for part in ("subtotal", "tax", "shipping", "total")} == {currency}
    if currency == "KWD":
        assert cost["total"]["value"] % 10 == 0


STORE = """
[[stores]]
domain = "a.example"
currency = "USD"
brand = "A"
margin = 0
taxes = {}
shipping = []
products = [{ slug = "cap", title = "Cap", category = "caps", price = 100 }]
"""


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text(STORE)
    assert list(Catalogue.load(file).items) == ["cap"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stores = 3", "stores"),
        ("[[stores", "catalogue.toml"),
        (STORE.replace("100", "-1"), "stores.0.products.0.price"),
        (STORE.replace("100", "1.5"), "stores.0.products.0.price"),
        (STORE.replace("margin", "margn"), "stores.0.mar"),
        (STORE + STORE, "two stores are called a.example"),
        (STORE.replace("[]", '[{ id = "a", label = "A", prices = { US = -1 } }]'), "prices.US"),
        (STORE.replace('"Cap"', '""'), "title"),
        (STORE.replace("price = 100", 'price = 100, unavailable = ["xl"]'), "xl"),
        (STORE.replace("products = [", 'products = [{ slug = "cap", title = "C", category = "c", price = 1 },'), "cap"),
    ],
)
def test_a_catalogue_with_a_fault_names_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text(text)
    with pytest.raises(CatalogueError, match=complaint) as caught:
        Catalogue.load(file)
    assert "catalogue.toml" in str(caught.value)


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="nowhere"):
        Catalogue.load(tmp_path / "nowhere.toml")
