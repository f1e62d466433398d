"""Tokens: `/v1/tokens`. Of card and account numbers only the last digits are kept; tokens tell of no events.

An id such as `tok_visa` stands for a test card: retrieving it makes a token of that card.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.card_objects import card_object
from diddo_gateways.stripe_fake.payments.errors import InvalidCvc
from diddo_gateways.stripe_fake.payments.tokens import bank_account, from_number, make_token, named_token
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "token"
TYPES = ("account", "bank_account", "card", "cvc_update", "person", "pii")
CVC_LENGTHS = (3, 4)


@operation("POST /v1/tokens", publishable=True)
async def create(call: Call) -> Answer:
    """Make a token of a card, a bank account, a security code, or of personal data."""
    work, params = call.work, call.params
    given = [name for name in TYPES if name in params]
    if "customer" in params:
        raise NotModelled("Sharing a customer's card with a connected account")
    if len(given) != 1:
        raise InvalidRequest(
            "You must supply either a card, customer, PII data, bank account, account legal entity, or person parameters"
            " to create a token."
            if not given
            else f"You may only specify one of these parameters: {', '.join(given)}."
        )
    kind = given[0]
    if kind == "card":
        return make_token(work, kind, card=_card(work, params["card"]))
    if kind == "bank_account":
        if "payment_method" in params[kind]:
            raise NotModelled("A token of the bank account of a payment method")
        return make_token(work, kind, bank_account=bank_account(work, params[kind]))
    if kind == "cvc_update":
        _check_cvc(params[kind]["cvc"])
    # What persons and companies tell of themselves is not kept.
    return make_token(work, kind)


@operation("GET /v1/tokens/{token}")
async def retrieve(call: Call) -> Answer:
    """Return a token."""
    token_id = call.path["token"]
    named = named_token(call.work, token_id)
    return await call.work.stored(KIND, token_id, param="token") if named is None else named


def _card(work: Work, given: JsonObject | str) -> JsonObject:
    if isinstance(given, str):
        raise NotModelled("A token of a card that is only named")
    card, expiry = from_number(work, given)
    shown = card_object(work, card, expiry=expiry, cvc_sent=bool(given.get("cvc")), owner=given)
    if networks := given.get("networks"):
        shown["networks"] = {"preferred": networks.get("preferred")}
    return shown


def _check_cvc(cvc: str) -> None:
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) in CVC_LENGTHS):
        raise InvalidCvc
