"""`/invoice/{invoice}`: the page on which a customer reads an invoice and pays it, and its PDF."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from diddo_gateways.stripe_fake.billing.hosted_invoice import InvoicePage, invoice_page, invoice_pdf, pay_on_page
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.payments.cards import CardDetails
from diddo_rules import Money
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.pages.rendering import form_of, page
from diddo_sandbox.services import ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
EXPIRY = re.compile(r"(\d{1,2})\s*[/\s.-]?\s*(\d{4}|\d{2})")


@router.get("/invoice/{invoice_id}")
async def show(invoice_id: str, services: ServicesOf) -> Response:
    """Show an invoice, with a form while there is something to pay."""
    found = await invoice_page(services.stripe, invoice_id)
    return _missing() if found is None else _shown(found)


@router.post("/invoice/{invoice_id}")
async def pay(invoice_id: str, request: Request, services: ServicesOf) -> Response:
    """Charge the card that was entered; a refusal is told on the page."""
    form = await form_of(request)
    expiry = EXPIRY.fullmatch(form.get("expiry", ""))
    month, year = expiry.groups() if expiry else ("", "")
    card = CardDetails(re.sub(r"[\s-]", "", form.get("number", "")), month, year, form.get("cvc", ""))
    try:
        challenge = await pay_on_page(services.stripe, invoice_id, card)
    except StripeError as error:
        found = await invoice_page(services.stripe, invoice_id)
        return _missing() if found is None else _shown(found, problem=error.message, status=error.status)
    except LookupError:
        return _missing()
    return RedirectResponse(challenge or f"/invoice/{invoice_id}", 303)


@router.get("/invoice/{invoice_id}/pdf")
async def download(invoice_id: str, services: ServicesOf) -> Response:
    """Send an invoice as a PDF."""
    made = await invoice_pdf(services.stripe, invoice_id)
    if made is None:
        return _missing()
    headers = {"content-disposition": f'attachment; filename="{invoice_id}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _missing() -> Response:
    return notice("There is no such invoice", "The link is wrong, or the server has been started anew.", 404)


def _shown(found: InvoicePage, *, problem: str | None = None, status: int = 200) -> Response:
    currency = found.invoice["currency"].upper()

    def money(amount: int) -> str:
        return str(Money(value=amount, currency=currency))

    before, after = _rows(found.invoice)
    return page(
        "invoice.html",
        status=status,
        found=found,
        invoice=found.invoice,
        money=money,
        problem=problem,
        before_total=before,
        after_total=after,
    )


Rows = list[tuple[str, int]]


def _rows(invoice: Mapping[str, Any]) -> tuple[Rows, Rows]:
    """Return what leads from the lines to the total, and from there to what is due: names and amounts, none of 0."""
    taxes = invoice["total_taxes"] or ()
    added = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    discount = sum(given["amount"] for given in invoice["total_discount_amounts"] or ())
    shipping = (invoice["shipping_cost"] or {}).get("amount_total", 0)
    before = [("Discount", -discount), ("Shipping", shipping), ("Tax", added)]
    credit = invoice["amount_remaining"] + invoice["amount_paid"] - invoice["total"]
    after = [("Balance and credit applied", credit), ("Paid", -invoice["amount_paid"])]
    return [row for row in before if row[1]], [row for row in after if row[1]]
