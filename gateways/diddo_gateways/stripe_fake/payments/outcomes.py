"""How an attempt to pay ends, whatever it was made with: the intent's new state, its events, and the error to raise.

Events: `payment_intent.succeeded`, `.amount_capturable_updated`, `.payment_failed`.
"""

from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "DOCS",
    "end_attempt",
    "fail_authentication",
    "failed",
    "future_usage",
    "is_manual",
    "refuse_action",
    "succeed",
]

FAILED_AUTHENTICATION = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
    " to attempt to fulfill this PaymentIntent again."
)
EXPIRED = "The payment was not made before its voucher expired. You can provide a new PaymentMethod to try again."
ACTION_REFUSED = (
    "This payment required an authentication action to complete, but `error_on_requires_action` was set. When you're"
    " ready, you can upgrade your integration to handle actions at"
    " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
)
DOCS = "https://stripe.com/docs/error-codes/"


def is_manual(intent: JsonObject, method_type: str = "card") -> bool:
    """Say whether a charge of that type of method is only authorised, to be captured later."""
    options = intent["payment_method_options"].get(method_type) or {}
    return "manual" in (intent["capture_method"], options.get("capture_method"))


def future_usage(intent: JsonObject, method_type: str) -> str | None:
    """Return whether a method of that type is to be used again: `on_session`, `off_session` or None."""
    options = intent["payment_method_options"].get(method_type) or {}
    usage: str | None = options.get("setup_future_usage") or intent["setup_future_usage"]
    return None if usage == "none" else usage


def succeed(work: Work, intent: JsonObject, action: str, *, manual: bool) -> None:
    """Put the intent to where its money is taken, or with `manual` authorised."""
    intent |= {"next_action": None, "last_payment_error": None}
    intent["amount_capturable" if manual else "amount_received"] = intent["amount"]
    INTENTS.move(intent, action, "requires_capture" if manual else "succeeded")
    work.save(intent)
    work.emit("payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", intent)


def failed(work: Work, intent: JsonObject, action: str, fields: JsonObject, method: JsonObject) -> PaymentDeclined:
    """Put the intent back to where it needs another payment method, and return the error to raise."""
    end_attempt(work, intent, action, {**fields, "type": "card_error"}, method)
    return PaymentDeclined(fields, {"payment_intent": intent, "payment_method": method})


def refuse_action(work: Work, intent: JsonObject, method: JsonObject) -> PaymentDeclined:
    """End the attempt because the shopper would have to do something; return the error to raise."""
    fields = {"code": "authentication_required", "decline_code": "authentication_not_handled"}
    return failed(work, intent, "confirm", {**fields, "message": ACTION_REFUSED}, method)


def fail_authentication(work: Work, intent: JsonObject, method: JsonObject) -> None:
    """Put the intent back to where it needs another payment method, since the shopper failed the challenge."""
    code, message = "payment_intent_authentication_failure", FAILED_AUTHENTICATION
    if method["type"] != "card" and type_of(method["type"]).is_voucher:
        code, message = "payment_intent_payment_attempt_expired", EXPIRED
    fields = {"code": code, "message": message, "type": "invalid_request_error"}
    end_attempt(work, intent, "authenticate", fields, method)


def end_attempt(work: Work, intent: JsonObject, action: str, fields: JsonObject, method: JsonObject) -> None:
    """Put the intent back to where it needs another payment method.

    Args:
        work: the unit of work.
        intent: the intent.
        action: the edge that it takes.
        fields: of `last_payment_error`, `code`, `message` and `type` among them.
        method: the payment method that failed.
    """
    fields["doc_url"] = DOCS + fields["code"].replace("_", "-")
    fields |= {"payment_method": method, "payment_method_type": method["type"]}
    intent |= {
        "last_payment_error": dict(sorted(fields.items())),
        "next_action": None,
        "payment_method": None,
    }
    INTENTS.move(intent, action, "requires_payment_method")
    work.save(intent)
    work.emit("payment_intent.payment_failed", intent)
