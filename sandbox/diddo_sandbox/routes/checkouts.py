"""`/checkout`: validating a cart and sending it to be paid."""

from fastapi import APIRouter, Request, Response

from diddo_rules.context import Point
from diddo_sandbox import qr
from diddo_sandbox.answers import ERROR_RESPONSES, SPOKEN, Responses, json_response
from diddo_sandbox.bodies import BuyerFields
from diddo_sandbox.services import Caller, CartId, CurrentCaller, Language
from diddo_sandbox.session_tokens import session_token
from diddo_sandbox.shapes import CheckoutUrl, ValidationAnswer

__all__ = ["router"]

router = APIRouter(prefix="/checkout", tags=["Checkout"], responses=ERROR_RESPONSES)
IMAGE: Responses = {200: {"content": {qr.SVG: {}, qr.PNG: {}}, "description": "The QR code of the payment page"}}


@router.post("/cst", responses={200: {"description": "A token, valid for 24 hours, in the configured field"}})
async def customer_session_token(caller: CurrentCaller, body: BuyerFields | None = None) -> Response:
    """Issue a customer session token, for a guest or for a buyer."""
    buyer = {} if body is None else body.model_dump(exclude_none=True)
    token = await session_token(caller.services.secret, caller.world, buyer)
    return json_response({caller.services.settings.cst_field: token})


@router.post("/{cart_id}", responses={200: {"model": CheckoutUrl}})
async def check_out(cart_id: CartId, caller: CurrentCaller, language: Language) -> Response:
    """Validate the cart, lock it and open its payment session; the answer's `url` is where the shopper pays.

    What checks found that does not refuse the cart is in `warnings`, which is there only if it says something.
    """
    opened = await caller.services.checkouts.start(caller.world, cart_id)
    warnings = [violation.to_error(language) for violation in opened.warnings]
    answer = {"url": opened.url} | ({"warnings": warnings} if warnings else {})
    return json_response(answer, headers=SPOKEN | {"Content-Language": language})


@router.post("/{cart_id}/validate", responses={200: {"model": ValidationAnswer}})
async def validate(cart_id: CartId, caller: CurrentCaller, language: Language, point: Point = "checkout") -> Response:
    """Say all that is wrong with the cart, how each check came to its verdict, and what to call next.

    Nothing is made, locked or recorded.
    """
    report = await caller.services.checkouts.validate(caller.world, cart_id, point)
    step = (await caller.services.rules.engine(caller.world)).next_step(report)
    following = None if step is None else step._asdict() | {"path": step.path.replace("{cart_id}", cart_id)}
    answer = report.to_dict(language) | {"next": following}
    return json_response(answer, headers=SPOKEN | {"Content-Language": language})


@router.get("/{cart_id}/qr.svg", responses=IMAGE)
async def qr_svg(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Check out as `POST /checkout/{cart_id}` does, and answer the page's QR code as SVG."""
    return await _qr(cart_id, caller, qr.SVG)


@router.get("/{cart_id}/qr.png", responses=IMAGE)
async def qr_png(cart_id: CartId, caller: CurrentCaller) -> Response:
    """Check out as `POST /checkout/{cart_id}` does, and answer the page's QR code as PNG."""
    return await _qr(cart_id, caller, qr.PNG)


@router.get("/{cart_id}/qr", responses=IMAGE)
async def qr_any(cart_id: CartId, caller: CurrentCaller, request: Request) -> Response:
    """Check out as `POST /checkout/{cart_id}` does, and answer the page's QR code in the form that Accept asks for."""
    return await _qr(cart_id, caller, qr.preferred(request.headers.get("accept", "")))


async def _qr(cart_id: str, caller: Caller, media_type: str) -> Response:
    opened = await caller.services.checkouts.start(caller.world, cart_id)
    image = qr.qr_code(opened.url, media_type)
    return Response(image, media_type=media_type, headers={"Cache-Control": "no-store", "Vary": "Accept"})
