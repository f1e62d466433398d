"""Billing a subscription: its invoices, drafted from lines and collected as its settings and the request say."""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.billing import automatic_tax
from diddo_gateways.stripe_fake.billing.clocks import later_for
from diddo_gateways.stripe_fake.billing.collecting import credit_payment
from diddo_gateways.stripe_fake.billing.discounts import coupon_of, holds_at
from diddo_gateways.stripe_fake.billing.drafting import draft
from diddo_gateways.stripe_fake.billing.invoice_items import keep_item, line_for, pending_items
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, pricing
from diddo_gateways.stripe_fake.billing.invoice_payments import add_payment
from diddo_gateways.stripe_fake.billing.invoicing import finalize, mark_uncollectible, pay, void
from diddo_gateways.stripe_fake.errors import CardError
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "OVERDUE",
    "ActionRequired",
    "PaymentFailed",
    "bill",
    "collect_now",
    "collected",
    "covered",
    "discounts_at",
    "hold_back",
    "keep_pending",
]

# What tells a subscription that one of its invoices is still to be paid when it is due.
OVERDUE = "subscription_overdue"


class PaymentFailed(CardError):
    """A payment failed that the request insisted on: nothing of the request is kept."""

    def __init__(self, declined: PaymentDeclined) -> None:
        super().__init__(
            declined.message, code=declined.code or "card_declined", param=declined.param, extra=declined.extra
        )
        self.keeps_changes = False


class ActionRequired(CardError):
    """A payment needs the shopper where the request insisted that it goes through at once."""

    def __init__(self) -> None:
        super().__init__(
            "Payment for this subscription requires additional user action before it can be completed successfully."
            " Payment can be completed using the PaymentIntent associated with `subscription.latest_invoice`.",
            code="subscription_payment_intent_requires_action",
        )


async def bill(
    work: Work,
    subscription: JsonObject,
    lines: Sequence[Line],
    *,
    reason: str,
    now: int,
    period: tuple[int, int] | None = None,
) -> JsonObject:
    """Draft an invoice of a subscription, with the customer's pending items and the discounts that hold now.

    What settles a change and what is added once is an invoice item first, as at Stripe. A `once` discount is used up
    by the invoice.
    """
    once = [line for line in lines if line.proration or line.subscription_item is None]
    settled = await keep_pending(work, subscription, once, now)
    pending = await pending_items(work, subscription["customer"], subscription=subscription["id"])
    pending = [item for item in pending if item["currency"] == subscription["currency"]]
    discounts = await discounts_at(work, subscription, now)
    settings = subscription["invoice_settings"]
    fields = {name: settings[name] for name in ("custom_fields", "description", "footer") if settings.get(name)}
    if subscription["automatic_tax"]["enabled"]:
        fields["automatic_tax"] = await automatic_tax.of_invoice(work, subscription["customer"], {"enabled": True})
    invoice = await draft(
        work,
        customer=subscription["customer"],
        currency=subscription["currency"],
        lines=[
            *[await line_for(work, item) for item in (*settled, *pending)],
            *[line for line in lines if line not in once],
        ],
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        auto_advance=(subscription["pause_collection"] or {}).get("behavior") != "keep_as_draft",
        subscription=subscription["id"],
        discounts=[discount["id"] for discount in discounts],
        default_tax_rates=subscription["default_tax_rates"] or (),
        days_until_due=subscription["days_until_due"],
        now=now,
        period=period or covered(subscription, now),
        fields=fields,
    )
    for item in (*settled, *pending):
        item["invoice"] = invoice["id"]
        keep_item(work, item)
    await _use_up(work, subscription, discounts)
    if invoice["due_date"] is not None:
        message_id = f"overdue>{invoice['id']}"
        due, names = invoice["due_date"], {"subscription": subscription["id"], "invoice": invoice["id"]}
        await later_for(work, subscription["customer"], OVERDUE, due, message_id=message_id, **names)
    return invoice


def covered(subscription: JsonObject, now: int) -> tuple[int, int]:
    """Return what an invoice within a period of a subscription covers: the period until now."""
    starts = [item["current_period_start"] for item in subscription["items"]["data"]]
    return min([*starts, now]), now


