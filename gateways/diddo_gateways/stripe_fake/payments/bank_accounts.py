"""Stripe's test bank accounts: which there are, what becomes of a debit from each, and how a payment method shows one.

A number that is no test account is refused, so nothing that this package stores can identify a real one. As with cards,
a payment method keeps a fingerprint that is made from the account's name, never from its number.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import resources
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ParameterRefused
from diddo_gateways.stripe_fake.work import JsonObject
from diddo_gateways.worlds import TO_ALPHABET

__all__ = ["BankAccount", "Failure", "account_behind", "account_of", "bank_accounts", "read_account", "shown_account"]

SEPARATORS = re.compile(r"[ -]")
# The parameters of each type: that of the number first, then what says which bank it is at.
FIELDS = {
    "acss_debit": ("account_number", "institution_number", "transit_number"),
    "au_becs_debit": ("account_number", "bsb_number"),
    "bacs_debit": ("account_number", "sort_code"),
    "sepa_debit": ("iban",),
    "us_bank_account": ("account_number", "routing_number"),
}
BANK = "STRIPE TEST BANK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a debit fails.

    Attributes:
        failure_code: as the charge shows it.
        code: as the intent's error shows it.
        network_code: the bank's own code, and `blocked` why the account takes no further debits; None when it does.
    """

    failure_code: str
    code: str
    message: str
    network_code: str | None = None
    blocked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """A test bank account.

    Attributes:
        type: the type of payment method that it makes.
        name: what it is known by inside; stable over releases, since fingerprints are made from it.
        number: None for one that exists only as a payment method.
        payment_methods: ids such as `pm_usBankAccount_success` that stand for it.
        failure: why debits fail in the end, or None when they succeed.
        delayed: the end takes minutes rather than seconds.
        stays: the end never comes.
        blocked: debits are refused at once, as too risky.
        dispute: the customer disputes a debit that has succeeded.
        microdeposits_fail: the account cannot be verified.
    """

    type: str
    name: str
    number: str | None = field(default=None, repr=False)
    payment_methods: tuple[str, ...] = ()
    country: str = ""
    failure: Failure | None = None
    delayed: bool = False
    stays: bool = False
    blocked: Failure | None = None
    dispute: bool = False
    microdeposits_fail: bool = False

    @property
    def last4(self) -> str:
        """The last four digits; for an account without a number those of the country's first one that has."""
        return self.number[-4:] if self.number else "3000"

    def fingerprint(self, account: str) -> str:
        """Return the bank account's fingerprint in one Stripe account."""
        digest = blake2b(f"{account}:bank:{self.name}".encode(), digest_size=16).digest()
        return digest.translate(TO_ALPHABET).decode()


