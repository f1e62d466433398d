"""Completing a checkout session: what was bought is handed over, what was entered is written, the shop is told.

Events: `checkout.session.completed`; later, of payments that settle slowly, `checkout.session.async_payment_succeeded`
or `checkout.session.async_payment_failed`.
"""

from diddo_gateways.stripe_fake.billing.collecting import hear_of_payment as pay_invoice
from diddo_gateways.stripe_fake.billing.redemption import Redeemable, redeem
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.invoiced import invoice_purchase
from diddo_gateways.stripe_fake.checkout.links import count_completion
from diddo_gateways.stripe_fake.checkout.states import SESSIONS, expiry_timer
from diddo_gateways.stripe_fake.checkout.subscribed import subscribe
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.payments.owners import on_payment
from diddo_gateways.stripe_fake.resources import customers
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["complete"]

KIND = "checkout.session"
THROUGH = ("succeeded", "requires_capture", "processing")


async def complete(work: Work, session: JsonObject, intent: JsonObject | None) -> None:
    """Close an open session that was paid, set up, or that nothing is to be paid for.

    What the shopper entered was kept in the session's content as `answers` when it was confirmed.

    Args:
        work: the unit of work that the payment was made in.
        session: an open session, from `current`.
        intent: the payment intent that paid it, succeeded, authorised or processing, or the setup intent that saved the
            payment method; None when neither was needed.

    Raises:
        SessionNotOpen: the session is not open any more.
    """
    content = await content_of(work, session)
    SESSIONS.move(session, "complete")
    session["url"] = session["client_secret"] = None
    session |= content["answers"]
    paid = intent is not None and intent["object"] == "payment_intent"
    if intent is not None:
        session["customer"] = session["customer"] or intent["customer"]
    if session["mode"] == "payment" and paid:
        session["payment_intent"] = intent["id"]  # type: ignore[index]  # paid
    if session["payment_status"] == "unpaid":
        session["payment_status"] = "paid" if paid and intent["status"] == "succeeded" else "unpaid"  # type: ignore[index]
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    await _update_customer(work, session, content)
    if session["mode"] == "subscription":
        await subscribe(work, session, content, intent)
    else:
        await _redeem(work, session, content)
    if (session["invoice_creation"] or {}).get("enabled"):
        await invoice_purchase(work, session, content, intent)
    work.save(session)
    work.cancel(expiry_timer(session))
    work.emit("checkout.session.completed", session)
    if session["payment_link"] is not None:
        await count_completion(work, session["payment_link"])


async def _redeem(work: Work, session: JsonObject, content: JsonObject) -> None:
    """Count the redemption of what the session shows, under the id that it shows."""
    for one in content["discounts"]:
        discount = one["discount"]
        discount["customer"] = session["customer"]
        if await work.get("coupon", one["coupon"]["id"]) is not None:
            code = one["promotion_code"] and await work.fetch("promotion_code", one["promotion_code"])
            await redeem(work, Redeemable(one["coupon"], code))
        work.insert(discount)
        work.save(content)


async def _update_customer(work: Work, session: JsonObject, content: JsonObject) -> None:
    """Save what was entered to a customer that the shop has named, as far as it asked for that."""
    request = content["request"]
    if "customer" not in request:
        return
    wanted, details = request.get("customer_update", {}), session["customer_details"]
    shipping = session["collected_information"]["shipping_details"]
    params: JsonObject = {}
    for field in ("address", "name"):
        if wanted.get(field) == "auto" and details[field]:
            params[field] = details[field]
    if wanted.get("shipping") == "auto" and shipping:
        params["shipping"] = {"address": shipping["address"], "name": shipping["name"]}
    customer = await work.fetch("customer", session["customer"])
    if customer["email"] is None:
        params["email"] = details["email"]
    if params:
        await customers.update(Call(work, params, {"customer": customer["id"]}))


@on_payment(KIND)
async def hear_of_payment(work: Work, intent: JsonObject, session_id: str) -> None:
    """Take note of an intent that came to its end while nobody waited for it."""
    session = await work.get(KIND, session_id)
    if session is None:
        return
    if session["status"] == "open" and intent["status"] in THROUGH:
        await complete(work, session, intent)
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        await _settle(work, session, intent)


async def _settle(work: Work, session: JsonObject, intent: JsonObject) -> None:
    method = await work.get("payment_method", intent["payment_method"] or "")
    # Money of a card that was only authorised comes by a capture, which the shop itself has made.
    captured = method is not None and method["type"] == "card"
    if session["invoice"] is not None:
        await pay_invoice(work, intent, session["invoice"])
    if intent["status"] == "succeeded":
        session["payment_status"] = "paid"
        work.save(session)
        if not captured:
            work.emit("checkout.session.async_payment_succeeded", session)
    elif intent["status"] == "requires_payment_method":
        work.emit("checkout.session.async_payment_failed", session)
