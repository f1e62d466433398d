"""Invoice items: `/v1/invoiceitems`.

Events: `invoiceitem.created`, `invoiceitem.deleted`. Stripe has none for a change.
"""

from diddo_gateways.stripe_fake.billing.draft_lines import put_item, take_item_off
from diddo_gateways.stripe_fake.billing.invoice_items import KIND, change_item, keep_item, make_item
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject, Work

NOT_EDITABLE = "Can't delete an invoice item that is attached to an invoice that is no longer editable"

filtered_by(KIND, "customer", "customer_account", "invoice")


class NoSuchItem(ResourceMissing):
    """There is no invoice item of that id: alone among Stripe's messages this one ends with the mode."""

    def __init__(self, item_id: str) -> None:
        super().__init__("Invoice Item", item_id)
        self.message += "(livemode=false)"


@operation("POST /v1/invoiceitems")
async def create(call: Call) -> Answer:
    """Put something on a customer's next invoice, or on a draft."""
    work, params = call.work, call.params
    invoice = None
    if "invoice" in params:
        invoice = await work.fetch("invoice", params["invoice"], param="invoice", status=400)
        INVOICES.check(invoice, "edit")
        params.setdefault("customer", invoice["customer"])
    if "customer" not in params:
        raise MissingParameter("customer")
    customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    if invoice is not None and invoice["customer"] != customer["id"]:
        raise InvalidRequest(f"The invoice {invoice['id']} does not belong to the customer.", param="invoice")
    item = await make_item(work, params, customer=customer, invoice=invoice)
    keep_item(work, item, new=True)
    work.emit("invoiceitem.created", item)
    if invoice is not None:
        await put_item(work, invoice, item)
    return item


@operation("GET /v1/invoiceitems/{invoiceitem}")
async def retrieve(call: Call) -> Answer:
    """Return an invoice item."""
    return await _item(call)


@operation("GET /v1/invoiceitems")
async def list_(call: Call) -> Answer:
    """List invoice items, with `pending` those that wait for an invoice, or those that do not."""
    pending = call.params.get("pending")
    if pending is None:
        return await listed(call, KIND)
    return await listed(call, KIND, terms=[[f"within={'pending' if pending else 'invoiced'}"]])


@operation("POST /v1/invoiceitems/{invoiceitem}")
async def update(call: Call) -> Answer:
    """Change an item that is on no invoice yet, or on a draft."""
    work = call.work
    item = await _item(call)
    invoice = await _draft_of(work, item)
    await change_item(work, item, call.params)
    keep_item(work, item)
    if invoice is not None:
        await put_item(work, invoice, item)
    return item


@operation("DELETE /v1/invoiceitems/{invoiceitem}")
async def delete(call: Call) -> Answer:
    """Delete an item that is on no invoice yet, or on a draft."""
    work = call.work
    item = await _item(call)
    if item["invoice"] is not None:
        invoice = await work.get("invoice", item["invoice"])
        if invoice is None or invoice["status"] != "draft":
            raise InvalidRequest(NOT_EDITABLE)
        await take_item_off(work, invoice, item)
    work.emit("invoiceitem.deleted", item)
    work.remove(item)
    return {"id": item["id"], "object": KIND, "deleted": True}


async def _item(call: Call) -> JsonObject:
    item_id = call.path["invoiceitem"]
    item = await call.work.get(KIND, item_id)
    if item is None:
        raise NoSuchItem(item_id)
    return item


async def _draft_of(work: Work, item: JsonObject) -> JsonObject | None:
    """Return the draft that an item is on, or None while it waits for one."""
    if item["invoice"] is None:
        return None
    invoice = await work.get("invoice", item["invoice"])
    if invoice is None:
        raise InvalidRequest("This invoice item has been deleted.")
    INVOICES.check(invoice, "edit")
    return invoice
