"""The request bodies of the Diddo API: snake_case and camelCase alike; unknown keys are ignored."""

from typing import Annotated, Any

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = [
    "AddItem",
    "BuyerFields",
    "CartIdentity",
    "Item",
    "ProductQuery",
    "RemoveItem",
    "SetBuyer",
    "SetShipping",
    "ShippingOption",
]

Id = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class _Body(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=AliasGenerator(validation_alias=to_camel),
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,  # errors point at the names that the documentation uses
    )


class CartIdentity(_Body):
    """Names a cart; `"0"` is no cart yet."""

    cart_id: Id


class Item(_Body):
    """So many pieces of a variant, named by its `external_id`."""

    variant_id: Id
    quantity: StrictInt


class AddItem(CartIdentity):
    """What is put into a cart, or how much of it shall be there."""

    item: Item


class RemoveItem(CartIdentity):
    """What is taken out of a cart."""

    variant_id: Id


class BuyerFields(_Body):
    """Who buys, and where to send it; every field is checked for what it says, not only for being text."""

    first_name: str | None = None
    last_name: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code: str | None = None
    postal_code: str | None = None
    email: str | None = None
    phone: str | None = None


class SetBuyer(CartIdentity):
    """Gives a cart its buyer."""

    buyer_identity: BuyerFields


class ShippingOption(_Body):
    """A shipping method for a store of the cart: the store's domain and the method's id."""

    store: Id
    shipping_id: Id


class SetShipping(CartIdentity):
    """Chooses shipping methods."""

    shipping_options: Annotated[list[ShippingOption], Field(min_length=1, max_length=100)]


def _several(value: Any) -> Any:
    """Let one value stand where a list may."""
    return [value] if isinstance(value, str) else value


Values = Annotated[list[str], BeforeValidator(_several), Field(max_length=100)]


class ProductQuery(_Body):
    """Which products to list; a filter takes one value or several, of which any may match."""

    player: Values = []
    team: Values = []
    tags: Values = []
    brand: Values = []
    category: Values = []
    gender: Values = []
    age: Values = []
    currency: Values = []
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
