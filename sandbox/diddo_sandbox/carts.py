"""Carts: how they are made, changed and priced, each in a world of its own.

A cart is stored as one record, `{"cart": …, "checkout": …, "orders": […]}`: the cart exactly as the API answers it,
the checkout that locks it, or null, and what was ordered when it was paid. One record means one compare-and-set, so a
change and a lock can never both win.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from diddo_gateways.documents import Conflict, Document, Put
from diddo_gateways.worlds import World
from diddo_rules import pointer
from diddo_sandbox import buyers, pricing
from diddo_sandbox.cart_edits import (
    blank_offer,
    choose_method,
    currency_of,
    drop_empty_lines,
    forget_shipping,
    line_of,
    lines_of,
    new_cart,
    price_of,
    require_currency,
    store_of,
    variant_of,
)
from diddo_sandbox.catalogue import Catalogue, Item
from diddo_sandbox.errors import (
    ApiError,
    CartModificationForbidden,
    CartNotFound,
    ProductNotAvailable,
    QuantityExceeded,
    QuantityInvalid,
    UnknownVariant,
)
from diddo_sandbox.rules import Rules, refusal

__all__ = ["CART", "LARGEST_QUANTITY", "CartRecord", "Carts"]

CART = "cart"
LARGEST_QUANTITY = 500


@dataclass(slots=True)
class CartRecord:
    """A stored cart: `cart` and `orders` have the API's shape, `checkout` is what locks it, or None.

    `version` is the stored one, 0 for a cart that is not stored yet.
    """

    cart: dict[str, Any]
    checkout: dict[str, Any] | None = None
    orders: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0

    @classmethod
    def read(cls, document: Document) -> "CartRecord":
        """Read a record from its document."""
        body = orjson.loads(document.body)
        return cls(**body, version=document.version)

    def put(self, *, created: int) -> Put:
        """Return the change that stores the record over the version that was read."""
        body = orjson.dumps({"cart": self.cart, "checkout": self.checkout, "orders": self.orders})
        return Put(CART, self.cart["id"], body, version=self.version, created=created)

    @property
    def state(self) -> str | None:
        """Why the cart can no longer be changed, in a word; None when it can."""
        if self.cart["status"] == "SUBMITTED":
            return "submitted"
        return None if self.checkout is None else "locked by a checkout session"


ReadyMade = Callable[["Carts", World, str], CartRecord | None]
Edit = Callable[[dict[str, Any]], None]


class Carts:
    """The carts of all worlds.

    Args:
        catalogue: what can be put in them.
        rules: what may refuse a change, if a check is asked about changes.
        currency: the currency in which an empty cart costs nothing.
        ready_made: makes the cart of an id that is not stored, if every world has it from the start.
    """

    def __init__(self, catalogue: Catalogue, rules: Rules, *, currency: str, ready_made: ReadyMade) -> None:
        self._catalogue = catalogue
        self._rules = rules
        self._currency = currency
        self._ready_made = ready_made

    async def read(self, world: World, cart_id: str) -> CartRecord:
        """Return a cart's record.

        Raises:
            ApiError: there is no such cart.
        """
        record = await self.find(world, cart_id)
        if record is None:
            raise ApiError(CartNotFound(at=pointer("cart_id"), cart_id=cart_id))
        return record

    async def find(self, world: World, cart_id: str) -> CartRecord | None:
        """Return a cart's record, or None; a ready-made cart is there as soon as it is asked for."""
        while True:
            document = await world.get(CART, cart_id)
            if document is not None:
                return CartRecord.read(document)
            record = self._ready_made(self, world, cart_id)
            if record is None:
                return None
            with suppress(Conflict):  # another request has just made it
                await world.commit([record.put(created=world.clock.now())])

    def assemble(
        self, world: World, cart_id: str, pieces: Mapping[str, int], *, buyer: dict[str, Any] | None, shipping: bool
    ) -> dict[str, Any]:
        """Return a priced cart that is not stored.

        Args:
            world: whose ids it uses.
            cart_id: its id.
            pieces: how many of which variants; they must be in the catalogue, and of one currency.
            buyer: who buys, or None.
            shipping: whether each store's cheapest method is chosen.
        """
        cart = new_cart(cart_id)
        for variant_id, quantity in pieces.items():
            item = self._catalogue.items[variant_id]
            line_of(store_of(cart, item.store.domain, world), item)["quantity"] = quantity
        cart["buyer_identity"] = None if buyer is None else buyers.tidy(buyer)
        self._price(cart)
        if shipping:
            for store in cart["stores"]:
                self._offer_shipping(store, cart["buyer_identity"])
                store["offer"]["selected_shipping_method"] = store["offer"]["shipping_methods"][0]
            self._price(cart)
        return cart

    async def add(self, world: World, cart_id: str, variant_id: str, quantity: int) -> dict[str, Any]:
        """Add pieces of a variant; a cart that does not exist is made, under a new id."""
        item = self._item(variant_id)
        _require_quantity(quantity, minimum=1)
        if not item.available:
            raise ApiError(ProductNotAvailable(at=pointer("item", "variant_id"), variant_id=variant_id))

        def edit(cart: dict[str, Any]) -> None:
            require_currency(cart, item)
            line = line_of(store_of(cart, item.store.domain, world), item)
            line["quantity"] = _bounded(line["quantity"] + quantity, variant_id)

        if await self.find(world, cart_id) is None:
            cart = new_cart(world.ids.new("cart_", 20))
            self._price(cart)
            empty = orjson.dumps(cart)
            edit(cart)
            return await self._store_new(world, cart, empty)
        return await self.change(world, cart_id, edit)

    async def set_quantity(self, world: World, cart_id: str, variant_id: str, quantity: int) -> dict[str, Any]:
        """Set how many pieces of a variant the cart holds; 0 removes it, one that is not in the cart stays out."""
        _require_quantity(quantity, minimum=0)

        def edit(cart: dict[str, Any]) -> None:
            for line in lines_of(cart, variant_id):
                line["quantity"] = _bounded(quantity, variant_id)

        return await self.change(world, cart_id, edit)

    async def remove(self, world: World, cart_id: str, variant_id: str) -> dict[str, Any]:
        """Take a variant out of the cart; one that is not in it changes nothing."""
        return await self.set_quantity(world, cart_id, variant_id, 0)

    async def set_buyer(self, world: World, cart_id: str, identity: dict[str, Any]) -> dict[str, Any]:
        """Set who buys.

        Raises:
            ApiError: fields are missing or wrong, all of them listed; or there is no such cart.
        """
        await self.read(world, cart_id)
        buyer = buyers.tidy(identity)
        if found := buyers.faults(buyer):
            raise ApiError(*found)

        def edit(cart: dict[str, Any]) -> None:
            cart["buyer_identity"] = buyer

        return await self.change(world, cart_id, edit)

    async def choose_shipping(self, world: World, cart_id: str, options: list[tuple[str, str]]) -> dict[str, Any]:
        """Choose shipping methods, as pairs of a store's domain and a method's id."""

        def edit(cart: dict[str, Any]) -> None:
            for position, (domain, shipping_id) in enumerate(options):
                choose_method(cart, domain, shipping_id, pointer("shipping_options", position))

        return await self.change(world, cart_id, edit, keeps_shipping=True)

    async def shipping_rates(self, world: World, cart_id: str, missing_buyer: ApiError) -> dict[str, Any]:
        """Return the cart with the methods by which each store ships to its buyer.

        Raises:
            ApiError: `missing_buyer` when there is none; or there is no such cart.
        """
        record = await self.read(world, cart_id)
        if record.cart["buyer_identity"] is None:
            raise missing_buyer
        if record.state is not None:
            return record.cart  # what was chosen is being paid for: it is shown as it was

        def edit(cart: dict[str, Any]) -> None:
            for store in cart["stores"]:
                self._offer_shipping(store, cart["buyer_identity"])

        return await self.change(world, cart_id, edit, keeps_shipping=True)

    async def change(self, world: World, cart_id: str, edit: Edit, *, keeps_shipping: bool = False) -> dict[str, Any]:
        """Edit a cart, price it anew and store it; who loses a race edits the newer cart.

        Raises:
            ApiError: there is no such cart, or it is locked or submitted, or the edit adds what a check refuses.
        """
        while True:
            record = await self.read(world, cart_id)
            if record.state is not None:
                raise ApiError(CartModificationForbidden(at=pointer("cart_id"), cart_id=cart_id, state=record.state))
            before = orjson.dumps(record.cart)
            edit(record.cart)
            if not keeps_shipping and orjson.dumps(record.cart) != before:
                forget_shipping(record.cart)
            # Also when nothing was edited: a cart whose pricing has failed is priced anew by any change.
            self._price(record.cart)
            if orjson.dumps(record.cart) == before:
                return record.cart
            await self._require_no_new_fault(world, before, record.cart)
            try:
                await world.commit([record.put(created=world.clock.now())])
            except Conflict:
                continue
            return record.cart

    def knows_variant(self, variant_id: str) -> bool:
        """Tell whether the catalogue has a variant."""
        return variant_id in self._catalogue.items

    async def _store_new(self, world: World, cart: dict[str, Any], empty: bytes) -> dict[str, Any]:
        self._price(cart)
        await self._require_no_new_fault(world, empty, cart)
        await world.commit([CartRecord(cart).put(created=world.clock.now())])
        return cart

    async def _require_no_new_fault(self, world: World, before: bytes, cart: dict[str, Any]) -> None:
        report = await self._rules.validate_change(world, before, cart)
        if report is not None and not report.ok:
            raise refusal(report)

    def _item(self, variant_id: str) -> Item:
        item = self._catalogue.items.get(variant_id)
        if item is None:
            raise ApiError(UnknownVariant(at=pointer("item", "variant_id"), variant_id=variant_id))
        return item

    def _offer_shipping(self, store: dict[str, Any], buyer: dict[str, Any]) -> None:
        offer = store["offer"]
        seed = self._catalogue.stores.get(store["store"])
        if seed is None or offer is None or offer["subtotal"] is None:
            return
        offer["shipping_methods"] = pricing.shipping_methods(seed, offer["subtotal"]["value"], buyer)
        kept = offer["selected_shipping_method"]
        offered = {method["id"]: method for method in offer["shipping_methods"]}
        offer["selected_shipping_method"] = None if kept is None else offered.get(kept["id"])

    def _price(self, cart: dict[str, Any]) -> None:
        cart["stores"] = [store for store in cart["stores"] if drop_empty_lines(store)]
        for store in cart["stores"]:
            seed = self._catalogue.stores.get(store["store"])
            if seed is None:
                store["offer"] = None  # nobody is known to sell it: it has no price, and a check will say why
                continue
            offer = store["offer"] = store["offer"] or blank_offer()
            offer |= pricing.worth(seed, [price_of(line) for line in store["cart_lines"]])
            offer["not_available_ids"] = [
                variant_of(line) for line in store["cart_lines"] if not (line["variant"] or {}).get("is_available")
            ]
        cart["cost"] = pricing.cost_of(cart["stores"], currency_of(cart) or self._currency)


def _require_quantity(quantity: int, *, minimum: int) -> None:
    if quantity < minimum:
        raise ApiError(QuantityInvalid(at=pointer("item", "quantity"), quantity=quantity, minimum=minimum))


def _bounded(quantity: int, variant_id: str) -> int:
    if quantity > LARGEST_QUANTITY:
        raise ApiError(
            QuantityExceeded(
                at=pointer("item", "quantity"), quantity=quantity, variant_id=variant_id, limit=LARGEST_QUANTITY
            )
        )
    return quantity
