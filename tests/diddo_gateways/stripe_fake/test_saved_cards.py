"""What can be changed of a saved payment method, and what follows from it."""

from typing import Any

import pytest
from refusals import refused


@pytest.fixture
def customer(v1: Any) -> str:
    return v1.customers.create().id  # type: ignore[no-any-return]


def test_a_co_branded_card_goes_by_the_network_that_is_preferred(v1: Any, customer: str, well_formed: Any) -> None:
    card = {"number": "4000002500001001", "exp_month": 12, "exp_year": 2040}
    params = {"type": "card", "card": {**card, "networks": {"preferred": "cartes_bancaires"}}}
    method = v1.payment_methods.create(params)
    assert (method.card.networks.preferred, method.card.display_brand) == ("cartes_bancaires", "cartes_bancaires")
    v1.payment_methods.attach(method.id, {"customer": customer})
    method = v1.payment_methods.update(method.id, {"card": {"networks": {"preferred": "visa"}}})
    well_formed(method)
    assert (method.card.networks.preferred, method.card.display_brand) == ("visa", "visa")
    assert (
        v1.payment_methods.update(method.id, {"card": {"networks": {"preferred": ""}}}).card.networks.preferred is None
    )
    wrong = {"card": {"networks": {"preferred": "mastercard"}}}
    assert refused(v1.payment_methods.update, method.id, wrong).param == "card[networks][preferred]"


def test_a_bank_account_is_a_company_s(v1: Any, customer: str, well_formed: Any) -> None:
    method = v1.payment_methods.attach("pm_usBankAccount_success", {"customer": customer})
    method = v1.payment_methods.update(method.id, {"us_bank_account": {"account_holder_type": "company"}})
    well_formed(method)
    assert method.us_bank_account.account_holder_type == "company"
    assert refused(v1.payment_methods.update, method.id, {"card": {"exp_year": 2040}}).param == "card"


def test_a_change_reaches_the_card_of_the_older_form(v1: Any, customer: str) -> None:
    source = v1.customers.payment_sources.create(customer, {"source": "tok_visa"}).id
    params = {"card": {"exp_year": 2041}, "billing_details": {"name": "Ada", "address": {"postal_code": "94107"}}}
    v1.payment_methods.update(source, params)
    card = v1.customers.payment_sources.retrieve(customer, source)
    assert (card.exp_year, card.name, card.address_zip) == (2041, "Ada", "94107")


def test_methods_of_a_customer_by_type_and_redisplay(v1: Any, customer: str) -> None:
    card = v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    account = v1.payment_methods.attach("pm_usBankAccount_success", {"customer": customer}).id
    v1.payment_methods.update(card, {"allow_redisplay": "always"})
    saved = v1.customers.payment_methods
    assert [method.id for method in saved.list(customer)] == [account, card]
    assert [method.id for method in saved.list(customer, {"type": "card"})] == [card]
    assert [method.id for method in saved.list(customer, {"allow_redisplay": "unspecified"})] == [account]
    assert refused(saved.retrieve, customer, "pm_nobody").http_status == 404


def test_the_default_must_be_the_customer_s_own(v1: Any, customer: str) -> None:
    other = v1.customers.create({"payment_method": "pm_card_visa"})
    stranger = v1.payment_methods.list({"customer": other.id}).data[0].id
    params = {"invoice_settings": {"default_payment_method": stranger}}
    error = refused(v1.customers.update, customer, params)
    assert (error.code, error.param) == ("resource_missing", "invoice_settings[default_payment_method]")
    assert v1.customers.update(other.id, params).invoice_settings.default_payment_method == stranger
