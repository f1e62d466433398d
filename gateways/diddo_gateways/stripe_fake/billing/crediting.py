"""Credit notes: what they take off an open invoice, and where the money of a paid one goes.

Events: `credit_note.created`, `credit_note.voided`, `invoice.updated`, beside those of refunds and of the balance.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.billing.balances import move_balance
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.collecting import settle
from diddo_gateways.stripe_fake.billing.credit_lines import credit_lines, line_of_amount, sums_of
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph
from diddo_gateways.stripe_fake.billing.invoice_payments import default_intent, payments_of
from diddo_gateways.stripe_fake.currencies import display
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled, ParameterRefused
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.resources import refunds
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["CREDIT_NOTES", "KIND", "compose", "issue", "kept_lines", "void"]

KIND = "credit_note"
# Kept beside the note under the same id: `{"lines": […]}`, of which the note shows the first ten.
LINES = "credit_note_lines"
SHOWN = 10
CHANNELS = ("credit_amount", "refund_amount", "out_of_band_amount")
# Why the money goes back, in the words of refunds.
REASONS = {"duplicate": "duplicate", "fraudulent": "fraudulent"}


def _not_voidable(_action: str, _note: Mapping[str, Any], _allowed: Any) -> InvalidRequest:
    return InvalidRequest("This credit note has already been voided.")


CREDIT_NOTES = StateTable(
    kind=KIND, start=("issued",), edges={"issued": {"void": ("void",)}, "void": {}}, refuse=_not_voidable
)


async def compose(work: Work, invoice: JsonObject, params: Mapping[str, Any]) -> tuple[JsonObject, list[JsonObject]]:
    """Return the credit note that a request describes, and its lines; nothing is put into the work.

    Raises:
        StripeError: the invoice cannot be credited, or not with that much, or it is not said where the money goes.
    """
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        raise InvalidRequest(
            "You can only create credit notes for finalized invoices that are not void.", param="invoice"
        )
    if params.get("shipping_cost"):
        raise NotModelled("Crediting the shipping cost of an invoice")
    if "amount" in params and "lines" in params:
        raise InvalidRequest("You may only specify one of these parameters: amount, lines.", param="amount")
    lines = await _lines(work, invoice, params)
    sums = sums_of(lines)
    credited = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    _check_total(sums["total"], invoice["total"] - credited, invoice["currency"])
    before = min(sums["total"], invoice["amount_remaining"])
    after = sums["total"] - before
    now = await now_for(work, invoice["customer"])
    note_id = work.new_id("cn_1", 23)
    note = blank(KIND) | {
        "id": note_id,
        "amount_shipping": 0,
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "effective_at": params.get("effective_at", now),
        "invoice": invoice["id"],
        "memo": params.get("memo"),
        "metadata": merged({}, params.get("metadata") or {}),
        "number": f"{invoice['number']}-CN-{await _count(work, invoice) + 1:02d}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": f"{work.fake.pages_url}/credit_notes/{note_id}/pdf",
        "post_payment_amount": after,
        "pre_payment_amount": before,
        "reason": params.get("reason"),
        "status": "issued",
        "type": "mixed" if before and after else "post_payment" if after else "pre_payment",
        **sums,
    }
    note["lines"] = {
        "object": "list",
        "data": lines[:SHOWN],
        "has_more": len(lines) > SHOWN,
        "url": f"/v1/credit_notes/{note_id}/lines",
    }
    await _check_channels(work, note, params)
    return note, lines


async def _lines(work: Work, invoice: JsonObject, params: Mapping[str, Any]) -> list[JsonObject]:
    if "lines" in params:
        return await credit_lines(work, invoice, params["lines"])
    if "amount" not in params:
        raise ParameterRefused("One of `amount`, `lines`, or `shipping_cost` must be provided.")
    return [line_of_amount(work, params["amount"])]


def _check_total(total: int, left: int, currency: str) -> None:
    if total < 1:
        raise ParameterRefused("The amount of a credit note must be greater than zero.", param="amount")
    if total > left:
        raise InvalidRequest(
            f"The credit note amount ({display(total, currency)}) is greater than the amount of the invoice that is not"
            f" credited yet ({display(left, currency)}).",
            param="amount",
        )


async def _check_channels(work: Work, note: JsonObject, params: Mapping[str, Any]) -> None:
    """Hold where the money is said to go against what was paid already and is given back."""
    for name in CHANNELS:
        if params.get(name, 0) < 0:
            raise ParameterRefused("Invalid non-negative integer", param=name, code="parameter_invalid_integer")
    linked = [await _linked(work, note, given, position) for position, given in enumerate(params.get("refunds", ()))]
    given = sum(params.get(name, 0) for name in CHANNELS) + sum(one["amount_refunded"] for one in linked)
    if given != note["post_payment_amount"]:
        written = [display(amount, note["currency"]) for amount in (given, note["post_payment_amount"])]
        raise InvalidRequest(
            f"The sum of credit amount, refund amount and out of band amount ({written[0]}) must equal the credit note"
            f" amount ({written[1]})."
        )
    note["refunds"] = linked


async def _linked(work: Work, note: JsonObject, given: Mapping[str, Any], position: int) -> JsonObject:
    """Return what a note says of a refund that was made before."""
    name = f"refunds[{position}]"
    if "refund" not in given:
        raise NotModelled("A credit note of a payment record's refund")
    refund = await work.fetch("refund", given["refund"], param=f"{name}[refund]", status=400)
    intents = [payment["payment"]["payment_intent"] for payment in await payments_of(work, note["invoice"])]
    if refund["payment_intent"] not in intents:
        raise InvalidRequest(
            f"The refund {refund['id']} is not one of the invoice's payments.", param=f"{name}[refund]"
        )
    return _refunded(refund, given.get("amount_refunded", refund["amount"]))


def _refunded(refund: JsonObject, amount: int) -> JsonObject:
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}


async def _count(work: Work, invoice: JsonObject) -> int:
    return len(await work.world.page(KIND, limit=100, terms=[[f"invoice={invoice['id']}"]]))


async def issue(work: Work, invoice: JsonObject, params: Mapping[str, Any]) -> JsonObject:
    """Make a credit note, and do what it says: the invoice owes less, money goes back, or is credited.

    Raises:
        StripeError: as `compose`; or the refund cannot be made.
    """
    note, lines = await compose(work, invoice, params)
    work.insert(note)
    work.insert({"object": LINES, "id": note["id"], "lines": lines})
    if params.get("refund_amount"):
        note["refunds"] += await _refund(work, invoice, note, params["refund_amount"])
    if params.get("credit_amount"):
        customer = await work.fetch("customer", invoice["customer"], param="customer", status=400)
        about = {"credit_note": note["id"], "invoice": invoice["id"], "now": note["created"]}
        credit = move_balance(
            work, customer, -params["credit_amount"], reason="credit_note", currency=note["currency"], **about
        )
        note["customer_balance_transaction"] = credit["id"]
    work.emit("credit_note.created", note)
    before = photograph(invoice)
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    await _owe_less(work, invoice, note["pre_payment_amount"], before)
    return note


async def _refund(work: Work, invoice: JsonObject, note: JsonObject, amount: int) -> list[JsonObject]:
    """Give back an amount of what the invoice's payments brought in, the default one's first."""
    made = []
    for payment in await payments_of(work, invoice["id"]):
        if payment["status"] != "paid" or not amount:
            continue
        intent = await work.fetch("payment_intent", payment["payment"]["payment_intent"])
        charge = await work.fetch("charge", intent["latest_charge"])
        part = min(amount, payment["amount_paid"], charge["amount_captured"] - charge["amount_refunded"])
        if part:
            reason = REASONS.get(note["reason"] or "", "requested_by_customer")
            asked = Call(work, {"payment_intent": intent["id"], "amount": part, "reason": reason})
            refund = await refunds.create(asked)
            made.append(_refunded(dict(refund), part))  # type: ignore[arg-type]  # creating answers with the object
            amount -= part
    if amount:
        raise InvalidRequest(
            f"The refund amount is {display(amount, note['currency'])} more than what is left of the invoice's payments.",
            param="refund_amount",
        )
    return made


async def _owe_less(work: Work, invoice: JsonObject, amount: int, before: JsonObject) -> None:
    invoice["pre_payment_credit_notes_amount"] += amount
    invoice["amount_due"] -= amount
    invoice["amount_remaining"] -= amount
    if amount and not invoice["amount_remaining"]:
        await settle(work, invoice, before=before)
        return
    if amount > 0:
        # The intent is to bring in what is left.
        await default_intent(work, invoice)
    announce_change(work, invoice, before)


async def void(work: Work, note: JsonObject) -> None:
    """Take a credit note back: the invoice owes again what the note took off.

    Raises:
        InvalidRequest: it is void already, money has moved, or the invoice is not open any more.
    """
    invoice = await work.fetch("invoice", note["invoice"])
    CREDIT_NOTES.check(note, "void")
    if note["post_payment_amount"] or invoice["status"] != "open":
        raise InvalidRequest("You can only void credit notes of open invoices, and only those that moved no money.")
    CREDIT_NOTES.move(note, "void")
    note["voided_at"] = await now_for(work, note["customer"])
    work.save(note)
    work.emit("credit_note.voided", note)
    await _owe_less(work, invoice, -note["pre_payment_amount"], photograph(invoice))
    await default_intent(work, invoice)


async def kept_lines(work: Work, note: JsonObject) -> list[JsonObject]:
    """Return all lines of a credit note that was issued."""
    kept = await work.get(LINES, note["id"])
    lines: list[JsonObject] = note["lines"]["data"] if kept is None else kept["lines"]
    return lines
