"""Refunds: `/v1/refunds`. Money of a charge given back, at once for all test cards but two.

Events: `refund.created`, `charge.refunded`; of the two asynchronous cards then `refund.updated` or `refund.failed`,
with `charge.refund.updated`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.currencies import display
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.aftermath import after_full_refund, disputes_of
from diddo_gateways.stripe_fake.payments.errors import (
    ChargeAlreadyRefunded,
    ChargeDisputed,
    NotCaptured,
    NothingToRefund,
    ParameterInvalidInteger,
    RefundNotCancelable,
    RefundTooLarge,
)
from diddo_gateways.stripe_fake.payments.ledger import refund_failed, refunded
from diddo_gateways.stripe_fake.resources.charges import digits
from diddo_gateways.stripe_fake.resources.payment_methods import card_behind
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["REFUNDS"]

KIND = "refund"
# How long the asynchronous test cards take, and how long the network takes to give a refund its reference; seconds.
SETTLED_AFTER = 5
REFERENCE_AFTER = 2
IN_FULL = 10
# Refunds of a customer's cash balance, and through Connect.
NOT_MODELLED = ("customer", "origin", "currency", "refund_application_fee", "reverse_transfer")


def _not_cancelable(_action: str, _refund: Mapping[str, Any], _allowed: Sequence[str]) -> RefundNotCancelable:
    return RefundNotCancelable()


REFUNDS = StateTable(
    kind=KIND,
    start=("pending", "requires_action", "succeeded"),
    edges={
        "pending": {"settle": ("succeeded", "failed")},
        # Only methods whose shopper has to say where the money goes.
        "requires_action": {"settle": ("pending", "succeeded"), "cancel": ("canceled",)},
        # The issuer can still send it back.
        "succeeded": {"bounce": ("failed",)},
        "failed": {},
        "canceled": {},
    },
    refuse=_not_cancelable,
)

filtered_by(KIND, "charge", "payment_intent")


@operation("POST /v1/refunds")
async def create(call: Call) -> Answer:
    """Give back a charge's money, all that is left or a part."""
    work, params = call.work, call.params
    for name in NOT_MODELLED:
        if params.get(name):
            raise NotModelled(f"The parameter {name} of refunds")
    charge = await _charge(work, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if left == 0:
        raise ChargeAlreadyRefunded(charge["id"])
    if amount < 1:
        raise ParameterInvalidInteger("This value must be greater than or equal to 1.", param="amount")
    if amount > left:
        raise RefundTooLarge(_displayed(amount, charge), _displayed(left, charge))
    refund = _refund(work, charge, amount, params)
    if charge["refunded"]:
        card = charge["payment_method_details"].get("card")
        behind = card and card_behind(work, card)
        await after_full_refund(work, charge, behind, fraudulent=params.get("reason") == "fraudulent")
    return refund


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
    refund = await call.work.fetch(KIND, call.path["refund"])
    if "metadata" in call.params:
        before = {"metadata": refund["metadata"]}
        refund["metadata"] = merged(refund["metadata"], call.params["metadata"])
        call.work.save(refund)
        call.work.emit("refund.updated", refund, before)
    return refund


@operation("POST /v1/refunds/{refund}/cancel")
async def cancel(call: Call) -> Answer:
    """Take a refund back that still waits for the shopper; those to cards never do."""
    work = call.work
    refund = await work.fetch(KIND, call.path["refund"])
    REFUNDS.move(refund, "cancel")
    charge = await work.fetch("charge", refund["charge"])
    _return_to_charge(work, charge, refund)
    work.save(refund)
    work.emit("refund.updated", refund)
    return refund


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
    intent_id = params.get("payment_intent")
    if "charge" in params:
        charge = await work.fetch("charge", params["charge"], param="id")
        intent_id = charge["payment_intent"]
    elif intent_id is None:
        raise ParameterRefused(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    else:
        intent = await work.fetch("payment_intent", intent_id, param="payment_intent")
        if intent["latest_charge"] is None:
            raise NothingToRefund(intent_id)
        charge = await work.fetch("charge", intent["latest_charge"])
    if not charge["paid"]:
        raise NothingToRefund(intent_id)
    if not charge["captured"]:
        raise NotCaptured(intent_id)
    if any(not dispute["is_charge_refundable"] for dispute in await disputes_of(work, charge)):
        raise ChargeDisputed(charge["id"])
    return charge


def _refund(work: Work, charge: JsonObject, amount: int, params: Mapping[str, Any]) -> JsonObject:
    behaviour = card_behind(work, charge["payment_method_details"]["card"]).refund
    pending = behaviour == "pending"
    refund = blank(KIND) | {
        "id": work.new_id("re_3", 23),
        "amount": amount,
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": merged({}, params.get("metadata", {})),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if pending else None,
        "reason": params.get("reason"),
        "status": "pending" if pending else "succeeded",
    }
    if not pending:
        refund["balance_transaction"] = refunded(work, refund, charge)["id"]
    wait = REFERENCE_AFTER if behaviour is None else SETTLED_AFTER
    work.later("settle_refund", work.now + wait, message_id=f"settle>{refund['id']}", refund=refund["id"])
    work.insert(refund)
    work.emit("refund.created", refund)
    _take_from_charge(work, charge, amount, fraudulent=params.get("reason") == "fraudulent")
    return refund


def _take_from_charge(work: Work, charge: JsonObject, amount: int, *, fraudulent: bool) -> None:
    before: dict[str, Any] = {"amount_refunded": charge["amount_refunded"]}
    if fraudulent:
        before["fraud_details"] = charge["fraud_details"]
        charge["fraud_details"] = {"user_report": "fraudulent"}
    charge["amount_refunded"] += amount
    if charge["amount_refunded"] == charge["amount_captured"]:
        before["refunded"] = False
        charge["refunded"] = True
    work.save(charge)
    work.emit("charge.refunded", charge, before)


def _return_to_charge(work: Work, charge: JsonObject, refund: JsonObject) -> None:
    """The money has come back: it counts as not refunded again."""
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    work.save(charge)


@on_due("settle_refund")
async def settle(work: Work, message: Message, data: JsonObject) -> None:
    """Bring a refund to one of the asynchronous cards to its end; give any other the network's reference."""
    refund = await work.fetch(KIND, data["refund"])
    charge = await work.fetch("charge", refund["charge"])
    if card_behind(work, charge["payment_method_details"]["card"]).refund is None:
        reference = {"reference": digits(refund["id"], 16), "reference_status": "available"}
        details = refund["destination_details"]
        before: dict[str, Any] = {"destination_details": {"card": dict(details["card"])}}
        details["card"] = {**reference, **{name: details["card"][name] for name in ("reference_type", "type")}}
        return await _settled(work, message, refund, before, event="refund.updated")
    before = {"status": refund["status"]}
    if refund["status"] == "pending":
        before |= {"balance_transaction": None, "pending_reason": refund["pending_reason"]}
        refund |= {"balance_transaction": refunded(work, refund, charge)["id"], "pending_reason": None}
        REFUNDS.move(refund, "settle", "succeeded")
        return await _settled(work, message, refund, before, event="refund.updated")
    before |= {"failure_balance_transaction": None, "failure_reason": None}
    refund |= {
        "failure_balance_transaction": refund_failed(work, refund, charge)["id"],
        "failure_reason": "unknown",
    }
    REFUNDS.move(refund, "bounce", "failed")
    _return_to_charge(work, charge, refund)
    return await _settled(work, message, refund, before, event="refund.failed")


async def _settled(work: Work, message: Message, refund: JsonObject, before: JsonObject, *, event: str) -> None:
    work.save(refund)
    for name in (event, "charge.refund.updated"):
        work.emit(name, refund, before)
    await work.commit(Settle(message.id))


def _displayed(amount: int, charge: JsonObject) -> str:
    return display(amount, charge["currency"])
