"""Payment pages: `/v1/payment_pages/{session}`, the page of a checkout session as an API.

The Stripe CLI's triggers complete a session by it, and so do tests of embedded sessions, whose form is a browser's.
Stripe does not document it: a session's id and any key are enough, as for the page.
"""

from diddo_gateways.stripe_fake.checkout.answers import Answers
from diddo_gateways.stripe_fake.checkout.choices import Choices, choose
from diddo_gateways.stripe_fake.checkout.confirming import confirm_session
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.expiring import current
from diddo_gateways.stripe_fake.checkout.outcomes import CardForm
from diddo_gateways.stripe_fake.checkout.states import SESSIONS
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_params, named
from diddo_gateways.stripe_fake.work import JsonObject, Work

# What is between the shop and Stripe, and no business of whoever holds the session's id only.
PRIVATE = ("client_reference_id", "client_secret", "metadata")
# What the shopper's browser needs of an intent that waits for it.
WAITING = ("id", "object", "client_secret", "next_action", "status")


@operation("GET /v1/payment_pages/{session}", publishable=True)
async def retrieve(call: Call) -> Answer:
    """Return a session with its line items, as its page shows them."""
    return await _shown(call, await current(call.work, call.path["session"]))


@operation("POST /v1/payment_pages/{session}/confirm", publishable=True)
async def confirm(call: Call) -> Answer:
    """Complete a session with a payment method, which gives the shopper's e-mail address, name and address."""
    work, params = call.work, call.params
    session = await current(work, call.path["session"])
    SESSIONS.check(session, "complete")
    chosen = Choices(
        quantities=params.get("quantities", {}),
        promotion_code=params.get("promotion_code"),
        shipping_rate=params.get("shipping_rate"),
    )
    await choose(work, session, chosen)
    method = await _method(work, params)
    form = CardForm(payment_method=None if method is None else method["id"])
    await confirm_session(work, session, form, answers=_answers(params), expected_amount=params.get("expected_amount"))
    return await _shown(call, session)


async def _method(work: Work, params: JsonObject) -> JsonObject | None:
    if "payment_method_data" in params:
        return await make_from_params(work, params["payment_method_data"])
    if "payment_method" in params:
        return await named(work, params["payment_method"])
    return None


def _answers(params: JsonObject) -> Answers:
    shipping, consent = params.get("shipping", {}), params.get("consent", {})
    return Answers(
        shipping_name=shipping.get("name"),
        shipping_address={part: shipping.get("address", {}).get(part) for part in ADDRESS},
        custom_fields=params.get("custom_fields", {}),
        terms_of_service=consent.get("terms_of_service") == "accepted",
        promotions=consent.get("promotions") == "opt_in",
    )


async def _shown(call: Call, session: JsonObject) -> JsonObject:
    """Return the session with its line items, and the intent that waits for the shopper, if one does."""
    content = await content_of(call.work, session)
    lines = {
        "object": "list",
        "data": content["line_items"],
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session['id']}/line_items",
    }
    shown = {**session, "line_items": lines}
    for kind in ("payment_intent", "setup_intent"):
        intent = await call.work.get(kind, session[kind] or content.get(kind) or "")
        if intent is not None and intent["status"] == "requires_action":
            shown[kind] = {name: intent[name] for name in WAITING} if call.publishable else intent
    return {name: value for name, value in shown.items() if name not in PRIVATE} if call.publishable else shown
