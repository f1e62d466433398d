"""Payment intents: `/v1/payment_intents`. The states and their edges are in `payments.intent_states.INTENTS`.

Events: `payment_intent.created`, `.requires_action`, `.amount_capturable_updated`, `.succeeded`, `.payment_failed`,
`.canceled`, beside those of the charge.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.currencies import check_amount, check_currency
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.confirmation import Terms, check_owner, confirm
from diddo_gateways.stripe_fake.payments.descriptors import check_descriptor
from diddo_gateways.stripe_fake.payments.errors import (
    CaptureTooLarge,
    CheckoutOwned,
    ClientSecretWrong,
    IntentTypesGone,
    MethodTypeRefused,
    NeedsConfirm,
    NotUpdatable,
    PaymentDeclined,
    ReturnUrlMissing,
)
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.owners import owner_of, tell_owner
from diddo_gateways.stripe_fake.resources.charges import capture_charge, expiry_of, shipping
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_params, named
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.urls import check_url
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["abandon", "make_intent", "provide"]

KIND = "payment_intent"

filtered_by(KIND, "customer", "customer_account")

# What may be changed in every state; anything else only before the money moves.
ALWAYS_UPDATABLE = frozenset({"metadata", "description", "receipt_email", "shipping", "transfer_group"})
BEFORE_PAYMENT = ("requires_payment_method", "requires_confirmation", "requires_action")
PLAIN = (
    "capture_method",
    "customer",
    "customer_account",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
ONLY_WITH_CONFIRM = ("return_url", "off_session", "error_on_requires_action", "mandate", "mandate_data")
CARD_OPTIONS = ("request_three_d_secure", "network", "capture_method", "setup_future_usage")
NOT_MODELLED = {
    "amount_to_confirm": "Confirming a part of the amount",
    "application_fee_amount": "An application fee",
    "confirmation_token": "A confirmation token",
    "on_behalf_of": "A payment on behalf of a connected account",
    "transfer_data": "A transfer to a connected account",
}
# Methods that never send the shopper away, so that they need no `return_url`.
WITHOUT_REDIRECT = frozenset({"card", "link", "us_bank_account", "sepa_debit", "acss_debit", "bacs_debit"})
SEEN_BY_PUBLISHABLE_KEYS = (  # noqa: SIM905  seven lines of words, not 27
    "id object allowed_payment_method_types amount amount_details automatic_payment_methods canceled_at"
    " cancellation_reason capture_method client_secret confirmation_method created currency description"
    " excluded_payment_method_types last_payment_error livemode next_action payment_method"
    " payment_method_configuration_details payment_method_types processing receipt_email setup_future_usage shipping"
    " source status"
).split()


@operation("POST /v1/payment_intents")
async def create(call: Call) -> Answer:
    """Make an intent, and confirm it at once with `confirm=true`."""
    work, params = call.work, call.params
    if not params.get("confirm"):
        for name in ONLY_WITH_CONFIRM:
            if name in params:
                raise NeedsConfirm(name)
    intent = await make_intent(work, params)
    work.emit("payment_intent.created", intent)
    if params.get("confirm"):
        await _confirm(call, intent)
    return intent


@operation("GET /v1/payment_intents/{intent}", publishable=True)
async def retrieve(call: Call) -> Answer:
    """Return an intent; to the holder of its client secret only what concerns the shopper."""
    if not call.publishable and "client_secret" not in call.params:
        return await call.work.stored(KIND, call.path["intent"], param="intent")
    return _shown(call, await call.work.fetch(KIND, call.path["intent"], param="intent"))


@operation("GET /v1/payment_intents")
async def list_(call: Call) -> Answer:
    """List intents."""
    return await listed(call, KIND)


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
        _set_amount(intent, wanted["amount"], wanted["currency"])
    await _apply(work, intent, params)
    work.save(intent)
    return intent


@operation("POST /v1/payment_intents/{intent}/confirm", publishable=True)
async def confirm_(call: Call) -> Answer:
    """Attempt the payment."""
    work, params = call.work, call.params
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    _check_secret(call, intent)
    owner = await _owner_but_checkout(work, intent)
    if "payment_method" not in params and "payment_method_data" not in params:
        INTENTS.check(intent, "confirm")
    await _apply(work, intent, params)
    work.save(intent)
    if owner is None:
        await _confirm(call, intent)
    else:
        await _confirm_for(call, intent)
    return _shown(call, intent)


@operation("POST /v1/payment_intents/{intent}/capture")
async def capture(call: Call) -> Answer:
    """Take the authorised money, all or a part; the rest is released."""
    work, params = call.work, call.params
    intent = await work.fetch(KIND, call.path["intent"], param="intent")
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    await _capture(work, intent, params.get("amount_to_capture"), param="amount_to_capture")
    return intent


@operation("POST /v1/charges/{charge}/capture")
async def capture_its_charge(call: Call) -> Answer:
    """Take the authorised money of a charge: the same as capturing its intent."""
    work = call.work
    charge = await work.fetch("charge", call.path["charge"])
    if charge["payment_intent"] is None:
        # Made by itself, which is generic: it stays pending, with nothing authorised.
        raise InvalidRequest(f"Charge {charge['id']} has not been authorized, so it cannot be captured.")
    intent = await work.fetch(KIND, charge["payment_intent"])
    await _capture(work, intent, call.params.get("amount"), param="amount")
    return charge


@operation("POST /v1/payment_intents/{intent}/cancel")
async def cancel(call: Call) -> Answer:
    """Give an intent up; an authorisation is released."""
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
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "status": "requires_payment_method",
    }
    _set_amount(intent, params["amount"], params["currency"])
    await _apply(work, intent, params)
    work.insert(intent)
    return intent


def _set_amount(intent: JsonObject, amount: int, currency: str) -> None:
    intent["currency"] = check_currency(currency)
    check_amount(amount, intent["currency"])
    intent["amount"] = amount


async def _apply(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Write parameters into an intent; a payment method among them makes it ready to be confirmed."""
    if unmodelled := next((what for name, what in NOT_MODELLED.items() if name in params), None):
        raise NotModelled(unmodelled)
    if "payment_method_types" in params:
        raise IntentTypesGone
    if params.get("customer"):
        await work.fetch("customer", params["customer"], param="customer", status=400)
    _check_texts(params)
    for name in PLAIN:
        if name in params:
            intent[name] = params[name] or None
    if "shipping" in params:
        intent["shipping"] = shipping(params["shipping"])
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    _set_types(intent, params)
    given = (params.get("payment_method_options") or {}).get("card") or {}
    intent["payment_method_options"]["card"].update({name: given[name] for name in CARD_OPTIONS if name in given})
    await _apply_method(work, intent, params)


