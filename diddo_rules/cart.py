"""The cart as the Diddo API writes it, held so loosely that every fault a check looks for can be represented.

Keys are written in snake_case, and read in snake_case or camelCase. A key that is absent takes its default; a key
that is unknown is ignored, because clients' carts carry more than the contract names; a key of a wrong type is
refused, because no check could say anything sensible about it. Models and their collections are immutable.
"""

from enum import StrEnum

from pydantic import AliasGenerator, BaseModel, ConfigDict, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from diddo_rules.money import Money

__all__ = [
    "BuyerIdentity",
    "Cart",
    "CartLine",
    "CartStatus",
    "CartStore",
    "Cost",
    "Offer",
    "Product",
    "ShippingMethod",
    "Variant",
]


class CartStatus(StrEnum):
    """Where a cart is in its life; `SUBMITTED` is final."""

    IN_PROGRESS = "IN_PROGRESS"
    SUBMITTED = "SUBMITTED"


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=AliasGenerator(validation_alias=to_camel),
        validate_by_name=True,
        validate_by_alias=True,
    )


class Cost(_Record):
    """What the cart costs; an amount is null where pricing has failed. The total of an empty cart is 0, not null."""

    is_estimated: StrictBool = True
    subtotal: Money | None = None
    tax: Money | None = None
    shipping: Money | None = None
    total: Money | None = None


class BuyerIdentity(_Record):
    """Who buys, and where to send it; all fields blank is as good as no buyer."""

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


class _Described(_Record):
    id: str | None = None
    title: str | None = None
    marketplace: str | None = None
    description: str | None = None
    is_available: StrictBool = True
    price: Money | None = None


class Product(_Described):
    """What is sold; its variants are what is put in a cart."""


class Variant(_Described):
    """One buyable form of a product, such as its size and colour; `price` is that of one piece."""

    image: str | None = None


class CartLine(_Record):
    """So many pieces of one variant."""

    quantity: StrictInt
    variant: Variant | None = None
    product: Product | None = None


class ShippingMethod(_Record):
    """One way of sending a store's lines; `total` is `price` and `taxes` together."""

    id: str | None = None
    label: str | None = None
    price: Money | None = None
    taxes: Money | None = None
    total: Money | None = None


class Offer(_Record):
    """What a store offers for its lines, with the shipping methods to choose from and the one chosen, if any."""

    subtotal: Money | None = None
    margin: Money | None = None
    not_available_ids: tuple[str, ...] = ()
    shipping_methods: tuple[ShippingMethod, ...] = ()
    selected_shipping_method: ShippingMethod | None = None


class CartStore(_Record):
    """One merchant's part of the cart; `store` is the merchant's domain."""

    store: str | None = None
    request_id: str | None = None
    is_submitted: StrictBool = False
    cart_lines: tuple[CartLine, ...] = ()
    offer: Offer | None = None


class Cart(_Record):
    """A shopper's cart over any number of stores; `stores` is always there, empty when nothing is in the cart.

    `Cart.model_validate_json(text)` is the fast way in: it never makes the dictionaries in between.
    """

    id: str
    status: CartStatus = CartStatus.IN_PROGRESS
    cost: Cost | None = None
    buyer_identity: BuyerIdentity | None = None
    stores: tuple[CartStore, ...] = ()
