"""Invoice items: what is put on a customer's next invoice, or on a draft, and the lines that they make."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from diddo_gateways.stripe_fake.billing.amounts import line_amount
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.discounts import discount_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, pricing
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.limits import exclusive, under
from diddo_gateways.stripe_fake.resources import prices, products
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["KIND", "change_item", "currency_of", "keep_item", "line_for", "make_item", "pending_items"]

KIND = "invoiceitem"
PENDING, INVOICED = "pending", "invoiced"
MOST = 250
# What says how much an item comes to; at most one of them, and `quantity` with any but the first.
PRICED_BY = ("amount", "unit_amount_decimal", "pricing", "price_data")
ONE_OFF = "Invoice item"


async def make_item(
    work: Work,
    params: Mapping[str, Any],
    *,
    customer: JsonObject | None,
    invoice: JsonObject | None = None,
    param: str = "",
) -> JsonObject:
    """Make an invoice item, of an invoice if one is named, from the parameters of its creation.

    Args:
        work: the unit of work.
        params: a request's, or one of its `lines`.
        customer: whose; None only in a preview without one.
        invoice: the draft or preview that it is put on.
        param: the parameter that holds `params`, for errors; empty when they are the request's own.

    Raises:
        StripeError: a parameter does not hold, or nothing says how much it comes to.
    """
    if not any(name in params for name in PRICED_BY):
        raise InvalidRequest("You must pass one of `amount`, `unit_amount_decimal`, `pricing` or `price_data`.")
    now = await now_for(work, customer["id"] if customer else None)
    currency = invoice["currency"] if invoice else (customer and customer["currency"]) or "usd"
    item = blank(KIND) | {
        "id": work.new_id("ii_1", 23),
        "currency": check_currency(params.get("currency", currency), param=under(param, "currency")),
        "customer": customer and customer["id"],
        "date": now,
        "discountable": True,
        "discounts": [],
        "invoice": invoice and invoice["id"],
        "period": {"end": now, "start": now},
        "quantity": 1,
        "tax_rates": [],
        "test_clock": customer and customer["test_clock"],
    }
    if params.get("subscription"):
        await work.fetch("subscription", params["subscription"], param="subscription", status=400)
        item["parent"] = {
            "subscription_details": {"subscription": params["subscription"], "subscription_item": None},
            "type": "subscription_details",
        }
    await change_item(work, item, params, param=param)
    if invoice is not None and item["currency"] != invoice["currency"]:
        raise InvalidRequest(
            f"The currency of the invoice item ({item['currency']}) does not match the currency of the invoice"
            f" ({invoice['currency']}).",
            param=under(param, "currency"),
        )
    return item


async def change_item(work: Work, item: JsonObject, params: Mapping[str, Any], *, param: str = "") -> None:
    """Write parameters over an invoice item and reckon its amount; keeping it is the caller's to do.

    Raises:
        StripeError: a parameter does not hold.
    """
    for name in ("tax_code", "tax_behavior", "tax_amounts", "invoicing_rules", "quantity_decimal"):
        if params.get(name):
            raise NotModelled(f"The parameter {name} of invoice items")
    given = [name for name in PRICED_BY if name in params]
    if len(given) > 1:
        raise exclusive(*(under(param, name) for name in given))
    if "amount" in params and "quantity" in params:
        error = exclusive("amount", "quantity")
        raise InvalidRequest(error.message, param=under(param, "amount"))
    for name in ("description", "discountable", "period"):
        if name in params:
            item[name] = params[name]
    if "metadata" in params:
        item["metadata"] = {} if params["metadata"] == "" else {**(item["metadata"] or {}), **params["metadata"]}
        item["metadata"] = {key: value for key, value in item["metadata"].items() if value != ""}
    if "quantity" in params:
        item |= {"quantity": params["quantity"], "quantity_decimal": str(params["quantity"])}
    await _price(work, item, params, param)
    await _rates_and_discounts(work, item, params, param)


async def _price(work: Work, item: JsonObject, params: Mapping[str, Any], param: str) -> None:
    """Set what an item costs, by a price that there is, or by one that is made for it."""
    price = await _named_price(work, item, params, param)
    if price is None and item["pricing"]:
        price = await work.fetch("price", item["pricing"]["price_details"]["price"])
    if price is None:
        # An item that only documentation knows.
        return
    item |= {"currency": price["currency"], "pricing": pricing(price)}
    item["amount"] = line_amount(await whole(work, price), item["quantity"])
    item["quantity_decimal"] = str(item["quantity"])
    item["description"] = item["description"] or await _name(work, price)


async def _named_price(work: Work, item: JsonObject, params: Mapping[str, Any], param: str) -> JsonObject | None:
    if "pricing" in params:
        return await _existing(work, params["pricing"].get("price"), under(param, "pricing"))
    if "price_data" in params:
        return await _inline(work, params["price_data"], under(param, "price_data"))
    if "amount" in params:
        item["quantity"] = 1
        return _one_off(work, Decimal(params["amount"]), item)
    if "unit_amount_decimal" in params:
        return _one_off(work, Decimal(params["unit_amount_decimal"]), item)
    return None


async def _existing(work: Work, price_id: str | None, param: str) -> JsonObject:
    if price_id is None:
        raise MissingParameter(under(param, "price"))
    price = await work.fetch("price", price_id, param=under(param, "price"), status=400)
    if price["type"] == "recurring":
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            param=under(param, "price"),
        )
    if not price["active"]:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.", param=under(param, "price")
        )
    return price


async def _inline(work: Work, data: JsonObject, param: str) -> JsonObject:
    """Make the price that a request describes; it is inactive, so that nothing else is sold at it, and no news."""
    if "product_data" in data:
        product_id = products.new(work, {**data["product_data"], "active": False})["id"]
    elif "product" in data:
        product_id = (await work.fetch("product", data["product"], param=under(param, "product"), status=400))["id"]
    else:
        raise MissingParameter(under(param, "product"))
    price = prices.new(work, {**data, "product": product_id, "active": False}, param=param)
    work.insert(price)
    return price


def _one_off(work: Work, amount: Decimal, item: JsonObject) -> JsonObject:
    """Make the price behind an amount, which may be a credit, below zero, as a price of its own may not."""
    product = products.new(work, {"name": item["description"] or ONE_OFF, "active": False})
    params = {"currency": item["currency"], "unit_amount": 0, "product": product["id"], "active": False}
    price = prices.new(work, params)
    is_whole = amount == amount.to_integral_value()
    price |= {"unit_amount": int(amount) if is_whole else None, "unit_amount_decimal": f"{amount:f}"}
    work.insert(price)
    return price


async def _name(work: Work, price: JsonObject) -> str | None:
    product = await work.get("product", price["product"])
    return None if product is None or product["name"] == ONE_OFF else str(product["name"])


async def _rates_and_discounts(work: Work, item: JsonObject, params: Mapping[str, Any], param: str) -> None:
    if "tax_rates" in params:
        name = under(param, "tax_rates")
        item["tax_rates"] = [
            await work.fetch("tax_rate", rate, param=f"{name}[{position}]", status=400)
            for position, rate in enumerate(params["tax_rates"] or ())
        ]
    if "discounts" in params:
        name = under(param, "discounts")
        found = [
            await discount_for(
                work, given, param=f"{name}[{position}]", customer=item["customer"], invoice_item=item["id"]
            )
            for position, given in enumerate(params["discounts"] or ())
        ]
        item["discounts"] = [discount["id"] for discount in found]


def keep_item(work: Work, item: JsonObject, *, new: bool = False) -> None:
    """Put an item into the work, where lists tell those that wait for an invoice from those that are on one."""
    place = PENDING if item["invoice"] is None else INVOICED
    if new:
        work.insert(item, within=place)
    else:
        work.save(item, within=place)


async def line_for(work: Work, item: JsonObject) -> Line:
    """Return the line that an item makes on an invoice."""
    details = (item["parent"] or {}).get("subscription_details") or {}
    price = item["pricing"] and await work.get("price", item["pricing"]["price_details"]["price"])
    return Line(
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        # A part of a period has no price of a unit.
        price=price and {**price, "unit_amount_decimal": None} if item["proration"] else price or None,
        quantity=item["quantity"],
        period=(item["period"]["start"], item["period"]["end"]),
        proration=item["proration"],
        discountable=item["discountable"],
        discounts=tuple(item["discounts"] or ()),
        tax_rates=tuple(item["tax_rates"] or ()),
        subscription=details.get("subscription"),
        subscription_item=details.get("subscription_item"),
        invoice_item=item["id"],
        metadata=item["metadata"] or {},
        credited=_credited(item),
    )


def _credited(item: JsonObject) -> JsonObject | None:
    """Return what a proration gives back of, as lines say it."""
    credited = (item.get("proration_details") or {}).get("credited_items") or {}
    found: JsonObject | None = credited.get("invoice_line_item_details")
    return found


async def pending_items(
    work: Work, customer_id: str, *, subscription: str | None = None, only: bool = False
) -> list[JsonObject]:
    """Return the items that wait for an invoice of a customer, the newest first.

    Args:
        work: the unit of work; items that it has made itself are not among them.
        customer_id: whose.
        subscription: the subscription that is invoiced: its items too, never those of another.
        only: its items alone.
    """
    terms = [[f"customer={customer_id}"], [f"within={PENDING}"]]
    found = []
    for document in await work.world.page(KIND, limit=MOST, terms=terms):
        details = (orjson.loads(document.body)["parent"] or {}).get("subscription_details") or {}
        owner = details.get("subscription")
        if owner == subscription or (owner is None and not only):
            found.append(await work.fetch(KIND, document.id))
    return found


def currency_of(items: Sequence[JsonObject]) -> str | None:
    """Return the currency that items are in, or None when there are none.

    Raises:
        InvalidRequest: they are in several.
    """
    currencies = sorted({item["currency"] for item in items})
    if len(currencies) > 1:
        raise InvalidRequest(
            f"The pending invoice items are in several currencies ({', '.join(currencies)}). Specify `currency` to"
            " invoice those of one.",
            param="currency",
        )
    return currencies[0] if currencies else None
