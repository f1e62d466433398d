"""`/c/pay/{session}`: the hosted payment page, which works without a script."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from diddo_gateways.stripe_fake.checkout.page import SessionPage, session_page
from diddo_gateways.stripe_fake.checkout.paying import (
    CardForm,
    Challenge,
    Declined,
    Paid,
    pay_session,
    payment_message,
)
from diddo_rules import Money
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.pages.rendering import form_of, page
from diddo_sandbox.services import Services, ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

TEST_CARDS = (
    ("4242 4242 4242 4242", "Pays"),
    ("4000 0000 0000 0002", "Is declined"),
    ("4000 0000 0000 9995", "Is declined: insufficient funds"),
    ("4000 0027 6000 3184", "Asks for 3-D Secure"),
    ("3782 822463 10005", "Pays; its security code has 4 digits"),
)
# The field of the page at which an error of a parameter of Stripe's is shown.
FIELDS = {"number": "number", "exp_month": "expiry", "exp_year": "expiry", "cvc": "cvc", "email": "email"}
REQUIRED = {
    "email": "Enter an e-mail address.",
    "number": "Enter the card number.",
    "expiry": "Enter the expiry date.",
    "cvc": "Enter the security code.",
    "name": "Enter the name on the card.",
}
EXPIRY = re.compile(r"(\d{1,2})\s*[/\s.-]?\s*(\d{4}|\d{2})")


class Line(NamedTuple):
    """A line of the order, as it is shown."""

    name: str
    quantity: int
    amount: str


@router.get("/c/pay/{session_id}")
async def show(session_id: str, services: ServicesOf) -> Response:
    """Show what is paid for, and ask for the card; after a failed challenge also why."""
    shown = await _session(session_id, services)
    if shown is None or not shown.payable:
        return _closed(shown)
    message = await payment_message(services.stripe, session_id)
    return _form(shown, {}, {"form": message} if message else {})


@router.post("/c/pay/{session_id}")
async def pay(session_id: str, request: Request, services: ServicesOf) -> Response:
    """Try to pay with what was entered; a decline is shown on the page, which can be paid again."""
    shown = await _session(session_id, services)
    if shown is None or not shown.payable:
        return _closed(shown)
    form = await form_of(request)
    known_email = _known_email(shown)
    if known_email:
        form["email"] = known_email
    if errors := _faults(form):
        return _form(shown, form, errors, status=422)
    match await pay_session(services.stripe, session_id, _card(form)):
        case Declined(message=message, param=param):
            return _form(shown, form, {FIELDS.get(param or "", "number"): message}, status=402)
        case Challenge(url=url) | Paid(redirect_url=str(url)):
            return RedirectResponse(url, 303)
    # It was paid without a page to go on to, or another was faster: the session says which.
    return _closed(await _session(session_id, services))


async def _session(session_id: str, services: Services) -> SessionPage | None:
    world = await services.worlds.holding("checkout.session", session_id)
    if world is None:
        return None
    work = services.stripe.work(world)
    shown = await session_page(work, session_id)
    await work.commit()
    return shown


def _closed(shown: SessionPage | None) -> HTMLResponse:
    """Return what is said of a session that cannot be paid, or not any more."""
    if shown is None:
        return notice("There is no such payment", "The link is wrong, or the server has been started anew.", 404)
    if shown.session["status"] == "complete":
        return notice("This is paid", "The payment has gone through.", link=shown.success_url, link_text="Go on")
    text = "The time to pay was up, or the shop has ended it. Nothing was charged."
    return notice("This payment page has expired", text, 410, link=shown.cancel_url, link_text="Back to the shop")


def _form(shown: SessionPage, form: Mapping[str, str], errors: Mapping[str, str], *, status: int = 200) -> HTMLResponse:
    session = shown.session
    kept = {"email": "", "country": "US", "expiry": "", "name": "", "postal_code": ""}
    # The number and the code are never sent back.
    kept |= {name: value for name, value in form.items() if name in kept}
    return page(
        "payment.html",
        status=status,
        leads_to=(shown.success_url, shown.cancel_url),
        session_id=session["id"],
        merchant=shown.merchant,
        lines=_lines(shown),
        total=_display(session["amount_total"], session["currency"]),
        expires_at=datetime.fromtimestamp(session["expires_at"], UTC),
        cancel_url=shown.cancel_url,
        known_email=_known_email(shown),
        form=kept,
        errors=errors,
        countries=_countries(),
        test_cards=TEST_CARDS,
    )


def _known_email(shown: SessionPage) -> str | None:
    """Return the e-mail address that the shop has given, which the shopper cannot change then."""
    email: str | None = (shown.session["customer_details"] or {}).get("email")
    return email


def _lines(shown: SessionPage) -> list[Line]:
    currency = shown.session["currency"]
    lines = [
        Line(line["description"], line["quantity"], _display(line["amount_total"], currency))
        for line in shown.line_items
    ]
    totals = shown.session["total_details"] or {}
    if totals.get("amount_shipping"):
        lines.append(Line("Shipping", 1, _display(totals["amount_shipping"], currency)))
    if totals.get("amount_tax"):
        lines.append(Line("Tax", 1, _display(totals["amount_tax"], currency)))
    return lines


def _display(amount: int, currency: str) -> str:
    return str(Money(value=amount, currency=currency.upper()))


def _faults(form: Mapping[str, str]) -> dict[str, str]:
    errors = {name: message for name, message in REQUIRED.items() if not form.get(name)}
    if "expiry" not in errors and not EXPIRY.fullmatch(form["expiry"]):
        errors["expiry"] = "Enter the expiry date as month and year, such as 12/34."
    return errors


def _card(form: Mapping[str, str]) -> CardForm:
    expiry = EXPIRY.fullmatch(form["expiry"])
    assert expiry is not None  # noqa: S101  looked at before
    month, year = expiry.groups()
    return CardForm(
        number=re.sub(r"[\s-]", "", form["number"]),
        exp_month=month,
        exp_year=year,
        cvc=form["cvc"],
        name=form["name"],
        email=form["email"],
        country=form.get("country", ""),
        postal_code=form.get("postal_code", ""),
    )


@lru_cache
def _countries() -> list[tuple[str, str]]:
    from babel import Locale  # noqa: PLC0415  slow to import, and only this page needs it

    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    countries = [(code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code)]
    return sorted((country for country in countries if country[0] not in NO_COUNTRIES), key=lambda country: country[1])


# What CLDR lists among the territories that is nowhere to send a bill to.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
