"""The discount of a customer: `/v1/customers/{customer}/discount`, where thin events about it lead."""

from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.operations import Answer, Call, operation


@operation("GET /v1/customers/{customer}/discount")
async def retrieve(call: Call) -> Answer:
    """Return a customer's discount."""
    customer = await call.work.fetch("customer", call.path["customer"], param="customer")
    discount = customer["discount"]
    if not isinstance(discount, dict):
        raise ResourceMissing("discount", customer["id"])
    return discount
