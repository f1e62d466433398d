"""The balance of a customer: what is credited (below zero) or still to be paid, each change with its transaction.

Events: `customer.updated`.
"""

from typing import Any

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["KIND", "move_balance", "note_change"]

KIND = "customer_balance_transaction"

filtered_by(KIND, "customer", "invoice")


def move_balance(
    work: Work, customer: JsonObject, amount: int, *, reason: str, currency: str, now: int | None = None, **about: Any
) -> JsonObject:
    """Add an amount to a customer's balance and return the transaction.

    Args:
        work: the unit of work.
        customer: whose; saved here.
        amount: minor units, below zero for a credit.
        reason: the transaction's type.
        currency: lower case; it becomes the customer's when the customer has none.
        now: when, in Unix seconds; the work's time by default.
        about: further fields of the transaction, such as `invoice` or `description`.
    """
    before = {"balance": customer["balance"]}
    if customer["currency"] is None:
        before["currency"] = customer["currency"]
    customer["balance"] += amount
    transaction = note_change(work, customer, amount, reason=reason, currency=currency, now=now, **about)
    work.save(customer)
    work.emit("customer.updated", customer, before)
    return transaction


def note_change(
    work: Work,
    customer: JsonObject,
    amount: int,
    *,
    reason: str,
    currency: str | None = None,
    now: int | None = None,
    **about: Any,
) -> JsonObject:
    """Make the transaction of a balance that has been changed already; see `move_balance`."""
    customer["currency"] = customer["currency"] or currency or "usd"
    transaction = blank(KIND) | {
        "id": work.new_id("cbtxn_1", 23),
        "amount": amount,
        "created": work.now if now is None else now,
        "currency": customer["currency"],
        "customer": customer["id"],
        "ending_balance": customer["balance"],
        "type": reason,
        **about,
    }
    work.insert(transaction)
    return transaction
