"""The subscription that a completed checkout session begins."""

from diddo_gateways.stripe_fake.errors import NotModelled
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["subscribe"]


async def subscribe(work: Work, session: JsonObject, content: JsonObject, intent: JsonObject | None) -> None:
    """Make the subscription of a session."""
    raise NotModelled("Completing a Checkout Session in subscription mode")
