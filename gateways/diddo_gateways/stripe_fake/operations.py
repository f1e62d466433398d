"""Operations: what a request calls. A resource's file declares its handlers with `@operation`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Answer", "Call", "Download", "Fidelity", "Handled", "Handler", "operation", "operations"]


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


class Download(NamedTuple):
    """An answer that is no JSON: a file, and its media type."""

    body: bytes
    media_type: bytes


Answer = JsonObject | bytes
Handler = Callable[[Call], Awaitable[Answer | Download]]
Fidelity = Literal["modelled", "generic"]


@dataclass(frozen=True, slots=True)
class Handled:
    """An operation with its handler.

    Attributes:
        name: the operation's.
        handler: what answers a call.
        publishable: whether a publishable key may call it.
        fidelity: `modelled` when it has behaviour of its own, `generic` when it is answered from its types.
    """

    name: str
    handler: Handler
    publishable: bool
    fidelity: Fidelity = "modelled"


_operations: dict[str, Handled] = {}


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
        _operations[name] = Handled(name, handler, publishable)
        return handler

    return register


def operations() -> dict[str, Any]:
    """Return every modelled operation by its name."""
    return dict(_operations)
