"""What the shopper pays a checkout session with, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diddo_gateways.stripe_fake.checkout.answers import Answers
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["CardForm", "Challenge", "Declined", "Gone", "Outcome", "Paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardForm:
    """What the shopper pays with, and who the shopper is; None or empty when left out.

    Attributes:
        payment_method: the id of a payment method that is there already, instead of a card's number.
        method_data: another kind of payment method than a card, as `payment_method_data` describes it.
        save: whether the shopper agrees that the payment method is kept.
    """

    number: str = field(default="", repr=False)
    exp_month: str | int = ""
    exp_year: str | int = ""
    cvc: str = field(default="", repr=False)
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    country: str | None = None
    postal_code: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    payment_method: str | None = None
    method_data: Mapping[str, Any] | None = field(default=None, repr=False)
    save: bool = False

    def address(self) -> JsonObject:
        """Return the billing address."""
        names = ("city", "country", "line1", "line2", "postal_code", "state")
        return {name: getattr(self, name) or None for name in names}

    def answers(self) -> Answers:
        """Return what the form says of the shopper."""
        return Answers(email=self.email, name=self.name, phone=self.phone, address=self.address())


@dataclass(frozen=True, slots=True)
class Paid:
    """It is paid; None when the session's creator wants no redirect."""

    redirect_url: str | None


@dataclass(frozen=True, slots=True)
class Challenge:
    """The shopper has to authenticate at `url` first."""

    url: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It is not paid, and can be tried again; `param` is the field of the form that is at fault, if one is."""

    message: str
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The session is not open (`complete` or `expired`), or there is none (`missing`)."""

    status: str


Outcome = Paid | Challenge | Declined | Gone
