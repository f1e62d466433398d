"""Sources of customers: cards and bank accounts saved from tokens, each card a payment method as well."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.payments.card_objects import billing_of
from diddo_gateways.stripe_fake.payments.cards import CardDetails, read_card, test_cards
from diddo_gateways.stripe_fake.payments.tokens import spend
from diddo_gateways.stripe_fake.resources.payment_methods import MOST, attach_to, make_from_card, past_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "KINDS",
    "change_default",
    "find_source",
    "make_default",
    "make_source",
    "remove_source",
    "sources_of",
    "update_card",
]

KINDS = ("card", "bank_account", "source")
# A card's verifications, by those of the payment method that it is as well.
CHECKS = {
    "address_line1_check": "address_line1_check",
    "address_postal_code_check": "address_zip_check",
    "cvc_check": "cvc_check",
}


async def make_source(
    work: Work, customer: JsonObject, token_id: str, *, metadata: Mapping[str, str] | None = None
) -> JsonObject:
    """Save what a token stands for, or a source that was made before, to a customer.

    Raises:
        ResourceMissing: there is no such token or source.
        TokenAlreadyUsed: the token was used.
        AttachRefused: the card's issuer declines.
        InvalidRequest: the source is saved already, or the token is of a type that cannot be.
    """
    if token_id.startswith("src_"):
        source = await _attached(work, customer, token_id)
    else:
        source = await _from_token(work, customer, token_id, metadata or {})
    work.emit("customer.source.created", source)
    return source


async def _attached(work: Work, customer: JsonObject, source_id: str) -> JsonObject:
    source = await work.fetch("source", source_id, param="source", status=400)
    if source.get("customer") is not None:
        raise InvalidRequest("This source has already been attached to a customer.", param="source")
    source["customer"] = customer["id"]
    work.save(source)
    return source


async def _from_token(work: Work, customer: JsonObject, token_id: str, metadata: Mapping[str, str]) -> JsonObject:
    token = await spend(work, token_id, param="source")
    if token["type"] not in KINDS:
        raise InvalidRequest(f"A token of the type {token['type']} is no source of payments.", param="source")
    source: JsonObject = {**token[token["type"]], "customer": customer["id"], "metadata": merged({}, metadata)}
    if token["type"] == "card":
        await _save_card(work, source)
    work.insert(source)
    return source


async def _save_card(work: Work, source: JsonObject) -> None:
    card = test_cards().by_fingerprint(source["fingerprint"], account=work.world.account)
    method = make_from_card(
        work,
        card,
        expiry=(source["exp_month"], source["exp_year"]),
        cvc_sent=source["cvc_check"] is not None,
        billing=billing_of(source),
        metadata=source["metadata"],
        method_id=source["id"],
    )
    await attach_to(work, method, source["customer"])
    source |= {shown: method["card"]["checks"][check] for check, shown in CHECKS.items()}


async def sources_of(work: Work, customer_id: str, kinds: Sequence[str]) -> list[JsonObject]:
    """Return a customer's sources of some kinds, the newest first."""
    found = []
    for kind in kinds:
        found += await work.world.page(kind, limit=MOST, terms=[[f"customer={customer_id}"]])
    found.sort(key=lambda document: document.seq, reverse=True)
    return [orjson.loads(document.body) for document in found]


async def find_source(work: Work, customer_id: str, source_id: str) -> JsonObject | None:
    """Return a customer's source of that id, or None."""
    for kind in KINDS:
        source = await work.get(kind, source_id)
        if source is not None and source["customer"] == customer_id:
            return source
    return None


async def change_default(work: Work, customer: JsonObject, params: Mapping[str, Any]) -> JsonObject:
    """Give a customer the default source that an update asks for, and return what `default_source` was if it changed.

    A new `source` takes the place of the former default, which is deleted; `default_source` names one that is there.

    Raises:
        ResourceMissing: there is no such token or source.
    """
    before = customer["default_source"]
    if "source" in params:
        customer["default_source"] = (await make_source(work, customer, params["source"]))["id"]
        former = await find_source(work, customer["id"], before) if before else None
        if former is not None:
            await remove_source(work, former)
    elif "default_source" in params:
        if await find_source(work, customer["id"], params["default_source"]) is None:
            raise ResourceMissing("source", params["default_source"], param="default_source", status=400)
        customer["default_source"] = params["default_source"]
    return {} if customer["default_source"] == before else {"default_source": before}


def make_default(work: Work, customer: JsonObject, source_id: str | None) -> None:
    """Make a source the customer's default one, or none."""
    before = {"default_source": customer["default_source"]}
    customer["default_source"] = source_id
    work.save(customer)
    work.emit("customer.updated", customer, before)


async def update_card(work: Work, source: JsonObject, given: Mapping[str, Any]) -> None:
    """Write changes over a card, and over the payment method that it is as well.

    Raises:
        CardError: the card would be expired.
    """
    source |= given
    card = test_cards().by_fingerprint(source["fingerprint"], account=work.world.account)
    # Cards that are only tokens have no number: any will do to have the expiry read.
    details = CardDetails(card.number or next(iter(test_cards().by_number)), source["exp_month"], source["exp_year"])
    _, source["exp_month"], source["exp_year"] = read_card(details, now=work.now)
    method = await work.get("payment_method", source["id"])
    if method is not None:
        method["billing_details"] = {**method["billing_details"], **_held_by(source)}
        method["card"] |= {name: source[name] for name in ("exp_month", "exp_year")}
        method["metadata"] = source["metadata"]
        work.save(method)


def _held_by(source: JsonObject) -> JsonObject:
    return {name: value for name, value in billing_of(source).items() if name in ("address", "name")}


async def remove_source(work: Work, source: JsonObject) -> None:
    """Delete a source; the payment method that a card is as well stays, for what it has paid, and pays no more."""
    method = await work.get("payment_method", source["id"])
    if method is not None:
        method["customer"] = None
        work.save(method)
        (await past_of(work, method))["used_up"] = True
    work.remove(source)
    work.emit("customer.source.deleted", source)
