"""Payment methods that are no cards: what one of each type shows, and what it cannot be made without."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.errors import MissingParameter
from diddo_gateways.stripe_fake.payments.bank_accounts import read_account, shown_account
from diddo_gateways.stripe_fake.payments.method_types import MethodType
from diddo_gateways.stripe_fake.shapes import blank_fields
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["EXAMPLE_BILLING", "check_billing", "shown_method"]

# Of a payment method that is only named, such as `pm_usBankAccount_success`.
EXAMPLE_BILLING = {"email": "jenny@example.com", "name": "Jenny Rosen"}
# What a type shows unless its parameters say otherwise.
DEFAULTS: dict[str, JsonObject] = {"naver_pay": {"funding": "card"}}


def check_billing(kind: MethodType, billing: JsonObject) -> None:
    """Raise Stripe's error for a payment method without the billing details that its type needs."""
    for name in kind.billing:
        if not billing[name]:
            raise MissingParameter(f"billing_details[{name}]")


def shown_method(kind: MethodType, given: Mapping[str, Any], *, account: str) -> JsonObject:
    """Return what a payment method shows under the name of its type, from the parameters of that name.

    Raises:
        MissingParameter: a bank account's number is not given.
        InvalidRequest: it is no test account.
    """
    if kind.flow == "debit":
        return shown_account(read_account(kind.name, given), given, account=account)
    known = catalogue.load()
    definition = known.resolve(known.definitions["payment_method"]["fields"][kind.name])
    filled = {**DEFAULTS.get(kind.name, {}), **given}
    missing = next((name for name in definition["required"] if name not in filled), None)
    if missing is not None:
        raise MissingParameter(f"{kind.name}[{missing}]")
    shown = blank_fields(definition)
    return shown | {name: value for name, value in filled.items() if name in shown}
