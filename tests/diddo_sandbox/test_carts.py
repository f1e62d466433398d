"""Routes 1 to 7, 12 and 16 of the contract."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart
from diddo_sandbox.testing import InProcessSandbox

from .conftest import BUYER, HOODIE, MUG, SCARF, Api


def test_adding_makes_a_cart_with_the_contracts_shape(api: Api) -> None:
    answer = api.add(HOODIE, 2)
    assert answer.status == 200
    cart = answer.json
    assert set(cart) == {"id", "status", "cost", "buyer_identity", "stores"}
    assert cart["status"] == "IN_PROGRESS"
    assert cart["buyer_identity"] is None
    [store] = cart["stores"]
    assert set(store) == {"store", "request_id", "is_submitted", "cart_lines", "offer"}
    assert store["store"] == "harbor-athletics.example"
    [line] = store["cart_lines"]
    assert line["quantity"] == 2
    assert set(line["product"]) == {"id", "title", "marketplace", "description", "is_available", "price"}
    assert set(line["variant"]) == {*line["product"], "image"}
    assert line["variant"]["price"] == {"value": 6400, "display_value": "$64.00", "currency": "USD"}
    assert cart["cost"] == {
        "is_estimated": True,
        "subtotal": {"value": 12800, "display_value": "$128.00", "currency": "USD"},
        "tax": None,
        "shipping": None,
        "total": {"value": 12800, "display_value": "$128.00", "currency": "USD"},
    }


def test_every_answer_is_a_cart_of_the_engine(api: Api) -> None:
    cart_id = api.ready_cart()
    cart = api("GET", f"/cart/{cart_id}").json
    assert Cart.model_validate(cart).model_dump(mode="json") == cart


def test_adding_the_same_variant_adds_its_quantities(api: Api) -> None:
    cart_id = api.add(HOODIE, 2).json["id"]
    cart = api.add(HOODIE, 3, cart_id).json
    assert [line["quantity"] for line in cart["stores"][0]["cart_lines"]] == [5]
    assert cart["id"] == cart_id


@pytest.mark.parametrize("cart_id", ["0", "cart_that_never_was"])
def test_an_unknown_cart_becomes_a_new_one(api: Api, cart_id: str) -> None:
    made = api.add(HOODIE, 1, cart_id).json["id"]
    assert made != cart_id
    assert api("GET", f"/cart/{made}").status == 200


def test_updating_sets_the_quantity_and_zero_removes(api: Api) -> None:
    cart_id = api.add(HOODIE, 2).json["id"]
    api.add(MUG, 1, cart_id)
    cart = api.set_quantity(cart_id, HOODIE, 7).json
    assert cart["stores"][0]["cart_lines"][0]["quantity"] == 7
    cart = api.set_quantity(cart_id, HOODIE, 0).json
    assert [store["store"] for store in cart["stores"]] == ["northside-supply.example"]


def test_updating_what_is_not_in_the_cart_changes_nothing(api: Api) -> None:
    cart = api.add(HOODIE).json
    assert api.set_quantity(cart["id"], SCARF, 3).json == cart
    assert api.set_quantity(cart["id"], "no-such-variant", 3).json == cart


def test_removing_the_last_line_of_a_store_removes_the_store(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    cart = api("DELETE", "/cart/items", {"cart_id": cart_id, "variant_id": HOODIE}).json
    assert cart["stores"] == []
    assert cart["cost"]["total"] == {"value": 0, "display_value": "$0.00", "currency": "USD"}


@pytest.mark.parametrize(
    ("variant_id", "quantity", "status", "code"),
    [
        ("no-such-variant", 1, 400, "VARIANT_NOT_FOUND"),
        ("harbor-tee-white-xl", 1, 422, "PRODUCT_NOT_AVAILABLE"),
        (HOODIE, 501, 422, "QUANTITY_EXCEEDED"),
        (HOODIE, 10**40, 422, "QUANTITY_EXCEEDED"),
        (HOODIE, -(10**40), 422, "QUANTITY_INVALID"),
        (HOODIE, 0, 422, "QUANTITY_INVALID"),
        (HOODIE, -1, 422, "QUANTITY_INVALID"),
    ],
)
def test_what_cannot_be_added_is_refused_by_name(
    api: Api, variant_id: str, quantity: int, status: int, code: str
) -> None:
    answer = api.add(variant_id, quantity)
    assert (answer.status, answer.codes) == (status, [code])


def test_a_line_holds_five_hundred_pieces_and_no_more(api: Api) -> None:
    cart_id = api.add(HOODIE, 499).json["id"]
    assert api.add(HOODIE, 1, cart_id).status == 200
    assert api.add(HOODIE, 1, cart_id).codes == ["QUANTITY_EXCEEDED"]


def test_currencies_are_not_mixed_in_one_cart(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api.add("virage-echarpe", 1, cart_id)
    assert (answer.status, answer.codes) == (422, ["CART_CURRENCY_MISMATCH"])
    api.set_quantity(cart_id, HOODIE, 0)
    assert api.add("virage-echarpe", 1, cart_id).json["cost"]["total"]["currency"] == "EUR"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/cart/nope", None),
        ("GET", "/cart/status/nope", None),
        ("GET", "/cart/shipping-rates/nope", None),
        ("POST", "/cart/update", {"cart_id": "nope", "item": {"variant_id": HOODIE, "quantity": 1}}),
        ("DELETE", "/cart/items", {"cart_id": "nope", "variant_id": HOODIE}),
        ("POST", "/cart/customer", {"cart_id": "nope", "buyer_identity": {}}),
        (
            "POST",
            "/cart/shipping-method",
            {"cart_id": "nope", "shipping_options": [{"store": "a", "shipping_id": "b"}]},
        ),
    ],
)
def test_an_unknown_cart_is_not_found_on_every_cart_route(api: Api, method: str, path: str, body: object) -> None:
    answer = api(method, path, body)
    assert (answer.status, answer.codes) == (404, ["CART_NOT_FOUND"])


def test_shipping_is_offered_for_the_buyers_address(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    assert api("GET", f"/cart/shipping-rates/{cart_id}").codes == ["BUYER_IDENTITY_MISSING"]
    api.buyer(cart_id)
    [store] = api("GET", f"/cart/shipping-rates/{cart_id}").json["stores"]
    methods = store["offer"]["shipping_methods"]
    assert [method["id"] for method in methods] == ["standard", "express"]
    for method in methods:
        assert set(method) == {"id", "label", "price", "taxes", "total"}
        assert method["total"]["value"] == method["price"]["value"] + method["taxes"]["value"]
    assert store["offer"]["selected_shipping_method"] is None


def test_a_store_that_does_not_ship_there_offers_nothing(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    api.buyer(cart_id, country_code="KW", province_code="", city="Kuwait City", postal_code="13001")
    [store] = api("GET", f"/cart/shipping-rates/{cart_id}").json["stores"]
    assert store["offer"]["shipping_methods"] == []


def test_choosing_shipping_prices_the_cart_for_good(api: Api) -> None:
    cart_id = api.ready_cart()
    cost = api("GET", f"/cart/{cart_id}").json["cost"]
    assert cost["is_estimated"] is False
    assert cost["total"]["value"] == sum(cost[part]["value"] for part in ("subtotal", "tax", "shipping"))


@pytest.mark.parametrize("change", ["lines", "buyer"])
def test_changing_lines_or_buyer_clears_the_chosen_shipping(api: Api, change: str) -> None:
    cart_id = api.ready_cart()
    cart = api.add(SCARF, 1, cart_id).json if change == "lines" else api.buyer(cart_id, postal_code="94107").json
    assert all(store["offer"]["selected_shipping_method"] is None for store in cart["stores"])
    assert cart["cost"]["is_estimated"] is True


def test_saying_the_same_buyer_again_keeps_the_chosen_shipping(api: Api) -> None:
    cart_id = api.ready_cart()
    cart = api.buyer(cart_id).json
    assert all(store["offer"]["selected_shipping_method"] for store in cart["stores"])


@pytest.mark.parametrize(
    ("store", "shipping_id", "status", "code"),
    [
        ("nobody.example", "standard", 400, "STORE_NOT_FOUND"),
        ("harbor-athletics.example", "teleport", 422, "SELECTED_SHIPPING_OPTION_NOT_FOUND"),
    ],
)
def test_only_offered_shipping_can_be_chosen(api: Api, store: str, shipping_id: str, status: int, code: str) -> None:
    cart_id = api.ready_cart()
    options = [{"store": store, "shipping_id": shipping_id}]
    answer = api("POST", "/cart/shipping-method", {"cart_id": cart_id, "shipping_options": options})
    assert (answer.status, answer.codes) == (status, [code])
    assert answer.json["errors"][0]["details"]["pointer"] == "/shipping_options/0"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"first_name": " "}, "BUYER_IDENTITY_INVALID_FIRST_NAME", "first_name"),
        ({"last_name": None}, "BUYER_IDENTITY_INVALID_LAST_NAME", "last_name"),
        ({"address_1": ""}, "BUYER_IDENTITY_INVALID_ADDRESS", "address_1"),
        ({"city": ""}, "BUYER_IDENTITY_INVALID_CITY", "city"),
        ({"province_code": "XX"}, "BUYER_IDENTITY_INVALID_PROVINCE", "province_code"),
        ({"country_code": "ZZ"}, "BUYER_IDENTITY_INVALID_COUNTRY", "country_code"),
        ({"postal_code": "941"}, "BUYER_IDENTITY_INVALID_POSTAL_CODE", "postal_code"),
        ({"phone": "12"}, "BUYER_IDENTITY_INVALID_PHONE", "phone"),
        ({"email": "ada(at)example"}, "BUYER_IDENTITY_INVALID_EMAIL", "email"),
        ({"address_2": "x" * 256}, "BUYER_IDENTITY_INVALID_ADDRESS", "address_2"),
        ({"first_name": "A\x00da"}, "BUYER_IDENTITY_INVALID_FIRST_NAME", "first_name"),
    ],
)
def test_each_field_of_a_buyer_is_checked(api: Api, fields: dict[str, object], code: str, field: str) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api.buyer(cart_id, **fields)
    assert (answer.status, answer.codes) == (422, [code])
    assert answer.json["errors"][0]["details"]["pointer"] == f"/buyer_identity/{field}"
    assert api("GET", f"/cart/{cart_id}").json["buyer_identity"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"country_code": "fr", "province_code": None, "postal_code": "69002", "city": "Lyon"},
        {"country_code": "JP", "province_code": "13", "postal_code": "105-0022", "city": "Minato"},
        {"country_code": "KW", "province_code": "", "postal_code": "", "city": "Kuwait City"},
        {"country_code": "GB", "province_code": None, "postal_code": "SW1A 1AA", "city": "London"},
        {"phone": None},
        {"first_name": "عائشة", "last_name": "Nuñez-Ōe"},
    ],
)
def test_buyers_of_all_countries_are_taken(api: Api, fields: dict[str, object]) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api.buyer(cart_id, **fields)
    assert answer.status == 200, answer.body
    assert answer.json["buyer_identity"]["country_code"] == str(fields.get("country_code", "US")).upper()


def test_all_that_is_wrong_with_a_buyer_is_said_at_once(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api("POST", "/cart/customer", {"cart_id": cart_id, "buyer_identity": {"country_code": "US"}})
    assert [code.removeprefix("BUYER_IDENTITY_INVALID_") for code in answer.codes] == [
        "FIRST_NAME",
        "LAST_NAME",
        "ADDRESS",
        "CITY",
        "PROVINCE",
        "POSTAL_CODE",
        "EMAIL",
    ]


def test_camel_case_is_understood(api: Api) -> None:
    cart = api("POST", "/cart/add", {"cartId": "0", "item": {"variantId": HOODIE, "quantity": 1}}).json
    buyer = {"firstName": "Ada", "lastName": "Okafor", "address1": "1 Road", "city": "Lyon", "countryCode": "FR"}
    buyer |= {"postalCode": "69002", "email": "ada@example.test"}
    answer = api("POST", "/cart/customer", {"cartId": cart["id"], "buyerIdentity": buyer})
    assert answer.json["buyer_identity"]["first_name"] == "Ada"


def test_the_older_paths_do_the_same(api: Api) -> None:
    cart = api("POST", "/cart", {"cart_id": "0", "item": {"variant_id": HOODIE, "quantity": 1}}).json
    body = {"cart_id": cart["id"], "buyer_identity": {"country_code": "US"}}
    assert api("POST", "/cart/customerInfo", body).status == 422
    state = api("POST", f"/cart/cartStatus/{cart['id']}").json
    assert state == {"status": "IN_PROGRESS", "orders": [], "cart": cart}
    assert api("GET", f"/cart/status/{cart['id']}").json == state


def test_the_older_customer_route_wraps_its_cart(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api("POST", "/cart/customerInfo", {"cart_id": cart_id, "buyer_identity": BUYER}).json
    assert answer["cart"]["id"] == cart_id


def test_no_key_sees_the_carts_of_another(make_api: Callable[[], Api]) -> None:
    mine, theirs = make_api(), make_api()
    cart_id = mine.add(HOODIE).json["id"]
    assert theirs("GET", f"/cart/{cart_id}").codes == ["CART_NOT_FOUND"]
    assert theirs("POST", f"/checkout/{cart_id}").codes == ["CART_NOT_FOUND"]


def test_the_same_calls_in_the_same_order_give_the_same_ids() -> None:
    def ids() -> list[str]:
        with InProcessSandbox() as sandbox:
            api = Api(sandbox, "sk_test_twice")
            return [api.add(HOODIE).json["id"] for _ in range(3)]

    assert ids() == ids()


LINES = st.lists(
    st.tuples(st.sampled_from(["add", "update"]), st.sampled_from([HOODIE, SCARF, MUG]), st.integers(0, 600)),
    max_size=8,
)


@given(calls=LINES)
def test_totals_add_up_after_any_calls(in_process: InProcessSandbox, calls: list[tuple[str, str, int]]) -> None:
    api = Api(in_process, "sk_test_totals")
    held: dict[str, int] = {}
    cart = api.add(HOODIE).json
    held[HOODIE] = 1
    for what, variant, quantity in calls:
        if what == "add":
            answer, wanted = api.add(variant, quantity, cart["id"]), held.get(variant, 0) + quantity
            accepted = 1 <= quantity <= 500 and wanted <= 500
        else:
            answer, wanted = api.set_quantity(cart["id"], variant, quantity), quantity
            accepted = quantity <= 500 if variant in held else True
        assert (answer.status == 200) is accepted
        if accepted and (what == "add" or variant in held):
            held[variant] = wanted
            held = {name: pieces for name, pieces in held.items() if pieces}
    cart = api("GET", f"/cart/{cart['id']}").json
    lines = [line for store in cart["stores"] for line in store["cart_lines"]]
    assert {line["variant"]["id"]: line["quantity"] for line in lines} == held
    subtotal = sum(line["quantity"] * line["variant"]["price"]["value"] for line in lines)
    assert cart["cost"]["subtotal"]["value"] == cart["cost"]["total"]["value"] == subtotal


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b"null", ""),
        (b"", ""),
        (b'"text"', ""),
        (b'{"cart_id": "0"}', "/item"),
        (b'{"cart_id": 7, "item": {"variant_id": "gulls-scarf", "quantity": 1}}', "/cart_id"),
        (b'{"cart_id": "0", "item": {"variant_id": "a", "quantity": "1"}}', "/item/quantity"),
        (b'{"cart_id": "0", "item": {"variant_id": "a", "quantity": 1.5}}', "/item/quantity"),
        (b'{"cart_id": "0", "item": {"variant_id": "a", "quantity": true}}', "/item/quantity"),
        (b'{"cart_id": "0", "item": {"variant_id": null, "quantity": 1}}', "/item/variant_id"),
        (b'{"cart_id": "\\ud800", "item": {"variant_id": "gulls-scarf", "quantity": 1}}', "/cart_id"),
        (b"[" * 100_000, ""),
        (b"\xff\xfe", ""),
    ],
)
def test_a_body_that_cannot_be_read_is_one_clear_error(api: Api, body: bytes, pointer: str) -> None:
    answer = api("POST", "/cart/add", body)
    assert (answer.status, set(answer.codes)) == (400, {"INVALID_REQUEST"})
    assert answer.json["errors"][0]["details"]["pointer"] == pointer
    assert api.add(HOODIE).status == 200


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/products", {"team": ["a", 3]}, "/team/1"),
        ("/products", {"team": 3}, "/team"),
        ("/_sandbox/clock", {"freeze": "x"}, "/freeze"),
        (
            "/cart/shipping-method",
            {"cart_id": "a", "shipping_options": [{"store": "a"}]},
            "/shipping_options/0/shipping_id",
        ),
        ("/cart/customer", {"cartId": "a", "buyerIdentity": {"firstName": 3}}, "/buyer_identity/first_name"),
    ],
)
def test_pointers_lead_through_the_body(api: Api, path: str, body: object, pointer: str) -> None:
    answer = api("POST", path, body)
    assert answer.status == 400
    assert {error["details"]["pointer"] for error in answer.json["errors"]} == {pointer}


def test_what_is_out_of_bounds_is_422(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api("POST", "/cart/shipping-method", {"cart_id": cart_id, "shipping_options": []})
    assert (answer.status, answer.codes) == (422, ["INVALID_VALUE"])
    assert api.add(HOODIE, 1, "c" * 300).status == 200


def test_any_content_type_will_do(in_process: InProcessSandbox) -> None:
    body = json.dumps({"cart_id": "0", "item": {"variant_id": HOODIE, "quantity": 1}}).encode()
    for content_type in ("text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/json"):
        answer = in_process.request("POST", "/cart/add", body, headers={"content-type": content_type})
        assert answer.status == 200
