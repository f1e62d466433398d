"""What the API answers besides carts, for its documentation."""

from typing import Any

from pydantic import BaseModel

from diddo_rules import Cart

__all__ = ["CartInside", "CartState", "CheckoutUrl", "Pagination", "ProductList", "ValidationAnswer"]


class CheckoutUrl(BaseModel):
    """Where the shopper pays, and what is to be told all the same."""

    url: str
    warnings: list[dict[str, Any]] | None = None


class CartInside(BaseModel):
    """A cart in the older wrapping."""

    cart: Cart


class OrderEvent(BaseModel):
    """Something that happened to an order; `created_at` is an ISO 8601 time."""

    id: str
    created_at: str


class Order(BaseModel):
    """What one store was asked to deliver."""

    id: str
    cart_id: str
    status: str
    events: list[OrderEvent]
    required_actions: list[Any]


class CartState(BaseModel):
    """Where a cart stands."""

    status: str
    orders: list[Order]
    cart: Cart


class Pagination(BaseModel):
    """Which part of how many."""

    total: int
    limit: int
    offset: int


class ProductList(BaseModel):
    """Some of the catalogue's products; prices are whole minor units of the product's currency."""

    products: list[dict[str, Any]]
    pagination: Pagination


class NextCall(BaseModel):
    """The request that would clear the first violation."""

    method: str
    path: str
    why: str


class ValidationAnswer(BaseModel):
    """The verdict on a cart: what was found, what ran, what was skipped and why, and what to call next."""

    ok: bool
    http_status: int
    violations: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    infos: list[dict[str, Any]]
    tolerated: list[dict[str, Any]]
    ran: list[str]
    skipped: list[dict[str, Any]]
    crashed: list[dict[str, Any]]
    shadow: dict[str, Any] | None
    trace: list[dict[str, Any]]
    next: NextCall | None
