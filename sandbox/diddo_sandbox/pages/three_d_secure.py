"""`/3d_secure/{challenge}`: stands for the page on which a card's bank asks the shopper to confirm a payment."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from diddo_gateways.stripe_fake.payments.challenges import ChallengePage, answer_challenge, challenge_page
from diddo_rules import Money
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.pages.rendering import form_of, page
from diddo_sandbox.services import ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/3d_secure/{challenge_id}")
async def show(challenge_id: str, services: ServicesOf) -> Response:
    """Ask the shopper."""
    challenge = await challenge_page(services.stripe, challenge_id)
    if challenge is None:
        return notice("There is no such authentication", "The link is wrong, or the server has been started anew.", 404)
    if not challenge.open:
        return notice("Already answered", "This authentication has been completed or failed before.")
    # An intent may name any return URL, so the form may lead anywhere.
    return page("three_d_secure.html", leads_to=None, challenge=challenge, amount=_amount(challenge))


def _amount(challenge: ChallengePage) -> str | None:
    """Return what is to be paid; None for a card that is only to be saved."""
    if challenge.amount is None or challenge.currency is None:
        return None
    return str(Money(value=challenge.amount, currency=challenge.currency.upper()))


@router.post("/3d_secure/{challenge_id}")
async def answer(challenge_id: str, request: Request, services: ServicesOf) -> Response:
    """Take the shopper's answer, and lead back to the shop."""
    outcome = (await form_of(request)).get("outcome")
    if outcome not in ("complete", "fail"):
        return notice("Neither completed nor failed", "Go back and press one of the two buttons.", 400)
    try:
        url = await answer_challenge(services.stripe, challenge_id, outcome)  # type: ignore[arg-type]
    except LookupError:
        return notice("There is no such authentication", "The link is wrong, or the server has been started anew.", 404)
    if url is None:
        return notice("Authentication answered", "You can close this window.")
    return RedirectResponse(url, 303)
