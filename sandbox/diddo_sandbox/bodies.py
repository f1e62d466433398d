"""The request bodies of the Diddo API: snake_case and camelCase alike; unknown keys are ignored."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from diddo_rules import BuyerIdentity

__all__ = [
    "AddItem",
    "BuyerFields",
    "CartIdentity",
    "Item",
    "ProductQuery",
    "ProductSearch",
    "RemoveItem",
    "SetBuyer",
    "SetShipping",
    "ShippingOption",
]


def _unicode(text: str) -> str:
    """Refuse half a surrogate pair, which JSON can carry and no database can look up."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PydanticCustomError("string_unicode", "not Unicode text") from error
    return text


Id = Annotated[str, AfterValidator(_unicode)]
VariantId = Annotated[Id, Field(examples=["harbor-hoodie-navy-m"])]


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

    cart_id: Annotated[Id, Field(examples=["cart_ready", "cart_no_shipping", "cart_no_buyer"])]


class Item(_Body):
    """So many pieces of a variant, named by its `external_id`."""

    variant_id: VariantId
    quantity: Annotated[StrictInt, Field(examples=[1])]


class AddItem(CartIdentity):
    """What is put into a cart, or how much of it shall be there."""

    item: Item


class RemoveItem(CartIdentity):
    """What is taken out of a cart."""

    variant_id: VariantId


class BuyerFields(BuyerIdentity):
    """Who buys, and where to send it; every field is checked for what it says, not only for being text."""

    model_config = ConfigDict(loc_by_alias=False)


class SetBuyer(CartIdentity):
    """Gives a cart its buyer."""

    buyer_identity: BuyerFields


class ShippingOption(_Body):
    """A shipping method for a store of the cart: the store's domain and the method's id."""

    store: Annotated[Id, Field(examples=["harbor-athletics.example"])]
    shipping_id: Annotated[Id, Field(examples=["standard"])]


class SetShipping(CartIdentity):
    """Chooses shipping methods."""

    shipping_options: Annotated[list[ShippingOption], Field(min_length=1, max_length=100)]


Values = Annotated[list[str], Field(max_length=100)]
ONE_OR_SEVERAL = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}


def _several(value: Any) -> Any:
    """Let one value, or none, stand where a list may."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


OneOrSeveral = Annotated[Values, BeforeValidator(_several), WithJsonSchema(ONE_OR_SEVERAL)]


class ProductQuery(_Body):
    """Which products to list; a filter that is given several times is met by any of its values."""

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


class ProductSearch(_Body):
    """Which products to list; a filter takes one value or several, of which any may match."""

    player: OneOrSeveral = []
    team: OneOrSeveral = []
    tags: OneOrSeveral = []
    brand: OneOrSeveral = []
    category: OneOrSeveral = []
    gender: OneOrSeveral = []
    age: OneOrSeveral = []
    currency: OneOrSeveral = []
    limit: Annotated[StrictInt, Field(ge=1, le=100)] = 20
    offset: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0
