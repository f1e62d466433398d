"""Setting bank accounts up: with a mandate, and verified by microdeposits where their type asks for that.

Events: those of `setup_intents`.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.payments.bank_accounts import account_of
from diddo_gateways.stripe_fake.payments.debit_errors import NotVerifiable
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.payments.microdeposits import (
    ATTEMPTS,
    DEPOSITS,
    FAIL_AFTER,
    MESSAGES,
    SENDING_FAILED,
    deposits_action,
    miss,
    read_deposits,
)
from diddo_gateways.stripe_fake.payments.owners import tell_owner
from diddo_gateways.stripe_fake.payments.setup_attempts import end_attempt
from diddo_gateways.stripe_fake.payments.setup_outcomes import fail, refuse, succeed
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.resources.payment_methods import past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["set_up_account", "verify_setup"]


async def set_up_account(work: Work, intent: JsonObject, method: JsonObject, *, verified: bool) -> None:
    """Set a bank account up at once, or after the customer has read what was sent to it."""
    if verified or not type_of(method["type"]).verified:
        return await succeed(work, intent, method, "confirm")
    former = await work.get(DEPOSITS, intent["id"])
    if former is not None:
        work.remove(former)
    work.insert({"object": DEPOSITS, "id": intent["id"], "method": method["id"], "left": dict(ATTEMPTS)})
    SETUPS.move(intent, "confirm", "requires_action")
    intent["next_action"] = deposits_action(work, intent)
    await end_attempt(work, intent, method, "ask")
    work.save(intent)
    work.emit("setup_intent.requires_action", intent)
    if account_of(method, account=work.world.account).microdeposits_fail:
        # Another confirmation may send others.
        message_id = f"microdeposits>{work.new_id('', 12)}"
        work.later("fail_setup_microdeposits", work.now + FAIL_AFTER, message_id=message_id, intent=intent["id"])
    return None


async def verify_setup(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Verify the intent's bank account by what was sent to it, which completes the setup.

    Raises:
        InvalidRequest: no microdeposits are under way.
        MicrodepositsRefused: neither two amounts nor a code.
        MicrodepositsMismatch: not what was sent; the attempt counts.
        PaymentDeclined: the account cannot be verified.
    """
    SETUPS.check(intent, "verify")
    if not _waits(intent):
        raise NotVerifiable(intent)
    kept = await work.fetch(DEPOSITS, intent["id"])
    method = await work.fetch("payment_method", kept["method"])
    reading = read_deposits(params)
    if reading == "mismatch":
        reading = miss(work, intent, kept, by_code=bool(params.get("descriptor_code")))
    if reading == "verified":
        (await past_of(work, method))["verified"] = True
        return await succeed(work, intent, method, "verify")
    code = f"payment_method_microdeposit_verification_{reading}"
    raise await refuse(work, intent, method, "verify", {"code": code, "message": MESSAGES[reading]})


def _waits(intent: JsonObject) -> bool:
    return (intent["next_action"] or {}).get("type") == "verify_with_microdeposits"


@on_due("fail_setup_microdeposits")
async def fail_setup_microdeposits(work: Work, message: Message, data: JsonObject) -> None:
    """Tell that the microdeposits could not be sent."""
    intent = await work.fetch("setup_intent", data["intent"])
    if _waits(intent):
        method = await work.fetch("payment_method", intent["payment_method"])
        code = "payment_method_microdeposit_failed"
        fields = {"code": code, "message": SENDING_FAILED, "type": "invalid_request_error"}
        await fail(work, intent, method, "verify", fields)
        await tell_owner(work, intent)
    await work.commit(Settle(message.id))
