"""The hosted page of an invoice: what it shows, the card that is entered on it, and the PDF. No HTML here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from diddo_gateways.stripe_fake.billing.collecting import collect
from diddo_gateways.stripe_fake.billing.invoice_lines import lines_of
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.currencies import display
from diddo_gateways.stripe_fake.payments.cards import CardDetails, read_card
from diddo_gateways.stripe_fake.payments.errors import PaymentDeclined
from diddo_gateways.stripe_fake.pdf import pdf
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_card
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["InvoicePage", "invoice_page", "invoice_pdf", "pay_on_page"]

KIND = "invoice"


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """What the page of an invoice shows: the invoice and its lines, as the API answers them."""

    invoice: JsonObject
    lines: list[JsonObject]

    @property
    def payable(self) -> bool:
        """Whether a card can be entered."""
        return "pay" in INVOICES.edges[self.invoice["status"]]


async def invoice_page(server: Server, invoice_id: str) -> InvoicePage | None:
    """Return what the page of a final invoice shows, or None when there is no such invoice."""
    world = await server.worlds.holding(KIND, invoice_id)
    if world is None:
        return None
    work = server.work(world)
    invoice = await work.fetch(KIND, invoice_id)
    return None if invoice["status"] == "draft" else InvoicePage(invoice, await lines_of(work, invoice))


async def pay_on_page(server: Server, invoice_id: str, details: CardDetails) -> str | None:
    """Charge what remains of an invoice to the card that was entered, and return the URL of its challenge if it asks for one.

    Raises:
        LookupError: there is no such invoice.
        StripeError: the card's details are refused, the card is declined, or there is nothing to pay any more.
    """
    world = await server.worlds.holding(KIND, invoice_id)
    if world is None:
        raise LookupError(invoice_id)

    async def attempt(work: Work) -> str | PaymentDeclined | None:
        invoice = await work.fetch(KIND, invoice_id)
        INVOICES.check(invoice, "pay")
        card, month, year = read_card(details, now=work.now)
        method = make_from_card(work, card, expiry=(month, year), cvc_sent=True)
        page = invoice["hosted_invoice_url"]
        try:
            intent = await collect(work, invoice, payment_method=method["id"], off_session=False, return_url=page)
        except PaymentDeclined as declined:
            # The failed attempt stays on record.
            return declined
        action = intent["next_action"]
        return action and str(action["redirect_to_url"]["url"])

    outcome = await transact(server, world, attempt)
    if isinstance(outcome, PaymentDeclined):
        raise outcome
    return outcome


async def invoice_pdf(server: Server, invoice_id: str) -> bytes | None:
    """Return a final invoice as a PDF of one page, or None when there is no such invoice."""
    page = await invoice_page(server, invoice_id)
    if page is None:
        return None
    invoice = page.invoice

    def money(amount: int) -> str:
        return f"{display(amount, invoice['currency'])} {invoice['currency'].upper()}"

    finalized = datetime.fromtimestamp(invoice["status_transitions"]["finalized_at"] or invoice["created"], UTC)
    return pdf(
        [
            f"Invoice {invoice['number']}",
            f"{invoice['account_name']}, {finalized:%d %B %Y}",
            f"To {invoice['customer_name'] or invoice['customer_email'] or invoice['customer']}",
            "",
            *[f"{line['description'] or 'Item'}: {money(line['amount'])}" for line in page.lines],
            "",
            f"Total: {money(invoice['total'])}",
            f"Due: {money(invoice['amount_remaining'])}",
            f"Status: {invoice['status']}",
        ]
    )
