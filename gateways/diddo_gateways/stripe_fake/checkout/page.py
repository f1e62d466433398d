"""What the hosted page shows of a checkout session."""

from dataclasses import dataclass

from diddo_gateways.stripe_fake.checkout.content import line_items_of
from diddo_gateways.stripe_fake.checkout.expiring import current
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["SessionPage", "session_page"]


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One session as its page shows it.

    Attributes:
        session: the checkout session as the API answers it.
        line_items: what it sells, each as the API answers it.
        shipping_rates: the shipping rates that may be chosen, by id, in the session's order.
        merchant: the name to show.
    """

    session: JsonObject
    line_items: list[JsonObject]
    shipping_rates: dict[str, JsonObject]
    merchant: str

    @property
    def payable(self) -> bool:
        """Whether the session can still be paid."""
        return bool(self.session["status"] == "open")

    @property
    def success_url(self) -> str | None:
        """Where the shopper goes after paying, the session's id filled in."""
        return self._filled(self.session["success_url"] or self.session.get("return_url"))

    @property
    def cancel_url(self) -> str | None:
        """Where the shopper goes who does not pay."""
        return self._filled(self.session["cancel_url"])

    def _filled(self, url: str | None) -> str | None:
        # Stripe keeps the placeholder in the object and replaces it at the redirect.
        return url and url.replace("{CHECKOUT_SESSION_ID}", self.session["id"])


async def session_page(work: Work, session_id: str) -> SessionPage:
    """Return what the page of a session shows; a session whose time is up has expired, so commit the work afterwards.

    Raises:
        ResourceMissing: there is no such session in the work's world.
    """
    session = await current(work, session_id)
    rates = {}
    for option in session["shipping_options"]:
        rates[option["shipping_rate"]] = await work.fetch("shipping_rate", option["shipping_rate"])
    return SessionPage(session, await line_items_of(work, session), rates, session["branding_settings"]["display_name"])
