"""The ledger: a balance transaction for each movement of the account's money, and the balance that they add up to.

Balance transactions are written once and never changed; whether one's money is available yet follows from the clock.
So the balance is read off them, and no payment waits for another to have updated it.
"""

from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from diddo_gateways.stripe_fake.expansion import as_seen
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.payments.fees import dispute_fee, processing_fee, settles_on
from diddo_gateways.stripe_fake.resources.payment_methods import card_behind
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work
from diddo_gateways.worlds import World

__all__ = [
    "TRANSACTION",
    "Balance",
    "balance_of",
    "charged",
    "disputed",
    "paid_out",
    "payout_returned",
    "refund_failed",
    "refunded",
    "reinstated",
    "seen_now",
]

TRANSACTION = "balance_transaction"
# Payments by other methods than cards are `py_…`, and their movements are called differently.
OTHER_METHOD = "py_"
PAGE = 1000

filtered_by(TRANSACTION, "type", "source", "currency")


def charged(work: Work, charge: JsonObject) -> JsonObject:
    """Write that a charge's captured amount has come in, less the fee; returns the balance transaction.

    The caller puts its id into the charge.
    """
    method, card = _method_of(charge)
    amount, currency = charge["amount_captured"], charge["currency"]
    fee = processing_fee(amount, currency, method=method, country=card.get("country"))
    other = charge["id"].startswith(OTHER_METHOD)
    return _write(
        work,
        charge,
        amount=amount,
        fees=[_fee(fee, currency, "Stripe processing fees")],
        available_on=_available_on(work, charge),
        category="charge",
        type="payment" if other else "charge",
        description=charge["description"],
    )


def refunded(work: Work, refund: JsonObject, charge: JsonObject) -> JsonObject:
    """Write that a refund has gone out; the fee of the charge is not given back."""
    other = charge["id"].startswith(OTHER_METHOD)
    what = "PAYMENT" if other else "CHARGE"
    return _write(
        work,
        refund,
        amount=-refund["amount"],
        available_on=_available_on(work, charge),
        category="refund",
        type="payment_refund" if other else "refund",
        description=_about(f"REFUND FOR {what}", charge),
    )


def refund_failed(work: Work, refund: JsonObject, charge: JsonObject) -> JsonObject:
    """Write that the money of a refund has come back."""
    return _write(
        work,
        refund,
        amount=refund["amount"],
        available_on=_available_on(work, charge),
        category="refund_failure",
        type="refund_failure",
        description=_about("REFUND FAILURE", charge),
    )


def disputed(work: Work, dispute: JsonObject) -> JsonObject:
    """Write that a dispute has taken its amount, and the fee."""
    fee = _fee(dispute_fee(dispute["currency"]), dispute["currency"], "Dispute fee")
    description = f"Chargeback withdrawal for {dispute['charge']}"
    return _write(
        work,
        dispute,
        amount=-dispute["amount"],
        fees=[fee],
        category="dispute",
        type="adjustment",
        description=description,
    )


def reinstated(work: Work, dispute: JsonObject) -> JsonObject:
    """Write that a dispute was won: amount and fee come back."""
    fee = _fee(-dispute_fee(dispute["currency"]), dispute["currency"], "Dispute fee")
    description = f"Chargeback reversal for {dispute['charge']}"
    return _write(
        work,
        dispute,
        amount=dispute["amount"],
        fees=[fee],
        category="dispute_reversal",
        type="adjustment",
        description=description,
    )


def paid_out(work: Work, payout: JsonObject) -> JsonObject:
    """Write that a payout has left the balance, or come back into it where its amount is negative."""
    description = payout["description"] or "STRIPE PAYOUT"
    return _write(work, payout, amount=-payout["amount"], category="payout", type="payout", description=description)


def payout_returned(work: Work, payout: JsonObject, *, type: str) -> JsonObject:  # noqa: A002  Stripe's name
    """Write that the money of a payout is back; `type` is `payout_cancel` or `payout_failure`."""
    description = f"REFUND FOR PAYOUT ({payout['description'] or 'STRIPE PAYOUT'})"
    return _write(work, payout, amount=payout["amount"], category="payout_reversal", type=type, description=description)


def _write(
    work: Work,
    source: JsonObject,
    *,
    amount: int,
    category: str,
    type: str,  # noqa: A002  Stripe's name
    description: str | None,
    fees: list[JsonObject] | None = None,
    available_on: int | None = None,
) -> JsonObject:
    fee = sum(detail["amount"] for detail in fees or ())
    of_a_payment = source["object"] in ("charge", "refund")
    transaction = blank(TRANSACTION) | {
        "id": work.new_id("txn_3" if of_a_payment else "txn_1", 23),
        "amount": amount,
        "available_on": work.now if available_on is None else available_on,
        "balance_type": "payments",
        "created": work.now,
        "currency": source["currency"],
        "description": description,
        "fee": fee,
        "fee_details": fees or [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "type": type,
    }
    seen_now(work, transaction)
    work.insert(transaction)
    return transaction


@as_seen(TRANSACTION)
def seen_now(work: Work, transaction: JsonObject) -> None:
    """Say in a balance transaction whether its money is available by now."""
    transaction["status"] = "available" if transaction["available_on"] <= work.now else "pending"


def _fee(amount: int, currency: str, description: str) -> JsonObject:
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": description,
        "type": "stripe_fee",
    }


def _about(what: str, charge: JsonObject) -> str:
    return f"{what} ({charge['description']})" if charge["description"] else what


def _method_of(charge: JsonObject) -> tuple[str, JsonObject]:
    details = charge["payment_method_details"]
    return details["type"], details.get("card") or {}


def _available_on(work: Work, charge: JsonObject) -> int:
    method, card = _method_of(charge)
    if card and card_behind(work, card).available_at_once:
        return work.now
    return settles_on(work.now, method=method)


class Balance:
    """What an account has, by currency, in minor units."""

    def __init__(self) -> None:
        # How much becomes available when; and up to where the ledger is counted in.
        self._nets: Counter[tuple[str, int]] = Counter()
        self._seq = 0

    async def count(self, world: World) -> None:
        """Count in what has been written since the last time; nothing in the ledger ever changes."""
        while True:
            seq = self._seq
            page = await world.page(TRANSACTION, limit=PAGE, before=seq)
            if seq != self._seq:
                continue  # another has counted these meanwhile
            for document in page:
                written: dict[str, Any] = orjson.loads(document.body)
                self._nets[written["currency"], written["available_on"]] += written["net"]
            if page:
                self._seq = page[0].seq
            if len(page) < PAGE:
                return

    def currencies(self) -> list[str]:
        """Return the currencies in which anything was ever moved."""
        return sorted({currency for currency, _ in self._nets})

    def available(self, currency: str, now: int) -> int:
        """Return what can be paid out now; negative where more was taken than there is."""
        return sum(net for (of, on), net in self._nets.items() if of == currency and on <= now)

    def pending(self, currency: str, now: int) -> int:
        """Return what becomes available later."""
        return sum(net for (of, on), net in self._nets.items() if of == currency and on > now)


_balances: WeakKeyDictionary[World, Balance] = WeakKeyDictionary()


async def balance_of(work: Work) -> Balance:
    """Return the balance of the account, as it is stored: without what this work has written."""
    balance = _balances.setdefault(work.world, Balance())
    await balance.count(work.world)
    return balance
