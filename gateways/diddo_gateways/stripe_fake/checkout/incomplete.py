"""The one error of a page that was not filled in as it must be."""

from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = ["Incomplete"]


class Incomplete(InvalidRequest):
    """A field of the page is empty or does not hold; Stripe's page says so before anything is sent."""
