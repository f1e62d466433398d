"""Setup attempts: `/v1/setup_attempts`. Each confirmation of a setup intent makes one; they tell of no events."""

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation

filtered_by("setup_attempt", "setup_intent")


@operation("GET /v1/setup_attempts")
async def list_(call: Call) -> Answer:
    """List the attempts of a setup intent."""
    intent_id = call.params["setup_intent"]
    await call.work.fetch("setup_intent", intent_id, param="setup_intent", status=400, noun="setupintent")
    return await listed(call, "setup_attempt")
