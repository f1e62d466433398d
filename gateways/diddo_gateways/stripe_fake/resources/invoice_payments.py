"""Invoice payments: `/v1/invoice_payments`. They are made by finalizing an invoice or by attaching a payment to it."""

from diddo_gateways.stripe_fake.billing.invoice_payments import KIND
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation


@operation("GET /v1/invoice_payments/{invoice_payment}")
async def retrieve(call: Call) -> Answer:
    """Return a payment of an invoice."""
    return await call.work.stored(KIND, call.path["invoice_payment"], param="invoice_payment")


@operation("GET /v1/invoice_payments")
async def list_(call: Call) -> Answer:
    """List payments of invoices."""
    return await listed(call, KIND)
