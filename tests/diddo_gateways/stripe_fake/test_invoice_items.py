"""Invoice items and the lines of drafts through the SDK: prices, taxes, discounts."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused


@pytest.fixture
def client(shop: Any) -> Any:
    return shop.client.v1


@pytest.fixture
def customer(client: Any) -> Any:
    return client.customers.create({"email": "payer@shop.test"})


@pytest.fixture
def draft(client: Any, customer: Any) -> Any:
    return client.invoices.create({"customer": customer.id})


def rate(client: Any, percentage: float, *, inclusive: bool = False) -> str:
    made = client.tax_rates.create({"display_name": "VAT", "percentage": percentage, "inclusive": inclusive})
    return made.id  # type: ignore[no-any-return]


def coupon(client: Any, **how: Any) -> str:
    return client.coupons.create({"duration": "once", **how}).id  # type: ignore[no-any-return]


def test_an_amount(shop: Any, client: Any, customer: Any, well_formed: Any) -> None:
    item = client.invoice_items.create(
        {"customer": customer.id, "amount": 1200, "currency": "usd", "description": "Work", "metadata": {"a": "b"}}
    )
    well_formed(item)
    assert item.id.startswith("ii_1")
    assert (item.amount, item.quantity, item.currency) == (1200, 1, "usd")
    assert (item.invoice, item.proration, item.discountable, item.description) == (None, False, True, "Work")
    assert item.period.start == item.period.end == item.date
    price = client.prices.retrieve(item.pricing.price_details.price)
    assert (price.unit_amount, price.active, price.product) == (1200, False, item.pricing.price_details.product)
    assert shop.events()[-1] == "invoiceitem.created"
    assert client.invoice_items.retrieve(item.id).to_dict() == item.to_dict()


def test_prices_and_quantities(client: Any, customer: Any, well_formed: Any) -> None:
    items = client.invoice_items
    product = client.products.create({"name": "Hour"})
    price = client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 250})
    named = items.create({"customer": customer.id, "pricing": {"price": price.id}, "quantity": 3})
    well_formed(named)
    assert (named.amount, int(named.quantity_decimal), named.description) == (750, 3, "Hour")
    data = {"currency": "usd", "product": product.id, "unit_amount_decimal": "0.5"}
    inline = items.create({"customer": customer.id, "price_data": data, "quantity": 7})
    well_formed(inline)
    assert inline.amount == 4
    exact = items.create({"customer": customer.id, "unit_amount_decimal": "12.5", "currency": "usd", "quantity": 2})
    assert (exact.amount, exact.pricing.unit_amount_decimal) == (25, 12.5)
    credit = items.create({"customer": customer.id, "amount": -300, "currency": "usd"})
    assert credit.amount == -300


def test_what_an_item_may_not_be(client: Any, customer: Any, draft: Any) -> None:
    items = client.invoice_items
    assert refused(items.create, {"amount": 5}).param == "customer"
    assert "You must pass one of" in refused(items.create, {"customer": customer.id}).user_message
    both = {"customer": customer.id, "amount": 5, "quantity": 2}
    error = refused(items.create, both)
    assert (error.param, error.user_message) == (
        "amount",
        "You may only specify one of these parameters: amount, quantity.",
    )
    product = client.products.create({"name": "Hour"})
    recurring = client.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 250, "recurring": {"interval": "month"}}
    )
    error = refused(items.create, {"customer": customer.id, "pricing": {"price": recurring.id}})
    assert (error.param, error.user_message) == (
        "pricing[price]",
        "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
    )
    stranger = client.customers.create()
    assert refused(items.create, {"customer": stranger.id, "invoice": draft.id, "amount": 5}).param == "invoice"
    error = refused(items.retrieve, "ii_none")
    assert (error.http_status, error.code, error.user_message) == (
        404,
        "resource_missing",
        "No such Invoice Item: 'ii_none'(livemode=false)",
    )
    client.invoices.finalize_invoice(draft.id)
    error = refused(items.create, {"invoice": draft.id, "amount": 5})
    assert (error.code, error.user_message) == (
        "invoice_not_editable",
        "Invalid invoice: This invoice is no longer editable",
    )


def test_an_item_on_a_draft_is_changed_with_its_line(client: Any, draft: Any, well_formed: Any) -> None:
    items, invoices = client.invoice_items, client.invoices
    item = items.create({"invoice": draft.id, "amount": 100, "description": "One"})
    line = invoices.retrieve(draft.id).lines.data[0]
    well_formed(line)
    assert (line.amount, line.parent.invoice_item_details.invoice_item) == (100, item.id)
    changed = items.update(item.id, {"amount": 300, "description": "Two", "metadata": {"k": "v"}})
    well_formed(changed)
    after = invoices.retrieve(draft.id)
    assert (after.total, after.lines.data[0].id, after.lines.data[0].description) == (300, line.id, "Two")
    assert items.update(item.id, {"quantity": 2}).amount == 600
    assert items.delete(item.id).to_dict() == {"id": item.id, "object": "invoiceitem", "deleted": True}
    assert invoices.retrieve(draft.id).total == 0
    assert refused(items.retrieve, item.id).http_status == 404


def test_items_of_a_final_invoice_stay(client: Any, draft: Any) -> None:
    item = client.invoice_items.create({"invoice": draft.id, "amount": 100})
    client.invoices.finalize_invoice(draft.id)
    error = refused(client.invoice_items.delete, item.id)
    assert error.user_message.startswith("Can't delete an invoice item that is attached to an invoice")
    assert refused(client.invoice_items.update, item.id, {"amount": 1}).code == "invoice_not_editable"


def test_lines_are_paged(client: Any, draft: Any, well_formed: Any) -> None:
    for amount in range(1, 13):
        client.invoice_items.create({"invoice": draft.id, "amount": amount})
    invoice = client.invoices.retrieve(draft.id)
    well_formed(invoice)
    assert [line.amount for line in invoice.lines.data] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert invoice.lines.has_more
    assert [line.amount for line in invoice.lines.auto_paging_iter()] == list(range(12, 0, -1))
    page = client.invoices.line_items.list(draft.id, {"limit": 5, "starting_after": invoice.lines.data[0].id})
    assert [line.amount for line in page.data] == [11, 10, 9, 8, 7]


def test_lines_added_changed_and_removed(shop: Any, client: Any, customer: Any, draft: Any, well_formed: Any) -> None:
    invoices = client.invoices
    waiting = client.invoice_items.create({"customer": customer.id, "amount": 50, "currency": "usd"})
    lines = [{"amount": 100, "description": "A"}, {"invoice_item": waiting.id}, {"amount": 25}]
    added = invoices.add_lines(draft.id, {"lines": lines, "invoice_metadata": {"x": "y"}})
    well_formed(added)
    assert [line.amount for line in added.lines.data] == [25, 50, 100]
    assert (added.total, added.metadata.to_dict()) == (175, {"x": "y"})
    assert client.invoice_items.retrieve(waiting.id).invoice == draft.id
    assert shop.events()[-1] == "invoice.updated"
    ids = [line.id for line in added.lines.data]
    line = invoices.line_items.update(draft.id, ids[2], {"amount": 200, "description": "B"})
    well_formed(line)
    assert (line.id, line.amount, line.description) == (ids[2], 200, "B")
    changes = [{"id": ids[0], "amount": 30}, {"id": ids[2], "quantity": 2}]
    assert invoices.update_lines(draft.id, {"lines": changes}).total == 30 + 50 + 400
    gone = [{"id": ids[1], "behavior": "unassign"}, {"id": ids[2], "behavior": "delete"}]
    left = invoices.remove_lines(draft.id, {"lines": gone})
    assert [line.id for line in left.lines.data] == [ids[0]]
    assert client.invoice_items.retrieve(waiting.id).invoice is None
    assert [item.id for item in client.invoice_items.list({"pending": True})] == [waiting.id]
    assert len(list(client.invoice_items.list({"pending": False}))) == 1
    error = refused(invoices.remove_lines, draft.id, {"lines": [{"id": ids[2], "behavior": "delete"}]})
    assert error.http_status == 404
    assert refused(invoices.add_lines, draft.id, {"lines": [{"amount": 1, "quantity": 2}]}).param == "lines[0][amount]"
    invoices.finalize_invoice(draft.id)
    for call, lines in ((invoices.add_lines, [{"amount": 1}]), (invoices.update_lines, [{"id": ids[0], "amount": 1}])):
        assert refused(call, draft.id, {"lines": lines}).code == "invoice_not_editable"


def test_taxes_on_top_and_within(client: Any, customer: Any, well_formed: Any) -> None:
    on_top, within = rate(client, 20), rate(client, 25, inclusive=True)
    invoice = client.invoices.create({"customer": customer.id, "default_tax_rates": [on_top]})
    client.invoice_items.create({"invoice": invoice.id, "amount": 1000})
    client.invoice_items.create({"invoice": invoice.id, "amount": 500, "tax_rates": [within]})
    taxed = client.invoices.retrieve(invoice.id)
    well_formed(taxed)
    assert (taxed.subtotal, taxed.total, taxed.total_excluding_tax, taxed.subtotal_excluding_tax) == (
        1500,
        1700,
        1400,
        1400,
    )
    assert [(tax.amount, tax.tax_behavior, tax.taxable_amount) for tax in taxed.total_taxes] == [
        (100, "inclusive", 400),
        (200, "exclusive", 1000),
    ]
    assert [tax.tax_rate_details.tax_rate for tax in taxed.lines.data[0].taxes] == [within]
    assert client.invoices.update(invoice.id, {"default_tax_rates": ""}).total == 1500


def test_a_customer_that_pays_no_tax(client: Any) -> None:
    exempt = client.customers.create({"tax_exempt": "reverse"})
    invoice = client.invoices.create({"customer": exempt.id, "default_tax_rates": [rate(client, 20)]})
    client.invoice_items.create({"invoice": invoice.id, "amount": 1000})
    taxed = client.invoices.retrieve(invoice.id)
    assert (taxed.total, taxed.total_taxes[0].amount) == (1000, 0)
    assert taxed.total_taxes[0].taxability_reason == "reverse_charge"


def test_discounts_of_the_invoice_and_of_items(client: Any, customer: Any, well_formed: Any) -> None:
    tenth, dollar = coupon(client, percent_off=10), coupon(client, amount_off=100, currency="usd")
    invoice = client.invoices.create({"customer": customer.id, "discounts": [{"coupon": tenth}]})
    client.invoice_items.create({"invoice": invoice.id, "amount": 1000})
    client.invoice_items.create({"invoice": invoice.id, "amount": 600, "discounts": [{"coupon": dollar}]})
    client.invoice_items.create({"invoice": invoice.id, "amount": 400, "discountable": False})
    off = client.invoices.retrieve(invoice.id)
    well_formed(off)
    assert (off.subtotal, off.total) == (1900, 1750)
    assert sorted(one.amount for one in off.total_discount_amounts) == [100, 150]
    assert [[one.amount for one in line.discount_amounts] for line in off.lines.data] == [[0], [100, 50], [100]]
    assert [one.type for one in off.lines.data[2].pretax_credit_amounts] == ["discount"]
    expanded = client.invoices.retrieve(invoice.id, {"expand": ["discounts"]})
    assert expanded.discounts[0].source.coupon == tenth
    assert client.invoices.update(invoice.id, {"discounts": ""}).total == 1900


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(st.integers(1, 100_000), st.booleans(), st.sampled_from(["", "on_top", "within"])),
        min_size=1,
        max_size=4,
    ),
    percent=st.none() | st.integers(1, 100),
    fixed=st.none() | st.integers(1, 50_000),
    balance=st.integers(-50_000, 50_000),
)
def test_what_an_invoice_comes_to(
    client: Any, lines: list[tuple[int, bool, str]], percent: int | None, fixed: int | None, balance: int
) -> None:
    """Lines less discounts, with the taxes on top, are the total; with the balance it is what is due."""
    rates = {"on_top": rate(client, 19), "within": rate(client, 7.7, inclusive=True)}
    coupons = [coupon(client, percent_off=percent)] if percent else []
    coupons += [coupon(client, amount_off=fixed, currency="usd")] if fixed else []
    customer = client.customers.create()
    if balance:
        client.customers.balance_transactions.create(customer.id, {"amount": balance, "currency": "usd"})
    invoice = client.invoices.create({"customer": customer.id, "discounts": [{"coupon": one} for one in coupons]})
    given_lines = [
        {"amount": amount, "discountable": discountable, **({"tax_rates": [rates[tax]]} if tax else {})}
        for amount, discountable, tax in lines
    ]
    client.invoices.add_lines(invoice.id, {"lines": given_lines})
    final = client.invoices.finalize_invoice(invoice.id)
    off = sum(one.amount for one in final.total_discount_amounts)
    on_top = sum(tax.amount for tax in final.total_taxes if tax.tax_behavior == "exclusive")
    assert final.subtotal == sum(amount for amount, _, _ in lines)
    assert final.total == final.subtotal - off + on_top
    assert final.total_excluding_tax == final.total - sum(tax.amount for tax in final.total_taxes)
    assert off == sum(one.amount for line in final.lines.data for one in line.discount_amounts)
    for line, (amount, discountable, _) in zip(final.lines.data, reversed(lines), strict=True):
        assert 0 <= sum(one.amount for one in line.discount_amounts) <= (amount if discountable else 0)
    assert final.starting_balance == balance
    assert final.amount_due == final.total + final.starting_balance - final.ending_balance
    assert final.amount_due == 0 or final.amount_due >= 50
    assert client.customers.retrieve(customer.id).balance == final.ending_balance
    changes = client.customers.balance_transactions.list(customer.id, {"limit": 100})
    assert sum(change.amount for change in changes) == final.ending_balance