def _check_texts(params: Mapping[str, Any]) -> None:
    if params.get("receipt_email"):
        check_email(params["receipt_email"], param="receipt_email")
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if params.get(name):
            check_descriptor(params[name], param=name)


async def _apply_method(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    if "payment_method" in params:
        provide(intent, await named(work, params["payment_method"]))
    elif "payment_method_data" in params:
        provide(intent, await make_from_params(work, params["payment_method_data"]))


def _set_types(intent: JsonObject, params: Mapping[str, Any]) -> None:
    for name in ("allowed_payment_method_types", "excluded_payment_method_types"):
        if name in params:
            intent[name] = params[name] or None
    # What an account offers unless it was told otherwise.
    offered = ["card"] if intent["automatic_payment_methods"] is None else ["card", "link"]
    allowed = intent["allowed_payment_method_types"] or offered
    excluded = intent["excluded_payment_method_types"] or []
    intent["payment_method_types"] = [name for name in allowed if name not in excluded]
    if not intent["payment_method_types"]:
        raise InvalidRequest(
            "No valid payment method types for this Payment Intent. Please ensure that you have activated payment"
            " methods compatible with your chosen currency in your dashboard, or that those are not excluded."
        )
    if "link" in intent["payment_method_types"]:
        intent["payment_method_options"].setdefault("link", {"persistent_token": None})
    else:
        intent["payment_method_options"].pop("link", None)


def provide(intent: JsonObject, method: JsonObject) -> None:
    """Set the payment method of an intent.

    Raises:
        UnexpectedState: the intent takes none any more.
        MethodTypeRefused: the intent does not allow its type.
        InvalidRequest: it is another customer's.
    """
    INTENTS.check(intent, "provide")
    if method["type"] not in intent["payment_method_types"]:
        raise MethodTypeRefused(method["type"], intent["payment_method_types"])
    check_owner(method, intent)
    INTENTS.move(intent, "provide", "requires_confirmation")
    intent |= {"payment_method": method["id"], "next_action": None}


async def _confirm(call: Call, intent: JsonObject) -> None:
    params = call.params
    INTENTS.check(intent, "confirm")
    if "return_url" in params:
        check_url(params["return_url"], param="return_url")
    terms = Terms(
        return_url=params.get("return_url"),
        off_session=params.get("off_session") not in (None, False),
        error_on_requires_action=bool(params.get("error_on_requires_action")),
        use_stripe_sdk=bool(params.get("use_stripe_sdk")),
    )
    # Stripe.js takes the shopper to the challenge itself, and needs no URL to come back to.
    if terms.return_url is None and not call.publishable and _may_redirect(intent):
        raise ReturnUrlMissing(intent)
    if intent["statement_descriptor"]:
        raise InvalidRequest(
            "The `statement_descriptor` parameter is not supported for the payment method type `card`. Use"
            " `statement_descriptor_suffix` instead.",
            param="statement_descriptor",
        )
    await confirm(call.work, intent, terms)


async def _confirm_for(call: Call, intent: JsonObject) -> None:
    """Confirm an intent that has an owner: an invoice's is confirmed by the shopper's browser, not by the invoice."""
    try:
        await _confirm(call, intent)
    except PaymentDeclined:
        await tell_owner(call.work, intent)
        raise
    await tell_owner(call.work, intent)


def _may_redirect(intent: JsonObject) -> bool:
    automatic = intent["automatic_payment_methods"]
    if automatic is None or automatic["allow_redirects"] == "never":
        return False
    allowed = intent["allowed_payment_method_types"]
    return allowed is None or not WITHOUT_REDIRECT.issuperset(allowed)


async def _capture(work: Work, intent: JsonObject, amount: int | None, *, param: str) -> None:
    INTENTS.check(intent, "capture")
    capturable = intent["amount_capturable"]
    amount = capturable if amount is None else amount
    if amount < 1 or amount > capturable:
        raise _uncapturable(amount, intent, param=param)
    charge = await work.fetch("charge", intent["latest_charge"])
    capture_charge(work, charge, amount)
    work.cancel(expiry_of(charge))
    intent |= {"amount_capturable": 0, "amount_received": amount}
    INTENTS.move(intent, "capture", "succeeded")
    work.save(intent)
    work.emit("payment_intent.succeeded", intent)
    await tell_owner(work, intent)


def _uncapturable(amount: int, intent: JsonObject, *, param: str) -> InvalidRequest:
    extra = {"payment_intent": intent}
    if amount < 0:
        return InvalidRequest("Invalid non-negative integer", param=param, extra=extra)
    if amount == 0:
        least = "This value must be greater than or equal to 1."
        return InvalidRequest(least, param="amount", code="parameter_invalid_integer", extra=extra)
    return CaptureTooLarge(intent)


async def _end(work: Work, intent: JsonObject, action: str, *, reason: str | None) -> None:
    # Of an authorisation that is released the charge shows nothing: it stays as it is, uncaptured.
    if intent["status"] == "requires_capture":
        charge = await work.fetch("charge", intent["latest_charge"])
        if action == "expire":
            work.emit("charge.expired", charge)
        else:
            work.cancel(expiry_of(charge))
    INTENTS.move(intent, action, "canceled")
    intent |= {
        "amount_capturable": 0,
        "canceled_at": work.now,
        "cancellation_reason": reason,
        "next_action": None,
    }
    work.save(intent)
    work.emit("payment_intent.canceled", intent)


@on_due("expire_authorisation")
async def expire_authorisation(work: Work, message: Message, data: JsonObject) -> None:
    """Release an authorisation that nobody has captured in time."""
    charge = await work.fetch("charge", data["charge"])
    intent = await work.fetch(KIND, charge["payment_intent"])
    if intent["status"] == "requires_capture" and intent["latest_charge"] == charge["id"]:
        await _end(work, intent, "expire", reason="automatic")
        await tell_owner(work, intent)
    await work.commit(Settle(message.id))


async def abandon(work: Work, intent_id: str, *, reason: str = "expired") -> None:
    """Give up the intent of a checkout session that has expired, or of an invoice, unless it is over already."""
    intent = await work.fetch(KIND, intent_id)
    if intent["status"] in INTENTS.allowed("cancel"):
        await _end(work, intent, "cancel", reason=reason)


async def _owner_but_checkout(work: Work, intent: JsonObject) -> JsonObject | None:
    owner = await owner_of(work, intent["id"])
    if owner is not None and owner["kind"] == "checkout.session":
        raise CheckoutOwned
    return owner


def _check_secret(call: Call, intent: JsonObject) -> None:
    """Hold a publishable key's client secret against the intent's."""
    given = call.params.get("client_secret")
    if call.publishable and given is None:
        raise MissingParameter("client_secret")
    if given is not None and given != intent["client_secret"]:
        raise ClientSecretWrong


def _shown(call: Call, intent: JsonObject) -> JsonObject:
    _check_secret(call, intent)
    return {name: intent[name] for name in SEEN_BY_PUBLISHABLE_KEYS if name in intent} if call.publishable else intent
