"""The lines of invoices: `/v1/invoices/{invoice}/lines`, and adding, changing and removing them while it is a draft.

Events: `invoice.updated`, `invoiceitem.created`, `invoiceitem.deleted`.
"""

from diddo_gateways.stripe_fake.billing import draft_lines
from diddo_gateways.stripe_fake.billing.invoice_lines import lines_of
from diddo_gateways.stripe_fake.lists import sliced
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject


@operation("GET /v1/invoices/{invoice}/lines")
async def list_(call: Call) -> Answer:
    """List an invoice's lines, in the order in which it shows them."""
    invoice = await _invoice(call)
    return sliced(call, await lines_of(call.work, invoice), "line_item", call.url)


@operation("POST /v1/invoices/{invoice}/lines/{line_item_id}")
async def update(call: Call) -> Answer:
    """Change one line of a draft, and return it."""
    return await draft_lines.change_line(call.work, await _invoice(call), call.path["line_item_id"], call.params)


@operation("POST /v1/invoices/{invoice}/add_lines")
async def add(call: Call) -> Answer:
    """Add lines to a draft."""
    invoice = await _described(call)
    await draft_lines.add_lines(call.work, invoice, call.params["lines"])
    return invoice


@operation("POST /v1/invoices/{invoice}/update_lines")
async def update_several(call: Call) -> Answer:
    """Change lines of a draft."""
    invoice = await _described(call)
    await draft_lines.change_lines(call.work, invoice, call.params["lines"])
    return invoice


@operation("POST /v1/invoices/{invoice}/remove_lines")
async def remove(call: Call) -> Answer:
    """Take lines off a draft."""
    invoice = await _described(call)
    await draft_lines.remove_lines(call.work, invoice, call.params["lines"])
    return invoice


async def _invoice(call: Call) -> JsonObject:
    return await call.work.fetch("invoice", call.path["invoice"], param="invoice")


async def _described(call: Call) -> JsonObject:
    """Return the invoice, with the metadata that the request has for it."""
    invoice = await _invoice(call)
    if "invoice_metadata" in call.params:
        invoice["metadata"] = merged(invoice["metadata"], call.params["invoice_metadata"])
    return invoice
