"""When each of the nine errors holds, and when it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart, Context, Engine
from diddo_rules.testing import valid_carts

BLANK = [None, "", " ", "\t\n", "\u200b", "\ufeff"]
STORE = "/stores/1"


def test_a_whole_cart_has_no_fault(whole: dict[str, Any], found: Callable[..., Any]) -> None:
    assert found(whole) == []
    assert found(whole, cart_id="any", variant_known=lambda variant_id: True) == []  # noqa: ARG005 (knows all)


@pytest.mark.parametrize("cart_id", [None, "", "0", "cart_1"])
def test_cart_not_found(found: Callable[..., Any], cart_id: str | None, diddo_engine: Engine) -> None:
    assert found(None, cart_id=cart_id) == [("CART_NOT_FOUND", "")]
    report = diddo_engine.validate(None, Context(cart_id=cart_id))
    assert repr(cart_id or "") in report.violations[0].message
    assert report.ran == ("cart:cart_exists",)
    assert {it.reason for it in report.skipped} == {"CART_NOT_FOUND was found"}


def test_a_missing_cart_is_only_missing(found: Callable[..., Any]) -> None:
    assert found(None, checkout_session_open=True) == [("CART_NOT_FOUND", "")]


@pytest.mark.parametrize(
    ("status", "session_open", "places"),
    [
        ("IN_PROGRESS", False, []),
        ("IN_PROGRESS", True, [("ALREADY_SUBMITTED", "")]),
        ("SUBMITTED", False, [("ALREADY_SUBMITTED", "/status")]),
        ("SUBMITTED", True, [("ALREADY_SUBMITTED", "/status")]),
    ],
)
def test_already_submitted(
    whole: dict[str, Any], found: Callable[..., Any], status: Any, session_open: Any, places: Any
) -> None:
    assert found(whole | {"status": status}, checkout_session_open=session_open) == places


FIELDS = ["first_name", "last_name", "address_1", "address_2", "city", "province_code", "country_code", "postal_code"]


@pytest.mark.parametrize("buyer", [None, {}, *({"email": blank, "first_name": blank} for blank in BLANK)])
def test_buyer_identity_missing(whole: dict[str, Any], found: Callable[..., Any], buyer: Any) -> None:
    assert found(whole | {"buyer_identity": buyer}) == [("BUYER_IDENTITY_MISSING", "/buyer_identity")]


@pytest.mark.parametrize("field", [*FIELDS, "email", "phone"])
def test_any_field_makes_a_buyer(whole: dict[str, Any], found: Callable[..., Any], field: str) -> None:
    assert found(whole | {"buyer_identity": {field: "0"}}) == []


@pytest.mark.parametrize(
    ("cost", "place"),
    [(None, "/cost"), ({}, "/cost/total"), ({"total": None, "is_estimated": True}, "/cost/total")],
)
def test_missing_total_cost(whole: dict[str, Any], found: Callable[..., Any], cost: Any, place: Any) -> None:
    assert found(whole | {"cost": cost}) == [("MISSING_TOTAL_COST", place)]


@pytest.mark.parametrize("value", [0, 1, 10**15])
def test_any_total_is_a_total_also_nothing(whole: dict[str, Any], found: Callable[..., Any], value: Any) -> None:
    assert found(whole | {"cost": {"total": {"value": value, "currency": "JPY"}}}) == []


def test_missing_stores(whole: dict[str, Any], found: Callable[..., Any]) -> None:
    assert found(whole | {"stores": []}) == [("MISSING_STORES", "/stores")]


def second_store(cart: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return cart | {"stores": [cart["stores"][0], cart["stores"][1] | changes]}


@pytest.mark.parametrize("domain", BLANK)
def test_missing_store_domain(whole: dict[str, Any], found: Callable[..., Any], domain: Any) -> None:
    assert found(second_store(whole, store=domain)) == [("MISSING_STORE_DOMAIN", f"{STORE}/store")]


@pytest.mark.parametrize(
    ("offer", "place"),
    [
        (None, f"{STORE}/offer"),
        ({}, f"{STORE}/offer/selected_shipping_method"),
        ({"selected_shipping_method": None}, f"{STORE}/offer/selected_shipping_method"),
        *(
            ({"selected_shipping_method": {"id": blank, "label": "Fast"}}, f"{STORE}/offer/selected_shipping_method")
            for blank in BLANK
        ),
    ],
)
def test_shipping_address_unavailable(whole: dict[str, Any], found: Callable[..., Any], offer: Any, place: Any) -> None:
    assert found(second_store(whole, offer=offer)) == [("SHIPPING_ADDRESS_UNAVAILABLE", place)]


def test_a_selected_method_need_not_be_among_those_that_are_offered_now(
    whole: dict[str, Any], found: Callable[..., Any]
) -> None:
    assert found(second_store(whole, offer={"selected_shipping_method": {"id": "gone"}})) == []


def test_missing_cart_lines(whole: dict[str, Any], found: Callable[..., Any]) -> None:
    assert found(second_store(whole, cart_lines=[])) == [("MISSING_CART_LINES", f"{STORE}/cart_lines")]


@pytest.mark.parametrize("variant", [None, {}, *({"id": blank, "title": "T-shirt"} for blank in BLANK)])
def test_variant_not_found(whole: dict[str, Any], found: Callable[..., Any], variant: Any) -> None:
    line = {"quantity": 1, "variant": variant}
    lines = [*whole["stores"][1]["cart_lines"], line]
    expected = [("VARIANT_NOT_FOUND", f"{STORE}/cart_lines/1/variant")]
    assert found(second_store(whole, cart_lines=lines)) == expected


def test_a_variant_that_the_catalogue_does_not_know(
    whole: dict[str, Any], found: Callable[..., Any], diddo_engine: Engine
) -> None:
    gone = whole["stores"][0]["cart_lines"][0]["variant"]["id"]
    report = found(whole, variant_known=lambda variant_id: variant_id != gone)
    assert report == [("VARIANT_NOT_FOUND", "/stores/0/cart_lines/0/variant")]
    assert diddo_engine.violations["VARIANT_NOT_FOUND"].http_status == 400


def test_without_a_catalogue_any_id_will_do(whole: dict[str, Any], found: Callable[..., Any]) -> None:
    lines = [{"quantity": 1, "variant": {"id": "never heard of"}}]
    assert found(second_store(whole, cart_lines=lines)) == []


def test_a_catalogue_that_fails_is_a_crash_and_not_a_verdict(diddo_engine: Engine) -> None:
    @given(valid_carts())
    def crashes(cart: Cart) -> None:
        report = diddo_engine.validate(cart, Context(variant_known=lambda variant_id: {}[variant_id]))
        assert not report.ok
        assert report.violations == ()
        assert [it.check for it in report.crashed] == ["cart_lines:every_line_has_a_known_variant"]

    crashes()


def test_each_store_at_fault_is_named_once_and_all_codes_in_order(
    whole: dict[str, Any], found: Callable[..., Any]
) -> None:
    broken = [{"store": "", "offer": None, "cart_lines": []}] * 2
    cart = whole | {"stores": broken, "cost": None, "buyer_identity": None, "status": "SUBMITTED"}
    assert found(cart) == [
        ("ALREADY_SUBMITTED", "/status"),
        ("BUYER_IDENTITY_MISSING", "/buyer_identity"),
        ("MISSING_TOTAL_COST", "/cost"),
        ("MISSING_STORE_DOMAIN", "/stores/0/store"),
        ("MISSING_STORE_DOMAIN", "/stores/1/store"),
        ("SHIPPING_ADDRESS_UNAVAILABLE", "/stores/0/offer"),
        ("SHIPPING_ADDRESS_UNAVAILABLE", "/stores/1/offer"),
        ("MISSING_CART_LINES", "/stores/0/cart_lines"),
        ("MISSING_CART_LINES", "/stores/1/cart_lines"),
    ]


def test_messages_count_stores_and_lines_from_one(whole: dict[str, Any], diddo_engine: Engine) -> None:
    cart = Cart.model_validate(second_store(whole, cart_lines=[{"quantity": 1}], store=None))
    messages = [violation.message for violation in diddo_engine.validate(cart).violations]
    assert messages == ["Store 2 of the cart has no domain.", "Line 1 of store 2 has an unknown variant ''."]


FAULTS = {
    "status": "SUBMITTED",
    "buyer_identity": None,
    "cost": None,
    "stores": [],
}


@given(st.sets(st.sampled_from(sorted(FAULTS))))
def test_one_fault_never_hides_another(whole: dict[str, Any], found: Callable[..., Any], faults: Any) -> None:
    codes = {
        "status": "ALREADY_SUBMITTED",
        "buyer_identity": "BUYER_IDENTITY_MISSING",
        "cost": "MISSING_TOTAL_COST",
        "stores": "MISSING_STORES",
    }
    broken = whole | {fault: FAULTS[fault] for fault in faults}
    assert {code for code, _ in found(broken)} == {codes[fault] for fault in faults}


def test_a_submitted_cart_is_named_by_its_id_of_now(whole: dict[str, Any], diddo_engine: Engine) -> None:
    submitted = Cart.model_validate(whole | {"status": "SUBMITTED"})
    renamed = submitted.model_copy(update={"id": "another"})
    again = diddo_engine.revalidate(diddo_engine.validate(submitted), renamed, changed=("id",))
    assert again == diddo_engine.validate(renamed)
    assert "another" in again.violations[0].message


BROKEN_STORES = {
    "MISSING_STORE_DOMAIN": {"store": ""},
    "SHIPPING_ADDRESS_UNAVAILABLE": {"offer": None},
    "MISSING_CART_LINES": {"cart_lines": []},
    "VARIANT_NOT_FOUND": {"cart_lines": [{"quantity": 1}] * 3},
}


@pytest.mark.parametrize(("code", "broken"), [*BROKEN_STORES.items(), ("SHIPPING_ADDRESS_UNAVAILABLE", {"offer": {}})])
def test_stores_and_lines_are_numbered_as_people_count(
    whole: dict[str, Any], diddo_engine: Engine, code: str, broken: Any
) -> None:
    stores = [whole["stores"][0] | {"store": f"{number}.example"} | broken for number in range(3)]
    found = diddo_engine.validate(Cart.model_validate(whole | {"stores": stores})).violations
    lines = range(1, 4) if code == "VARIANT_NOT_FOUND" else [None]
    numbers = [(it.facts["position"], it.facts.get("line")) for it in found]
    assert ({it.code for it in found}, numbers) == ({code}, [(store, line) for store in (1, 2, 3) for line in lines])


CONTRACT = {
    "CART_NOT_FOUND": (400, 100, set()),
    "ALREADY_SUBMITTED": (409, 200, {"CART_NOT_FOUND"}),
    "BUYER_IDENTITY_MISSING": (400, 300, {"CART_NOT_FOUND"}),
    "MISSING_TOTAL_COST": (400, 400, {"CART_NOT_FOUND"}),
    "MISSING_STORES": (400, 500, {"CART_NOT_FOUND"}),
    "MISSING_STORE_DOMAIN": (400, 600, {"CART_NOT_FOUND", "MISSING_STORES"}),
    "SHIPPING_ADDRESS_UNAVAILABLE": (422, 700, {"CART_NOT_FOUND", "MISSING_STORES"}),
    "MISSING_CART_LINES": (400, 800, {"CART_NOT_FOUND", "MISSING_STORES"}),
    "VARIANT_NOT_FOUND": (400, 900, {"CART_NOT_FOUND", "MISSING_STORES"}),
}


def test_statuses_and_places_in_the_order_are_a_contract(diddo_engine: Engine) -> None:
    """Clients branch on the status, and other teams number their checks between ours."""
    ours = {
        it.code: (it.http_status, step.info.priority, set(step.info.requires))
        for step in diddo_engine.plan.steps
        for it in step.info.yields
        if it.__module__.startswith("diddo_plugins.")
    }
    assert ours == CONTRACT
