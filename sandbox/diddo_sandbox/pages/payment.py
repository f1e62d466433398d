"""`/c/pay/{session}`: the hosted payment page, which works without a script. `/r/{session}` opens one that has expired anew."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from diddo_gateways.stripe_fake.checkout.expiring import recover
from diddo_gateways.stripe_fake.checkout.page import SessionPage, session_page
from diddo_gateways.stripe_fake.checkout.paying import (
    Challenge,
    Declined,
    Paid,
    change_session,
    pay_session,
    payment_message,
)
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.pages.payment_form import choices_of, entered, faults, field_of
from diddo_sandbox.pages.payment_view import view
from diddo_sandbox.pages.rendering import form_of, page
from diddo_sandbox.services import Services, ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


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
    """Save what was chosen, or try to pay; what is wrong is shown on the page, which can be paid again."""
    shown = await _session(session_id, services)
    if shown is None or not shown.payable:
        return _closed(shown)
    form = await form_of(request)
    known_email = (shown.session["customer_details"] or {}).get("email")
    if known_email:
        form["email"] = known_email
    if form.get("action") in ("update", "remove_code"):
        return await _update(shown, form, services)
    if errors := faults(shown, form):
        return _form(shown, form, errors, status=422)
    given = entered(shown, form)
    outcome = await pay_session(
        services.stripe,
        session_id,
        given.card,
        answers=given.answers,
        choices=given.choices,
        expected_amount=given.expected_amount,
    )
    match outcome:
        case Declined(message=message, param=param):
            # What was chosen is kept even if the payment was declined.
            shown = await _session(session_id, services) or shown
            return _form(shown, form, {field_of(param, form): message}, status=402)
        case Challenge(url=url) | Paid(redirect_url=str(url)):
            return RedirectResponse(url, 303)
    # It was paid without a page to go on to, or another was faster: the session says which.
    return _closed(await _session(session_id, services))


@router.get("/r/{session_id}")
async def reopen(session_id: str, services: ServicesOf) -> Response:
    """Lead to a session like one that has expired."""
    url = await recover(services.stripe, session_id)
    if url is None:
        return notice("This link has expired", "The shop does not take up this order again.", 410)
    return RedirectResponse(url, 303)


async def _update(shown: SessionPage, form: Mapping[str, str], services: Services) -> Response:
    session_id = shown.session["id"]
    errors = {
        name: message for name, message in faults(shown, form).items() if name.startswith(("quantity-", "amount-"))
    }
    if not errors:
        outcome = await change_session(services.stripe, session_id, choices_of(shown, form))
        if isinstance(outcome, Declined):
            errors = {field_of(outcome.param, form): outcome.message}
    changed = await _session(session_id, services)
    if changed is None or not changed.payable:
        return _closed(changed)
    said = "" if errors else "Your order has been updated."
    return _form(changed, form, errors, status=422 if errors else 200, said=said)


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
        heading, text = _done(shown.session["mode"], shown.session["payment_status"])
        return notice(heading, text, link=shown.success_url, link_text="Go on")
    text = "The time to pay was up, or the shop has ended it. Nothing was charged."
    link, link_text = shown.cancel_url, "Back to the shop"
    if shown.recovery_url is not None:
        link, link_text = shown.recovery_url, "Order again"
    return notice("This payment page has expired", text, 410, link=link, link_text=link_text)


def _done(mode: str, payment_status: str) -> tuple[str, str]:
    if mode == "setup":
        return "Your card is saved", "It can be used for later payments."
    if payment_status == "unpaid":
        return "Your payment is on its way", "The shop is told as soon as it has gone through."
    if payment_status == "no_payment_required":
        return "This is complete", "Nothing was to be paid."
    return "This is paid", "The payment has gone through."


def _form(
    shown: SessionPage, form: Mapping[str, str], errors: Mapping[str, str], *, status: int = 200, said: str = ""
) -> HTMLResponse:
    leads_to = (shown.success_url, shown.cancel_url)
    return page("payment.html", status=status, leads_to=leads_to, said=said, **view(shown, form, errors))
