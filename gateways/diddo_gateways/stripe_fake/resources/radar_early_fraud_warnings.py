"""Early fraud warnings: `/v1/radar/early_fraud_warnings`. An issuer's suspicions; written by `payments.aftermath`.

Events: `radar.early_fraud_warning.created`, `.updated`.
"""

from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.aftermath import WARNING

__all__: list[str] = []


@operation("GET /v1/radar/early_fraud_warnings/{early_fraud_warning}")
async def retrieve(call: Call) -> Answer:
    """Return an early fraud warning."""
    warning_id = call.path["early_fraud_warning"]
    return await call.work.stored(WARNING, warning_id, param="early_fraud_warning", noun="early_fraud_warning")


@operation("GET /v1/radar/early_fraud_warnings")
async def list_(call: Call) -> Answer:
    """List early fraud warnings."""
    return await listed(call, WARNING)
