"""`/b/{link}`: the URL of a payment link, which opens a checkout session and leads to its page."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from diddo_gateways.stripe_fake.checkout.links import LinkClosed, open_link
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.services import ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
KIND = "payment_link"


@router.get("/b/{link_id}")
async def follow(link_id: str, request: Request, services: ServicesOf) -> Response:
    """Open a session for whoever follows the link, or say why it leads nowhere."""
    world = await services.worlds.holding(KIND, link_id)
    if world is None:
        return notice("There is no such link", "The link is wrong, or the server has been started anew.", 404)
    try:
        url = await open_link(services.stripe, world, link_id, request.query_params)
    except LinkClosed as closed:
        return notice("Nothing can be bought here now", str(closed), 410)
    return RedirectResponse(url, 303)


@router.get("/b/{link_id}/done")
async def done(link_id: str, services: ServicesOf) -> Response:
    """Thank whoever has paid through a link that leads no further, in the shop's words if it has some."""
    world = await services.worlds.holding(KIND, link_id)
    link = None if world is None else await services.stripe.work(world).get(KIND, link_id)
    confirmation = {} if link is None else link["after_completion"].get("hosted_confirmation") or {}
    return notice("Thank you for your payment", confirmation.get("custom_message") or "It has gone through.")
