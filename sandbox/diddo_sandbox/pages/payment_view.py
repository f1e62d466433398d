"""What the payment page says: names, amounts and sentences, ready for its template."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from diddo_gateways.stripe_fake.checkout.page import Recurring, SessionPage
from diddo_gateways.stripe_fake.currencies import decimals
from diddo_rules import Money

__all__ = ["view"]

TEST_CARDS = (
    ("4242 4242 4242 4242", "Pays"),
    ("4000 0000 0000 0002", "Is declined"),
    ("4000 0000 0000 9995", "Is declined: insufficient funds"),
    ("4000 0027 6000 3184", "Asks for 3-D Secure"),
    ("3782 822463 10005", "Pays; its security code has 4 digits"),
)
TEST_ACCOUNTS = {
    "us_bank_account": ("Routing number 110000000, account number 000123456789", "Pays, a little later"),
    "sepa_debit": ("AT61 1904 3002 3457 3201", "Pays, a little later"),
}
METHODS = {
    "card": "Card",
    "ideal": "iDEAL",
    "p24": "Przelewy24",
    "sepa_debit": "SEPA Direct Debit",
    "us_bank_account": "US bank account",
}
TAX_IDS = {"eu_vat": "EU VAT number", "gb_vat": "UK VAT number", "us_ein": "US EIN", "ca_bn": "Canadian BN"}
BUTTONS = {"book": "Book for {}", "donate": "Donate {}", "subscribe": "Subscribe for {}"}
# The number, the code and accounts are never sent back.
SECRET = frozenset({"number", "cvc", "account_number", "routing_number", "iban", "action", "expected_amount"})


class Line(NamedTuple):
    """A line of the order, as it is shown.

    `bounds` are the least and the most that can be bought, if that is free; `chosen` is the amount in major units that
    the shopper may change.
    """

    id: str
    name: str
    quantity: int | None
    amount: str
    bounds: tuple[int, int] | None
    chosen: str | None


class Option(NamedTuple):
    """Something to choose."""

    id: str
    name: str
    detail: str
    chosen: bool
    quantity: int = 1
    bounds: tuple[int, int] | None = None


def view(shown: SessionPage, form: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables of the template: what the session asks for, and what was entered before."""
    session = shown.session
    kept = {"country": "US", "shipping_country": "", "method": _first_method(shown)}
    kept |= {f"custom-{one['key']}": one[one["type"]]["default_value"] or "" for one in session["custom_fields"]}
    kept |= {name: value for name, value in form.items() if name not in SECRET}
    lines, options = _lines(shown), _options(shown)
    return {
        "session": session,
        "merchant": shown.merchant,
        "lines": lines,
        "totals": _totals(shown),
        "total": "" if session["mode"] == "setup" else _display(session["amount_total"], session["currency"]),
        "recurring": _sentence(shown),
        "optional": options,
        "shipping": _shipping(shown),
        "code": (shown.discount or {}).get("promotion_code"),
        "can_update": bool(options or len(session["shipping_options"]) > 1 or session["allow_promotion_codes"])
        or any(line.bounds or line.chosen for line in lines),
        "methods": [(name, _method_name(name)) for name in session["payment_method_types"]],
        "saved": [_saved(method) for method in shown.saved_methods],
        "method_wanted": shown.method_wanted,
        "button": _button(shown),
        "heading": _heading(shown),
        "expires_at": datetime.fromtimestamp(session["expires_at"], UTC),
        "cancel_url": shown.cancel_url,
        "known_email": (session["customer_details"] or {}).get("email"),
        "form": kept,
        "ticked": frozenset(form),
        "errors": errors,
        "names": session.get("name_collection") or {},
        "labels": _labels(shown),
        "custom_options": _custom_options,
        "countries": _countries(),
        "shipping_countries": _shipping_countries(session),
        "tax_id": session.get("tax_id_collection") or {"enabled": False},
        "tax_ids": TAX_IDS,
        "test_cards": TEST_CARDS,
        "test_accounts": TEST_ACCOUNTS,
    }


def _first_method(shown: SessionPage) -> str:
    first: str = shown.saved_methods[0]["id"] if shown.saved_methods else shown.session["payment_method_types"][0]
    return first


def _method_name(name: str) -> str:
    return METHODS.get(name) or name.replace("_", " ").title()


def _saved(method: Mapping[str, Any]) -> tuple[str, str]:
    card = method["card"]
    return method["id"], f"{card['brand'].replace('_', ' ').title()} ending in {card['last4']}"


def _lines(shown: SessionPage) -> list[Line]:
    currency = shown.session["currency"]
    optional = {item["id"] for item in shown.optional_items}
    return [
        Line(
            line["id"],
            line["description"],
            line["quantity"],
            _display(line["amount_subtotal"], currency),
            None if line["id"] in optional else _bounds(line),
            _chosen(line) if line["price"]["custom_unit_amount"] else None,
        )
        for line in shown.line_items
    ]


