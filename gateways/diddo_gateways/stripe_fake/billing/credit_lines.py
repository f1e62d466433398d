"""The lines of a credit note: what of an invoice's lines is taken back, with its share of their discounts and taxes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from diddo_gateways.stripe_fake.billing.amounts import round_amount, tax_amounts
from diddo_gateways.stripe_fake.billing.invoice_lines import lines_of
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled, ResourceMissing
from diddo_gateways.stripe_fake.limits import exclusive
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["credit_lines", "line_of_amount", "sums_of"]

KIND = "credit_note_line_item"


async def credit_lines(work: Work, invoice: JsonObject, given: Sequence[Mapping[str, Any]]) -> list[JsonObject]:
    """Return the lines of a credit note that a request describes.

    Raises:
        StripeError: a line does not hold; `param` names it.
    """
    billed = {line["id"]: line for line in await lines_of(work, invoice)}
    made = []
    for position, line in enumerate(given):
        name = f"lines[{position}]"
        if line.get("tax_amounts"):
            raise NotModelled(f"The parameter {name}[tax_amounts] of credit notes")
        if line["type"] == "invoice_line_item":
            made.append(_of_invoice(work, billed, line, name))
        else:
            made.append(await _of_its_own(work, invoice, line, name))
    return made


def _of_invoice(work: Work, billed: Mapping[str, JsonObject], given: Mapping[str, Any], name: str) -> JsonObject:
    """Return a line that takes back a line of the invoice, as many of it or as much."""
    if "invoice_line_item" not in given:
        raise MissingParameter(f"{name}[invoice_line_item]")
    source = billed.get(given["invoice_line_item"])
    if source is None:
        raise ResourceMissing("line_item", given["invoice_line_item"], param=f"{name}[invoice_line_item]", status=400)
    if "quantity" in given and "amount" in given:
        raise exclusive(f"{name}[quantity]", f"{name}[amount]")
    quantity = given.get("quantity")
    amount = source["amount"]
    if quantity is not None:
        amount = _share(amount, quantity, source["quantity"] or 1)
    amount = given.get("amount", amount)
    if not 0 <= amount <= source["amount"]:
        raise InvalidRequest("The line cannot be credited with more than its amount.", param=f"{name}[amount]")
    unit = Decimal((source["pricing"] or {}).get("unit_amount_decimal") or amount)
    line = _line(work, given, amount, quantity if "amount" not in given else None, unit)
    line |= {
        "description": given.get("description", source["description"]),
        "discount_amounts": _shares(source["discount_amounts"], amount, source["amount"]),
        "invoice_line_item": source["id"],
        "pretax_credit_amounts": _shares(source["pretax_credit_amounts"], amount, source["amount"]),
        "taxes": [
            tax | {"taxable_amount": _share(tax["taxable_amount"], amount, source["amount"])}
            for tax in _shares(source["taxes"], amount, source["amount"])
        ],
    }
    line["discount_amount"] = sum(one["amount"] for one in line["discount_amounts"])
    return line


async def _of_its_own(work: Work, invoice: JsonObject, given: Mapping[str, Any], name: str) -> JsonObject:
    if "unit_amount" in given and "unit_amount_decimal" in given:
        raise exclusive(f"{name}[unit_amount]", f"{name}[unit_amount_decimal]")
    unit = given.get("unit_amount", given.get("unit_amount_decimal"))
    if unit is None:
        raise MissingParameter(f"{name}[unit_amount]")
    quantity = given.get("quantity", 1)
    amount = round_amount(Decimal(unit) * quantity, invoice["currency"])
    line = _line(work, given, amount, quantity, Decimal(unit))
    rates = [
        await work.fetch("tax_rate", rate, param=f"{name}[tax_rates][{at}]", status=400)
        for at, rate in enumerate(given.get("tax_rates") or ())
    ]
    amounts = tax_amounts(rates, amount, currency=invoice["currency"])
    within = sum(tax for rate, tax in zip(rates, amounts, strict=True) if rate["inclusive"])
    line["tax_rates"] = rates
    line["taxes"] = [
        {
            "amount": tax,
            "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
            "tax_rate_details": {"tax_rate": rate["id"]},
            "taxability_reason": "not_available",
            "taxable_amount": amount - within,
            "type": "tax_rate_details",
        }
        for rate, tax in zip(rates, amounts, strict=True)
    ]
    return line


def line_of_amount(work: Work, amount: int) -> JsonObject:
    """Return the one line of a credit note of which only the total is given."""
    return _line(work, {"type": "custom_line_item"}, amount, 1, Decimal(amount))


def _line(work: Work, given: Mapping[str, Any], amount: int, quantity: int | None, unit: Decimal) -> JsonObject:
    whole = unit == unit.to_integral_value()
    return blank(KIND) | {
        "id": work.new_id("cnli_1", 23),
        "amount": amount,
        "description": given.get("description"),
        "discount_amount": 0,
        "metadata": dict(given.get("metadata") or {}),
        "quantity": quantity,
        "taxes": [],
        "type": given["type"],
        "unit_amount": int(unit) if whole and quantity is not None else None,
        "unit_amount_decimal": f"{unit:f}" if quantity is not None else None,
    }


def _share(amount: int, part: int, whole: int) -> int:
    return round_amount(Decimal(amount) * part / whole) if whole else 0


def _shares(entries: Sequence[JsonObject] | None, part: int, whole: int) -> list[JsonObject]:
    return [{**entry, "amount": _share(entry["amount"], part, whole)} for entry in entries or ()]


def sums_of(lines: Sequence[JsonObject]) -> JsonObject:
    """Return what the lines of a credit note come to, by the names of the note's fields."""
    subtotal = sum(line["amount"] for line in lines)
    discounts = _by([one for line in lines for one in line["discount_amounts"]], lambda one: one["discount"])
    pretax = _by([one for line in lines for one in line["pretax_credit_amounts"]], lambda one: one["discount"])
    taxes = _by([one for line in lines for one in line["taxes"]], lambda one: one["tax_rate_details"]["tax_rate"])
    on_top = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    off = sum(one["amount"] for one in discounts)
    total = subtotal - off + on_top
    return {
        "amount": total,
        "discount_amount": off,
        "discount_amounts": discounts,
        "pretax_credit_amounts": pretax,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive"),
        "total": total,
        "total_excluding_tax": total - sum(tax["amount"] for tax in taxes),
        "total_taxes": taxes,
    }


def _by(entries: Sequence[JsonObject], key: Any) -> list[JsonObject]:
    """Return one entry for each key, its amounts added up."""
    merged: dict[str, JsonObject] = {}
    for entry in entries:
        known = merged.get(key(entry))
        if known is None:
            merged[key(entry)] = dict(entry)
            continue
        for name in ("amount", "taxable_amount"):
            if name in known:
                known[name] += entry[name]
    return list(merged.values())
