"""Refunds: `/v1/refunds`. How money is given back, and when, is in `payments.refunding`; so are the states.

Events: `refund.created`, `charge.refunded`; then `refund.updated` or `refund.failed`, with `charge.refund.updated`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.errors import NothingToRefund
from diddo_gateways.stripe_fake.payments.refunding import REFUNDS, Request, refund, return_to_charge, settle
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["REFUNDS"]

KIND = "refund"
IN_FULL = 10
# Refunds of a customer's cash balance, and through Connect.
NOT_MODELLED = ("customer", "origin", "currency", "refund_application_fee", "reverse_transfer")
ASKED = ("amount", "reason", "metadata", "instructions_email")

filtered_by(KIND, "charge", "payment_intent")


@operation("POST /v1/refunds")
async def create(call: Call) -> Answer:
    """Give back a charge's money, all that is left or a part."""
    work, params = call.work, call.params
    for name in NOT_MODELLED:
        if params.get(name):
            raise NotModelled(f"The parameter {name} of refunds")
    charge = await _charge(work, params)
    return await refund(work, charge, Request(**{name: params[name] for name in ASKED if name in params}))


@operation("GET /v1/refunds/{refund}")
async def retrieve(call: Call) -> Answer:
    """Return a refund."""
    return await call.work.stored(KIND, call.path["refund"])


@operation("GET /v1/refunds")
async def list_(call: Call) -> Answer:
    """List refunds."""
    return await listed(call, KIND)


@operation("POST /v1/refunds/{refund}")
async def update(call: Call) -> Answer:
    """Change a refund's metadata."""
    found = await call.work.fetch(KIND, call.path["refund"])
    before = overwrite(found, call.params, ["metadata"])
    if before:
        call.work.save(found)
        call.work.emit("refund.updated", found, before)
    return found


@operation("POST /v1/refunds/{refund}/cancel")
async def cancel(call: Call) -> Answer:
    """Take a refund back that still waits for the shopper; those to cards never do."""
    work = call.work
    found = await work.fetch(KIND, call.path["refund"])
    REFUNDS.move(found, "cancel")
    return_to_charge(work, await work.fetch("charge", found["charge"]), found)
    work.save(found)
    work.emit("refund.updated", found)
    return found


@operation("POST /v1/test_helpers/refunds/{refund}/expire")
async def expire(call: Call) -> Answer:
    """Let the shopper's time run out; those to cards wait for nobody."""
    found = await call.work.fetch(KIND, call.path["refund"])
    if found["status"] != "requires_action":
        raise InvalidRequest(f"Refund {found['id']} cannot be expired because it has a status of {found['status']}.")
    REFUNDS.move(found, "expire")
    found["failure_reason"] = "expired_or_canceled_card"
    return_to_charge(call.work, await call.work.fetch("charge", found["charge"]), found)
    call.work.save(found)
    call.work.emit("refund.failed", found, {"status": "requires_action", "failure_reason": None})
    return found


@includes("charge", "refunds")
async def refunds_of(work: Work, charge: JsonObject, _field: str) -> JsonObject:
    """Return a charge's refunds, which it has when they are asked for."""
    found = await work.world.page(KIND, limit=IN_FULL + 1, terms=[[f"charge={charge['id']}"]])
    return {
        "object": "list",
        "data": [orjson.loads(document.body) for document in found[:IN_FULL]],
        "has_more": len(found) > IN_FULL,
        "url": f"/v1/charges/{charge['id']}/refunds",
    }


async def _charge(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Return the charge that a refund is asked for."""
    if "charge" in params:
        return await work.fetch("charge", params["charge"], param="id")
    if "payment_intent" not in params:
        raise ParameterRefused(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    intent = await work.fetch("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["latest_charge"] is None:
        raise NothingToRefund(intent["id"])
    return await work.fetch("charge", intent["latest_charge"])


@on_due("settle_refund")
async def settle_(work: Work, message: Message, data: JsonObject) -> None:
    """Let a refund become what it becomes a little later."""
    found = await work.fetch(KIND, data["refund"])
    settle(work, found, await work.fetch("charge", found["charge"]))
    await work.commit(Settle(message.id))
