"""`/receipt/{cart_id}`: where a shopper lands after paying, unless the settings name a page of the shop's own."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from diddo_sandbox.carts import CART
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.services import ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/receipt/{cart_id}")
async def receipt(cart_id: str, services: ServicesOf) -> HTMLResponse:
    """Tell how the payment of a cart stands."""
    world = await services.worlds.holding(CART, cart_id)
    record = None if world is None else await services.carts.find(world, cart_id)
    if record is None:
        return notice("There is no such cart", "The link is wrong, or the server has been started anew.", 404)
    if record.cart["status"] == "SUBMITTED":
        thanks = f"{record.cart['cost']['total']['display_value']} was paid, and the cart is submitted."
        return notice("Thank you for your order", thanks, orders=[order["id"] for order in record.orders])
    if record.checkout is None:
        return notice("Nothing was paid", "The payment page was left or has expired; the cart can be changed again.")
    url = record.checkout["url"]
    return notice("The cart is not paid yet", "Its payment page is still open.", link=url, link_text="Go on paying")
