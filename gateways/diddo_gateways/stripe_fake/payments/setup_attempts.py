"""The attempts of a setup intent: each confirmation makes one, which shows the payment method as it was then."""

from typing import Literal

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.payments.setup_states import ATTEMPTS
from diddo_gateways.stripe_fake.shapes import blank, blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["abandon_attempt", "begin_attempt", "end_attempt"]

KIND = "setup_attempt"
DETAILS = "setup_attempt.payment_method_details"
SHARED = ("application", "attach_to_self", "customer", "customer_account", "flow_directions", "on_behalf_of", "usage")


async def begin_attempt(work: Work, intent: JsonObject, method: JsonObject) -> None:
    """Make the intent's latest attempt; one that still waits for the customer is abandoned."""
    await abandon_attempt(work, intent)
    attempt = blank(KIND) | {name: intent.get(name) for name in SHARED}
    attempt |= {
        "id": work.new_id("setatt_1", 23),
        "created": work.now,
        "payment_method": method["id"],
        "payment_method_details": _details(method, None),
        "setup_intent": intent["id"],
        "status": "requires_confirmation",
    }
    work.insert(attempt)
    intent["latest_attempt"] = attempt["id"]


async def end_attempt(
    work: Work,
    intent: JsonObject,
    method: JsonObject,
    action: Literal["ask", "succeed", "fail"],
    *,
    three_d_secure: JsonObject | None = None,
    error: JsonObject | None = None,
) -> None:
    """Say what has become of the intent's latest attempt; asking the customer is no end yet."""
    attempt = await work.fetch(KIND, intent["latest_attempt"])
    ATTEMPTS.move(attempt, action)
    attempt["setup_error"] = error
    attempt["payment_method_details"] = _details(method, three_d_secure)
    work.save(attempt)


async def abandon_attempt(work: Work, intent: JsonObject) -> None:
    """End the attempt that waits for the customer, if there is one: the intent goes another way."""
    attempt = None if intent["latest_attempt"] is None else await work.get(KIND, intent["latest_attempt"])
    if attempt is not None and attempt["status"] in ATTEMPTS.allowed("abandon"):
        ATTEMPTS.move(attempt, "abandon")
        work.save(attempt)


def _details(method: JsonObject, three_d_secure: JsonObject | None) -> JsonObject:
    known = catalogue.load()
    kind = method["type"]
    node = known.definitions[DETAILS]["fields"].get(kind)
    shown = {} if node is None else blank_fields(known.resolve(node))
    shown |= {name: method[kind][name] for name in shown if name in method[kind]}
    if kind == "card":
        shown["network"] = method["card"]["networks"]["available"][-1]
        if three_d_secure is not None:
            # What a charge shows besides is about the payment.
            three_d_secure = {name: value for name, value in three_d_secure.items() if name != "exemption_indicator"}
        shown["three_d_secure"] = three_d_secure
    return {"type": kind, kind: shown}
