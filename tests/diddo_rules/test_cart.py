import json
import sys
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from diddo_rules import Cart, CartStatus, Violation, is_blank
from diddo_rules.testing import carts, valid_carts


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel(key): camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


@given(carts())
def test_a_cart_survives_json(cart: Cart) -> None:
    assert Cart.model_validate_json(cart.model_dump_json()) == cart


@given(carts())
def test_camel_case_says_the_same_as_snake_case(cart: Cart) -> None:
    written = json.loads(cart.model_dump_json())
    assert Cart.model_validate_json(json.dumps(camel(written))) == cart


@given(valid_carts())
def test_a_cart_is_written_in_snake_case_with_every_field_of_the_contract(cart: Cart) -> None:
    written = cart.model_dump(mode="json")
    assert list(written) == ["id", "status", "cost", "buyer_identity", "stores"]
    assert set(written["cost"]) == {"is_estimated", "subtotal", "tax", "shipping", "total"}
    assert list(written["buyer_identity"]) == [
        *("first_name", "last_name", "address_1", "address_2", "city"),
        *("province_code", "country_code", "postal_code", "email", "phone"),
    ]
    store = written["stores"][0]
    assert set(store) == {"store", "request_id", "is_submitted", "cart_lines", "offer"}
    offered = {"subtotal", "margin", "not_available_ids", "shipping_methods", "selected_shipping_method"}
    assert set(store["offer"]) == offered
    assert set(store["offer"]["selected_shipping_method"]) == {"id", "label", "price", "taxes", "total"}
    line = store["cart_lines"][0]
    assert set(line) == {"quantity", "variant", "product"}
    described = {"id", "title", "marketplace", "description", "is_available", "price"}
    assert set(line["product"]) == described
    assert set(line["variant"]) == described | {"image"}


def test_a_cart_that_says_nothing_but_its_id_can_be_held() -> None:
    cart = Cart.model_validate_json('{"id": "1"}')
    assert cart.model_dump(mode="json") == {
        "id": "1",
        "status": "IN_PROGRESS",
        "cost": None,
        "buyer_identity": None,
        "stores": [],
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"cost": None},
        {"cost": {"total": None}},
        {"buyer_identity": None},
        {"buyer_identity": {"email": " "}},
        {"stores": []},
        {"stores": [{"store": None}]},
        {"stores": [{"store": "", "offer": None, "cart_lines": []}]},
        {"stores": [{"offer": {"selected_shipping_method": None}}]},
        {"stores": [{"offer": {"selected_shipping_method": {"id": None}}}]},
        {"stores": [{"cart_lines": [{"quantity": 1, "variant": None}]}]},
        {"stores": [{"cart_lines": [{"quantity": -1, "variant": {"id": ""}}]}]},
    ],
)
def test_every_fault_that_a_check_looks_for_can_be_held(fault: type[Violation]) -> None:
    assert Cart.model_validate({"id": "1", **fault})


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, ("id",)),
        ({"id": 1}, ("id",)),
        ({"id": "1", "status": "DONE"}, ("status",)),
        ({"id": "1", "stores": None}, ("stores",)),
        ({"id": "1", "stores": [{"is_submitted": "no"}]}, ("stores", 0, "is_submitted")),
        ({"id": "1", "stores": [{"cartLines": [{"quantity": 1.5}]}]}, ("stores", 0, "cartLines", 0, "quantity")),
        ({"id": "1", "stores": [{"cart_lines": [{"quantity": True}]}]}, ("stores", 0, "cart_lines", 0, "quantity")),
        ({"id": "1", "cost": {"total": {"value": 1.0, "currency": "USD"}}}, ("cost", "total", "value")),
    ],
)
def test_what_is_of_a_wrong_type_is_no_cart_and_the_place_is_named_as_it_was_written(wrong: Any, place: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Cart.model_validate_json(json.dumps(wrong))
    assert refused.value.errors()[0]["loc"] == place


def test_unknown_keys_are_ignored_because_clients_carts_carry_more() -> None:
    cart = Cart.model_validate({"id": "1", "checkoutUrl": "https://x.example", "stores": [{"colour": "red"}]})
    assert "checkoutUrl" not in cart.model_dump()
    assert len(cart.stores) == 1


def test_a_cart_is_immutable_through_and_through(cart: Cart) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        cart.status = CartStatus.SUBMITTED
    with pytest.raises(TypeError):
        cart.stores[0] = None
    assert hash(cart) == hash(cart.model_copy())


@pytest.mark.parametrize("text", [None, "", " ", "\t\n", "\u200b", "\ufeff \u2060", "\xa0"])
def test_text_that_says_nothing_is_blank(text: Any) -> None:
    assert is_blank(text)


def test_all_white_space_is_blank() -> None:
    assert [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace() and not is_blank(char)] == []


@pytest.mark.parametrize("text", ["0", ".", " x ", "\u200bx", "👕", "قميص", "\u0301"])
def test_text_that_says_something_is_not_blank(text: Any) -> None:
    assert not is_blank(text)
