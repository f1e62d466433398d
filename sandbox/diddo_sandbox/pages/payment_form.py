"""The payment page's form: what was posted, as the fake Stripe takes it, and what of it cannot be right.

| field | is |
|---|---|
| `action` | `update` saves what was chosen and shows the page again; anything else pays |
| `quantity-ID` | how many of a line item or of an optional one; with `add-ID` not ticked an optional one is not bought |
| `amount-ID` | what the shopper pays for a line item whose price leaves that open, in major units |
| `method` | `card`, another type of payment method, or the id of a saved payment method |
| `custom-KEY` | a custom field |
| `shipping_…` | who receives it, and where |
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from diddo_gateways.stripe_fake.checkout.answers import Answers
from diddo_gateways.stripe_fake.checkout.choices import Choices
from diddo_gateways.stripe_fake.checkout.page import SessionPage
from diddo_gateways.stripe_fake.checkout.paying import CardForm
from diddo_gateways.stripe_fake.currencies import decimals

__all__ = ["Entered", "choices_of", "entered", "faults", "field_of"]

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
EXPIRY = re.compile(r"(\d{1,2})\s*[/\s.-]?\s*(\d{4}|\d{2})")
REQUIRED = {"email": "Enter an e-mail address."}
WHERE = {"line1": "Enter the street address.", "city": "Enter the city."}
# What each kind of payment method cannot do without.
METHOD_FIELDS: dict[str, dict[str, str]] = {
    "card": {
        "number": "Enter the card number.",
        "expiry": "Enter the expiry date.",
        "cvc": "Enter the security code.",
        "name": "Enter the name on the card.",
    },
    "us_bank_account": {
        "routing_number": "Enter the routing number.",
        "account_number": "Enter the account number.",
        "name": "Enter the name of the account's holder.",
    },
    "sepa_debit": {"iban": "Enter the IBAN.", "name": "Enter the name of the account's holder."},
}
HOLDER = {"name": "Enter your name."}
# The field of the page at which an error of a parameter of Stripe's is shown.
FIELDS = {
    "exp_month": "expiry",
    "exp_year": "expiry",
    "tax_id": "tax_id_value",
    "us_bank_account[account_number]": "account_number",
    "us_bank_account[routing_number]": "routing_number",
    "sepa_debit[iban]": "iban",
    "expected_amount": "form",
}
NESTED = re.compile(r"(address|shipping_address|custom_fields|quantity|amount)\[(.+)\]")
PREFIXES = {
    "address": "",
    "shipping_address": "shipping_",
    "custom_fields": "custom-",
    "quantity": "quantity-",
    "amount": "amount-",
}


class Entered(NamedTuple):
    """A posted form as the fake Stripe takes it."""

    card: CardForm
    answers: Answers
    choices: Choices
    expected_amount: int | None


def entered(shown: SessionPage, form: Mapping[str, str]) -> Entered:
    """Return what the shopper has entered; look for `faults` first."""
    return Entered(_card(form), _answers(form), choices_of(shown, form), _amount(form))


def faults(shown: SessionPage, form: Mapping[str, str]) -> dict[str, str]:
    """Return what is missing or cannot be right, by the name of its field."""
    required = _required(shown.session)
    if shown.method_wanted:
        method = form.get("method", "card")
        required |= METHOD_FIELDS.get(method, {} if method.startswith("pm_") else HOLDER)
    errors = {name: message for name, message in required.items() if not form.get(name)}
    if form.get("expiry") and "expiry" in required and not EXPIRY.fullmatch(form["expiry"]):
        errors["expiry"] = "Enter the expiry date as month and year, such as 12/34."
    for name, value in form.items():
        if name.startswith("quantity-") and not re.fullmatch(r"\d{1,6}", value):
            errors[name] = "Enter the quantity as a number."
        if name.startswith("amount-") and not re.fullmatch(r"\d{1,8}([.,]\d{1,3})?", value):
            errors[name] = "Enter the amount as a number, such as 12.50."
    return errors


def _required(session: Mapping[str, Any]) -> dict[str, str]:
    """Return what the session asks for besides a payment method, with what is said where it is missing."""
    required = dict(REQUIRED)
    if session["phone_number_collection"]["enabled"] and not (session["customer_details"] or {}).get("phone"):
        required["phone"] = "Enter a phone number."
    if session["billing_address_collection"] == "required":
        required |= WHERE
    if session["shipping_address_collection"] and not session["collected_information"]["shipping_details"]:
        required["shipping_name"] = "Enter who receives it."
        required |= {f"shipping_{name}": message for name, message in WHERE.items()}
    for field in session["custom_fields"]:
        if not field["optional"]:
            required[f"custom-{field['key']}"] = f"{field['label']['custom']} is required."
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        required["terms_of_service"] = "Agree to the terms of service."
    return required


def field_of(param: str | None, form: Mapping[str, str]) -> str:
    """Return the field at which an error of a parameter of Stripe's is shown; `form` for the whole of it."""
    if param is None or param == "":
        # A decline: of the card, unless something else pays.
        return "number" if form.get("method", "card") == "card" else "form"
    nested = NESTED.fullmatch(param)
    if nested is not None:
        return PREFIXES[nested[1]] + nested[2]
    return FIELDS.get(param, param if param.isidentifier() else "form")


