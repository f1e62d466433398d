"""What is to happen later: named handlers of the messages that work queues, run by the dispatcher when due.

Webhook deliveries and the expiry of checkout sessions are such messages. A message's body is JSON: `handler` names
who takes it, the rest is that handler's own.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from diddo_gateways.documents import Message
from diddo_gateways.stripe_fake.work import Work

__all__ = ["Handler", "handler_of", "on_due"]

Handler = Callable[[Work, Message, dict[str, Any]], Awaitable[None]]
_handlers: dict[str, Handler] = {}


def on_due(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of the messages queued with `Work.later(name, …)` or, for `deliver`, by its events.

    The handler gets a fresh unit of work, the message and its decoded body, and must itself commit, with
    `Settle(message.id)` or `Postpone(message.id, …)` among the changes: so that what it did and the end of the message
    are one. A message whose handler fails is claimed again after the lease.
    """

    def register(handler: Handler) -> Handler:
        if name in _handlers:
            raise ValueError(f"{name} has two handlers")
        _handlers[name] = handler
        return handler

    return register


def handler_of(name: str) -> Handler:
    """Return the handler of that name."""
    return _handlers[name]
