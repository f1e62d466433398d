"""Ids as documentation and generated examples write them: `cus_xxxxxxxxxxxxx`.

Suites written against a server without memory name objects that nobody has made. With the setting
`documentation_ids` such an object is made when it is first named; an id of another form still names nothing.
"""

import re

from diddo_gateways.stripe_fake.cards import test_cards
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.generic.values import prefix_of
from diddo_gateways.stripe_fake.generic.writing import Writer
from diddo_gateways.stripe_fake.resources.payment_methods import default_expiry, make_from_card
from diddo_gateways.stripe_fake.work import ENDPOINT_KIND, SECRET_KIND, JsonObject, Work

__all__ = ["is_documentation_id", "made_up"]

# What is left of a deleted customer: it is not made again.
TOMBSTONE = "deleted"
FORM = re.compile(r"([a-z_]*?[0-9]?)x{4,}")


def is_documentation_id(kind: str, object_id: str) -> bool:
    """Say whether an id is how documentation writes one of that kind; kinds that are named can have any."""
    prefix = prefix_of(kind)
    found = FORM.fullmatch(object_id)
    if prefix is None:
        return True
    return found is not None and (not prefix or found[1].rstrip("1234") == prefix.rstrip("1234a"))


async def made_up(work: Work, kind: str, object_id: str) -> JsonObject | None:
    """Make the object that a documentation id names, or return None for other ids and for what is no kind."""
    known = tier().known
    if not object_id or kind not in known.resources or "id" not in known.fields(kind):
        return None
    if not is_documentation_id(kind, object_id) or await work.get(TOMBSTONE, object_id) is not None:
        return None
    if kind == "payment_method":
        card = test_cards().by_payment_method["pm_card_visa"]
        return make_from_card(work, card, expiry=default_expiry(work), cvc_sent=True, method_id=object_id)
    obj = await Writer(tier(), work).new(kind, {}, object_id=object_id)
    work.insert(obj)
    if kind == ENDPOINT_KIND:
        work.insert({"object": SECRET_KIND, "id": object_id, "secret": work.new_id("whsec_", 32)})
    return obj
