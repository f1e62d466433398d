"""Microdeposits: a bank account is verified by what was sent to it, two small amounts or a code in the descriptor.

Events: `payment_intent.requires_action`, beside those of what follows.
"""

from collections.abc import Mapping
from typing import Any, Literal

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.payments.bank_accounts import account_of
from diddo_gateways.stripe_fake.payments.debit_errors import (
    MicrodepositsMismatch,
    MicrodepositsRefused,
    NotVerifiable,
)
from diddo_gateways.stripe_fake.payments.debits import start_debit
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.outcomes import end_attempt, failed
from diddo_gateways.stripe_fake.payments.owners import tell_owner
from diddo_gateways.stripe_fake.resources.payment_methods import past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["await_microdeposits", "deposits_action", "miss", "read_deposits", "verify_microdeposits"]

# What is under way, kept beside the intent under its id: method, mandate, attempts that are left.
DEPOSITS = "microdeposits"
ARRIVE_AFTER = 2 * 86_400
FAIL_AFTER = 5
ATTEMPTS = {"amounts": 3, "descriptor_code": 10}

Reading = Literal["verified", "attempts_exceeded", "timeout", "mismatch"]
# What Stripe's test mode reads in each pair of amounts and each code.
AMOUNTS: dict[tuple[int, ...], Reading] = {
    (32, 45): "verified",
    (10, 11): "attempts_exceeded",
    (40, 41): "timeout",
}
CODES: dict[str, Reading] = {"SM11AA": "verified", "SM33CC": "attempts_exceeded", "SM44DD": "timeout"}
MESSAGES = {
    "attempts_exceeded": "You have exceeded the number of allowed verification attempts.",
    "timeout": "The verification of this bank account has expired, since it was not verified within 10 days.",
}
SENDING_FAILED = "The microdeposits could not be sent to this bank account. Check the account and routing numbers."


def deposits_action(work: Work, intent: JsonObject) -> JsonObject:
    """Return the `next_action` of an intent that waits for its bank account to be verified."""
    details = {
        "arrival_date": work.now + ARRIVE_AFTER,
        "hosted_verification_url": f"{work.fake.pages_url}/microdeposits/{intent['client_secret']}",
        "microdeposit_type": "descriptor_code",
    }
    return {"type": "verify_with_microdeposits", "verify_with_microdeposits": details}


def read_deposits(params: Mapping[str, Any]) -> Reading:
    """Say what the parameters of a verification mean in test mode.

    Raises:
        MicrodepositsRefused: neither two amounts nor a code.
    """
    amounts, code = params.get("amounts"), params.get("descriptor_code")
    if code:
        return CODES.get(code.upper(), "mismatch")
    if not amounts or len(amounts) != 2:
        raise MicrodepositsRefused
    return AMOUNTS.get(tuple(sorted(amounts)), "mismatch")


async def await_microdeposits(work: Work, intent: JsonObject, method: JsonObject, mandate: str) -> None:
    """Send microdeposits to the intent's bank account, which has to be verified before it is debited."""
    kept = await work.get(DEPOSITS, intent["id"])
    if kept is not None:
        work.remove(kept)
    left = dict(ATTEMPTS)
    under_way = {"object": DEPOSITS, "id": intent["id"], "method": method["id"], "mandate": mandate, "left": left}
    work.insert(under_way)
    INTENTS.move(intent, "confirm", "requires_action")
    intent["next_action"] = deposits_action(work, intent)
    work.save(intent)
    work.emit("payment_intent.requires_action", intent)
    if account_of(method, account=work.world.account).microdeposits_fail:
        # Another confirmation may send others.
        message_id = f"microdeposits>{work.new_id('', 12)}"
        work.later("fail_microdeposits", work.now + FAIL_AFTER, message_id=message_id, intent=intent["id"])


async def verify_microdeposits(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Verify the intent's bank account, and debit it.

    Raises:
        NotVerifiable: no microdeposits are under way.
        MicrodepositsRefused: neither two amounts nor a code.
        MicrodepositsMismatch: not what was sent; the attempt counts.
        PaymentDeclined: the account cannot be verified, or not be debited.
    """
    kept = await work.get(DEPOSITS, intent["id"]) if _waits(intent) else None
    if kept is None:
        raise NotVerifiable(intent)
    method = await work.fetch("payment_method", kept["method"])
    reading = read_deposits(params)
    if reading == "mismatch":
        reading = miss(work, intent, kept, by_code=bool(params.get("descriptor_code")))
    if reading == "verified":
        (await past_of(work, method))["verified"] = True
        return await start_debit(work, intent, method, "verify", kept["mandate"])
    code = f"payment_method_microdeposit_verification_{reading}"
    raise failed(work, intent, "verify", {"code": code, "message": MESSAGES[reading]}, method)


def _waits(intent: JsonObject) -> bool:
    return (intent["next_action"] or {}).get("type") == "verify_with_microdeposits"


def miss(work: Work, intent: JsonObject, kept: JsonObject, *, by_code: bool) -> Reading:
    """Count an attempt that was wrong, and say that it was the last one.

    Raises:
        MicrodepositsMismatch: there are more; the attempt counts.
    """
    kept["left"]["descriptor_code" if by_code else "amounts"] -= 1
    left: int = kept["left"]["descriptor_code" if by_code else "amounts"]
    work.save(kept)
    if left == 0:
        return "attempts_exceeded"
    raise MicrodepositsMismatch(intent, by_code=by_code, left=left)


@on_due("fail_microdeposits")
async def fail_microdeposits(work: Work, message: Message, data: JsonObject) -> None:
    """Tell that the microdeposits could not be sent."""
    intent = await work.fetch("payment_intent", data["intent"])
    if _waits(intent):
        method = await work.fetch("payment_method", intent["payment_method"])
        code = "payment_method_microdeposit_failed"
        fields = {"code": code, "message": SENDING_FAILED, "type": "invalid_request_error"}
        end_attempt(work, intent, "verify", fields, method)
        await tell_owner(work, intent)
    await work.commit(Settle(message.id))
