"""Payouts: `/v1/payouts`. What is available leaves for the account's bank; all are made by hand, none by a schedule.

A payout is with the bank after an hour, and there at its day of arrival. The account has a bank account from the start.

Events: `payout.created`, `.updated`, `.paid`, `.canceled`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import created_bounds, listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.errors import ParameterInvalidInteger
from diddo_gateways.stripe_fake.payments.fees import settles_on
from diddo_gateways.stripe_fake.payments.ledger import balance_of, paid_out, payout_returned
from diddo_gateways.stripe_fake.resources.charges import digits
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["PAYOUTS"]

KIND = "payout"
# Seconds until a payout is with the bank, and until an instant one is there.
SENT_AFTER = 3600
INSTANT = 1800
# One document per account that each payout writes: of two at once, the second looks at the balance again.
GUARD = "payout_guard"
INSUFFICIENT = (
    "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low.  You can use"
    " the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance)."
)


def _refused(action: str, payout: Mapping[str, Any], _allowed: Sequence[str]) -> InvalidRequest:
    if action == "cancel":
        return InvalidRequest("Payouts can only be canceled while they are pending.")
    return InvalidRequest(f"You cannot reverse this payout because it has a status of {payout['status']}.")


PAYOUTS = StateTable(
    kind=KIND,
    start=("pending",),
    edges={
        "pending": {"send": ("in_transit",), "cancel": ("canceled",)},
        "in_transit": {"arrive": ("paid",)},
        "paid": {"reverse": ("paid",)},
        "canceled": {},
    },
    refuse=_refused,
)

filtered_by(KIND, "destination", "status")


@operation("POST /v1/payouts")
async def create(call: Call) -> Answer:
    """Send what is available to the bank."""
    work, params = call.work, call.params
    currency, amount = check_currency(params["currency"]), params["amount"]
    if "payout_method" in params:
        raise NotModelled("A payout to a financial account")
    if amount < 1:
        raise ParameterInvalidInteger("This value must be greater than or equal to 1.", param="amount")
    await _one_at_a_time(work)
    if amount > (await balance_of(work)).available(currency, work.now):
        raise InvalidRequest(INSUFFICIENT, code="balance_insufficient")
    payout = await _make(work, amount, currency, params)
    work.emit("payout.created", payout)
    return payout


@operation("GET /v1/payouts/{payout}")
async def retrieve(call: Call) -> Answer:
    """Return a payout."""
    return await call.work.stored(KIND, call.path["payout"], param="payout")


@operation("GET /v1/payouts")
async def list_(call: Call) -> Answer:
    """List payouts."""
    arrival = created_bounds(call.params.get("arrival_date"))
    return await listed(call, KIND, conditions=[] if arrival is None else [partial(_arrives, arrival)])


def _arrives(bounds: tuple[int, int], payout: JsonObject) -> bool:
    return bool(bounds[0] <= payout["arrival_date"] <= bounds[1])


@operation("POST /v1/payouts/{payout}")
async def update(call: Call) -> Answer:
    """Change a payout's metadata."""
    work = call.work
    payout = await work.fetch(KIND, call.path["payout"], param="payout")
    before = overwrite(payout, call.params, ["metadata"])
    if before:
        work.save(payout)
        work.emit("payout.updated", payout, before)
    return payout


@operation("POST /v1/payouts/{payout}/cancel")
async def cancel(call: Call) -> Answer:
    """Take back a payout that is not with the bank yet."""
    work = call.work
    payout = await work.fetch(KIND, call.path["payout"], param="payout")
    PAYOUTS.move(payout, "cancel")
    payout["failure_balance_transaction"] = payout_returned(work, payout, type="payout_cancel")["id"]
    work.save(payout)
    work.emit("payout.canceled", payout)
    return payout


@operation("POST /v1/payouts/{payout}/reverse")
async def reverse(call: Call) -> Answer:
    """Fetch the money of a payout back from the bank: another payout, of the opposite amount."""
    work, params = call.work, call.params
    payout = await work.fetch(KIND, call.path["payout"], param="payout")
    PAYOUTS.move(payout, "reverse")
    if payout["reversed_by"] is not None:
        raise InvalidRequest("This payout has already been reversed.")
    if payout["original_payout"] is not None:
        raise InvalidRequest("This payout reverses another one and cannot be reversed itself.")
    reversal = await _make(
        work, -payout["amount"], payout["currency"], {**params, "destination": payout["destination"]}
    )
    reversal["original_payout"] = payout["id"]
    payout["reversed_by"] = reversal["id"]
    work.save(payout)
    work.emit("payout.created", reversal)
    return reversal


async def _make(work: Work, amount: int, currency: str, params: Mapping[str, Any]) -> JsonObject:
    """Make and insert a payout, which the balance is less by at once."""
    instant = params.get("method") == "instant"
    destination, kind = await _destination(work, params.get("destination"))
    payout = blank(KIND) | {
        "id": work.new_id("po_1", 23),
        "amount": amount,
        "arrival_date": work.now + INSTANT if instant else settles_on(work.now, method=KIND),
        "created": work.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": destination,
        "metadata": merged({}, params.get("metadata", {})),
        "method": "instant" if instant else "standard",
        "reconciliation_status": "not_applicable",
        "source_type": params.get("source_type", "card"),
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": kind,
    }
    payout["balance_transaction"] = paid_out(work, payout)["id"]
    work.insert(payout)
    sent = min(work.now + SENT_AFTER, payout["arrival_date"])
    work.later("send_payout", sent, message_id=f"send>{payout['id']}", payout=payout["id"])
    return payout


async def _destination(work: Work, given: str | None) -> tuple[str, str]:
    """Return the id of where the money goes, and what that is: by default the account's own bank account."""
    own = "ba_1" + work.world.account.removeprefix("acct_1")
    if given is None or given == own:
        return own, "bank_account"
    card = await work.get("card", given)
    if card is None:
        await work.fetch("bank_account", given, param="destination", status=400, noun="external account")
    return given, "bank_account" if card is None else "card"


async def _one_at_a_time(work: Work) -> None:
    """Have this work refused by the store if another payout is made meanwhile."""
    guard = await work.get(GUARD, GUARD)
    if guard is None:
        return work.insert({"object": GUARD, "id": GUARD})
    return work.save(guard)


@on_due("send_payout")
async def send(work: Work, message: Message, data: JsonObject) -> None:
    """Hand a payout to the bank, unless it was canceled."""
    payout = await work.fetch(KIND, data["payout"])
    if payout["status"] == "pending":
        PAYOUTS.move(payout, "send")
        work.save(payout)
        work.emit("payout.updated", payout, {"status": "pending"})
        arrives = max(payout["arrival_date"], work.now)
        work.later("arrive_payout", arrives, message_id=f"arrive>{payout['id']}", payout=payout["id"])
    await work.commit(Settle(message.id))


@on_due("arrive_payout")
async def arrive(work: Work, message: Message, data: JsonObject) -> None:
    """Say that a payout is there."""
    payout = await work.fetch(KIND, data["payout"])
    PAYOUTS.move(payout, "arrive")
    payout["trace_id"] = {"status": "supported", "value": digits(payout["id"], 15)}
    work.save(payout)
    work.emit("payout.paid", payout, {"status": "in_transit"})
    await work.commit(Settle(message.id))
