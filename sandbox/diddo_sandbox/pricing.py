"""Pricing: what a cart's lines, shipping and taxes cost, in whole minor units of one currency."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from diddo_rules.money import Money, exponent
from diddo_sandbox.catalogue import ShippingSeed, StoreSeed

__all__ = ["amount", "by_destination", "cost_of", "share", "shipping_methods"]

BASIS = 10_000


@lru_cache(maxsize=4096)
def amount(value: int, currency: str) -> Mapping[str, Any]:
    """Return money in the shape of the API; the mapping is shared, so it is never changed."""
    return Money(value=value, currency=currency).model_dump(mode="json")


def share(value: int, basis_points: int, currency: str) -> int:
    """Return that share of an amount, rounded half up to what a card can be charged.

    Three-decimal currencies are charged in steps of ten minor units (Stripe's rule), all others in steps of one.
    """
    step = 10 if exponent(currency) == 3 else 1
    return (value * basis_points + BASIS * step // 2) // (BASIS * step) * step


def by_destination(table: Mapping[str, int], buyer: Mapping[str, Any]) -> int | None:
    """Look up a value for where the buyer lives: province, then country, then `*`; None where there is none."""
    country = (buyer.get("country_code") or "").upper()
    province = (buyer.get("province_code") or "").upper()
    for place in (f"{country}-{province}", country, "*"):
        if place in table:
            return table[place]
    return None


def shipping_methods(store: StoreSeed, subtotal: int, buyer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the methods by which a store ships to the buyer, cheapest first; none when it does not.

    A method's `taxes` are those on the goods and their shipping together, its `total` is its price plus taxes.
    """
    offered = [
        (price, method) for method in store.shipping if (price := by_destination(method.prices, buyer)) is not None
    ]
    return [_method(store, method, price, subtotal, buyer) for price, method in sorted(offered, key=_cheapest)]


def _cheapest(offer: tuple[int, ShippingSeed]) -> tuple[int, str]:
    return offer[0], offer[1].id


def _method(
    store: StoreSeed, method: ShippingSeed, price: int, subtotal: int, buyer: Mapping[str, Any]
) -> dict[str, Any]:
    taxes = share(subtotal + price, by_destination(store.taxes, buyer) or 0, store.currency)
    return {
        "id": method.id,
        "label": method.label,
        "price": amount(price, store.currency),
        "taxes": amount(taxes, store.currency),
        "total": amount(price + taxes, store.currency),
    }


def worth(store: StoreSeed, prices: Sequence[int | None]) -> dict[str, Any]:
    """Return an offer's subtotal and margin for the prices of its lines; null where one of them is unknown."""
    if None in prices:
        return {"subtotal": None, "margin": None}
    subtotal = sum(price for price in prices if price is not None)
    margin = share(subtotal, store.margin, store.currency)
    return {"subtotal": amount(subtotal, store.currency), "margin": amount(margin, store.currency)}


def cost_of(stores: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    """Add up a cart.

    Tax and shipping are null, and the cost an estimate, until every store has its method chosen; all amounts are null
    while a store's goods have no price.
    """
    offers = [store["offer"] or {} for store in stores]
    if not all(offer.get("subtotal") for offer in offers):
        return {"is_estimated": True, "subtotal": None, "tax": None, "shipping": None, "total": None}
    subtotal = sum(offer["subtotal"]["value"] for offer in offers)
    chosen = [offer["selected_shipping_method"] for offer in offers]
    if not chosen or not all(chosen):
        known = amount(subtotal, currency)
        return {"is_estimated": True, "subtotal": known, "tax": None, "shipping": None, "total": known}
    tax = sum(method["taxes"]["value"] for method in chosen)
    shipping = sum(method["price"]["value"] for method in chosen)
    return {
        "is_estimated": False,
        "subtotal": amount(subtotal, currency),
        "tax": amount(tax, currency),
        "shipping": amount(shipping, currency),
        "total": amount(subtotal + shipping + tax, currency),
    }
