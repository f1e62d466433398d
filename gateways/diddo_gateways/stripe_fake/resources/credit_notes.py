"""Credit notes: `/v1/credit_notes`. The states and their edges are in `billing.crediting.CREDIT_NOTES`.

Events: `credit_note.created`, `credit_note.updated`, `credit_note.voided`, beside those of the invoice and its refunds.
"""

from diddo_gateways.stripe_fake.billing.crediting import KIND, compose, issue, kept_lines
from diddo_gateways.stripe_fake.billing.crediting import void as void_note
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed, sliced
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject

filtered_by(KIND, "customer", "customer_account", "invoice")


@operation("POST /v1/credit_notes")
async def create(call: Call) -> Answer:
    """Credit a final invoice."""
    return await issue(call.work, await _invoice(call), call.params)


@operation("GET /v1/credit_notes/preview")
async def preview(call: Call) -> Answer:
    """Return what a credit note would be like."""
    note, _ = await compose(call.work, await _invoice(call), call.params)
    return note


@operation("GET /v1/credit_notes/preview/lines")
async def preview_lines(call: Call) -> Answer:
    """List the lines that a credit note would have."""
    _, lines = await compose(call.work, await _invoice(call), call.params)
    return sliced(call, lines, "credit_note_line_item", call.url)


@operation("GET /v1/credit_notes/{id}")
async def retrieve(call: Call) -> Answer:
    """Return a credit note."""
    return await call.work.stored(KIND, call.path["id"])


@operation("GET /v1/credit_notes")
async def list_(call: Call) -> Answer:
    """List credit notes."""
    return await listed(call, KIND)


@operation("GET /v1/credit_notes/{credit_note}/lines")
async def list_lines(call: Call) -> Answer:
    """List the lines of a credit note."""
    note = await call.work.fetch(KIND, call.path["credit_note"], param="credit_note")
    return sliced(call, await kept_lines(call.work, note), "credit_note_line_item", call.url)


@operation("POST /v1/credit_notes/{id}")
async def update(call: Call) -> Answer:
    """Change what is said on a credit note."""
    note = await call.work.fetch(KIND, call.path["id"])
    before = overwrite(note, call.params, ("memo", "metadata"))
    call.work.save(note)
    if before:
        call.work.emit("credit_note.updated", note, before)
    return note


@operation("POST /v1/credit_notes/{id}/void")
async def void(call: Call) -> Answer:
    """Take a credit note back."""
    note = await call.work.fetch(KIND, call.path["id"])
    await void_note(call.work, note)
    return note


async def _invoice(call: Call) -> JsonObject:
    return await call.work.fetch("invoice", call.params["invoice"], param="invoice", status=400)