def choices_of(shown: SessionPage, form: Mapping[str, str]) -> Choices:
    """Return what was chosen, as far as it is another choice than before."""
    optional = {item["id"] for item in shown.optional_items}
    bought = {line["id"]: line["quantity"] for line in shown.line_items}
    quantities: dict[str, int] = {}
    for item in shown.optional_items:
        wanted = int(form.get(f"quantity-{item['id']}") or item["quantity"]) if f"add-{item['id']}" in form else 0
        if wanted != bought.get(item["id"], 0) and "expected_amount" in form:
            quantities[item["id"]] = wanted
    for line_id, before in bought.items():
        given = form.get(f"quantity-{line_id}")
        if line_id not in optional and given and int(given) != before:
            quantities[line_id] = int(given)
    amounts = {
        line["id"]: minor(form[f"amount-{line['id']}"], line["currency"])
        for line in shown.line_items
        if f"amount-{line['id']}" in form
    }
    return Choices(
        quantities=quantities,
        amounts=amounts,
        promotion_code=_code(shown, form),
        shipping_rate=form.get("shipping_rate"),
    )


def minor(text: str, currency: str) -> int:
    """Return an amount that was entered in major units in minor ones."""
    return int(Decimal(text.replace(",", ".")).scaleb(decimals(currency)))


def _code(shown: SessionPage, form: Mapping[str, str]) -> str | None:
    if form.get("action") == "remove_code":
        return ""
    code = form.get("promotion_code")
    applied = (shown.discount or {}).get("promotion_code")
    return code if code and code != applied else None


def _amount(form: Mapping[str, str]) -> int | None:
    given = form.get("expected_amount", "")
    return int(given) if re.fullmatch(r"\d{1,12}", given) else None


def _card(form: Mapping[str, str]) -> CardForm:
    method = form.get("method", "card")
    expiry = EXPIRY.fullmatch(form.get("expiry", ""))
    month, year = expiry.groups() if expiry else ("", "")
    return CardForm(
        number=re.sub(r"[\s-]", "", form.get("number", "")),
        exp_month=month,
        exp_year=year,
        cvc=form.get("cvc", ""),
        name=form.get("name", ""),
        email=form.get("email", ""),
        phone=form.get("phone", ""),
        **{part: form.get(part, "") for part in ADDRESS},
        payment_method=method if method.startswith("pm_") else None,
        method_data=_other(method, form),
        save="save" in form,
    )


def _other(method: str, form: Mapping[str, str]) -> dict[str, Any] | None:
    if method == "us_bank_account":
        fields = ("account_number", "routing_number")
        account = {name: re.sub(r"[\s-]", "", form.get(name, "")) for name in fields}
        return {"type": method, method: {**account, "account_holder_type": "individual"}}
    if method == "sepa_debit":
        return {"type": method, method: {"iban": re.sub(r"\s", "", form.get("iban", "")).upper()}}
    # What redirects asks for nothing here.
    return None if method == "card" or method.startswith("pm_") else {"type": method}


def _answers(form: Mapping[str, str]) -> Answers:
    custom = {name.removeprefix("custom-"): value for name, value in form.items() if name.startswith("custom-")}
    # Who owns a saved payment method is known by it.
    saved = form.get("method", "card").startswith("pm_")
    tax_id = {"type": form.get("tax_id_type", ""), "value": form.get("tax_id_value", "")}
    return Answers(
        email=form.get("email", ""),
        name="" if saved else form.get("name", ""),
        phone=form.get("phone", ""),
        address={} if saved and not form.get("line1") else {part: form.get(part, "") for part in ADDRESS},
        shipping_name=form.get("shipping_name", ""),
        shipping_address={part: form.get(f"shipping_{part}", "") for part in ADDRESS},
        business_name=form.get("business_name", ""),
        individual_name=form.get("individual_name", ""),
        tax_id=tax_id if tax_id["value"] else None,
        custom_fields=custom,
        terms_of_service="terms_of_service" in form,
        promotions="promotions" in form,
    )
