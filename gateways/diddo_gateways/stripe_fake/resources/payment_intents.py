"""Payment intents: `/v1/payment_intents`. The states and their edges are in `payments.intent_states.INTENTS`.

Captures are in `payment_intent_captures`, what each parameter does in `payments.intent_parameters`.

Events: `payment_intent.created`, `.requires_action`, `.processing`, `.amount_capturable_updated`, `.succeeded`,
`.payment_failed`, `.canceled`, beside those of the charge.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed, sliced
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.aftermath import close_review_of
from diddo_gateways.stripe_fake.payments.amount_details import LINE, LINES
from diddo_gateways.stripe_fake.payments.confirmation import Terms, confirm
from diddo_gateways.stripe_fake.payments.confirmation_tokens import redeem, spread
from diddo_gateways.stripe_fake.payments.debits import stop_debit
from diddo_gateways.stripe_fake.payments.errors import (
    CheckoutOwned,
    ConfirmedByServerOnly,
    NeedsConfirm,
    NotUpdatable,
    PaymentDeclined,
    ReturnUrlMissing,
)
from diddo_gateways.stripe_fake.payments.intent_parameters import apply, provide, set_amount
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import may_redirect
from diddo_gateways.stripe_fake.payments.microdeposits import verify_microdeposits
from diddo_gateways.stripe_fake.payments.owners import owner_of, tell_owner
from diddo_gateways.stripe_fake.payments.publishable import check_secret, open_to_shoppers, shown
from diddo_gateways.stripe_fake.resources.charges import capture_charge, expiry_of
from diddo_gateways.stripe_fake.resources.direct_charges import release_direct
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["abandon", "make_intent", "provide"]

KIND = "payment_intent"

filtered_by(KIND, "customer", "customer_account")

# What may be changed in every state; anything else only before the money moves.
ALWAYS_UPDATABLE = frozenset({"metadata", "description", "receipt_email", "shipping", "transfer_group"})
BEFORE_PAYMENT = ("requires_payment_method", "requires_confirmation", "requires_action")
ONLY_WITH_CONFIRM = (
    "confirmation_token",
    "return_url",
    "off_session",
    "error_on_requires_action",
    "mandate",
    "mandate_data",
)


@operation("POST /v1/payment_intents")
async def create(call: Call) -> Answer:
    """Make an intent, and confirm it at once with `confirm=true`."""
    work, params = call.work, call.params
    if not params.get("confirm"):
        for name in ONLY_WITH_CONFIRM:
            if name in params:
                raise NeedsConfirm(name)
    await spread(call)
    intent = await make_intent(work, call.params)
    work.emit("payment_intent.created", intent)
    await redeem(call, intent)
    if params.get("confirm"):
        await _confirm(call, intent)
    return intent


@operation("GET /v1/payment_intents/{intent}", publishable=True)
async def retrieve(call: Call) -> Answer:
    """Return an intent; to the holder of its client secret only what concerns the shopper."""
    if not call.publishable and "client_secret" not in call.params:
        return await call.work.stored(KIND, call.path["intent"], param="intent")
    intent = await call.work.fetch(KIND, call.path["intent"], param="intent")
    check_secret(call, intent)
    return shown(call, intent)


@operation("GET /v1/payment_intents")
async def list_(call: Call) -> Answer:
    """List intents."""
    return await listed(call, KIND)


@operation("GET /v1/payment_intents/{intent}/amount_details_line_items")
async def list_lines(call: Call) -> Answer:
    """List what the amount of an intent is made of."""
    intent = await call.work.fetch(KIND, call.path["intent"], param="intent")
    kept = await call.work.get(LINES, intent["id"])
    return sliced(call, [] if kept is None else kept["lines"], LINE, call.url)


@operation("POST /v1/payment_intents/{intent}")
async def update(call: Call) -> Answer:
    """Change an intent; amount, currency and the like only before the money moves."""
    work, params = call.work, call.params
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    for name in params:
        if name not in ALWAYS_UPDATABLE and intent["status"] not in BEFORE_PAYMENT:
            raise NotUpdatable(name, intent, BEFORE_PAYMENT)
    if "currency" in params or "amount" in params:
        wanted = {**intent, **params}
        set_amount(intent, wanted["amount"], wanted["currency"])
    await apply(work, intent, params)
    work.save(intent)
    return intent


@operation("POST /v1/payment_intents/{intent}/confirm", publishable=True)
@open_to_shoppers
async def confirm_(call: Call) -> Answer:
    """Attempt the payment."""
    work = call.work
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    check_secret(call, intent)
    if call.publishable and intent["confirmation_method"] == "manual":
        raise ConfirmedByServerOnly(intent)
    owner = await _owner_but_checkout(work, intent)
    await spread(call)
    params = call.params
    if "payment_method" not in params and "payment_method_data" not in params:
        INTENTS.check(intent, "confirm")
    await apply(work, intent, params)
    await redeem(call, intent)
    work.save(intent)
    if owner is None:
        await _confirm(call, intent)
    else:
        await _confirm_for(call, intent)
    return shown(call, intent)


@operation("POST /v1/payment_intents/{intent}/verify_microdeposits", publishable=True)
@open_to_shoppers
async def verify(call: Call) -> Answer:
    """Verify the intent's bank account by what was sent to it, and debit it."""
    work = call.work
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    check_secret(call, intent)
    try:
        await verify_microdeposits(work, intent, call.params)
    except PaymentDeclined:
        await tell_owner(work, intent)
        raise
    await tell_owner(work, intent)
    return shown(call, intent)


