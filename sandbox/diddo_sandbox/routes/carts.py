"""`/cart`: making, changing and reading carts."""

from fastapi import APIRouter, Response

from diddo_plugins.buyer_identity import BuyerIdentityMissing
from diddo_rules import Cart, pointer
from diddo_sandbox.answers import ERROR_RESPONSES, Responses, json_response
from diddo_sandbox.bodies import AddItem, RemoveItem, SetBuyer, SetShipping
from diddo_sandbox.errors import ApiError
from diddo_sandbox.services import CartId, CurrentCaller
from diddo_sandbox.shapes import CartInside, CartState

__all__ = ["router"]

router = APIRouter(prefix="/cart", tags=["Carts"], responses=ERROR_RESPONSES)
CART: Responses = {200: {"model": Cart}}


# First, since routes are tried in turn and this one is asked for most.
@router.get("/{cart_id}", responses=CART)
async def read(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Return a cart."""
    return json_response((await caller.services.carts.read(caller.world, cart_id)).cart)


@router.post("/add", responses=CART)
async def add(body: AddItem, caller: CurrentCaller) -> Response:
    """Add pieces of a variant; an unknown cart, or `"0"`, makes a new one."""
    item = body.item
    return json_response(await caller.services.carts.add(caller.world, body.cart_id, item.variant_id, item.quantity))


@router.post("", responses=CART, deprecated=True)
async def add_as_before(body: AddItem, caller: CurrentCaller) -> Response:
    """Do as `POST /cart/add`, under its older path."""
    return await add(body, caller)


@router.post("/update", responses=CART)
async def update(body: AddItem, caller: CurrentCaller) -> Response:
    """Set how many pieces of a variant the cart holds; 0 removes it."""
    item = body.item
    return json_response(
        await caller.services.carts.set_quantity(caller.world, body.cart_id, item.variant_id, item.quantity)
    )


@router.delete("/items", responses=CART)
async def remove(body: RemoveItem, caller: CurrentCaller) -> Response:
    """Take a variant out of the cart; a store that has no lines left goes too."""
    return json_response(await caller.services.carts.remove(caller.world, body.cart_id, body.variant_id))


@router.post("/customer", responses=CART)
async def set_buyer(body: SetBuyer, caller: CurrentCaller) -> Response:
    """Say who buys; every field that is wrong is named."""
    return json_response(
        await caller.services.carts.set_buyer(caller.world, body.cart_id, body.buyer_identity.model_dump())
    )


@router.post("/customerInfo", responses={200: {"model": CartInside}}, deprecated=True)
async def set_buyer_as_before(body: SetBuyer, caller: CurrentCaller) -> Response:
    """Do as `POST /cart/customer`, under its older path and with the cart wrapped in `cart`."""
    return json_response(
        {"cart": await caller.services.carts.set_buyer(caller.world, body.cart_id, body.buyer_identity.model_dump())}
    )


@router.get("/shipping-rates/{cart_id}", responses=CART)
async def shipping_rates(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Offer the methods by which each store ships to the buyer."""
    missing = ApiError(BuyerIdentityMissing(at=pointer("buyer_identity")))
    return json_response(await caller.services.carts.shipping_rates(caller.world, cart_id, missing))


@router.post("/shipping-method", responses=CART)
async def choose_shipping(body: SetShipping, caller: CurrentCaller) -> Response:
    """Choose a shipping method for one or more stores."""
    options = [(option.store, option.shipping_id) for option in body.shipping_options]
    return json_response(await caller.services.carts.choose_shipping(caller.world, body.cart_id, options))


@router.get("/status/{cart_id}", responses={200: {"model": CartState}})
async def status(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Tell where the cart stands, with its orders once it is submitted; made to be polled."""
    record = await caller.services.carts.read(caller.world, cart_id)
    return json_response({"status": record.cart["status"], "orders": record.orders, "cart": record.cart})


@router.post("/cartStatus/{cart_id}", responses={200: {"model": CartState}}, deprecated=True)
async def status_as_before(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Do as `GET /cart/status/{cart_id}`, under its older path."""
    return await status(cart_id, caller)
