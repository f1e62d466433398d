"""Tax rates: `/v1/tax_rates`. What they come to is reckoned by `billing.amounts`.

Events: `tax_rate.created`, `tax_rate.updated`. A rate's percentage never changes, nor whether it is inclusive, and it
cannot be deleted, only made inactive.
"""

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["named_rates"]

KIND = "tax_rate"
NOUN = "tax rate"
PLAIN = ("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type", "metadata")
MOST_DECIMALS = 4

filtered_by(KIND, "active", "inclusive")


@operation("POST /v1/tax_rates")
async def create(call: Call) -> Answer:
    """Make a tax rate."""
    work, params = call.work, call.params
    percentage = params["percentage"]
    if not 0 <= percentage <= 100:
        bound = "greater than or equal to 0" if percentage < 0 else "less than or equal to 100"
        raise ParameterRefused(f"This value must be {bound} (it currently is '{percentage}').", param="percentage")
    if round(percentage, MOST_DECIMALS) != percentage:
        raise ParameterRefused(
            f"Invalid decimal: {percentage}; must contain at maximum four decimal places.", param="percentage"
        )
    rate = blank(KIND)
    rate |= {
        "id": work.new_id("txr_1", 23),
        "active": True,
        "created": work.now,
        "effective_percentage": percentage,
        "inclusive": params["inclusive"],
        "percentage": percentage,
        "rate_type": "percentage",
    }
    overwrite(rate, params, PLAIN)
    work.insert(rate)
    work.emit("tax_rate.created", rate)
    return rate


@operation("GET /v1/tax_rates/{tax_rate}")
async def retrieve(call: Call) -> Answer:
    """Return a tax rate."""
    return await call.work.stored(KIND, call.path[KIND], param=KIND, noun=NOUN)


@operation("POST /v1/tax_rates/{tax_rate}")
async def update(call: Call) -> Answer:
    """Change what a tax rate is called and where it applies, or make it inactive."""
    rate = await call.work.fetch(KIND, call.path[KIND], param=KIND, noun=NOUN)
    before = overwrite(rate, call.params, PLAIN)
    call.work.save(rate)
    if before:
        call.work.emit("tax_rate.updated", rate, before)
    return rate


@operation("GET /v1/tax_rates")
async def list_(call: Call) -> Answer:
    """List tax rates."""
    return await listed(call, KIND, noun=NOUN)


async def named_rates(work: Work, ids: list[str], *, param: str) -> list[JsonObject]:
    """Return the tax rates that a request names, which must be active.

    Args:
        work: the unit of work.
        ids: theirs.
        param: the parameter that holds the list, for errors.

    Raises:
        InvalidRequest: there is no such rate, or it is inactive.
    """
    rates = []
    for position, rate_id in enumerate(ids):
        name = f"{param}[{position}]"
        rate = await work.fetch(KIND, rate_id, param=name, status=400, noun=NOUN)
        if not rate["active"]:
            raise InvalidRequest(f"The tax rate {rate_id} is inactive and cannot be applied.", param=name)
        rates.append(rate)
    return rates
