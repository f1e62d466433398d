"""Asks a stock service, over HTTP and once per cart, whether so many pieces of each variant can be had."""

import ssl
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

import httpx2
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field

from diddo_rules import Cart, Case, Context, Mutator, Pick, Violation, check, hookimpl, pointer
from diddo_rules.edits import with_line

__all__ = ["InsufficientStock", "StockServiceSettings", "lines_are_in_stock", "mutators", "settings_model"]


class StockServiceSettings(BaseModel):
    """The table `[plugins.stock_service]`: `url` is the service's origin, such as `https://stock.example`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: AnyHttpUrl


class InsufficientStock(Violation):
    """What is not in stock cannot be sent, and money that was taken for it has to be given back."""

    code = "INSUFFICIENT_STOCK"
    http_status = 409
    template = "Of the variant {variant_id!r} {available} can be had, and the cart holds {wanted}."
    remedy = "Set the quantity to what can be had with POST /cart/update."
    measure = "missing"
    variant_id: str
    wanted: int
    available: int

    @property
    def missing(self) -> int:
        """How many pieces there are too few."""
        return self.wanted - self.available


class _Answer(BaseModel):
    """What the service answers: how many pieces there are, by variant id; one that it leaves out it does not have."""

    available: dict[str, Annotated[int, Field(ge=0)]]


@check(priority=950, requires=("CART_NOT_FOUND", "VARIANT_NOT_FOUND"), points=("checkout", "api"))
async def lines_are_in_stock(cart: Cart, settings: StockServiceSettings) -> list[InsufficientStock]:
    """As many pieces of each variant can be had as are in the cart, in all its lines together."""
    places = {
        line.variant.id: pointer("stores", store_number, "cart_lines", line_number, "quantity")
        for store_number, store in enumerate(cart.stores)
        for line_number, line in enumerate(store.cart_lines)
        if line.variant and line.variant.id
    }
    wanted = _wanted(cart)
    if not wanted:
        return []
    available = await _available(sorted(wanted), settings)
    return [
        InsufficientStock(at=places[variant_id], variant_id=variant_id, wanted=pieces, available=there)
        for variant_id, pieces in wanted.items()
        if (there := available.get(variant_id, 0)) < pieces
    ]


def _wanted(cart: Cart) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in (line for store in cart.stores for line in store.cart_lines):
        if line.variant and line.variant.id:
            wanted[line.variant.id] += line.quantity
    return wanted


async def _available(variant_ids: list[str], settings: StockServiceSettings) -> dict[str, int]:
    """Return what the service says; whatever goes wrong is raised, and the engine's settings say what follows.

    No time limit here: the engine has one for all I/O checks of a cart, and cancels those that are late.
    """
    async with httpx2.AsyncClient(base_url=str(settings.url), verify=_certificates(), timeout=None) as client:
        response = await client.post("/availability", json={"variants": variant_ids})
        response.raise_for_status()
        return _Answer.model_validate_json(response.content).available


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return the certificates that are trusted; to read them anew for each cart would take longer than the request."""
    return ssl.create_default_context()


@hookimpl
def settings_model() -> type[BaseModel]:
    """Return what validates the plugin's settings."""
    return StockServiceSettings


@hookimpl
def mutators() -> Mapping[type[Violation], Mutator]:
    """Want more than any service has."""
    return {InsufficientStock: _too_many}


def _too_many(cart: Cart, context: Context, pick: Pick) -> Case:
    store = pick(len(cart.stores))
    line = pick(len(cart.stores[store].cart_lines))
    return Case(with_line(cart, store, line, quantity=10**9), context)
