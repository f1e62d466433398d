"""The types of payment methods besides cards: how each is paid with, in which currencies, and what it needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = [
    "MethodType",
    "can_be_saved",
    "check_paying",
    "fits",
    "is_known",
    "is_ruled_out",
    "may_redirect",
    "takes_unlisted",
    "type_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodType:
    """A type of payment method.

    Attributes:
        name: Stripe's, such as `sepa_debit`.
        flow: a debit is told of at once and settles later; with a redirect the shopper authorises or pays it elsewhere.
        currencies: those it can be paid in; None for all.
        manual: a payment can be authorised first and captured later.
        reusable: what a redirect has authorised once can be charged again without the shopper.
        billing: the billing details that the method cannot be made without.
        verified: a bank account must be verified before it is charged.
        action: the `next_action` that is the type's own, where that is no plain redirect.
    """

    name: str
    flow: Literal["debit", "redirect"]
    currencies: frozenset[str] | None = None
    manual: bool = False
    reusable: bool = False
    billing: tuple[str, ...] = ()
    verified: bool = False
    action: str | None = None

    @property
    def comes_back(self) -> bool:
        """Whether the shopper is sent away, and needs a URL to come back to."""
        return self.action is None or "handle_redirect" in self.action

    @property
    def is_voucher(self) -> bool:
        """Whether the shopper pays in a shop or by a transfer, until the voucher expires."""
        return self.action is not None and self.action.endswith("display_details")

    @property
    def attachable(self) -> bool:
        """Whether a method of this type can be saved to a customer."""
        return self.flow == "debit" or self.reusable


@cache
def _types() -> dict[str, MethodType]:
    facts: Mapping[str, Any] = json.loads(resources.files(__package__).joinpath("method_types.json").read_bytes())
    return {
        name: MethodType(
            name=name,
            **{
                **entry,
                "currencies": frozenset(entry["currencies"]) if "currencies" in entry else None,
                "billing": tuple(entry.get("billing", ())),
            },
        )
        for name, entry in facts.items()
    }


def type_of(name: str) -> MethodType:
    """Return the type of that name.

    Raises:
        NotModelled: nothing can be paid with it here.
    """
    known = _types().get(name)
    if known is None:
        raise NotModelled(f"The payment method type {name}")
    return known


def is_known(name: str) -> bool:
    """Say whether a type besides cards can be paid with here."""
    return name in _types()


def fits(name: str, currency: str) -> bool:
    """Say whether something can be paid in that currency by that type, cards included."""
    if name == "card":
        return True
    known = _types().get(name)
    return known is not None and (known.currencies is None or currency in known.currencies)


def can_be_saved(name: str) -> bool:
    """Say whether a method of that type can be set up to be paid with later, cards included."""
    known = _types().get(name)
    return name == "card" or (known is not None and known.attachable)


def takes_unlisted(intent: JsonObject) -> bool:
    """Say whether an intent, to pay or to set up, takes types that it does not list.

    It does with automatic methods, since all types are activated in the sandbox, unless it says which are allowed.
    """
    return intent["automatic_payment_methods"] is not None and not intent["allowed_payment_method_types"]


def is_ruled_out(intent: JsonObject, name: str) -> bool:
    """Say whether an intent, to pay or to set up, excludes a type, or must not send the shopper away as it would."""
    if name in (intent["excluded_payment_method_types"] or ()):
        return True
    automatic = intent["automatic_payment_methods"]
    return automatic is not None and automatic["allow_redirects"] == "never" and sends_away(name)


def may_redirect(intent: JsonObject) -> bool:
    """Say whether an intent, to pay or to set up, may send the shopper away, and so needs a URL to come back to."""
    automatic = intent["automatic_payment_methods"]
    if automatic is None or automatic["allow_redirects"] == "never":
        return False
    allowed = intent["allowed_payment_method_types"]
    return allowed is None or any(map(sends_away, allowed))


def sends_away(name: str) -> bool:
    """Say whether a method of that type sends the shopper away, unless it is paid with at once, as Link mostly is."""
    known = _types().get(name)
    return name not in ("card", "link") and (known is None or (known.flow == "redirect" and known.comes_back))


def check_paying(kind: MethodType, intent: JsonObject, *, manual: bool) -> None:
    """Hold what an intent asks for against what the type can do.

    Raises:
        InvalidRequest: not in that currency, or not to be captured later.
    """
    if not fits(kind.name, intent["currency"]):
        accepted = ", ".join(sorted(kind.currencies or ()))
        raise InvalidRequest(
            f"The currency provided ({intent['currency']}) is invalid for the payment method type `{kind.name}`. It"
            f" takes payments in: {accepted}.",
            code="payment_method_currency_mismatch",
            param="currency",
            extra={"payment_intent": intent},
        )
    if manual and not kind.manual:
        raise InvalidRequest(
            f"The payment method type `{kind.name}` does not support manual capture. Use a `capture_method` of"
            " `automatic` or `automatic_async`.",
            param="capture_method",
            extra={"payment_intent": intent},
        )
