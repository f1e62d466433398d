"""Giving money back: what is left of a charge, the refund of a part of it, and how that ends.

Refunds to cards succeed at once, for all test cards but two: one's is pending for a while, another's comes back.
Refunds to bank accounts and wallets are pending first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.currencies import display
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.payments.aftermath import after_full_refund, disputes_of
from diddo_gateways.stripe_fake.payments.cards import Card
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
from diddo_gateways.stripe_fake.resources.charges import digits, expiry_of
from diddo_gateways.stripe_fake.resources.payment_methods import card_behind
from diddo_gateways.stripe_fake.shapes import blank, blank_fields
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["REFUNDS", "Request", "refund", "return_to_charge", "settle"]

KIND = "refund"
# How long asynchronous refunds take, and how long the network takes to give a refund its reference; seconds.
SETTLED_AFTER = 5
REFERENCE_AFTER = 2
FRAUDULENT = "fraudulent"
PARTLY_UNCAPTURED = (
    "You cannot partially refund an uncaptured charge. Instead, capture the charge for an amount less than the original"
    " amount"
)


def _not_cancelable(_action: str, _refund: Mapping[str, Any], _allowed: Sequence[str]) -> RefundNotCancelable:
    return RefundNotCancelable()


REFUNDS = StateTable(
    kind=KIND,
    start=("pending", "requires_action", "succeeded"),
    edges={
        "pending": {"settle": ("succeeded", "failed")},
        # Only methods whose shopper has to say where the money goes.
        "requires_action": {"settle": ("pending", "succeeded"), "cancel": ("canceled",), "expire": ("failed",)},
        # The issuer can still send it back.
        "succeeded": {"bounce": ("failed",)},
        "failed": {},
        "canceled": {},
    },
    refuse=_not_cancelable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        amount: minor units; None for all that is left.
        reason: one of Stripe's; `fraudulent` is noted on the charge.
        metadata: of the refund.
        instructions_email: where the shopper is asked for a bank account, for methods that need one.
    """

    amount: int | None = None
    reason: str | None = None
    metadata: Mapping[str, str] | str = field(default_factory=dict)
    instructions_email: str | None = None


async def refund(work: Work, charge: JsonObject, request: Request) -> JsonObject:
    """Give back all that is left of a charge, or a part; returns the refund, which is inserted.

    A charge made by itself that is only authorised is released.

    Raises:
        NothingToRefund: the charge did not go through.
        NotCaptured: it is only authorised, by an intent.
        ChargeDisputed: the bank has taken the money already.
        ChargeAlreadyRefunded: nothing is left.
        ParameterInvalidInteger: the amount is less than one.
        RefundTooLarge: it is more than is left.
    """
    await _check(work, charge)
    left = _left(charge)
    amount = left if request.amount is None else request.amount
    if left == 0:
        raise ChargeAlreadyRefunded(charge["id"])
    if amount < 1:
        raise ParameterInvalidInteger("This value must be greater than or equal to 1.", param="amount")
    if amount > left:
        raise RefundTooLarge(display(amount, charge["currency"]), display(left, charge["currency"]))
    if not charge["captured"] and amount < left:
        raise InvalidRequest(PARTLY_UNCAPTURED, param="amount")
    made = _make(work, charge, amount, request)
    _take_from_charge(work, charge, amount, fraudulent=request.reason == FRAUDULENT)
    if charge["refunded"]:
        await after_full_refund(work, charge, _card(work, charge), fraudulent=request.reason == FRAUDULENT)
    return made


async def _check(work: Work, charge: JsonObject) -> None:
    if not charge["paid"]:
        raise NothingToRefund(charge["payment_intent"])
    if not charge["captured"] and charge["payment_intent"] is not None:
        raise NotCaptured(charge["payment_intent"])
    if any(not dispute["is_charge_refundable"] for dispute in await disputes_of(work, charge)):
        raise ChargeDisputed(charge["id"])


