"""Payment methods: `/v1/payment_methods`. A card is one of Stripe's test cards, a bank account a test account.

A payment method is made from a number, from a `tok_…`, or by using a `pm_card_…` id, which stands for its card and
becomes a new `pm_1…` object each time. Cards that decline cannot be attached, except those made for that.

Events: `payment_method.attached`, `payment_method.detached`, `payment_method.updated`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.stripe_fake.changes import differences
from diddo_gateways.stripe_fake.errors import (
    InvalidRequest,
    MissingParameter,
    NotModelled,
    ParameterRefused,
    ResourceMissing,
)
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import list_body, listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.bank_accounts import BankAccount, bank_accounts, shown_account
from diddo_gateways.stripe_fake.payments.card_methods import (
    billing_details,
    checked,
    prefer_network,
    shown_card,
    unchecked,
    update_card,
)
from diddo_gateways.stripe_fake.payments.card_objects import ADDRESS as SOURCE_ADDRESS
from diddo_gateways.stripe_fake.payments.card_objects import default_expiry
from diddo_gateways.stripe_fake.payments.cards import Card, test_cards
from diddo_gateways.stripe_fake.payments.errors import AttachRefused, PaymentMethodUsedUp
from diddo_gateways.stripe_fake.payments.method_types import type_of
from diddo_gateways.stripe_fake.payments.other_methods import EXAMPLE_BILLING, check_billing, shown_method
from diddo_gateways.stripe_fake.payments.tokens import TokenCard, card_of_token, from_number
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "attach_to",
    "card_behind",
    "card_of",
    "detach_all",
    "keep_for",
    "make_from_card",
    "make_from_params",
    "named",
    "past_of",
    "verify_card",
]

KIND = "payment_method"
# What a payment method went through, kept beside it under the same id: it is no part of Stripe's object.
PAST = "payment_method_past"
NOUN = "PaymentMethod"
ELSEWHERE = (
    "; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this"
    " request on that connected account. Learn more at https://stripe.com/docs/connect/authentication"
)

# More than any customer has: a page of the store needs a limit.
MOST = 1_000_000

filtered_by(KIND, "customer", "type", "allow_redisplay")


@operation("POST /v1/payment_methods", publishable=True)
async def create(call: Call) -> Answer:
    """Make a payment method from card details or a token."""
    params = call.params
    if "payment_method" in params:
        raise NotModelled("Copying a payment method to a connected account")
    if "customer" in params:
        raise ParameterRefused(
            "You cannot attach a PaymentMethod to a Customer during PaymentMethod creation. Please instead create the"
            " PaymentMethod and then attach it using the attachment method of the PaymentMethods API."
        )
    if "type" not in params:
        raise MissingParameter("type")
    return await make_from_params(call.work, params)


@operation("GET /v1/payment_methods/{payment_method}")
async def retrieve(call: Call) -> Answer:
    """Return a payment method; an id such as `pm_card_visa` makes one."""
    return await named(call.work, call.path["payment_method"], param="payment_method", status=404)


@operation("POST /v1/payment_methods/{payment_method}")
async def update(call: Call) -> Answer:
    """Change billing details, metadata, a card's expiry or preferred network, or the kind of a bank account."""
    work, params = call.work, call.params
    method = await named(work, call.path["payment_method"], param="payment_method", status=404)
    if method["customer"] is None:
        raise InvalidRequest(
            "You must save this PaymentMethod to a customer before you can update it.", param="payment_method"
        )
    former = orjson.loads(orjson.dumps(method))
    for name in ("card", "us_bank_account"):
        if name in params and method["type"] != name:
            raise InvalidRequest(f"This PaymentMethod is no `{name}`: its type is {method['type']}.", param=name)
    if "metadata" in params:
        method["metadata"] = merged(method["metadata"], params["metadata"])
    if "billing_details" in params:
        method["billing_details"] = billing_details(params["billing_details"], method["billing_details"])
    if "allow_redisplay" in params:
        method["allow_redisplay"] = params["allow_redisplay"]
    if card := params.get("card"):
        update_card(method, card, card_of(work, method), now=work.now)
    if account := params.get("us_bank_account"):
        method["us_bank_account"] |= account
    if before := differences(former, method):
        work.save(method)
        await _update_source(work, method)
        work.emit("payment_method.updated", method, before)
    return method


@operation("GET /v1/payment_methods")
async def list_(call: Call) -> Answer:
    """List payment methods, by customer as a rule."""
    customer = call.params.get("customer")
    if customer is None:
        # Without a customer Stripe lists none, whatever there is.
        return list_body([], call.url, has_more=False)
    await call.work.fetch("customer", customer, param="customer", status=400)
    return await listed(call, KIND)


