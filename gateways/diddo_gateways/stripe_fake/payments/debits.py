"""Bank debits: the bank is told at once and answers later, so that an intent is `processing` in between.

Events: `payment_intent.processing`, `payment_method.updated`, beside those of the charge and of the outcome.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.payments.attempts import make_payment, payment_failed, payment_settled
from diddo_gateways.stripe_fake.payments.bank_accounts import BankAccount, Failure, account_of
from diddo_gateways.stripe_fake.payments.debit_errors import MandateNeeded, MandateRefused
from diddo_gateways.stripe_fake.payments.disputing import Allegation, open_dispute
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.mandates import AGREED_IN_BROWSER, make_mandate
from diddo_gateways.stripe_fake.payments.outcomes import end_attempt, failed, future_usage, succeed
from diddo_gateways.stripe_fake.payments.owners import tell_owner
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.resources.payment_methods import keep_for, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["check_usable", "mandate_for", "start_debit", "stop_debit"]

# Seconds on the world's clock until the bank has answered, and for the test accounts that take their time.
ANSWERED_AFTER = 5
DELAYED_BY = 180
RETURNED = {"us_bank_account": "bank_cannot_process", "sepa_debit": "debit_not_authorized"}

filtered_by("mandate", "payment_method")


def check_usable(method: JsonObject, intent: JsonObject) -> None:
    """Raise Stripe's error for a bank account that an earlier debit has shown to take none."""
    if (method[method["type"]].get("status_details") or {}).get("blocked"):
        raise InvalidRequest(
            "This bank account has failed a debit in the past and cannot be used. Use another payment method.",
            code="payment_method_bank_account_blocked",
            param="payment_method",
            extra={"payment_intent": intent},
        )


async def mandate_for(work: Work, intent: JsonObject, method: JsonObject, terms: Terms) -> str:
    """Return the id of the mandate by which the method is debited: a given one, a new one, or one given before.

    Raises:
        MandateRefused: the mandate that was named allows no such debit.
        MandateNeeded: there is none.
    """
    if terms.mandate is not None:
        return await _named_mandate(work, terms.mandate, method, intent)
    given = terms.mandate_data or ({"customer_acceptance": AGREED_IN_BROWSER} if terms.by_customer else None)
    if given is None:
        known = await work.world.page("mandate", limit=1, terms=[[f"payment_method={method['id']}"]])
        kept = await work.get("mandate", known[0].id) if known else None
        if kept is None or kept["status"] != "active" or kept["type"] != "multi_use":
            raise MandateNeeded(intent)
        return str(kept["id"])
    once = None
    if future_usage(intent, method["type"]) is None:
        once = {"amount": intent["amount"], "currency": intent["currency"]}
    return str(make_mandate(work, method, given["customer_acceptance"], single_use=once)["id"])


async def _named_mandate(work: Work, mandate_id: str, method: JsonObject, intent: JsonObject) -> str:
    mandate = await work.fetch("mandate", mandate_id, param="mandate", status=400)
    if mandate["payment_method"] != method["id"] or mandate["status"] != "active":
        raise MandateRefused(intent)
    return mandate_id


async def start_debit(work: Work, intent: JsonObject, method: JsonObject, action: str, mandate: str | None) -> None:
    """Debit the method: the intent is `processing` afterwards, and moves on when the bank has answered.

    Args:
        work: the unit of work.
        intent: the intent.
        method: its payment method, a bank account.
        action: the edge that the intent takes, `confirm` or `verify`.
        mandate: the id of the mandate that allows it.

    Raises:
        PaymentDeclined: the debit is too risky; what was written is to be kept.
    """
    account = account_of(method, account=work.world.account)
    charge = make_payment(work, intent, method, status="pending", mandate=mandate)
    intent["latest_charge"] = charge["id"]
    usage = future_usage(intent, method["type"])
    if method["customer"] is None and usage is None:
        (await past_of(work, method))["used_up"] = True
    if account.blocked is not None:
        raise _blocked(work, intent, method, charge, account.blocked, action=action)
    INTENTS.move(intent, action, "processing")
    intent |= {"next_action": None, "last_payment_error": None}
    work.save(intent)
    work.emit("payment_intent.processing", intent)
    if not account.stays:
        wait = DELAYED_BY if account.delayed else ANSWERED_AFTER
        work.later("settle_debit", work.now + wait, message_id=_answer_of(charge["id"]), charge=charge["id"])
    if usage is not None:
        await keep_for(work, method, intent["customer"])


def _blocked(
    work: Work, intent: JsonObject, method: JsonObject, charge: JsonObject, why: Failure, *, action: str
) -> Exception:
    outcome = {
        "network_status": "not_sent_to_network",
        "reason": "highest_risk_level",
        "risk_level": "highest",
        "type": "blocked",
    }
    payment_failed(work, charge, code=why.failure_code, message=why.message, outcome=outcome)
    return failed(work, intent, action, {"code": why.code, "message": why.message, "charge": charge["id"]}, method)


def stop_debit(work: Work, charge: JsonObject) -> None:
    """Call a debit back that the bank has not answered yet, since its intent is given up."""
    work.cancel(_answer_of(charge["id"]))
    payment_failed(work, charge, code="payment_canceled", message="The payment was canceled before the bank answered.")


def _answer_of(charge_id: str) -> str:
    return f"debit>{charge_id}"


@on_due("settle_debit")
async def settle_debit(work: Work, message: Message, data: JsonObject) -> None:
    """Carry out the bank's answer to a debit."""
    charge = await work.fetch("charge", data["charge"])
    intent = await work.fetch("payment_intent", charge["payment_intent"])
    if charge["status"] == "pending" and intent["status"] == "processing":
        method = await work.fetch("payment_method", charge["payment_method"])
        account = account_of(method, account=work.world.account)
        if account.failure is None:
            _collected(work, intent, charge, account)
        else:
            _returned(work, intent, method, charge, account.failure)
        await tell_owner(work, intent)
    await work.commit(Settle(message.id))


def _collected(work: Work, intent: JsonObject, charge: JsonObject, account: BankAccount) -> None:
    payment_settled(work, charge)
    succeed(work, intent, "settle", manual=False)
    if account.dispute:
        reason = RETURNED.get(account.type, "debit_not_authorized")
        open_dispute(work, charge, Allegation(reason=reason, contestable=False))


def _returned(work: Work, intent: JsonObject, method: JsonObject, charge: JsonObject, why: Failure) -> None:
    payment_failed(work, charge, code=why.failure_code, message=why.message)
    if why.blocked is not None and "status_details" in method[method["type"]]:
        blocked = {"network_code": why.network_code, "reason": why.blocked}
        method[method["type"]]["status_details"] = {"blocked": blocked}
        work.save(method)
        work.emit("payment_method.updated", method)
    fields = {"charge": charge["id"], "code": why.code, "message": why.message, "type": "card_error"}
    end_attempt(work, intent, "settle", fields, method)