async def discounts_at(work: Work, subscription: JsonObject, now: int) -> list[JsonObject]:
    """Return the discounts that hold: the subscription's, or else its customer's; those that are over are taken off."""
    found = [await work.get("discount", one) for one in subscription["discounts"]]
    own = [one for one in found if one is not None and holds_at(one, now)]
    subscription["discounts"] = [one["id"] for one in own]
    if own:
        return own
    customer = await work.get("customer", subscription["customer"]) or {}
    general = customer.get("discount")
    return [general] if general is not None and holds_at(general, now) else []


async def _use_up(work: Work, subscription: JsonObject, discounts: Sequence[JsonObject]) -> None:
    for discount in discounts:
        if discount["id"] in subscription["discounts"] and (await coupon_of(work, discount))["duration"] == "once":
            subscription["discounts"].remove(discount["id"])


async def collect_now(work: Work, invoice: JsonObject, *, behavior: str, off_session: bool) -> bool:
    """Finalize an invoice at once and collect it as `payment_behavior` says; return whether nothing more is owed.

    Raises:
        PaymentFailed: it was not paid and `behavior` is `error_if_incomplete`.
        NoPaymentMethod: there is nothing to charge.
    """
    await finalize(work, invoice)
    if invoice["status"] == "paid":
        return True
    if behavior == "default_incomplete":
        return False
    try:
        await pay(work, invoice, off_session=off_session)
    except PaymentDeclined as declined:
        if behavior == "error_if_incomplete":
            raise PaymentFailed(declined) from declined
        return False
    if invoice["status"] != "paid" and behavior == "error_if_incomplete":
        raise ActionRequired
    # What a bank still processes counts as paid until it fails.
    return bool(invoice["status"] == "paid")


async def collected(work: Work, invoice: JsonObject, intent: JsonObject) -> bool:
    """Finalize an invoice that an intent has paid beforehand, or pays as soon as its bank says so; return whether it is."""
    await add_payment(work, invoice, intent, amount=invoice["amount_due"], default=True)
    await finalize(work, invoice)
    if intent["status"] == "succeeded" and invoice["status"] == "open":
        await credit_payment(work, invoice, intent)
    return bool(invoice["status"] == "paid")


async def keep_pending(work: Work, subscription: JsonObject, lines: Sequence[Line], now: int) -> list[JsonObject]:
    """Put lines on the subscription's next invoice, as invoice items, and return those."""
    items = []
    customer = await work.get("customer", subscription["customer"]) or {}
    for line in lines:
        start, end = line.period or (now, now)
        item = blank("invoiceitem") | {
            "id": work.new_id("ii_1", 23),
            "amount": line.amount,
            "currency": line.currency,
            "customer": subscription["customer"],
            "date": now,
            "description": line.description,
            "discountable": line.discountable,
            "discounts": list(line.discounts),
            "metadata": dict(line.metadata),
            "parent": {
                "subscription_details": {
                    "subscription": subscription["id"],
                    "subscription_item": line.subscription_item,
                },
                "type": "subscription_details",
            },
            "period": {"end": end, "start": start},
            "pricing": pricing(line.price),
            "proration": line.proration,
            "quantity": line.quantity or 0,
            "quantity_decimal": str(line.quantity or 0),
            "tax_rates": list(line.tax_rates),
            "test_clock": customer.get("test_clock"),
        }
        if line.proration:
            item["proration_details"] = {"credited_items": _credited_items(line), "discount_amounts": []}
        keep_item(work, item, new=True)
        work.emit("invoiceitem.created", item)
        items.append(item)
    return items


def _credited_items(line: Line) -> JsonObject | None:
    return line.credited and {
        "invoice_item": None,
        "invoice_line_item_details": line.credited,
        "type": "invoice_line_items",
    }


async def hold_back(work: Work, subscription: JsonObject, invoice: JsonObject) -> None:
    """Do with an invoice what is to be done while collection is paused: it waits, is void, or is given up."""
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    if behavior in ("void", "mark_uncollectible"):
        await finalize(work, invoice)
        if invoice["status"] == "open":
            await (void if behavior == "void" else mark_uncollectible)(work, invoice)
