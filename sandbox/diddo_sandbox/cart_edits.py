"""Edits of a cart: pure functions on a cart in the API's shape."""

from typing import Any

from diddo_gateways.worlds import World
from diddo_rules import pointer
from diddo_sandbox import pricing
from diddo_sandbox.catalogue import Item
from diddo_sandbox.errors import (
    ApiError,
    CartCurrencyMismatch,
    SelectedShippingOptionNotFound,
    StoreNotFound,
)

__all__ = [
    "blank_offer",
    "choose_method",
    "currency_of",
    "drop_empty_lines",
    "forget_shipping",
    "line_of",
    "lines_of",
    "new_cart",
    "price_of",
    "require_currency",
    "store_of",
    "variant_of",
]

MARKETPLACE = "SANDBOX"


def new_cart(cart_id: str) -> dict[str, Any]:
    """Return an empty cart, not priced yet."""
    return {"id": cart_id, "status": "IN_PROGRESS", "cost": None, "buyer_identity": None, "stores": []}


def currency_of(cart: dict[str, Any]) -> str | None:
    """Return the currency that the cart's stores sell in; None for an empty cart."""
    for store in cart["stores"]:
        for line in store["cart_lines"]:
            if price := (line["variant"] or {}).get("price"):
                return str(price["currency"])
    return None


def variant_of(line: dict[str, Any]) -> str:
    """Return the id of a line's variant; empty when a faulty line has none."""
    return (line["variant"] or {}).get("id") or ""


def price_of(line: dict[str, Any]) -> int | None:
    """Return what a whole line costs in minor units; None when nobody knows."""
    price = (line["variant"] or {}).get("price")
    return None if price is None else line["quantity"] * int(price["value"])


def require_currency(cart: dict[str, Any], item: Item) -> None:
    """Refuse an item that is sold in another currency than what the cart holds already."""
    currency = currency_of(cart)
    if currency is not None and currency != item.store.currency:
        raise ApiError(
            CartCurrencyMismatch(
                at=pointer("item", "variant_id"),
                cart_currency=currency,
                variant_id=str(item.variant["external_id"]),
                currency=item.store.currency,
            )
        )


def store_of(cart: dict[str, Any], domain: str, world: World) -> dict[str, Any]:
    """Return the cart's part of a store, made when it is not there yet."""
    stores: list[dict[str, Any]] = cart["stores"]
    for store in stores:
        if store["store"] == domain:
            return store
    store = {
        "store": domain,
        "request_id": world.ids.new("req_", 20),
        "is_submitted": False,
        "cart_lines": [],
        "offer": blank_offer(),
    }
    stores.append(store)
    return store


def blank_offer() -> dict[str, Any]:
    """Return a store's offer before anything is known."""
    return {
        "subtotal": None,
        "margin": None,
        "not_available_ids": [],
        "shipping_methods": [],
        "selected_shipping_method": None,
    }


def line_of(store: dict[str, Any], item: Item) -> dict[str, Any]:
    """Return a store's line of a variant, made with quantity 0 when it is not there yet."""
    lines: list[dict[str, Any]] = store["cart_lines"]
    for line in lines:
        if variant_of(line) == item.variant["external_id"]:
            return line
    price = pricing.amount(item.price, item.store.currency)
    line = {
        "quantity": 0,
        "variant": _sold(item.variant, item, price) | {"image": item.product["featured_image"]},
        "product": _sold(item.product, item, price),
    }
    lines.append(line)
    return line


def _sold(what: Any, item: Item, price: Any) -> dict[str, Any]:
    return {
        "id": what["external_id"],
        "title": what["title"],
        "marketplace": MARKETPLACE,
        "description": item.product["description"],
        "is_available": what["available"],
        "price": price,
    }


def lines_of(cart: dict[str, Any], variant_id: str) -> list[dict[str, Any]]:
    """Return the cart's lines of a variant: one, or none; the empty id finds faulty lines, so that they can go."""
    return [line for store in cart["stores"] for line in store["cart_lines"] if variant_of(line) == variant_id]


def drop_empty_lines(store: dict[str, Any]) -> bool:
    """Remove the lines without pieces; tell whether the store has any left."""
    store["cart_lines"] = [line for line in store["cart_lines"] if line["quantity"]]
    return bool(store["cart_lines"])


def forget_shipping(cart: dict[str, Any]) -> None:
    """Take back what was offered and chosen: it was for other goods or another address."""
    for store in cart["stores"]:
        if store["offer"]:
            store["offer"] |= {"shipping_methods": [], "selected_shipping_method": None}


def choose_method(cart: dict[str, Any], domain: str, shipping_id: str, at: str) -> None:
    """Choose a store's shipping method among those that it has offered.

    Raises:
        ApiError: the cart has no such store, or the store does not offer the method; `at` points at the request.
    """
    for store in cart["stores"]:
        if store["store"] == domain:
            break
    else:
        raise ApiError(StoreNotFound(at=at, store=domain))
    offered = store["offer"]["shipping_methods"] if store["offer"] else []
    for method in offered:
        if method["id"] == shipping_id:
            store["offer"]["selected_shipping_method"] = method
            return
    raise ApiError(SelectedShippingOptionNotFound(at=at, store=domain, shipping_id=shipping_id))
