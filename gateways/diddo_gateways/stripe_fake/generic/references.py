"""Objects that parameters name by id: they must be there, and what is made from them takes over what it must have."""

import orjson

from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.generic.tier import Tier
from diddo_gateways.stripe_fake.resources.payment_methods import named
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["References"]

# Tokens and test ids stand for objects without being the id of one; accounts and tax codes are Stripe's to make.
STAND_INS = ("tok_", "btok_", "src_", "pm_", "file_", "txcd_", "acct_")


class References:
    """The objects that one request names."""

    def __init__(self, tier: Tier, work: Work) -> None:
        self._tier = tier
        self._work = work
        self._met: list[JsonObject] = []

    def meet(self, obj: JsonObject) -> None:
        """Take note of an object that what is made next is made from."""
        self._met.append(obj)

    async def copy(self, kinds: list[str], object_id: str, place: str) -> JsonObject | None:
        """Return a copy of the object that a parameter names, or None when the id may stand for one.

        Raises:
            ResourceMissing: there is none.
        """
        found = await self._find(kinds, object_id)
        if found is not None:
            copied: JsonObject = orjson.loads(orjson.dumps(found))
            return copied
        self._must_not_be(kinds, object_id, place)
        return None

    async def id_of(self, kinds: list[str], object_id: str, place: str) -> str:
        """Return the id of the object that a parameter names; a test card's makes a payment method.

        Raises:
            ResourceMissing: there is none.
        """
        if kinds == ["payment_method"]:
            return str((await named(self._work, object_id, param=place))["id"])
        if await self._find(kinds, object_id) is None:
            self._must_not_be(kinds, object_id, place)
        return object_id

    def inherit(self, obj: JsonObject, definition: Node) -> None:
        """Give an object the required values that nobody has said, from the objects that it is made from."""
        for field in definition["required"]:
            form = _inherited_as(definition["fields"][field])
            if obj.get(field) is None and form is not None and field not in ("id", "object"):
                obj[field] = next((other[field] for other in self._met if isinstance(other.get(field), form)), None)

    async def _find(self, kinds: list[str], object_id: str) -> JsonObject | None:
        for kind in kinds:
            found = await self._work.get(kind, object_id)
            if found is not None:
                self._met.append(found)
                return found
        return None

    def _must_not_be(self, kinds: list[str], object_id: str, place: str) -> None:
        """Refuse an id that names nothing, where somebody could have made what it names."""
        if any(kind in self._tier.makeable for kind in kinds) and not object_id.startswith(STAND_INS):
            raise ResourceMissing(kinds[-1], object_id, param=place, status=400)


def _inherited_as(node: Node) -> type | None:
    """Return the Python type of a field that can be taken from another object: a text, a number, an id."""
    if isinstance(node, dict):
        return str if "expandable" in node else None
    return {"string": str, "integer": int}.get(node)
