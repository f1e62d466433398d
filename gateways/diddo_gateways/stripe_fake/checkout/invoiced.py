"""The invoice of a purchase: made, final and paid when a checkout session that asks for one is completed."""

from diddo_gateways.stripe_fake.errors import NotModelled
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["invoice_purchase"]


async def invoice_purchase(work: Work, session: JsonObject, content: JsonObject, intent: JsonObject | None) -> None:
    """Make the invoice of a session."""
    raise NotModelled("The invoice of a Checkout Session")