class BankAccounts:
    """All test bank accounts, by each of the ways to name one."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        failures = {
            name: Failure(**{"failure_code": name, "code": name, **entry}) for name, entry in facts["failures"].items()
        }
        self.all = tuple(_account(entry, failures) for entry in facts["accounts"])
        self.by_number = {(one.type, one.number): one for one in self.all if one.number}
        self.by_payment_method = {name: one for one in self.all for name in one.payment_methods}

    @lru_cache(maxsize=256)  # noqa: B019  there is one instance, which lives as long as the process
    def _fingerprints(self, account: str) -> dict[str, BankAccount]:
        return {one.fingerprint(account): one for one in self.all}

    def by_fingerprint(self, fingerprint: str, *, account: str) -> BankAccount:
        """Return the bank account that has this fingerprint in the Stripe account."""
        return self._fingerprints(account)[fingerprint]


def _account(entry: Mapping[str, Any], failures: Mapping[str, Failure]) -> BankAccount:
    return BankAccount(
        **{
            **entry,
            "payment_methods": tuple(entry.get("payment_methods", ())),
            "failure": failures[entry["failure"]] if "failure" in entry else None,
            "blocked": failures["blocked"] if entry.get("blocked") else None,
        }
    )


@cache
def bank_accounts() -> BankAccounts:
    """Return the test bank accounts, read at first use."""
    return BankAccounts(json.loads(resources.files(__package__).joinpath("bank_accounts.json").read_bytes()))


def account_of(method: JsonObject, *, account: str) -> BankAccount:
    """Return the test bank account that a payment method stands for, in one Stripe account."""
    return account_behind(method[method["type"]], account=account)


def account_behind(shown: Mapping[str, Any], *, account: str) -> BankAccount:
    """Return the test bank account that is shown in a payment method or a charge."""
    return bank_accounts().by_fingerprint(shown["fingerprint"], account=account)


def read_account(kind: str, given: Mapping[str, Any]) -> BankAccount:
    """Return the test bank account that the parameters of a payment method mean.

    Raises:
        MissingParameter: the number, or what says at which bank it is, was not given.
        InvalidRequest: the number is no test account's, or the routing number is none.
    """
    for name in FIELDS[kind]:
        if not given.get(name):
            raise MissingParameter(f"{kind}[{name}]")
    name = FIELDS[kind][0]
    number = SEPARATORS.sub("", given[name]).upper()
    if kind == "us_bank_account":
        _check_routing_number(given["routing_number"])
    known = bank_accounts().by_number.get((kind, number))
    if known is not None:
        return known
    if kind == "sepa_debit":
        raise _unknown_iban(number)
    raise TestAccountNeeded(
        "You must use a test bank account number in test mode. Try"
        f" {_example(kind)} or see more options at https://stripe.com/docs/testing.",
        param=f"{kind}[{name}]",
        code="account_number_invalid",
    )


class TestAccountNeeded(ParameterRefused):
    """The number of a bank account that is no test account: perhaps a real one, so nothing of it is kept."""


def _example(kind: str) -> str:
    return next(number for type_, number in bank_accounts().by_number if type_ == kind)


def _unknown_iban(iban: str) -> InvalidRequest:
    param = "sepa_debit[iban]"
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", iban) or _remainder(iban) != 1:
        return TestAccountNeeded("The IBAN you provided is invalid.", param=param, code="invalid_bank_account_iban")
    return TestAccountNeeded(
        f"You must use a test IBAN in test mode. Try {_example('sepa_debit')} or see more options at"
        " https://stripe.com/docs/testing.",
        param=param,
        code="account_number_invalid",
    )


def _remainder(iban: str) -> int:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _check_routing_number(routing: str) -> None:
    weights = (3, 7, 1) * 3
    valid = re.fullmatch(r"\d{9}", routing) and sum(map(lambda w, d: w * int(d), weights, routing)) % 10 == 0
    if not valid:
        raise ParameterRefused(
            "Invalid routing number: it must be nine digits of which the last is the right check digit.",
            param="us_bank_account[routing_number]",
            code="routing_number_invalid",
        )


def shown_account(one: BankAccount, given: Mapping[str, Any], *, account: str) -> JsonObject:
    """Return how a payment method shows a bank account: what says which bank, never the number."""
    common: JsonObject = {"fingerprint": one.fingerprint(account), "last4": one.last4}
    if one.type == "us_bank_account":
        return common | {
            "account_holder_type": given.get("account_holder_type", "individual"),
            "account_type": given.get("account_type", "checking"),
            "bank_name": BANK,
            "financial_connections_account": None,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": given.get("routing_number", "110000000"),
            "status_details": {},
        }
    if one.type == "sepa_debit":
        country = one.number[:2] if one.number else one.country
        bank = one.number[4:9] if one.number else None
        nothing = {"charge": None, "setup_attempt": None}
        return common | {"bank_code": bank, "branch_code": "", "country": country, "generated_from": nothing}
    if one.type == "acss_debit":
        return common | {
            "bank_name": BANK,
            **{name: given[name] for name in FIELDS[one.type][1:]},
        }
    return common | {name: given[name] for name in FIELDS[one.type][1:]}
