"""Captures: `/v1/payment_intents/{intent}/capture` and `/increment_authorization`, and those of charges.

What a card's charge allows beyond one capture of what was authorised it says itself (`multicapture`, `overcapture`,
`incremental_authorization` of its details), and only to who has asked for it in `payment_method_options`.

Events: `payment_intent.succeeded`, `.amount_capturable_updated`, beside those of the charge.
"""

from diddo_gateways.stripe_fake.currencies import check_amount
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.amount_details import apply_amount_details
from diddo_gateways.stripe_fake.payments.descriptors import check_descriptor
from diddo_gateways.stripe_fake.payments.errors import CaptureTooLarge, ChargeFailed
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.owners import tell_owner
from diddo_gateways.stripe_fake.resources.charges import capture_charge, capture_part, expiry_of
from diddo_gateways.stripe_fake.resources.direct_charges import capture_direct
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__: list[str] = []

KIND = "payment_intent"
NOT_MODELLED = {
    "application_fee_amount": "An application fee",
    "transfer_data": "A transfer to a connected account",
}


@operation("POST /v1/payment_intents/{intent}/capture")
async def capture(call: Call) -> Answer:
    """Take the authorised money, all or a part; the rest is released unless `final_capture` is false."""
    work, params = call.work, call.params
    _refuse_unmodelled(call)
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    INTENTS.check(intent, "capture")
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if params.get(name):
            check_descriptor(params[name], param=name)
            intent[name] = params[name]
    final = params.get("final_capture", True)
    await _capture(work, intent, params.get("amount_to_capture"), param="amount_to_capture", final=final)
    return intent


@operation("POST /v1/charges/{charge}/capture")
async def capture_its_charge(call: Call) -> Answer:
    """Take the authorised money of a charge: the same as capturing its intent, where it has one."""
    work = call.work
    charge = await work.fetch("charge", call.path["charge"])
    if charge["payment_intent"] is None:
        capture_direct(work, charge, call.params)
        return charge
    if charge["status"] == "failed":
        # The intent may have another that went through.
        raise ChargeFailed(charge["id"])
    intent = await work.fetch(KIND, charge["payment_intent"])
    await _capture(work, intent, call.params.get("amount"), param="amount", final=True)
    return charge


@operation("POST /v1/payment_intents/{intent}/increment_authorization")
async def increment(call: Call) -> Answer:
    """Raise what is authorised to a greater amount."""
    work, params = call.work, call.params
    _refuse_unmodelled(call)
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    INTENTS.check(intent, "increment")
    charge = await work.fetch("charge", intent["latest_charge"])
    _check_increment(intent, charge, params["amount"])
    intent |= {"amount": params["amount"], "amount_capturable": params["amount"]}
    for name in ("description", "metadata", "statement_descriptor"):
        if name in params:
            intent[name] = merged(intent[name], params[name]) if name == "metadata" else params[name] or None
    if "amount_details" in params:
        await apply_amount_details(work, intent, params["amount_details"] or {})
    _raise(work, charge, params["amount"])
    work.save(intent)
    work.emit("payment_intent.amount_capturable_updated", intent)
    return intent


def _refuse_unmodelled(call: Call) -> None:
    if unmodelled := next((what for name, what in NOT_MODELLED.items() if name in call.params), None):
        raise NotModelled(unmodelled)


def _check_increment(intent: JsonObject, charge: JsonObject, amount: int) -> None:
    extra = {"payment_intent": intent}
    card = charge["payment_method_details"].get("card") or {}
    if card.get("incremental_authorization", {}).get("status") != "available":
        raise InvalidRequest(
            "This PaymentIntent's payment method does not support incremental authorization, or it was not requested"
            " with `payment_method_options[card][request_incremental_authorization]`.",
            code="payment_intent_unexpected_state",
            extra=extra,
        )
    check_amount(amount, intent["currency"])
    if amount <= intent["amount"]:
        raise InvalidRequest(
            "The amount must be greater than the amount that is authorized already.", param="amount", extra=extra
        )


def _raise(work: Work, charge: JsonObject, amount: int) -> None:
    card = charge["payment_method_details"]["card"]
    before = {"amount": charge["amount"]}
    charge["amount"] = card["amount_authorized"] = amount
    card["overcapture"]["maximum_amount_capturable"] = amount
    work.save(charge)
    work.emit("charge.updated", charge, before)


async def _capture(work: Work, intent: JsonObject, amount: int | None, *, param: str, final: bool) -> None:
    INTENTS.check(intent, "capture")
    charge = await work.fetch("charge", intent["latest_charge"])
    most = _most(intent, charge, final=final)
    amount = intent["amount_capturable"] if amount is None else amount
    if amount < 1 or amount > most:
        raise _uncapturable(amount, intent, param=param)
    if final:
        capture_charge(work, charge, intent["amount_received"] + amount)
        work.cancel(expiry_of(charge))
        intent |= {"amount_capturable": 0, "amount_received": intent["amount_received"] + amount}
        INTENTS.move(intent, "capture", "succeeded")
        work.emit("payment_intent.succeeded", intent)
    else:
        capture_part(work, charge, amount)
        intent["amount_capturable"] -= amount
        intent["amount_received"] += amount
        INTENTS.move(intent, "capture", "requires_capture")
        work.emit("payment_intent.amount_capturable_updated", intent)
    work.save(intent)
    await tell_owner(work, intent)


def _most(intent: JsonObject, charge: JsonObject, *, final: bool) -> int:
    card = charge["payment_method_details"].get("card") or {}
    if not final and card.get("multicapture", {}).get("status") != "available":
        raise InvalidRequest(
            "`final_capture` cannot be false: this PaymentIntent does not support multicapture, or it was not requested"
            " with `payment_method_options[card][request_multicapture]`.",
            param="final_capture",
            extra={"payment_intent": intent},
        )
    over = card.get("overcapture") or {}
    if over.get("status") == "available" and intent["amount_received"] == 0:
        return int(over["maximum_amount_capturable"])
    return int(intent["amount_capturable"])


def _uncapturable(amount: int, intent: JsonObject, *, param: str) -> InvalidRequest:
    extra = {"payment_intent": intent}
    if amount < 0:
        return InvalidRequest("Invalid non-negative integer", param=param, extra=extra)
    if amount == 0:
        least = "This value must be greater than or equal to 1."
        return InvalidRequest(least, param="amount", code="parameter_invalid_integer", extra=extra)
    return CaptureTooLarge(intent)
