"""What the amount of a payment intent is made of: line items, tax, shipping, discount, and whether they add up."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["LINES", "apply_amount_details"]

# The line items of an intent, kept under its id: they are shown in a list of their own.
LINES = "payment_intent_amount_details_lines"
LINE = "payment_intent_amount_details_line_item"


async def apply_amount_details(work: Work, intent: JsonObject, given: Mapping[str, Any]) -> None:
    """Write `amount_details` into an intent; nothing in it takes all of them off.

    Raises:
        InvalidRequest: they do not add up to the amount, and `enforce_arithmetic_validation` is not false.
    """
    lines = [_line(work, line) for line in given.get("line_items") or ()]
    details: JsonObject = {"tip": {}}
    if given.get("discount_amount"):
        details["discount_amount"] = given["discount_amount"]
    if given.get("tax"):
        details["tax"] = {"total_tax_amount": given["tax"]["total_tax_amount"]}
    if given.get("shipping"):
        names = ("amount", "from_postal_code", "to_postal_code")
        details["shipping"] = {name: given["shipping"].get(name) or None for name in names}
    error = _disagreement(intent["amount"], details, lines) if lines else None
    if error is not None:
        if given.get("enforce_arithmetic_validation", True):
            raise InvalidRequest(error["message"], code="amount_too_large", param="amount_details")
        details["error"] = error
    intent["amount_details"] = details
    kept = await work.get(LINES, intent["id"])
    if kept is not None:
        kept["lines"] = lines
        work.save(kept)
    elif lines:
        work.insert({"object": LINES, "id": intent["id"], "lines": lines})


def _line(work: Work, given: Mapping[str, Any]) -> JsonObject:
    names = ("discount_amount", "payment_method_options", "product_code", "tax", "unit_of_measure")
    return {
        "id": work.new_id("uli_1", 23),
        "object": LINE,
        **{name: given.get(name) for name in names},
        **{name: given[name] for name in ("product_name", "quantity", "unit_cost")},
    }


def _disagreement(amount: int, details: JsonObject, lines: list[JsonObject]) -> JsonObject | None:
    goods = sum(line["unit_cost"] * line["quantity"] - (line["discount_amount"] or 0) for line in lines)
    taxes = sum((line["tax"] or {}).get("total_tax_amount", 0) for line in lines)
    beside = (details.get("shipping") or {}).get("amount") or 0
    beside += (details.get("tax") or {}).get("total_tax_amount", 0) - details.get("discount_amount", 0)
    total = goods + taxes + beside
    if total == amount:
        return None
    message = f"The amount details add up to {total}, which is not the amount of the payment, {amount}."
    return {"code": "amount_details_amount_mismatch", "message": message}