@operation("POST /v1/payment_methods/{payment_method}/attach")
async def attach(call: Call) -> Answer:
    """Save a payment method to a customer, which the issuer of a declining card refuses."""
    if "customer" not in call.params:
        raise ParameterRefused("Must provide customer or customer_account.", code="parameter_missing")
    method = await named(call.work, call.path["payment_method"], param="payment_method", status=404)
    await call.work.fetch("customer", call.params["customer"], param="customer", status=400)
    await attach_to(call.work, method, call.params["customer"])
    return method


@operation("POST /v1/payment_methods/{payment_method}/detach")
async def detach(call: Call) -> Answer:
    """Take a payment method from its customer; it cannot be used again."""
    work = call.work
    method = await named(work, call.path["payment_method"], param="payment_method", status=404)
    if method["customer"] is None:
        raise InvalidRequest(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    customer = await work.fetch("customer", method["customer"])
    await _detach(work, method)
    _take_from_defaults(work, customer, method["id"])
    return method


async def _detach(work: Work, method: JsonObject) -> None:
    before = {"customer": method["customer"]}
    method["customer"] = None
    work.save(method)
    (await past_of(work, method))["used_up"] = True
    # A card that is a customer's source as well is one no more.
    source = await work.get("card", method["id"]) if method["id"].startswith("card_") else None
    if source is not None:
        work.remove(source)
        work.emit("customer.source.deleted", source)
    work.emit("payment_method.detached", method, before)


def _take_from_defaults(work: Work, customer: JsonObject, method_id: str) -> None:
    """Leave a customer without a default that is no longer there."""
    before: JsonObject = {}
    if customer["invoice_settings"]["default_payment_method"] == method_id:
        before["invoice_settings"] = dict(customer["invoice_settings"])
        customer["invoice_settings"]["default_payment_method"] = None
    if customer["default_source"] == method_id:
        before["default_source"] = method_id
        customer["default_source"] = None
    if before:
        work.save(customer)
        work.emit("customer.updated", customer, before)


async def detach_all(work: Work, customer_id: str) -> None:
    """Take all payment methods from a customer who is being deleted."""
    owned = await work.world.page(KIND, limit=MOST, terms=[[f"customer={customer_id}"]])
    for document in owned:
        await _detach(work, await work.fetch(KIND, document.id))


async def make_from_params(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Make a payment method from `payment_method_data` or the parameters of its own creation.

    Raises:
        NotModelled: it is of a type that nothing can be paid with here.
        MissingParameter: there are no details of the card or account, or no billing details that its type needs.
        TokenAlreadyUsed: something else was made from the token.
        RawCardsRefused: the account takes no numbers.
        CardError: the details are refused.
    """
    if params["type"] != "card":
        return _make_other(work, params)
    given = params.get("card")
    if not given:
        raise MissingParameter("card")
    if "token" in given:
        held = await card_of_token(work, given["token"])
    else:
        card, expiry = from_number(work, given)
        held = TokenCard(card, expiry, cvc_sent=bool(given.get("cvc")), billing={})
    method = make_from_card(
        work,
        held.card,
        expiry=held.expiry,
        cvc_sent=held.cvc_sent,
        billing=params.get("billing_details") or held.billing,
        metadata=params.get("metadata"),
    )
    if networks := given.get("networks"):
        prefer_network(method, networks.get("preferred") or None)
    if "allow_redisplay" in params:
        method["allow_redisplay"] = params["allow_redisplay"]
    return method


def _make_other(work: Work, params: Mapping[str, Any]) -> JsonObject:
    kind = type_of(params["type"])
    billing = billing_details(params.get("billing_details") or {}, None)
    check_billing(kind, billing)
    shown = shown_method(kind, params.get(kind.name) or {}, account=work.world.account)
    method = _insert(work, kind.name, shown, billing, metadata=params.get("metadata"))
    if "allow_redisplay" in params:
        method["allow_redisplay"] = params["allow_redisplay"]
    return method


async def _make_from_account(work: Work, one: BankAccount) -> JsonObject:
    """Make the payment method that a documented id stands for; its bank account counts as verified."""
    shown = shown_account(one, {}, account=work.world.account)
    method = _insert(work, one.type, shown, billing_details(EXAMPLE_BILLING, None))
    if not one.microdeposits_fail:
        (await past_of(work, method))["verified"] = True
    return method


def make_from_card(
    work: Work,
    card: Card,
    *,
    expiry: tuple[int, int],
    cvc_sent: bool,
    billing: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    method_id: str | None = None,
) -> JsonObject:
    """Make and insert a payment method of a test card, attached to nobody; its id is a new one unless given."""
    details = billing_details(billing or {}, None)
    shown = shown_card(card, expiry, work.world.account, checks=unchecked(details, cvc_sent=cvc_sent))
    return _insert(work, "card", shown, details, metadata=metadata, method_id=method_id)


def _insert(
    work: Work,
    kind: str,
    shown: JsonObject,
    billing: JsonObject,
    *,
    metadata: Mapping[str, Any] | None = None,
    method_id: str | None = None,
) -> JsonObject:
    method = {
        "id": method_id or work.new_id("pm_1", 23),
        "object": KIND,
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        kind: shown,
        "created": work.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": merged({}, metadata or {}),
        "type": kind,
    }
    work.insert(method)
    return method


async def _update_source(work: Work, method: JsonObject) -> None:
    """Bring the card that a payment method is as well up to date."""
    source = await work.get("card", method["id"]) if method["id"].startswith("card_") else None
    if source is not None:
        address, details = method["billing_details"]["address"], method["card"]
        source |= {shown: address[name] for name, shown in SOURCE_ADDRESS.items()}
        source |= {"name": method["billing_details"]["name"], "metadata": method["metadata"]}
        source |= {name: details[name] for name in ("exp_month", "exp_year")}
        work.save(source)


def card_of(work: Work, method: JsonObject) -> Card:
    """Return the test card that a payment method stands for."""
    return card_behind(work, method["card"])


def card_behind(work: Work, shown: Mapping[str, Any]) -> Card:
    """Return the test card that is shown in a payment method or a charge."""
    return test_cards().by_fingerprint(shown["fingerprint"], account=work.world.account)


async def named(work: Work, method_id: str, *, param: str = "payment_method", status: int = 400) -> JsonObject:
    """Return the payment method of that id; an id that stands for a test card or account makes one.

    Raises:
        ResourceMissing: there is none.
    """
    card = test_cards().by_payment_method.get(method_id)
    if card is not None:
        return make_from_card(work, card, expiry=default_expiry(work), cvc_sent=True)
    account = bank_accounts().by_payment_method.get(method_id)
    if account is not None:
        return await _make_from_account(work, account)
    method = await work.get(KIND, method_id)
    if method is None:
        missing = ResourceMissing(NOUN, method_id, param=param, status=status)
        missing.message += ELSEWHERE
        raise missing
    return method


async def past_of(work: Work, method: JsonObject) -> JsonObject:
    """Return what the payment method went through, to be changed: `used_up` and `set_up`.

    A method that was set up while nobody owned it is used up `"until_attached"`, others for ever.
    """
    past = await work.get(PAST, method["id"])
    if past is None:
        past = {"object": PAST, "id": method["id"], "used_up": False, "set_up": False}
        work.insert(past)
    work.save(past)
    return past


async def attach_to(work: Work, method: JsonObject, customer_id: str) -> None:
    """Attach a payment method to a customer that exists.

    Raises:
        PaymentMethodUsedUp: it was used, or detached, without a customer.
        InvalidRequest: another customer owns it.
        AttachRefused: the issuer declines.
    """
    if method["customer"] == customer_id:
        return
    if method["customer"] is not None:
        raise InvalidRequest(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    past = await work.get(PAST, method["id"])
    if past is not None and past["used_up"] is True:
        raise PaymentMethodUsedUp
    _check_attachable(work, method)
    if past is not None and past["used_up"]:
        past["used_up"] = False
        work.save(past)
    method["customer"] = customer_id
    if method["type"] == "card":
        verify_card(work, method)
    work.save(method)
    work.emit("payment_method.attached", method)


async def keep_for(work: Work, method: JsonObject, customer_id: str | None) -> None:
    """Attach a payment method that nobody owns to the customer of the intent that used it, who may be gone by now.

    Raises:
        AttachRefused: the issuer declines.
    """
    if customer_id is None or method["customer"] is not None:
        return
    if await work.get("customer", customer_id) is not None:
        await attach_to(work, method, customer_id)


def _check_attachable(work: Work, method: JsonObject) -> None:
    if method["type"] != "card":
        if not type_of(method["type"]).attachable:
            raise InvalidRequest(
                f"Payment methods of type `{method['type']}` can be used once, and cannot be attached to a customer.",
                param="payment_method",
                code="payment_method_unsupported_type",
            )
        return
    card = card_of(work, method)
    decline = card.declined(cvc_sent=method["card"]["checks"]["cvc_check"] is not None)
    if decline is not None and card.refuses_attachment:
        raise AttachRefused(decline.error_fields())


def verify_card(work: Work, method: JsonObject) -> None:
    """Have the issuer verify what is unchecked of a card, as happens when it is saved or set up."""
    card = card_of(work, method)
    checks = method["card"]["checks"]
    method["card"]["checks"] = {name: checked(card, name, value) for name, value in checks.items()}
    work.save(method)
