"""What the hosted page shows of a checkout session."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing.periods import anchor_by
from diddo_gateways.stripe_fake.checkout.confirming import destination, method_wanted
from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.expiring import current
from diddo_gateways.stripe_fake.checkout.totals import breakdown, recurring_amount
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Recurring", "SessionPage", "session_page"]

DAY = 86_400
MOST_SAVED = 10


@dataclass(frozen=True, slots=True)
class Recurring:
    """What a subscription costs: `amount` minor units each `interval_count` `interval`s, from `trial_end` on if it is free at first."""

    amount: int
    interval: str
    interval_count: int
    trial_end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """One session as its page shows it.

    Attributes:
        session: the checkout session as the API answers it.
        line_items: what it sells, each as the API answers it.
        optional_items: what can be added, likewise; those that were are among the line items too.
        shipping_rates: the shipping rates that may be chosen, by id, in the session's order.
        merchant: the name to show.
        discount: `{"coupon": …, "promotion_code": the code that was typed in, or null, "amount": …}`, or None.
        taxes: each tax rate that applies, with its `amount`.
        recurring: what recurs, in subscription mode.
        method_wanted: whether anything is to be paid or saved.
        saved_methods: the customer's payment methods that may be shown again.
    """

    session: JsonObject
    line_items: list[JsonObject]
    shipping_rates: dict[str, JsonObject]
    merchant: str
    optional_items: list[JsonObject] = field(default_factory=list)
    discount: JsonObject | None = None
    taxes: list[JsonObject] = field(default_factory=list)
    recurring: Recurring | None = None
    method_wanted: bool = True
    saved_methods: list[JsonObject] = field(default_factory=list)

    @property
    def payable(self) -> bool:
        """Whether the session can still be paid."""
        return bool(self.session["status"] == "open")

    @property
    def success_url(self) -> str | None:
        """Where the shopper goes after paying, the session's id filled in."""
        return destination(self.session)

    @property
    def cancel_url(self) -> str | None:
        """Where the shopper goes who does not pay."""
        url: str | None = self.session["cancel_url"]
        # Stripe keeps the placeholder in the object and replaces it at the redirect.
        return url and url.replace("{CHECKOUT_SESSION_ID}", self.session["id"])

    @property
    def recovery_url(self) -> str | None:
        """Where a session like this one, which has expired, is opened."""
        recovery = (self.session["after_expiration"] or {}).get("recovery") or {}
        url: str | None = recovery.get("url")
        return url


async def session_page(work: Work, session_id: str) -> SessionPage:
    """Return what the page of a session shows; a session whose time is up has expired, so commit the work afterwards.

    Raises:
        ResourceMissing: there is no such session in the work's world.
    """
    session = await current(work, session_id)
    content = await content_of(work, session)
    rates = {}
    for option in session["shipping_options"]:
        rates[option["shipping_rate"]] = await work.fetch("shipping_rate", option["shipping_rate"])
    sells = session["mode"] != "setup"
    return SessionPage(
        session=session,
        line_items=content["line_items"],
        optional_items=content["optional_items"],
        shipping_rates=rates,
        merchant=session["branding_settings"]["display_name"],
        discount=await _discount(work, content),
        taxes=breakdown(content)["taxes"] if sells else [],
        recurring=_recurring(session, content) if session["mode"] == "subscription" else None,
        method_wanted=method_wanted(session),
        saved_methods=await _saved(work, session) if sells else [],
    )


async def _discount(work: Work, content: JsonObject) -> JsonObject | None:
    for one in content["discounts"]:
        code = one["promotion_code"] and await work.get("promotion_code", one["promotion_code"])
        amount = sum(line["amount_discount"] for line in content["line_items"])
        return {"amount": amount, "coupon": one["coupon"], "promotion_code": code["code"] if code else None}
    return None


def _recurring(session: JsonObject, content: JsonObject) -> Recurring:
    cadence: dict[str, Any] = next(
        line["price"]["recurring"] for line in content["line_items"] if line["price"]["type"] == "recurring"
    )
    trial_end = _free_until(session, content["request"].get("subscription_data", {}))
    amount = recurring_amount(content, session["currency"])
    return Recurring(amount, cadence["interval"], cadence["interval_count"], trial_end)


def _free_until(session: JsonObject, data: JsonObject) -> int | None:
    """Return when a subscription costs something for the first time; None when that is at once."""
    if "billing_cycle_anchor_config" in data:
        return anchor_by(data["billing_cycle_anchor_config"], session["created"])
    days = data.get("trial_period_days")
    end = data.get("trial_end") or data.get("billing_cycle_anchor")
    return end or (None if days is None else session["created"] + days * DAY)


async def _saved(work: Work, session: JsonObject) -> list[JsonObject]:
    """Return the cards of a known customer that the session's filters let it show."""
    if session["customer"] is None:
        return []
    allowed = (session["saved_payment_method_options"] or {}).get("allow_redisplay_filters") or ["always"]
    stored = await work.world.page(
        "payment_method", limit=MOST_SAVED, terms=[[f"customer={session['customer']}"], ["type=card"]]
    )
    methods: list[JsonObject] = [orjson.loads(document.body) for document in stored]
    return [method for method in methods if method["allow_redisplay"] in allowed]
