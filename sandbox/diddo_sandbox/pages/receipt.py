"""`/receipt/{checkout}`: where a shopper lands after paying, unless the settings name a page of the shop's own."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from diddo_gateways.protocol import PaymentSession, SessionStatus
from diddo_sandbox.carts import CartRecord
from diddo_sandbox.checkouts import CHECKOUT
from diddo_sandbox.errors import ApiError
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.services import Services, ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
# Seconds that a webhook which is on its way gets before the page says that it has not come yet.
PATIENCE = 2.0


@router.get("/receipt/{checkout_id}")
async def receipt(checkout_id: str, services: ServicesOf) -> HTMLResponse:
    """Tell how the payment of a cart stands."""
    try:
        found = await _find(checkout_id, services)
        if found is not None and found[1] is not None and found[1].status is SessionStatus.PAID:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await services.stripe.settled()
            found = await _find(checkout_id, services)
    except ApiError as error:
        text = "The payment gateway does not say how this payment stands; try again a little later."
        return notice("No news of the payment", text, error.violations[0].http_status)
    if found is None:
        return notice("There is no such checkout", "The link is wrong, or the server has been started anew.", 404)
    return _told(*found)


async def _find(checkout_id: str, services: Services) -> tuple[CartRecord, PaymentSession | None] | None:
    world = await services.worlds.holding(CHECKOUT, checkout_id)
    return None if world is None else await services.checkouts.find(world, checkout_id)


def _told(record: CartRecord, session: PaymentSession | None) -> HTMLResponse:
    total = record.cart["cost"]["total"]["display_value"]
    if record.cart["status"] == "SUBMITTED":
        orders = [order["id"] for order in record.orders]
        return notice("Thank you for your order", f"{total} was paid, and the cart is submitted.", orders=orders)
    if session is None:
        return notice("Nothing was paid", "The payment page was left or has expired; the cart can be changed again.")
    if session.status is SessionStatus.PAID:
        text = f"{total} was paid. The cart is submitted as soon as the gateway's message arrives."
        return notice("Thank you", text, link="", link_text="Look again")
    text = "Its payment page is still open."
    return notice("The cart is not paid yet", text, link=session.url, link_text="Go on paying")
