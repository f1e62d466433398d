"""Stripe's test cards: which there are, what each does, and which card details are refused.

A number that is no test card is refused whatever it is, so nothing that this package stores can identify a real one.
What a payment method keeps of its card is the fingerprint, made from the world and the card's name, never from the
number; `Cards` finds the card again by it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import resources
from typing import Any, Literal

from diddo_gateways.stripe_fake.payments.errors import (
    CardNotForTesting,
    IncorrectNumber,
    InvalidCvc,
    InvalidExpiryMonth,
    InvalidExpiryYear,
    InvalidNumber,
)
from diddo_gateways.worlds import TO_ALPHABET

__all__ = [
    "RISK_SCORES",
    "Card",
    "CardDetails",
    "Cards",
    "Decline",
    "Dispute",
    "passes_luhn",
    "read_card",
    "test_cards",
]

SEPARATORS = str.maketrans("", "", " -")
SHORTEST, LONGEST = 12, 19
YEARS_AROUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why a card is declined, in the words of the error and of the charge's outcome."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None
    advice_code: str | None = None
    network_decline_code: str | None = None
    seller_message: str | None = None
    outcome: Mapping[str, str] = field(default_factory=dict)

    def error_fields(self) -> dict[str, Any]:
        """Return what an error says of the decline, and `last_payment_error`."""
        names = ("advice_code", "code", "decline_code", "message", "network_decline_code", "param")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def charge_outcome(self, risk_level: str) -> dict[str, Any]:
        """Return the `outcome` of a charge that was declined so."""
        reason = self.decline_code or self.code
        return {
            "advice_code": self.advice_code,
            "network_advice_code": None,
            "network_decline_code": self.network_decline_code,
            "network_status": "declined_by_network",
            "reason": reason,
            "risk_level": risk_level,
            "risk_score": RISK_SCORES[self.outcome.get("risk_level", risk_level)],
            "seller_message": self.seller_message or f"The bank returned the decline code `{reason}`.",
            "type": "issuer_declined",
            **self.outcome,
        }


RISK_SCORES = {"normal": 20, "elevated": 65, "highest": 85}


Dispute = Literal[
    "fraudulent",
    "product_not_received",
    "inquiry",
    "early_fraud_warning",
    "multiple",
    "visa_compelling_evidence",
    "visa_compliance",
    "mastercard_compliance",
    "smart_disputes",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A test card.

    Attributes:
        name: what the card is known by inside; stable over releases, since fingerprints are made from it.
        number: None for cards that exist only as a token.
        payment_methods: ids such as `pm_card_visa` that stand for the card; `tokens` likewise.
        decline: why charges fail, or None when they succeed.
        attaches: a declining card that can still be attached to a customer.
        only_if_sent: the failing check, or the decline, needs this to have been given.
        checks: verification results other than `pass`.
        three_d_secure: whether payments on session need authentication, can have it, have it without a challenge, or
            the card knows none; None: enrolled nowhere, so that an attempt is merely acknowledged.
        lookup_fails: an attempt at 3-D Secure ends in a processing error.
        off_session: when a payment without the customer needs no authentication.
        refund: how refunds go other than succeeding at once.
        dispute: what becomes of a charge that has succeeded: a dispute for that reason or under that programme, an
            inquiry, several disputes, or an early fraud warning.
        available_at_once: the money of a charge is never pending.
        captcha: the shopper has to prove that they are human.
    """

    name: str
    brand: str
    funding: str
    country: str
    group: str
    number: str | None = field(default=None, repr=False)
    payment_methods: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    decline: Decline | None = None
    attaches: bool = False
    only_if_sent: Literal["cvc", "postal_code"] | None = None
    checks: Mapping[str, str] = field(default_factory=dict)
    risk_level: str = "normal"
    three_d_secure: Literal["required", "optional", "frictionless", "not_supported"] | None = None
    lookup_fails: bool = False
    off_session: Literal["never", "once_set_up", "always"] = "never"
    refund: Literal["pending", "fails"] | None = None
    dispute: Dispute | None = None
    available_at_once: bool = False
    captcha: bool = False

    @property
    def last4(self) -> str:
        """The last four digits; those of the declined Visa for a card that is only a token."""
        return self.number[-4:] if self.number else "0002"

    @property
    def cvc_length(self) -> int:
        """How many digits the card's security code has."""
        return 4 if self.brand == "amex" else 3

    @property
    def refuses_attachment(self) -> bool:
        """Whether the issuer declines even having the card saved, and not only charges."""
        return self.group == "decline" and not self.attaches

    def fingerprint(self, account: str) -> str:
        """Return the card's fingerprint in one account: the same for each use of the card there."""
        digest = blake2b(f"{account}:card:{self.name}".encode(), digest_size=16).digest()
        return digest.translate(TO_ALPHABET).decode()

    def declined(self, *, cvc_sent: bool) -> Decline | None:
        """Say why a charge is declined, or None when it goes through."""
        return None if self.only_if_sent == "cvc" and not cvc_sent else self.decline