def _chosen(line: Mapping[str, Any]) -> str:
    places = decimals(line["currency"])
    return f"{Decimal(line['amount_subtotal']).scaleb(-places) / (line['quantity'] or 1):.{places}f}"


def _bounds(item: Mapping[str, Any]) -> tuple[int, int] | None:
    adjustable = item["adjustable_quantity"] or {}
    return (adjustable["minimum"], adjustable["maximum"]) if adjustable.get("enabled") else None


def _options(shown: SessionPage) -> list[Option]:
    bought = {line["id"]: line["quantity"] for line in shown.line_items}
    return [
        Option(
            item["id"],
            item["description"],
            _display(item["amount_subtotal"], item["currency"]),
            item["id"] in bought,
            bought.get(item["id"]) or item["quantity"],
            _bounds(item),
        )
        for item in shown.optional_items
    ]


def _shipping(shown: SessionPage) -> list[Option]:
    chosen = (shown.session["shipping_cost"] or {}).get("shipping_rate")
    currency = shown.session["currency"]
    return [
        Option(
            option["shipping_rate"],
            shown.shipping_rates[option["shipping_rate"]]["display_name"],
            _display(option["shipping_amount"], currency) if option["shipping_amount"] else "Free",
            option["shipping_rate"] == chosen,
        )
        for option in shown.session["shipping_options"]
    ]


def _totals(shown: SessionPage) -> list[tuple[str, str]]:
    """Return what stands between the lines and the total."""
    session = shown.session
    details = session["total_details"] or {}
    rows: list[tuple[str, str]] = []
    currency = session["currency"]
    if shown.discount is not None:
        coupon = shown.discount["coupon"]
        name = shown.discount["promotion_code"] or coupon["name"] or "Discount"
        rows.append((f"Discount: {name}", "\N{MINUS SIGN}" + _display(shown.discount["amount"], currency)))
    if session["shipping_cost"] is not None:
        rows.append(("Shipping", _display(details["amount_shipping"], currency)))
    for tax in shown.taxes:
        rate = tax["rate"]
        included = " (included)" if rate["inclusive"] else ""
        rows.append((f"{rate['display_name']} {rate['percentage']:g}%{included}", _display(tax["amount"], currency)))
    if rows:
        rows.insert(0, ("Subtotal", _display(session["amount_subtotal"], currency)))
    return rows


def _sentence(shown: SessionPage) -> str:
    """Say what recurs."""
    recurring = shown.recurring
    if recurring is None:
        return ""
    each = f"{_display(recurring.amount, shown.session['currency'])} {_every(recurring)}"
    if recurring.trial_end is not None:
        return f"Free until {datetime.fromtimestamp(recurring.trial_end, UTC):%d %B %Y}, then {each}."
    return f"{each}, until cancelled." if recurring.amount == shown.session["amount_total"] else f"Then {each}."


def _every(recurring: Recurring) -> str:
    count = recurring.interval_count
    return f"per {recurring.interval}" if count == 1 else f"every {count} {recurring.interval}s"


def _heading(shown: SessionPage) -> str:
    """Return what the right-hand side is about."""
    types = shown.session["payment_method_types"]
    if not shown.method_wanted:
        return "Your details"
    if shown.session["mode"] == "setup":
        return "Your payment method"
    if len(types) > 1 or shown.saved_methods:
        return "Payment"
    return "Pay by card" if types == ["card"] else f"Pay by {_method_name(types[0])}"


def _button(shown: SessionPage) -> str:
    session = shown.session
    if session["mode"] == "setup":
        return "Save payment method"
    total = _display(session["amount_total"], session["currency"])
    if shown.recurring is not None:
        return "Start trial" if shown.recurring.trial_end is not None else "Subscribe"
    if not session["amount_total"]:
        return "Complete order"
    return BUTTONS.get(session["submit_type"] or "", "Pay {}").format(total)


def _custom_options(field: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(option["value"], option["label"]) for option in field["dropdown"]["options"]]


def _labels(shown: SessionPage) -> dict[str, str]:
    if shown.session["mode"] == "setup":
        return {"order": "Save a payment method", "failed": "It was not saved"}
    return {"order": "Your order", "failed": "The payment did not go through"}


def _display(amount: int, currency: str) -> str:
    return str(Money(value=amount, currency=currency.upper()))


@lru_cache
def _countries() -> list[tuple[str, str]]:
    from babel import Locale  # noqa: PLC0415  slow to import, and only this page needs it

    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    countries = [(code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code)]
    return sorted((country for country in countries if country[0] not in NO_COUNTRIES), key=lambda country: country[1])


def _shipping_countries(session: Mapping[str, Any]) -> list[tuple[str, str]]:
    asked = session["shipping_address_collection"]
    if asked is None or session["collected_information"]["shipping_details"]:
        return []
    allowed = frozenset(asked["allowed_countries"])
    return [country for country in _countries() if country[0] in allowed]


# What CLDR lists among the territories that is nowhere to send a bill to.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
