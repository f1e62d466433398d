"""Automatic tax: taken wherever Stripe takes it, and nothing anywhere, since the sandbox is registered nowhere."""

from typing import Any

import pytest
import stripe

TAXED: Any = {"automatic_tax": {"enabled": True}}


@pytest.fixture
def monthly(shop: Any) -> str:
    plan = {"recurring": {"interval": "month"}, "product_data": {"name": "Box"}}
    return str(shop.client.v1.prices.create({"currency": "usd", "unit_amount": 1000, **plan}).id)


def customer(shop: Any, **given: Any) -> str:
    made = shop.client.v1.customers.create({"payment_method": "pm_card_visa", **given})
    method = shop.client.v1.customers.payment_methods.list(made.id).data[0].id
    shop.client.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": method}})
    return str(made.id)


def test_a_subscription_and_its_invoices_are_taxed_with_nothing(shop: Any, monthly: str, well_formed: Any) -> None:
    located = customer(shop, address={"country": "US", "postal_code": "94105"})
    params = {"customer": located, "items": [{"price": monthly}], "expand": ["latest_invoice"], **TAXED}
    subscription = shop.client.v1.subscriptions.create(params)
    well_formed(subscription)
    assert subscription.automatic_tax.enabled
    invoice = subscription.latest_invoice
    assert (invoice.status, invoice.total, invoice.automatic_tax.status) == ("paid", 1000, "complete")


def test_a_subscription_of_somebody_nowhere_is_refused(shop: Any, monthly: str) -> None:
    nowhere = {"customer": customer(shop), "items": [{"price": monthly}], **TAXED}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.subscriptions.create(nowhere)
    assert refused.value.code == "customer_tax_location_invalid"


def test_an_invoice_waits_for_an_address(shop: Any) -> None:
    v1, nowhere = shop.client.v1, customer(shop)
    invoice = v1.invoices.create({"customer": nowhere, **TAXED})
    assert invoice.automatic_tax.status == "requires_location_inputs"
    v1.invoice_items.create({"customer": nowhere, "invoice": invoice.id, "amount": 700, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.invoices.finalize_invoice(invoice.id)
    assert refused.value.code == "customer_tax_location_invalid"
    v1.customers.update(nowhere, {"address": {"country": "DE"}})
    final = v1.invoices.finalize_invoice(invoice.id)
    assert (final.status, final.total, final.automatic_tax.status) == ("open", 700, "complete")
