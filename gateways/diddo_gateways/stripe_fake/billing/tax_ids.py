"""Tax ids that a customer is made with: the same objects that `/v1/customers/{customer}/tax_ids` makes."""

from collections.abc import Mapping

from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["make_tax_id"]

KIND = "tax_id"
# Types of more than one country: the value says its own.
COUNTRIES = {"eu_oss_vat": None, "eu_vat": None}
LETTERS = 2


def make_tax_id(work: Work, customer: JsonObject, given: Mapping[str, str]) -> JsonObject:
    """Make and insert a customer's tax id from its `type` and `value`; its verification is left pending."""
    kind, value = given["type"], given["value"]
    tax_id = blank(KIND) | {
        "id": work.new_id("txi_1", 23),
        "country": _country(kind, value),
        "created": work.now,
        "customer": customer["id"],
        "livemode": False,
        "owner": {"account": None, "application": None, "customer": customer["id"], "type": "customer"},
        "type": kind,
        "value": value,
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }
    work.insert(tax_id)
    work.emit("customer.tax_id.created", tax_id)
    return tax_id


def _country(kind: str, value: str) -> str | None:
    country = COUNTRIES.get(kind, kind.partition("_")[0].upper())
    prefix = value[:LETTERS].upper()
    return prefix if country is None and prefix.isalpha() else country