def _left(charge: JsonObject) -> int:
    # What a partial capture has released is no longer the charge's.
    whole: int = charge["amount_captured"] if charge["captured"] else charge["amount"]
    refunded_already: int = charge["amount_refunded"]
    return whole - refunded_already


def _card(work: Work, charge: JsonObject) -> Card | None:
    shown = charge["payment_method_details"].get("card")
    return None if shown is None else card_behind(work, shown)


def _make(work: Work, charge: JsonObject, amount: int, request: Request) -> JsonObject:
    card = _card(work, charge)
    behaviour = "pending" if card is None else card.refund
    pending = behaviour == "pending" and charge["captured"]
    made = blank(KIND) | {
        "id": work.new_id("re_3" if card is not None else "pyr_3", 23),
        "amount": amount,
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": _destination(charge["payment_method_details"]["type"]),
        "metadata": merged({}, request.metadata),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": request.reason,
        "status": "pending" if pending else "succeeded",
        **({"instructions_email": request.instructions_email} if request.instructions_email else {}),
        **({"pending_reason": "processing"} if pending else {}),
    }
    if not charge["captured"]:
        work.cancel(expiry_of(charge))
    else:
        if not pending:
            made["balance_transaction"] = refunded(work, made, charge)["id"]
        wait = REFERENCE_AFTER if behaviour is None else SETTLED_AFTER
        work.later("settle_refund", work.now + wait, message_id=f"settle>{made['id']}", refund=made["id"])
    work.insert(made)
    work.emit("refund.created", made)
    return made


def _destination(method: str) -> JsonObject:
    if method == "card":
        card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        return {"card": card, "type": "card"}
    known = catalogue.load()
    node = known.definitions["refund.destination_details"]["fields"].get(method)
    return {"type": method} if node is None else {method: blank_fields(known.resolve(node)), "type": method}


def _take_from_charge(work: Work, charge: JsonObject, amount: int, *, fraudulent: bool) -> None:
    before: dict[str, Any] = {"amount_refunded": charge["amount_refunded"]}
    if fraudulent:
        before["fraud_details"] = charge["fraud_details"]
        charge["fraud_details"] = {"user_report": FRAUDULENT}
    charge["amount_refunded"] += amount
    if _left(charge) == 0:
        before["refunded"] = False
        charge["refunded"] = True
    work.save(charge)
    work.emit("charge.refunded", charge, before)


def return_to_charge(work: Work, charge: JsonObject, made: JsonObject) -> None:
    """Let the money of a refund count as not given back again."""
    charge["amount_refunded"] -= made["amount"]
    charge["refunded"] = False
    work.save(charge)


def settle(work: Work, made: JsonObject, charge: JsonObject) -> None:
    """Bring an asynchronous refund to its end; give any other the network's reference."""
    card = _card(work, charge)
    if card is not None and card.refund is None:
        return _give_reference(work, made)
    before: dict[str, Any] = {"status": made["status"]}
    if made["status"] == "pending":
        before |= {"balance_transaction": None, "pending_reason": made.pop("pending_reason")}
        made["balance_transaction"] = refunded(work, made, charge)["id"]
        REFUNDS.move(made, "settle", "succeeded")
        return _settled(work, made, before, event="refund.updated")
    before |= {"failure_balance_transaction": None, "failure_reason": None}
    made |= {"failure_balance_transaction": refund_failed(work, made, charge)["id"], "failure_reason": "unknown"}
    REFUNDS.move(made, "bounce", "failed")
    return_to_charge(work, charge, made)
    return _settled(work, made, before, event="refund.failed")


def _give_reference(work: Work, made: JsonObject) -> None:
    details = made["destination_details"]
    before = {"destination_details": {"card": dict(details["card"])}}
    reference = {"reference": digits(made["id"], 16), "reference_status": "available"}
    details["card"] = {**reference, **{name: details["card"][name] for name in ("reference_type", "type")}}
    _settled(work, made, before, event="refund.updated")


def _settled(work: Work, made: JsonObject, before: JsonObject, *, event: str) -> None:
    work.save(made)
    for name in (event, "charge.refund.updated"):
        work.emit(name, made, before)
