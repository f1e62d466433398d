"""A customer's cards and bank accounts in the older form: `/v1/customers/{customer}/sources`, and the default source.

A card made from a token is a payment method as well, under the same id: what the one saves the other can charge.

Events: `customer.source.created`, `.updated`, `.deleted`, and `customer.updated` for another default source.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import sliced
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.sources import (
    KINDS,
    find_source,
    make_default,
    make_source,
    remove_source,
    sources_of,
    update_card,
)
from diddo_gateways.stripe_fake.work import JsonObject

filtered_by("card", "account", "customer")
filtered_by("bank_account", "account", "customer")

VERIFIED_BY = [32, 45]


@operation("POST /v1/customers/{customer}/sources")
async def create(call: Call) -> Answer:
    """Save the card or bank account of a token; the first is the customer's default."""
    work, params = call.work, call.params
    customer = await work.fetch("customer", call.path["customer"], param="customer")
    source = await make_source(work, customer, params["source"], metadata=params.get("metadata"))
    if customer["default_source"] is None:
        make_default(work, customer, source["id"])
    return source


@operation("GET /v1/customers/{customer}/sources")
async def list_(call: Call) -> Answer:
    """List a customer's sources, newest first."""
    await call.work.fetch("customer", call.path["customer"], param="customer")
    wanted = call.params.get("object")
    kinds = KINDS if wanted is None else tuple(kind for kind in KINDS if kind == wanted)
    found = await sources_of(call.work, call.path["customer"], kinds)
    return sliced(call, found, "source", call.url)


@operation("GET /v1/customers/{customer}/sources/{id}")
async def retrieve(call: Call) -> Answer:
    """Return one source of a customer."""
    return await _source(call)


@operation("POST /v1/customers/{customer}/sources/{id}")
async def update(call: Call) -> Answer:
    """Change expiry, name and address of a card, or the holder of a bank account."""
    work, params = call.work, dict(call.params)
    source = await _source(call)
    before: JsonObject = {}
    if "metadata" in params:
        before["metadata"] = dict(source["metadata"])
        source["metadata"] = merged(source["metadata"], params.pop("metadata"))
    unknown = next((name for name in params if name not in source), None)
    if unknown is not None:
        raise InvalidRequest(f"A {source['object']} has no `{unknown}`.", param=unknown)
    before |= {name: source[name] for name in params if source[name] != params[name]}
    if source["object"] == "card":
        await update_card(work, source, params)
    else:
        source |= params
    work.save(source)
    work.emit("customer.source.updated", source, before)
    return source


@operation("DELETE /v1/customers/{customer}/sources/{id}")
async def delete(call: Call) -> Answer:
    """Delete a source; the newest that is left becomes the default."""
    work = call.work
    source = await _source(call)
    customer = await work.fetch("customer", call.path["customer"])
    await remove_source(work, source)
    if customer["default_source"] == source["id"]:
        left = [one for one in await sources_of(work, customer["id"], KINDS) if one["id"] != source["id"]]
        make_default(work, customer, left[0]["id"] if left else None)
    return {"id": source["id"], "object": source["object"], "deleted": True}


@operation("POST /v1/customers/{customer}/sources/{id}/verify")
async def verify(call: Call) -> Answer:
    """Verify a bank account by the two amounts that were deposited: 32 and 45."""
    work = call.work
    account = await _source(call)
    if account["object"] != "bank_account":
        raise ResourceMissing("bank_account", account["id"])
    if account["status"] == "verified":
        raise InvalidRequest("This bank account has already been verified.", code="bank_account_verified")
    if sorted(call.params.get("amounts", ())) != VERIFIED_BY:
        raise InvalidRequest(
            "The amounts provided do not match the amounts that were sent to the bank account.",
            code="bank_account_verification_failed",
        )
    account["status"] = "verified"
    work.save(account)
    work.emit("customer.source.updated", account, {"status": "new"})
    return account


async def _source(call: Call) -> JsonObject:
    source_id = call.path["id"]
    await call.work.fetch("customer", call.path["customer"], param="customer")
    source = await find_source(call.work, call.path["customer"], source_id)
    if source is None:
        raise ResourceMissing("source", source_id)
    return source