class Cards:
    """All test cards, by each of the ways to name one."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        declines = {name: Decline(**fields) for name, fields in facts["declines"].items()}
        self.all = tuple(_card(entry, declines) for entry in facts["cards"])
        self.by_number = {card.number: card for card in self.all if card.number}
        self.by_payment_method = {name: card for card in self.all for name in card.payment_methods}
        self.by_token = {name: card for card in self.all for name in card.tokens}

    @lru_cache(maxsize=256)  # noqa: B019  there is one instance, which lives as long as the process
    def _fingerprints(self, account: str) -> dict[str, Card]:
        return {card.fingerprint(account): card for card in self.all}

    def by_fingerprint(self, fingerprint: str, *, account: str) -> Card:
        """Return the card that has this fingerprint in the account."""
        return self._fingerprints(account)[fingerprint]


def _card(entry: Mapping[str, Any], declines: Mapping[str, Decline]) -> Card:
    lists = {name: tuple(entry.get(name, ())) for name in ("payment_methods", "tokens", "networks")}
    decline = declines[entry["decline"]] if "decline" in entry else None
    return Card(**{**entry, **lists, "decline": decline})


@cache
def test_cards() -> Cards:
    """Return the test cards, read at first use."""
    return Cards(json.loads(resources.files(__package__).joinpath("cards.json").read_bytes()))


test_cards.__test__ = False  # type: ignore[attr-defined]  # pytest takes the name for a test's


@dataclass(frozen=True, slots=True)
class CardDetails:
    """Card details as somebody typed or sent them."""

    number: str = field(repr=False)
    exp_month: str | int
    exp_year: str | int
    cvc: str | None = field(default=None, repr=False)


def read_card(details: CardDetails, *, now: int) -> tuple[Card, int, int]:
    """Return the test card that is meant, with its expiry month and year.

    Args:
        details: what was given.
        now: Unix seconds on the world's clock.

    Raises:
        InvalidNumber: the number is none.
        IncorrectNumber: its check digit is wrong.
        CardNotForTesting: it is well-formed, but no test card.
        InvalidExpiryMonth: the month is not 1 to 12, or over.
        InvalidExpiryYear: the year is over, or too far off.
        InvalidCvc: the security code has the wrong length for the brand.
    """
    card = _find(details.number)
    today = datetime.fromtimestamp(now, UTC)
    month = _month(details.exp_month)
    year = _year(details.exp_year, today.year)
    if (year, month) < (today.year, today.month):
        raise InvalidExpiryMonth
    if details.cvc and not (_is_digits(details.cvc) and len(details.cvc) == card.cvc_length):
        raise InvalidCvc
    return card, month, year


def _find(number: str) -> Card:
    digits = number.translate(SEPARATORS)
    if not _is_digits(digits) or not SHORTEST <= len(digits) <= LONGEST:
        raise InvalidNumber
    if not passes_luhn(digits):
        raise IncorrectNumber
    card = test_cards().by_number.get(digits)
    if card is None:
        raise CardNotForTesting
    return card


def _month(value: str | int) -> int:
    text = str(value).strip()
    if not _is_digits(text) or len(text) > 2 or not 1 <= int(text) <= 12:
        raise InvalidExpiryMonth
    return int(text)


def _year(value: str | int, this_year: int) -> int:
    text = str(value).strip()
    if not _is_digits(text) or len(text) not in (2, 4):
        raise InvalidExpiryYear
    year = int(text) if len(text) == 4 else _nearest(int(text), this_year)
    if not this_year <= year <= this_year + YEARS_AROUND:
        raise InvalidExpiryYear
    return year


def _nearest(year: int, this_year: int) -> int:
    """Complete a two-digit year to the nearest one: 95 is over in 2026."""
    full = this_year - this_year % 100 + year
    return full - 100 if full > this_year + YEARS_AROUND else full


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def passes_luhn(digits: str) -> bool:
    """Say whether the last digit is the right check digit."""
    total = sum(map(int, digits[-1::-2])) + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return total % 10 == 0
