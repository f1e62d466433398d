"""What the shopper enters besides the card: addresses, names, custom fields, consent. Held against what is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diddo_gateways.stripe_fake.checkout.custom_fields import fill_in
from diddo_gateways.stripe_fake.checkout.incomplete import Incomplete
from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.payments.card_methods import ADDRESS
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["Answers", "answered", "known_email"]

# What a complete address cannot do without.
NEEDED = (("line1", "Enter the street address."), ("city", "Enter the city."), ("country", "Choose the country."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was entered; None or empty when left out.

    Attributes:
        email: the shopper's.
        name: on the card, or of the account's holder.
        phone: likewise.
        address: the billing address, by the names of `ADDRESS`.
        shipping_name: who receives what is shipped.
        shipping_address: where.
        business_name: of a shopper who buys for a business.
        individual_name: of one who does not.
        tax_id: `{"type": …, "value": …}`.
        custom_fields: values by key.
        terms_of_service: whether the shop's terms were agreed to.
        promotions: whether news of the shop are welcome.
    """

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: Mapping[str, str | None] = field(default_factory=dict)
    shipping_name: str | None = None
    shipping_address: Mapping[str, str | None] = field(default_factory=dict)
    business_name: str | None = None
    individual_name: str | None = None
    tax_id: Mapping[str, str] | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    terms_of_service: bool = False
    promotions: bool = False

    def with_billing(self, billing: Mapping[str, Any]) -> "Answers":
        """Return the same, with what was left out taken from the `billing_details` of the payment method."""
        known: dict[str, Any] = {name: getattr(self, name) or billing[name] for name in ("email", "name", "phone")}
        own = any(self.address.values())
        return replace(self, **known, address=self.address if own else billing["address"] or {})


def answered(session: JsonObject, answers: Answers) -> JsonObject:
    """Return the session's fields with what the shopper entered, to be written when the session is completed.

    Raises:
        Incomplete: something that is asked for is missing or does not hold; `param` is the name of the field, such as
            `email`, `address[line1]`, `shipping_address[city]` or `custom_fields[<key>]`.
    """
    _check_contact(session, answers)
    fields: JsonObject = {
        "collected_information": _collected(session, answers),
        "consent": _consent(session, answers),
        "custom_fields": fill_in(session["custom_fields"], answers.custom_fields),
    }
    known = session["customer_details"] or {"tax_exempt": "none"}
    given: dict[str, Any] = {
        "address": _whole_address(answers.address),
        "business_name": fields["collected_information"]["business_name"],
        "email": known_email(session) or answers.email,
        "individual_name": fields["collected_information"]["individual_name"],
        "name": answers.name,
        "phone": answers.phone,
        "tax_ids": [dict(answers.tax_id)] if answers.tax_id and answers.tax_id.get("value") else [],
    }
    fields["customer_details"] = {
        name: given.get(name) or known.get(name) or ([] if name == "tax_ids" else None)
        for name in ("address", "business_name", "email", "individual_name", "name", "phone", "tax_exempt", "tax_ids")
    }
    return fields


def known_email(session: JsonObject) -> str | None:
    """Return the e-mail address that the shop has given, which the shopper cannot change then."""
    email: str | None = (session["customer_details"] or {}).get("email") or session["customer_email"]
    return email


def _check_contact(session: JsonObject, answers: Answers) -> None:
    if known_email(session) is None:
        if not answers.email:
            raise Incomplete("Your email is incomplete.", code="incomplete_email", param="email")
        check_email(answers.email, param="email")
    known = session["customer_details"] or {}
    if session["phone_number_collection"]["enabled"] and not (answers.phone or known.get("phone")):
        raise Incomplete("Enter a phone number.", code="incomplete_phone", param="phone")
    if session["billing_address_collection"] == "required":
        _check_address(answers.address, "address")
    if session.get("tax_id_collection", {}).get("required") == "if_supported" and not answers.tax_id:
        raise Incomplete("Enter a tax ID.", code="incomplete_tax_id", param="tax_id")


def _check_address(address: Mapping[str, str | None], name: str) -> None:
    for part, message in NEEDED:
        if not address.get(part):
            raise Incomplete(message, code="incomplete_address", param=f"{name}[{part}]")


def _whole_address(address: Mapping[str, str | None]) -> JsonObject | None:
    return {part: address.get(part) or None for part in ADDRESS} if any(address.values()) else None


def _collected(session: JsonObject, answers: Answers) -> JsonObject:
    collected = dict(session["collected_information"])
    asked = session.get("name_collection") or {}
    for kind, value in (("business", answers.business_name), ("individual", answers.individual_name)):
        wanted = asked.get(kind) or {}
        if wanted.get("enabled") and not wanted["optional"] and not value:
            raise Incomplete(f"Enter the {kind}'s name.", code="incomplete_name", param=f"{kind}_name")
        collected[f"{kind}_name"] = (value or None) if wanted.get("enabled") else None
    if answers.tax_id and answers.business_name:
        collected["business_name"] = answers.business_name
    if session["shipping_address_collection"] is not None and not collected["shipping_details"]:
        collected["shipping_details"] = _shipping(session, answers)
    return collected


def _shipping(session: JsonObject, answers: Answers) -> JsonObject:
    if not answers.shipping_name:
        raise Incomplete("Enter who receives it.", code="incomplete_name", param="shipping_name")
    _check_address(answers.shipping_address, "shipping_address")
    if answers.shipping_address["country"] not in session["shipping_address_collection"]["allowed_countries"]:
        raise Incomplete(
            "Nothing is shipped to this country.", code="shipping_address_invalid", param="shipping_address[country]"
        )
    return {"address": _whole_address(answers.shipping_address), "name": answers.shipping_name}


def _consent(session: JsonObject, answers: Answers) -> JsonObject | None:
    asked = session["consent_collection"]
    if asked is None:
        return None
    terms = asked.get("terms_of_service") == "required"
    if terms and not answers.terms_of_service:
        raise Incomplete("Agree to the terms of service.", code="consent_required", param="terms_of_service")
    promotions = "opt_in" if answers.promotions else "opt_out"
    return {
        "promotions": promotions if asked.get("promotions") == "auto" else None,
        "terms_of_service": "accepted" if terms else None,
    }
