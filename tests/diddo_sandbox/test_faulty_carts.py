"""Ready-made carts: each of the contract's faults, over every route and with any catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import InProcessSandbox

from .conftest import CONTRACT_CODES, HOODIE, Api, check_out, status


@pytest.mark.parametrize(("code", "expected"), CONTRACT_CODES.items())
def test_each_code_of_the_contract_is_seen_over_http(api: Api, code: str, expected: int) -> None:
    answer = api("POST", f"/checkout/cart_force_{code}")
    assert answer.status == expected
    assert answer.codes == [code]
    error = answer.json["errors"][0]
    assert error["message"]
    assert error["details"]["remedy"]


OWN_CATALOGUE = """
[[stores]]
domain = "kiosk.example"
currency = "GBP"
brand = "Kiosk"
margin = 0
taxes = {}
shipping = [{ id = "none", label = "Collect", prices = { "*" = 0 } }]
products = [{ slug = "gum", title = "Gum", category = "sweets", price = 10 }]
"""


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Api]:
    file = tmp_path / "catalogue.toml"
    file.write_text(OWN_CATALOGUE)
    with InProcessSandbox(SandboxSettings(catalogue=file, allowed_hosts=("sandbox.test",))) as sandbox:
        yield Api(sandbox, "sk_test_kiosk")


def test_a_cart_that_is_too_cheap_for_the_gateway_stays_unlocked(kiosk: Api) -> None:
    answer = kiosk("POST", "/checkout/cart_ready")
    assert (answer.status, answer.codes) == (422, ["PAYMENT_REFUSED"])
    assert "at least" in answer.json["errors"][0]["message"]
    assert kiosk.add("gum", 9, "cart_ready").status == 200
    assert kiosk.choose_first_shipping("cart_ready").status == 200
    check_out(kiosk, "cart_ready").pay()
    assert status(kiosk, "cart_ready")["status"] == "SUBMITTED"


def test_a_catalogue_of_ones_own_has_ready_made_carts_too(kiosk: Api) -> None:
    assert kiosk("GET", "/cart/cart_ready").json["cost"]["total"]["currency"] == "GBP"
    assert kiosk("GET", "/cart/cart_ready_eur").codes == ["CART_NOT_FOUND"]
    for code in CONTRACT_CODES:
        assert kiosk("POST", f"/checkout/cart_force_{code}").codes == [code]


@pytest.mark.parametrize("code", CONTRACT_CODES)
def test_faulty_carts_break_no_route(api: Api, code: str) -> None:
    cart_id = f"cart_force_{code}"
    item = {"variant_id": HOODIE, "quantity": 1}
    options = [{"store": "harbor-athletics.example", "shipping_id": "standard"}]
    for method, path, body in (
        ("GET", f"/cart/{cart_id}", None),
        ("GET", f"/cart/status/{cart_id}", None),
        ("POST", f"/checkout/{cart_id}/validate", None),
        ("POST", "/cart/shipping-method", {"cart_id": cart_id, "shipping_options": options}),
        ("GET", f"/cart/shipping-rates/{cart_id}", None),
        ("POST", "/cart/update", {"cart_id": cart_id, "item": item}),
        ("DELETE", "/cart/items", {"cart_id": cart_id, "variant_id": HOODIE}),
        ("POST", "/cart/add", {"cart_id": cart_id, "item": item}),
        ("GET", f"/cart/shipping-rates/{cart_id}", None),
        ("POST", f"/checkout/{cart_id}", None),
    ):
        answer = api(method, path, body)
        assert answer.status < 500, (method, path, answer.body)


def test_a_cart_without_a_total_is_priced_anew_by_any_change(api: Api) -> None:
    cart_id = "cart_force_MISSING_TOTAL_COST"
    line = api("GET", f"/cart/{cart_id}").json["stores"][0]["cart_lines"][0]
    cart = api.set_quantity(cart_id, line["variant"]["id"], line["quantity"]).json
    assert cart["cost"]["total"]["value"] > 0
    check_out(api, cart_id)


def test_a_line_without_a_variant_can_be_taken_out(api: Api) -> None:
    cart_id = "cart_force_VARIANT_NOT_FOUND"
    assert api("POST", f"/checkout/{cart_id}/validate").json["next"]["path"] == "/cart/items"
    cart = api("DELETE", "/cart/items", {"cart_id": cart_id, "variant_id": ""}).json
    assert all(line["variant"]["id"] for store in cart["stores"] for line in store["cart_lines"])
