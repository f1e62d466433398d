"""Operations: what a request calls. A resource's file declares its handlers with `@operation`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Answer", "Call", "Handler", "Modelled", "operation", "operations"]


@dataclass(slots=True)
class Call:
    """One call of an operation.

    Attributes:
        work: the unit of work; committed by the caller once the handler has returned.
        params: the parameters, decoded and validated, `expand` taken out.
        path: the ids in the URL, by the catalogue's names, such as `{"intent": "pi_…"}`.
        publishable: whether a publishable key makes the call, which may see less.
        url: the path that was called.
    """

    work: Work
    params: JsonObject
    path: dict[str, str] = field(default_factory=dict)
    publishable: bool = False
    url: str = ""


Answer = JsonObject | bytes
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Modelled:
    """An operation that the fake models: its handler, and whether a publishable key may call it."""

    name: str
    handler: Handler
    publishable: bool


_operations: dict[str, Modelled] = {}


def operation(name: str, *, publishable: bool = False) -> Callable[[Handler], Handler]:
    """Make a function the handler of an operation.

    It returns the object as a dict with Stripe's full key set, or as stored bytes, never a response.

    Args:
        name: method and path template as the catalogue spells them: `GET /v1/customers/{customer}`.
        publishable: whether a publishable key may call it.
    """

    def register(handler: Handler) -> Handler:
        if name in _operations:
            raise ValueError(f"{name} has two handlers")
        _operations[name] = Modelled(name, handler, publishable)
        return handler

    return register


def operations() -> dict[str, Any]:
    """Return every modelled operation by its name."""
    return dict(_operations)
