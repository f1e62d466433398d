"""The invoice of a purchase: made, final and paid when a checkout session that asks for one is completed."""

from diddo_gateways.stripe_fake.billing.collecting import credit_payment
from diddo_gateways.stripe_fake.billing.drafting import draft
from diddo_gateways.stripe_fake.billing.invoice_lines import Line
from diddo_gateways.stripe_fake.billing.invoice_payments import add_payment
from diddo_gateways.stripe_fake.billing.invoicing import finalize
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["invoice_purchase"]

FIELDS = ("account_tax_ids", "custom_fields", "description", "footer", "issuer")


async def invoice_purchase(work: Work, session: JsonObject, content: JsonObject, intent: JsonObject | None) -> None:
    """Make the invoice of a session in payment mode and write it into the session.

    Args:
        work: the unit of work.
        session: with the customer, its discounts redeemed.
        content: the session's.
        intent: the payment intent that paid, or is to; None when nothing was to be paid.
    """
    data = session["invoice_creation"]["invoice_data"]
    invoice = await draft(
        work,
        customer=session["customer"],
        currency=session["currency"],
        lines=[_line(line, content) for line in content["line_items"]] + _shipping(session),
        billing_reason="manual",
        auto_advance=False,
        discounts=[one["discount"]["id"] for one in content["discounts"]],
        metadata=data["metadata"],
        fields={name: data[name] for name in FIELDS if data[name]},
    )
    if intent is not None:
        await add_payment(work, invoice, intent, amount=invoice["amount_due"], default=True)
    await finalize(work, invoice)
    if intent is not None and intent["status"] == "succeeded" and invoice["status"] == "open":
        await credit_payment(work, invoice, intent)
    session["invoice"] = invoice["id"]


def _line(line: JsonObject, content: JsonObject) -> Line:
    return Line(
        amount=line["amount_subtotal"],
        currency=line["currency"],
        description=line["description"],
        price=line["price"],
        quantity=line["quantity"],
        tax_rates=content["rates"].get(line["id"], ()),
        metadata=line["metadata"],
    )


def _shipping(session: JsonObject) -> list[Line]:
    """Return what shipping costs as a line: discounts do not apply to it."""
    amount = session["total_details"]["amount_shipping"]
    if not amount:
        return []
    return [Line(amount=amount, currency=session["currency"], description="Shipping", discountable=False)]
