"""Editing the lines of a draft: items put on it, changed and taken off.

Events: `invoice.updated`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.billing.amounts import line_amount
from diddo_gateways.stripe_fake.billing.drafting import set_due
from diddo_gateways.stripe_fake.billing.invoice_items import change_item, keep_item, line_for, make_item
from diddo_gateways.stripe_fake.billing.invoice_lines import Rates, line_item, lines_of, put_lines, rates_of
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ResourceMissing
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["add_lines", "change_line", "change_lines", "put_item", "remove_lines", "take_item_off"]

KIND = "line_item"


async def put_item(work: Work, invoice: JsonObject, item: JsonObject) -> None:
    """Put an item's line first on a draft, or bring the line that is there up to date."""
    await _write(work, invoice, [item], await lines_of(work, invoice))


async def take_item_off(work: Work, invoice: JsonObject, item: JsonObject) -> None:
    """Take an item's line off a draft."""
    lines = [line for line in await lines_of(work, invoice) if _item_of(line) != item["id"]]
    await _write(work, invoice, [], lines)


async def add_lines(work: Work, invoice: JsonObject, given: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to a draft, each a pending item that is named or an item that is made for it.

    Raises:
        StripeError: a line does not hold, or the invoice is no draft.
    """
    INVOICES.check(invoice, "edit")
    customer = await work.fetch("customer", invoice["customer"], param="customer", status=400)
    items = []
    for position, line in enumerate(given):
        name = f"lines[{position}]"
        if "invoice_item" in line:
            item = await _pending(work, invoice, line["invoice_item"], under(name, "invoice_item"))
            await change_item(work, item, line, param=name)
            keep_item(work, item)
        else:
            item = await make_item(work, line, customer=customer, invoice=invoice, param=name)
            keep_item(work, item, new=True)
            work.emit("invoiceitem.created", item)
        items.append(item)
    await _write(work, invoice, items, await lines_of(work, invoice))


async def _pending(work: Work, invoice: JsonObject, item_id: str, param: str) -> JsonObject:
    item = await work.fetch("invoiceitem", item_id, param=param, status=400, noun="Invoice Item")
    if item["invoice"] is not None or item["customer"] != invoice["customer"]:
        raise InvalidRequest(f"The invoice item {item_id} is not pending for the invoice's customer.", param=param)
    item["invoice"] = invoice["id"]
    return item


async def change_lines(work: Work, invoice: JsonObject, given: Sequence[Mapping[str, Any]]) -> None:
    """Change lines of a draft, each named by its `id`.

    Raises:
        StripeError: a line is not there or does not hold, or the invoice is no draft.
    """
    for position, line in enumerate(given):
        await change_line(work, invoice, line["id"], line, param=f"lines[{position}]")


async def change_line(
    work: Work, invoice: JsonObject, line_id: str, params: Mapping[str, Any], *, param: str = ""
) -> JsonObject:
    """Change a line of a draft, and the item that made it, and return it.

    Raises:
        StripeError: there is no such line, a parameter does not hold, or the invoice is no draft.
    """
    INVOICES.check(invoice, "edit")
    line = await _line(work, invoice, line_id, under(param, "id") if param else "line_item_id")
    item_id = _item_of(line)
    if item_id is None:
        await _change_plainly(work, invoice, line, params, param)
        return await _line(work, invoice, line_id, "line_item_id")
    item = await work.fetch("invoiceitem", item_id)
    await change_item(work, item, params, param=param)
    keep_item(work, item)
    await put_item(work, invoice, item)
    return await _line(work, invoice, line_id, "line_item_id")


async def _change_plainly(
    work: Work, invoice: JsonObject, line: JsonObject, params: Mapping[str, Any], param: str
) -> None:
    """Change a line that no item has made: what a subscription bills."""
    for name in ("pricing", "price_data", "discounts", "tax_amounts", "tax_rates", "quantity_decimal"):
        if params.get(name):
            raise NotModelled(f"The parameter {under(param, name)} for what a subscription bills")
    for name in ("amount", "description", "discountable", "period"):
        if name in params:
            line[name] = params[name]
    if "quantity" in params:
        line |= {"quantity": params["quantity"], "quantity_decimal": str(params["quantity"])}
        price = await work.fetch("price", line["pricing"]["price_details"]["price"])
        line["amount"] = line_amount(await whole(work, price), params["quantity"], currency=line["currency"])
    if "metadata" in params:
        line["metadata"] = merged(line["metadata"], params["metadata"])
    await _write(work, invoice, [], await lines_of(work, invoice))


async def remove_lines(work: Work, invoice: JsonObject, given: Sequence[Mapping[str, Any]]) -> None:
    """Take lines off a draft: with `unassign` their items wait for another invoice, with `delete` they are gone.

    Raises:
        StripeError: a line is not there, or the invoice is no draft.
    """
    INVOICES.check(invoice, "edit")
    for position, one in enumerate(given):
        line = await _line(work, invoice, one["id"], f"lines[{position}][id]")
        item_id = _item_of(line)
        if item_id is not None:
            item = await work.fetch("invoiceitem", item_id)
            item["invoice"] = None
            if one["behavior"] == "unassign":
                keep_item(work, item)
            else:
                work.remove(item)
                work.emit("invoiceitem.deleted", item)
        await _write(work, invoice, [], [kept for kept in await lines_of(work, invoice) if kept is not line])


async def _line(work: Work, invoice: JsonObject, line_id: str, param: str) -> JsonObject:
    for line in await lines_of(work, invoice):
        if line["id"] == line_id:
            return line
    raise ResourceMissing("line_item", line_id, param=param, status=404)


def _item_of(line: JsonObject) -> str | None:
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details") or {}
    item_id: str | None = details.get("invoice_item")
    return item_id


async def _write(work: Work, invoice: JsonObject, items: Sequence[JsonObject], lines: Sequence[JsonObject]) -> None:
    """Write lines back to a draft, with those of items made anew, and reckon it."""
    INVOICES.check(invoice, "edit")
    before = photograph(invoice)
    rates = await rates_of(work, invoice)
    lines = list(lines)
    for item in items:
        await _place(work, invoice, item, lines, rates)
    await put_lines(work, invoice, lines, rates)
    set_due(invoice)
    announce_change(work, invoice, before)


async def _place(work: Work, invoice: JsonObject, item: JsonObject, lines: list[JsonObject], rates: Rates) -> None:
    line = await line_for(work, item)
    position = next((at for at, known in enumerate(lines) if _item_of(known) == item["id"]), None)
    made = line_item(work, invoice, line, line_id=None if position is None else lines[position]["id"])
    if position is None:
        lines.insert(0, made)
    else:
        lines[position] = made
    rates[made["id"]] = line.tax_rates