@operation("POST /v1/payment_intents/{intent}/cancel")
async def cancel(call: Call) -> Answer:
    """Give an intent up; an authorisation is released, and a debit called back."""
    work = call.work
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    await _owner_but_checkout(work, intent)
    INTENTS.check(intent, "cancel")
    await _end(work, intent, "cancel", reason=call.params.get("cancellation_reason"))
    await tell_owner(work, intent)
    return intent


async def make_intent(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Make and insert an intent from the parameters of its creation, not confirmed yet."""
    intent_id = work.new_id("pi_3", 23)
    redirects = params.get("automatic_payment_methods", {"enabled": True})
    intent = blank(KIND) | {
        "id": intent_id,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": (
            {"allow_redirects": redirects.get("allow_redirects", "always"), "enabled": True}
            if redirects["enabled"]
            else None
        ),
        "capture_method": "automatic_async",
        "client_secret": intent_id + work.new_id("_secret_", 25),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": work.now,
        "managed_payments": {"enabled": False},
        "payment_method_configuration_details": (
            {"id": "pmc_1" + work.world.account.removeprefix("acct_1"), "parent": None}
            if redirects["enabled"]
            else None
        ),
        "payment_method_options": {},
        "status": "requires_payment_method",
    }
    set_amount(intent, params["amount"], params["currency"])
    await apply(work, intent, params)
    work.insert(intent)
    return intent


async def _confirm(call: Call, intent: JsonObject) -> None:
    params = call.params
    INTENTS.check(intent, "confirm")
    if "return_url" in params:
        check_url(params["return_url"], param="return_url")
    _check_part(intent, params)
    card_options = (params.get("payment_method_options") or {}).get("card") or {}
    terms = Terms(
        return_url=params.get("return_url"),
        off_session=params.get("off_session") not in (None, False),
        error_on_requires_action=bool(params.get("error_on_requires_action")),
        use_stripe_sdk=bool(params.get("use_stripe_sdk")),
        mandate=params.get("mandate"),
        mandate_data=params.get("mandate_data") or None,
        by_customer=call.publishable,
        moto=bool(card_options.get("moto")),
        three_d_secure=card_options.get("three_d_secure"),
    )
    # Stripe.js takes the shopper to the challenge itself, and needs no URL to come back to.
    if terms.return_url is None and not call.publishable and may_redirect(intent):
        raise ReturnUrlMissing(intent)
    await confirm(call.work, intent, terms)


def _check_part(intent: JsonObject, params: Mapping[str, Any]) -> None:
    part = params.get("amount_to_confirm", intent["amount"])
    if part > intent["amount"]:
        raise InvalidRequest(
            f"The amount to confirm ({part}) is greater than the amount of the PaymentIntent ({intent['amount']}).",
            param="amount_to_confirm",
            extra={"payment_intent": intent},
        )
    if part < intent["amount"]:
        raise NotModelled("Confirming a part of the amount")


async def _confirm_for(call: Call, intent: JsonObject) -> None:
    """Confirm an intent that has an owner: an invoice's is confirmed by the shopper's browser, not by the invoice."""
    try:
        await _confirm(call, intent)
    except PaymentDeclined:
        await tell_owner(call.work, intent)
        raise
    await tell_owner(call.work, intent)


async def _end(work: Work, intent: JsonObject, action: str, *, reason: str | None) -> None:
    # Of an authorisation that is released the charge shows nothing: it stays as it is, uncaptured.
    if intent["status"] == "requires_capture":
        charge = await work.fetch("charge", intent["latest_charge"])
        if intent["amount_received"]:
            return _release_rest(work, intent, charge, action)
        if action == "expire":
            work.emit("charge.expired", charge)
        else:
            work.cancel(expiry_of(charge))
        await close_review_of(work, charge, "canceled")
    if intent["status"] == "processing":
        stop_debit(work, await work.fetch("charge", intent["latest_charge"]))
    INTENTS.move(intent, action, "canceled")
    intent |= {
        "amount_capturable": 0,
        "canceled_at": work.now,
        "cancellation_reason": reason,
        "next_action": None,
    }
    work.save(intent)
    work.emit("payment_intent.canceled", intent)
    return None


def _release_rest(work: Work, intent: JsonObject, charge: JsonObject, action: str) -> None:
    """Give up what is left of an authorisation of which a part was taken: that part has been paid."""
    capture_charge(work, charge, intent["amount_received"])
    work.cancel(expiry_of(charge))
    INTENTS.move(intent, action, "succeeded")
    intent["amount_capturable"] = 0
    work.save(intent)
    work.emit("payment_intent.succeeded", intent)


@on_due("expire_authorisation")
async def expire_authorisation(work: Work, message: Message, data: JsonObject) -> None:
    """Release an authorisation that nobody has captured in time."""
    charge = await work.fetch("charge", data["charge"])
    if charge["payment_intent"] is None:
        release_direct(work, charge)
        return await work.commit(Settle(message.id))
    intent = await work.fetch(KIND, charge["payment_intent"])
    if intent["status"] == "requires_capture" and intent["latest_charge"] == charge["id"]:
        await _end(work, intent, "expire", reason="automatic")
        await tell_owner(work, intent)
    return await work.commit(Settle(message.id))


async def abandon(work: Work, intent_id: str, *, reason: str = "expired") -> None:
    """Give up an intent whose owner is over, for that `cancellation_reason`, unless it is over itself."""
    intent = await work.fetch(KIND, intent_id)
    if intent["status"] in INTENTS.allowed("cancel"):
        await _end(work, intent, "cancel", reason=reason)


async def _owner_but_checkout(work: Work, intent: JsonObject) -> JsonObject | None:
    owner = await owner_of(work, intent["id"])
    if owner is not None and owner["kind"] == "checkout.session":
        raise CheckoutOwned
    return owner
