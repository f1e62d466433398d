"""Setup intents: `/v1/setup_intents`. The states and their edges are in `payments.setup_states.SETUPS`.

Events: `setup_intent.created`, `.requires_action`, `.succeeded`, `.setup_failed`, `.canceled`; an update tells of none.
"""

from collections.abc import Awaitable

from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.confirmation_tokens import redeem, spread
from diddo_gateways.stripe_fake.payments.errors import NeedsConfirm, PaymentDeclined
from diddo_gateways.stripe_fake.payments.method_types import may_redirect
from diddo_gateways.stripe_fake.payments.owners import owner_of, tell_owner
from diddo_gateways.stripe_fake.payments.publishable import check_secret, open_to_shoppers, shown
from diddo_gateways.stripe_fake.payments.setup import KIND, NOUN, change_setup_intent, confirm_setup, make_setup_intent
from diddo_gateways.stripe_fake.payments.setup_attempts import abandon_attempt
from diddo_gateways.stripe_fake.payments.setup_debits import verify_setup
from diddo_gateways.stripe_fake.payments.setup_errors import (
    SetupCheckoutOwned,
    SetupReturnUrlMissing,
)
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.payments.terms import Terms
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject, Work

filtered_by(KIND, "attach_to_self", "customer", "customer_account", "payment_method")

ONLY_WITH_CONFIRM = ("confirmation_token", "mandate_data", "return_url", "use_stripe_sdk")


@operation("POST /v1/setup_intents")
async def create(call: Call) -> Answer:
    """Make a setup intent, and confirm it at once with `confirm=true`."""
    work, params = call.work, call.params
    if not params.get("confirm"):
        for name in ONLY_WITH_CONFIRM:
            if name in params:
                raise NeedsConfirm(name)
    await spread(call)
    intent = await make_setup_intent(work, call.params)
    work.emit("setup_intent.created", intent)
    await redeem(call, intent)
    if params.get("confirm"):
        await _confirm(call, intent)
    return intent


@operation("GET /v1/setup_intents/{intent}", publishable=True)
async def retrieve(call: Call) -> Answer:
    """Return a setup intent; to the holder of its client secret only what concerns the customer."""
    intent = await _fetch(call)
    check_secret(call, intent)
    return shown(call, intent)


@operation("GET /v1/setup_intents")
async def list_(call: Call) -> Answer:
    """List setup intents."""
    return await listed(call, KIND, noun=NOUN)


@operation("POST /v1/setup_intents/{intent}")
async def update(call: Call) -> Answer:
    """Change a setup intent; its payment method only before it is over."""
    intent = await _fetch(call)
    await change_setup_intent(call.work, intent, call.params)
    return intent


@operation("POST /v1/setup_intents/{intent}/confirm", publishable=True)
@open_to_shoppers
async def confirm_(call: Call) -> Answer:
    """Attempt the setup."""
    work = call.work
    intent = await _fetch(call)
    check_secret(call, intent)
    owner = await _owner_but_checkout(work, intent)
    await spread(call)
    params = call.params
    given = "payment_method" in params or "payment_method_data" in params
    if not given or intent["status"] not in SETUPS.allowed("provide"):
        SETUPS.check(intent, "confirm")
    await change_setup_intent(work, intent, params)
    await redeem(call, intent)
    if owner is None:
        await _confirm(call, intent)
    else:
        await _told(work, intent, _confirm(call, intent))
    return shown(call, intent)


@operation("POST /v1/setup_intents/{intent}/verify_microdeposits", publishable=True)
@open_to_shoppers
async def verify(call: Call) -> Answer:
    """Verify the intent's bank account by what was sent to it, which completes the setup."""
    intent = await _fetch(call)
    check_secret(call, intent)
    await _told(call.work, intent, verify_setup(call.work, intent, call.params))
    return shown(call, intent)


async def _told(work: Work, intent: JsonObject, step: Awaitable[None]) -> None:
    """Take a step, and tell the intent's owner what has come of it: a subscription is not confirmed by itself."""
    try:
        await step
    except PaymentDeclined:
        await tell_owner(work, intent)
        raise
    await tell_owner(work, intent)


@operation("POST /v1/setup_intents/{intent}/cancel")
async def cancel(call: Call) -> Answer:
    """Give a setup intent up."""
    work = call.work
    intent = await _fetch(call)
    await _owner_but_checkout(work, intent)
    SETUPS.move(intent, "cancel")
    await abandon_attempt(work, intent)
    intent |= {"cancellation_reason": call.params.get("cancellation_reason"), "next_action": None}
    work.save(intent)
    work.emit("setup_intent.canceled", intent)
    await tell_owner(work, intent)
    return intent


async def _confirm(call: Call, intent: JsonObject) -> None:
    params = call.params
    SETUPS.check(intent, "confirm")
    if "return_url" in params:
        check_url(params["return_url"], param="return_url")
    # Stripe.js takes the customer to the challenge itself, and needs no URL to come back to.
    if "return_url" not in params and not call.publishable and may_redirect(intent):
        raise SetupReturnUrlMissing(intent)
    card_options = (params.get("payment_method_options") or {}).get("card") or {}
    terms = Terms(
        return_url=params.get("return_url"),
        use_stripe_sdk=bool(params.get("use_stripe_sdk")),
        mandate_data=params.get("mandate_data") or None,
        by_customer=call.publishable,
        moto=bool(card_options.get("moto")),
        three_d_secure=card_options.get("three_d_secure"),
    )
    await confirm_setup(call.work, intent, terms)


async def _fetch(call: Call) -> JsonObject:
    return await call.work.fetch(KIND, call.path["intent"], param="intent", noun=NOUN)


async def _owner_but_checkout(work: Work, intent: JsonObject) -> JsonObject | None:
    owner = await owner_of(work, intent["id"])
    if owner is not None and owner["kind"] == "checkout.session":
        raise SetupCheckoutOwned
    return owner
