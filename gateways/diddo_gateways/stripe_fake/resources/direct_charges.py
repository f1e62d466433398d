"""Charges made without a payment intent: `POST /v1/charges`, as integrations did before there were intents.

The money comes from a token or from a card that a customer has saved; cards that need 3-D Secure are declined.

Events: those of `charges`.
"""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake.currencies import check_amount, check_currency
from diddo_gateways.stripe_fake.errors import (
    CardError,
    InvalidRequest,
    MissingParameter,
    NotModelled,
    ParameterRefused,
)
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.authentication import judge
from diddo_gateways.stripe_fake.payments.card_objects import ADDRESS, billing_of, card_object
from diddo_gateways.stripe_fake.payments.cards import Card
from diddo_gateways.stripe_fake.payments.descriptors import check_descriptor
from diddo_gateways.stripe_fake.payments.errors import ChargeAlreadyRefunded, ChargeFailed, PaymentDeclined
from diddo_gateways.stripe_fake.payments.tokens import card_of_token
from diddo_gateways.stripe_fake.resources.charges import capture_charge, expiry_of, make_charge, shipping
from diddo_gateways.stripe_fake.resources.payment_methods import card_behind
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["capture_direct", "release_direct"]

NOT_MODELLED = ("application_fee", "application_fee_amount", "destination", "on_behalf_of", "transfer_data")
ECHOED = ("description", "receipt_email", "transfer_group")
TOO_MUCH = (
    "The payment could not be captured because the requested capture amount is greater than the amount you can capture"
    " for this charge. Contact us via https://support.stripe.com/contact/ for help."
)


@operation("POST /v1/charges")
async def create(call: Call) -> Answer:
    """Charge a card, or authorise it with `capture=false`."""
    work, params = call.work, call.params
    _refuse_connect(params)
    for name in ("amount", "currency"):
        if name not in params:
            raise MissingParameter(name)
    currency = check_currency(params["currency"])
    check_amount(params["amount"], currency)
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if params.get(name):
            check_descriptor(params[name], param=name)
    if "customer" in params:
        await work.fetch("customer", params["customer"], param="customer", status=400)
    card, source = await _source(work, params)
    return _charge(work, card, source, {**params, "currency": currency})


def _refuse_connect(params: Mapping[str, Any]) -> None:
    for name in NOT_MODELLED:
        if params.get(name):
            raise NotModelled(f"The parameter {name} of charges")


async def _source(work: Work, params: Mapping[str, Any]) -> tuple[Card, JsonObject]:
    """Return the card that is to be charged, and the object that stands for it.

    Raises:
        ParameterRefused: neither a source nor a customer is given.
        CardError: the customer has no card.
        InvalidRequest: the customer has no such card.
    """
    source, customer_id = params.get("source"), params.get("customer")
    if source is None and customer_id is None:
        raise ParameterRefused("Must provide source or customer.")
    if customer_id is None:
        return await _of_token(work, source)
    customer = await work.fetch("customer", customer_id)
    wanted = source or customer.get("default_source")
    if wanted is None:
        raise CardError("Cannot charge a customer that has no active card", code="missing", param="card")
    found = await work.get("card", wanted)
    if found is None or found["customer"] != customer_id:
        raise InvalidRequest(
            f"Customer {customer_id} does not have a linked source with ID {wanted}.", code="missing", param="source"
        )
    return card_behind(work, found), found


async def _of_token(work: Work, token_id: Any) -> tuple[Card, JsonObject]:
    token = await card_of_token(work, str(token_id), param="source")
    address = token.billing.get("address") or {}
    owner = {field: address.get(name) for name, field in ADDRESS.items()} | {"name": token.billing.get("name")}
    return token.card, card_object(work, token.card, expiry=token.expiry, cvc_sent=token.cvc_sent, owner=owner)


def _charge(work: Work, card: Card, source: JsonObject, params: Mapping[str, Any]) -> JsonObject:
    manual = not params.get("capture", True)
    why = judge(card, off_session=True, set_up=False, requested="automatic").decline
    why = why or card.declined(cvc_sent=source["cvc_check"] is not None)
    attempt = {
        "id": None,
        **{name: params.get(name) for name in ECHOED},
        "amount": params["amount"],
        "capture_method": "manual" if manual else "automatic",
        "currency": params["currency"],
        "customer": params.get("customer"),
        "metadata": merged({}, params.get("metadata", {})),
        "payment_method_options": {},
        "shipping": shipping(params["shipping"]) if "shipping" in params else None,
        "source": _shown(source),
        # For a card, the one is used as the other.
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix") or params.get("statement_descriptor"),
    }
    method = _as_method(card, source)
    charge = make_charge(work, attempt, method, card, decline=why, three_d_secure=None, manual=manual)
    if why is not None:
        raise PaymentDeclined(why.error_fields() | {"charge": charge["id"]}, {})
    return charge


def _shown(source: JsonObject) -> JsonObject:
    """Return a card as a charge shows it, with three fields that no type lists and without its networks."""
    shown = {name: value for name, value in source.items() if name != "networks"}
    return {**shown, "email": None, "phone": None, "wallet": None}


def _as_method(card: Card, source: JsonObject) -> JsonObject:
    """Return a card object as the payment method that it amounts to."""
    same = ("country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "regulated_status")
    checks = {
        "address_line1_check": source["address_line1_check"],
        "address_postal_code_check": source["address_zip_check"],
        "cvc_check": source["cvc_check"],
    }
    shown = {name: source[name] for name in same} | {"brand": card.brand, "checks": checks}
    shown["networks"] = {"available": list(card.networks or (card.brand,)), "preferred": None}
    return {"id": source["id"], "billing_details": billing_of(source), "card": shown}


def capture_direct(work: Work, charge: JsonObject, params: Mapping[str, Any]) -> None:
    """Take the money of a charge that was authorised without an intent, all or a part.

    Raises:
        ChargeAlreadyRefunded: it was released.
        InvalidRequest: it was captured, it failed, or more is asked for than was authorised.
    """
    _refuse_connect(params)
    charge_id, amount = charge["id"], params.get("amount", charge["amount"])
    if charge["captured"]:
        raise InvalidRequest(f"Charge {charge_id} has already been captured.", code="charge_already_captured")
    if charge["refunded"]:
        raise ChargeAlreadyRefunded(charge_id)
    if not charge["paid"]:
        raise ChargeFailed(charge_id)
    if amount < 1:
        least = "This value must be greater than or equal to 1."
        raise InvalidRequest(least, param="amount", code="parameter_invalid_integer")
    if amount > charge["amount"]:
        raise InvalidRequest(TOO_MUCH, code="amount_too_large")
    charge |= {name: params[name] or None for name in ("receipt_email", "transfer_group") if name in params}
    work.cancel(expiry_of(charge))
    capture_charge(work, charge, amount)


def release_direct(work: Work, charge: JsonObject) -> None:
    """Give up an authorisation that nobody has captured in time: it counts as refunded."""
    if charge["captured"] or charge["refunded"]:
        return
    charge |= {"amount_refunded": charge["amount"], "refunded": True}
    work.save(charge)
    work.emit("charge.expired", charge, {"amount_refunded": 0, "refunded": False})
