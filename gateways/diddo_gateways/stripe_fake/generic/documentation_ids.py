"""Ids as documentation and generated examples write them: `cus_xxxxxxxxxxxxx`, `cus_xyz`, `id_123`.

Suites written against a server without memory name objects that nobody has made. With the setting
`documentation_ids` such an object is made when it is first named, and again after it was deleted; an id of another form
still names nothing.
"""

import re
from functools import cache

from diddo_gateways.stripe_fake.endpoints import ENDPOINT_KINDS, SECRET_KIND
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.generic.values import data, prefix_of
from diddo_gateways.stripe_fake.generic.writing import Writer
from diddo_gateways.stripe_fake.payments.card_objects import card_object, default_expiry
from diddo_gateways.stripe_fake.payments.cards import test_cards
from diddo_gateways.stripe_fake.resources import prices
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_card
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["is_documentation_id", "made_up"]

# Where the webhooks of made-up endpoints go: nowhere.
RECEIVER = "https://example.com/webhooks"
# What is left of a deleted customer.
TOMBSTONE = "deleted"
FORM = re.compile(r"((?:[a-z]+_)*)(?:x{3,}|xyz|123\d*)|()(?:foo|example_[a-z_]+)")
# Other beginnings that ids of a kind may have.
ALSO = {"plan": ("price_", "gold_"), "price": ("plan_", "gold_")}
MONTHLY = {"interval": "month"}
# What made-up prices are prices of.
PRODUCT = "prod_xxxxxxxxxxxxx"


def is_documentation_id(kind: str, object_id: str) -> bool:
    """Say whether an id is how documentation writes one of that kind; kinds that are named can have any."""
    if prefix_of(kind) is None:
        return True
    found = FORM.fullmatch(object_id)
    if found is None:
        return False
    beginning = found[1] or ""
    return beginning in (_beginning(kind), *ALSO.get(kind, ())) or beginning not in _beginnings()


async def made_up(work: Work, kind: str, object_id: str) -> JsonObject | None:
    """Make the object that a documentation id names, or return None for other ids and for what is no kind."""
    known = tier().known
    if not object_id or kind not in known.resources or "id" not in known.fields(kind):
        return None
    if not is_documentation_id(kind, object_id):
        return None
    tombstone = await work.get(TOMBSTONE, object_id)
    if tombstone is not None:
        work.remove(tombstone)
    if kind == "payment_method":
        card = test_cards().by_payment_method["pm_card_visa"]
        return make_from_card(work, card, expiry=default_expiry(work), cvc_sent=True, method_id=object_id)
    if kind == "price":
        return await _price(work, object_id)
    obj = await Writer(tier(), work).new(kind, {}, object_id=object_id)
    if kind == "token":
        obj["card"] = card_object(
            work, test_cards().by_token["tok_visa"], expiry=default_expiry(work), cvc_sent=True, owner={}
        )
    work.insert(obj)
    if kind in ENDPOINT_KINDS:
        secret = {"secret": work.new_id("whsec_", 32), "url": RECEIVER}
        work.insert({"object": SECRET_KIND, "id": object_id, **secret})
    return obj


async def _price(work: Work, price_id: str) -> JsonObject:
    """Make a price of a made-up product; one that is named like a plan recurs."""
    await work.get("product", PRODUCT)
    terms: JsonObject = {"currency": "usd", "unit_amount": 2000, "product": PRODUCT}
    if price_id.startswith(ALSO["price"]):
        terms["recurring"] = MONTHLY
    price = prices.new(work, terms, price_id=price_id)
    work.insert(price)
    return price


@cache
def _beginnings() -> frozenset[str]:
    """Return what documentation's ids of every kind begin with."""
    return frozenset(_beginning(kind) for kind in data("prefixes.json")) - {""}


def _beginning(kind: str) -> str:
    """Return what documentation's ids of a kind begin with: without the digit that real ones go on with."""
    return re.sub(r"[0-9a]*[0-9]$", "", prefix_of(kind) or "")
