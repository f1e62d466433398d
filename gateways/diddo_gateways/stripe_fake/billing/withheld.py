"""Fields that Stripe keeps back until `expand` asks for them, such as the tiers of a price.

They are stored beside their object, so that it is answered, listed and embedded without them as it stands, and joined
with it by `whole`, for `expand` and for arithmetic.
"""

from diddo_gateways.stripe_fake.expansion import includes
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["kept_back", "rewithhold", "whole", "withhold"]

KIND = "withheld"


def kept_back(kind: str, *fields: str) -> None:
    """Declare the fields that a kind of object shows only when they are expanded."""
    for field in fields:
        includes(kind, field)(_included)


async def whole(work: Work, obj: JsonObject) -> JsonObject:
    """Return a copy of an object with the fields that are kept back."""
    stored = await work.get(KIND, obj["id"])
    return dict(obj) if stored is None else {**obj, **stored["fields"]}


def withhold(work: Work, obj: JsonObject, fields: JsonObject) -> None:
    """Set the fields that are kept back of an object that has just been made, under an id that none has had before."""
    if fields:
        work.insert({"object": KIND, "id": obj["id"], "fields": dict(fields)})


async def rewithhold(work: Work, obj: JsonObject, fields: JsonObject) -> None:
    """Set all the fields that are kept back of an object anew."""
    stored = await work.get(KIND, obj["id"])
    if stored is None:
        withhold(work, obj, fields)
    else:
        stored["fields"] = dict(fields)
        work.save(stored)


async def _included(work: Work, obj: JsonObject, field: str) -> object:
    return (await whole(work, obj)).get(field)
