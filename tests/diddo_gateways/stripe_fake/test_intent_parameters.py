"""Parameters of payment intents that are echoed, checked or change the payment."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from diddo_gateways.stripe_fake.currencies import MAXIMUM, SUPPORTED, check_amount, decimals, minimum
from diddo_gateways.stripe_fake.errors import StripeError

LINES = [
    {"product_name": "Hat", "quantity": 2, "unit_cost": 700, "discount_amount": 100},
    {"product_name": "Scarf", "quantity": 1, "unit_cost": 500, "tax": {"total_tax_amount": 50}, "product_code": "S"},
]
quickly = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def intents(shop: Any) -> Any:
    return shop.client.v1.payment_intents


def make(intents: Any, **params: Any) -> Any:
    return intents.create({"amount": 2000, "currency": "usd", **params})


class TestAmountDetails:
    def test_lines_that_add_up(self, intents: Any, well_formed: Any) -> None:
        details = {"line_items": LINES, "shipping": {"amount": 150, "to_postal_code": "94103"}}
        intent = make(intents, amount=2000, amount_details=details)
        well_formed(intent)
        assert intent.amount_details.shipping.amount == 150
        assert "error" not in intent.amount_details.to_dict()
        lines = list(intents.amount_details_line_items.list(intent.id).auto_paging_iter())
        assert [(line.product_name, line.unit_cost) for line in lines] == [("Hat", 700), ("Scarf", 500)]
        well_formed(lines[0])

    def test_lines_that_do_not(self, intents: Any) -> None:
        error = refused(lambda: make(intents, amount=2001, amount_details={"line_items": LINES}))
        assert error.param == "amount_details"
        lenient = {"line_items": LINES, "enforce_arithmetic_validation": False}
        intent = make(intents, amount=2001, amount_details=lenient)
        assert intent.amount_details.error.code == "amount_details_amount_mismatch"

    def test_they_can_be_replaced_and_taken_off(self, intents: Any) -> None:
        intent = make(intents, amount=1850, amount_details={"line_items": LINES})
        one = [{"product_name": "Coat", "quantity": 1, "unit_cost": 1850}]
        intents.update(intent.id, {"amount_details": {"line_items": one}})
        assert [line.product_name for line in intents.amount_details_line_items.list(intent.id)] == ["Coat"]
        intents.update(intent.id, {"amount_details": ""})
        assert list(intents.amount_details_line_items.list(intent.id)) == []


def test_references_and_hooks(intents: Any, well_formed: Any) -> None:
    intent = make(
        intents,
        payment_details={"order_reference": "order-1"},
        hooks={"inputs": {"tax": {"calculation": "taxcalc_1"}}},
    )
    well_formed(intent)
    assert intent.payment_details.to_dict() == {"customer_reference": None, "order_reference": "order-1"}
    assert intent.hooks.inputs.tax.calculation == "taxcalc_1"
    assert intents.update(intent.id, {"payment_details": {"order_reference": ""}}).payment_details is None


def test_options_of_other_types_than_cards(intents: Any, well_formed: Any) -> None:
    intent = make(
        intents,
        allowed_payment_method_types=["card", "us_bank_account", "klarna"],
        payment_method_options={
            "klarna": {"preferred_locale": "en-US"},
            "us_bank_account": {"verification_method": "microdeposits"},
        },
    )
    well_formed(intent)
    options = intent.payment_method_options.to_dict()
    assert set(options) == {"card", "us_bank_account", "klarna"}
    assert options["klarna"] == {"preferred_locale": "en-US"}
    assert options["us_bank_account"] == {"verification_method": "microdeposits"}


def test_types_that_do_not_take_the_currency_are_not_offered(intents: Any) -> None:
    intent = make(intents, allowed_payment_method_types=["card", "sepa_debit"])
    assert intent.payment_method_types == ["card"]
    error = refused(lambda: make(intents, allowed_payment_method_types=["sepa_debit"]))
    assert error.user_message.startswith("No valid payment method types for this Payment Intent.")


def test_the_type_of_what_was_given_stays_listed(intents: Any) -> None:
    intent = make(intents, payment_method="pm_usBankAccount_success")
    types = ["card", "link", "us_bank_account"]
    assert intent.payment_method_types == types
    assert intents.update(intent.id, {"metadata": {"a": "b"}}).payment_method_types == types
    without_link = intents.update(intent.id, {"allowed_payment_method_types": ["card", "us_bank_account"]})
    assert without_link.payment_method_types == ["card", "us_bank_account"]
    mandate = {"customer_acceptance": {"type": "offline"}}
    confirmed = intents.confirm(intent.id, {"mandate_data": mandate, "return_url": "https://shop.test"})
    assert (confirmed.status, confirmed.payment_method_types) == ("processing", ["card", "us_bank_account"])
    assert set(confirmed.payment_method_options.to_dict()) == {"card", "us_bank_account"}


@pytest.mark.parametrize(
    "change",
    [
        {"excluded_payment_method_types": ["us_bank_account"]},
        {"allowed_payment_method_types": ["card"]},
        {"currency": "eur"},
    ],
)
def test_a_change_that_rules_out_what_was_given_is_refused(intents: Any, change: Any) -> None:
    intent = make(intents, payment_method="pm_usBankAccount_success")
    error = refused(intents.update, intent.id, change)
    assert (error.http_status, error.code) == (400, "payment_intent_incompatible_payment_method")
    assert intents.update(intent.id, {**change, "payment_method": "pm_card_visa"}).status == "requires_confirmation"


def test_options_can_overrule_the_intent(shop: Any) -> None:
    customer = shop.client.v1.customers.create().id
    kept = shop.pay(customer=customer, payment_method_options={"card": {"setup_future_usage": "off_session"}})
    assert shop.client.v1.payment_methods.retrieve(kept.payment_method).customer == customer
    options = {"card": {"setup_future_usage": "none", "capture_method": "manual"}}
    used = shop.pay(customer=customer, setup_future_usage="off_session", payment_method_options=options)
    assert used.status == "requires_capture"
    assert shop.client.v1.payment_methods.retrieve(used.payment_method).customer is None


def test_orders_by_mail_or_telephone_need_no_authentication(shop: Any) -> None:
    intent = shop.pay("pm_card_authenticationRequired", payment_method_options={"card": {"moto": True}})
    assert intent.status == "succeeded"


def test_an_authentication_that_was_made_elsewhere(shop: Any) -> None:
    made = {"cryptogram": "AAAA", "transaction_id": "tx-1", "version": "2.1.0", "electronic_commerce_indicator": "05"}
    intent = shop.pay(
        "pm_card_authenticationRequired",
        payment_method_options={"card": {"three_d_secure": made}},
        expand=["latest_charge"],
    )
    shown = intent.latest_charge.payment_method_details.card.three_d_secure
    assert (intent.status, shown.result, shown.version, shown.transaction_id) == (
        "succeeded",
        "authenticated",
        "2.1.0",
        "tx-1",
    )


def test_the_amount_to_confirm(intents: Any) -> None:
    intent = make(intents, payment_method="pm_card_visa")
    params = {"return_url": "https://shop.test"}
    error = refused(intents.confirm, intent.id, {**params, "amount_to_confirm": 2001})
    assert error.param == "amount_to_confirm"
    assert intents.confirm(intent.id, {**params, "amount_to_confirm": 2000}).status == "succeeded"


@pytest.mark.parametrize("way", ["one_off", "recurring", True])
def test_off_session_in_each_way(shop: Any, way: Any) -> None:
    assert shop.declined("pm_card_authenticationRequired", off_session=way).code == "authentication_required"


@quickly
@given(amount=st.integers(-(10**9), 10**9), currency=st.sampled_from(SUPPORTED))
def test_amounts_are_taken_within_their_limits_only(amount: int, currency: str) -> None:
    within = max(1, minimum(currency)) <= amount <= MAXIMUM
    step = 100 if currency in ("isk", "ugx") else 10 if decimals(currency) == 3 else 1
    if within and amount % step == 0:
        return check_amount(amount, currency)
    with pytest.raises(StripeError) as caught:
        check_amount(amount, currency)
    assert (caught.value.status, caught.value.param) == (400, "amount")
    return None


@quickly
@given(suffix=st.text(st.sampled_from("AZaz09 <>\\'\"*.-"), min_size=1, max_size=25))
def test_descriptors_are_taken_within_their_rules_only(shop: Any, suffix: str) -> None:
    intents = shop.client.v1.payment_intents
    if len(suffix) <= 22 and not set(suffix) & set("<>\\'\"*") and any(map(str.isalpha, suffix)):
        assert make(intents, statement_descriptor_suffix=suffix).statement_descriptor_suffix == suffix
    else:
        error = refused(lambda: make(intents, statement_descriptor_suffix=suffix))
        assert error.param == "statement_descriptor_suffix"


@quickly
@given(
    metadata=st.dictionaries(
        st.text(st.sampled_from("abc[]"), min_size=1, max_size=45), st.text("xyz", min_size=1, max_size=510), max_size=4
    )
)
def test_metadata_is_taken_within_its_limits_only(shop: Any, metadata: dict[str, str]) -> None:
    # A bracket in a key is a level of the form, wherever it stands.
    metadata = {key.replace("[", "-").replace("]", "_"): value for key, value in metadata.items()}
    intents = shop.client.v1.payment_intents
    if all(len(key) <= 40 and len(value) <= 500 for key, value in metadata.items()):
        assert make(intents, metadata=metadata).metadata.to_dict() == metadata
    else:
        assert refused(lambda: make(intents, metadata=metadata)).http_status == 400
