"""What a payment intent belongs to: the checkout session or invoice that it pays, which wants to know how it ends.

Whoever confirms an intent sees the outcome at once. What happens later, when nobody waits for it (a challenge is
answered, a debit settles, an authorisation is captured or given up), is told to the owner's kind by `tell_owner`.
"""

from collections.abc import Awaitable, Callable

from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Handler", "on_payment", "own", "owner_of", "tell_owner"]

# Kept beside the intent under the same id: `{"kind": <the owner's>, "owner": <its id>}`.
OWNER = "payment_intent_owner"

# Gets the work, the intent in its new state, and the owner's id; it may not raise for what the shopper did.
Handler = Callable[[Work, JsonObject, str], Awaitable[None]]
_handlers: dict[str, Handler] = {}


def own(work: Work, intent_id: str, kind: str, owner_id: str) -> None:
    """Record that an intent, which has no owner yet, belongs to the object `owner_id` of that kind."""
    work.insert({"object": OWNER, "id": intent_id, "kind": kind, "owner": owner_id})


async def owner_of(work: Work, intent_id: str) -> JsonObject | None:
    """Return `{"kind": …, "owner": …}` of an intent, or None for one that stands by itself."""
    return await work.get(OWNER, intent_id)


def on_payment(kind: str) -> Callable[[Handler], Handler]:
    """Register what the owners of that kind do when an intent of theirs has reached a new state."""

    def register(handler: Handler) -> Handler:
        if kind in _handlers:
            raise ValueError(f"{kind} has two handlers of payments")
        _handlers[kind] = handler
        return handler

    return register


async def tell_owner(work: Work, intent: JsonObject) -> None:
    """Tell the owner of an intent, if it has one, that the intent is in a new state."""
    owner = await owner_of(work, intent["id"])
    handler = None if owner is None else _handlers.get(owner["kind"])
    if owner is not None and handler is not None:
        await handler(work, intent, owner["owner"])
