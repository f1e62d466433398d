"""Mandates: `/v1/mandates`. They are made where a setup or a payment is confirmed, and tell of no events."""

from diddo_gateways.stripe_fake.operations import Answer, Call, operation


@operation("GET /v1/mandates/{mandate}")
async def retrieve(call: Call) -> Answer:
    """Return a mandate."""
    return await call.work.stored("mandate", call.path["mandate"], param="mandate")
