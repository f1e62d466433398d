"""What a checkout session sells: its line items and those that the shopper may add.

Beside its line items a session keeps, by their ids, the tax rates of each (`rates`) and what the price of each comes to
in full (`prices`), where the price has fields that are kept back.
"""

from typing import Any

from diddo_gateways.stripe_fake.billing.amounts import CurrencyMismatch, line_amount
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter
from diddo_gateways.stripe_fake.limits import exclusive, under
from diddo_gateways.stripe_fake.payments.errors import ParameterInvalidInteger
from diddo_gateways.stripe_fake.resources import prices, products
from diddo_gateways.stripe_fake.resources.tax_rates import named_rates
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Lines", "check_quantity", "priced", "updated_lines"]

MOST_LINES, MOST_OF_A_KIND = 100, 20
MOST_QUANTITY = 999_999


class Lines:
    """Reads line items, all of one currency and for one mode.

    Args:
        work: the unit of work; inline products and prices are put into it.
        mode: the session's, `payment` or `subscription`.
        currency: the currency that the request or an earlier line has fixed, if any.
        trial: whether what recurs is free at first.
    """

    def __init__(self, work: Work, *, mode: str, currency: str | None, trial: bool = False) -> None:
        self.work = work
        self._mode = mode
        self._trial = trial
        self.currency = currency
        self.rates: dict[str, list[JsonObject]] = {}
        self.prices: dict[str, JsonObject] = {}

    async def read(self, given: list[JsonObject], *, param: str = "line_items") -> list[JsonObject]:
        """Return the line items that a request describes.

        Raises:
            StripeError: a line does not hold; its `param` names it.
        """
        if len(given) > MOST_LINES:
            raise InvalidRequest(f"You can pass at most {MOST_LINES} line items.", param=param)
        return [await self._line(line, f"{param}[{position}]") for position, line in enumerate(given)]

    async def _line(self, given: JsonObject, name: str) -> JsonObject:
        price, product = await _price(self.work, given, name)
        recurring = price["type"] == "recurring"
        if recurring and self._mode == "payment":
            raise InvalidRequest(
                "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use"
                " only one-time prices."
            )
        metered = recurring and price["recurring"]["usage_type"] == "metered"
        quantity = _quantity(given, name, metered=metered)
        item = blank("item")
        item |= {
            "id": self.work.new_id("li_1", 23),
            "adjustable_quantity": _adjustable(given.get("adjustable_quantity"), name),
            "amount_discount": 0,
            "amount_tax": 0,
            "currency": await self._settle_currency(price, name),
            "description": product["name"],
            "metadata": given.get("metadata") or {},
            "price": price,
        }
        await self._keep(item, given, name)
        check_quantity(item, quantity, name)
        return priced(item, quantity, self.prices, trial=self._trial)

    async def _settle_currency(self, price: JsonObject, name: str) -> str:
        """Return the session's currency, which the first price fixes unless the request did."""
        own: str = price["currency"]
        if self.currency is None or self.currency == own:
            self.currency = own
            return own
        options = (await whole(self.work, price)).get("currency_options") or {}
        if self.currency not in options:
            raise CurrencyMismatch({**price, "currency_options": options}, self.currency, param=name)
        return self.currency

    async def _keep(self, item: JsonObject, given: JsonObject, name: str) -> None:
        price = item["price"]
        if price["billing_scheme"] == "tiered" or price["custom_unit_amount"] or item["currency"] != price["currency"]:
            self.prices[item["id"]] = await whole(self.work, price)
        if given.get("tax_rates"):
            self.rates[item["id"]] = await named_rates(self.work, given["tax_rates"], param=under(name, "tax_rates"))

    def check_kinds(self, lines: list[JsonObject]) -> None:
        """Hold what a subscription-mode session sells against what one subscription can bill.

        Raises:
            InvalidRequest: nothing of it recurs, too much does, or not at one interval.
        """
        if self._mode != "subscription":
            return
        recurring = [line["price"]["recurring"] for line in lines if line["price"]["type"] == "recurring"]
        if not recurring:
            raise InvalidRequest(
                "You must provide at least one recurring price in `subscription` mode when using prices.",
                param="line_items",
            )
        if max(len(recurring), len(lines) - len(recurring)) > MOST_OF_A_KIND:
            raise InvalidRequest(
                f"You can pass at most {MOST_OF_A_KIND} recurring and {MOST_OF_A_KIND} one-time line items.",
                param="line_items",
            )
        if len({(part["interval"], part["interval_count"]) for part in recurring}) > 1:
            raise InvalidRequest(
                "Checkout does not support multiple prices with different billing intervals.", param="line_items"
            )


def priced(item: JsonObject, quantity: int | None, whole_prices: JsonObject, *, trial: bool) -> JsonObject:
    """Return a line item with what a quantity of it comes to; a trial makes what recurs free, metered use is billed later."""
    price = whole_prices.get(item["id"]) or item["price"]
    free = quantity is None or (trial and price["type"] == "recurring")
    amount = 0 if free else line_amount(price, quantity or 0, currency=item["currency"])
    return {**item, "quantity": quantity, "amount_subtotal": amount, "amount_total": amount}


async def updated_lines(
    reader: Lines, current: list[JsonObject], given: list[JsonObject], whole_prices: JsonObject, *, trial: bool = False
) -> list[JsonObject]:
    """Return the line items after an update: those that are named stay, others go, those without an id are new.

    Raises:
        StripeError: an id names no line of the session, or a line does not hold.
    """
    known: dict[str, JsonObject] = {line["id"]: line for line in current}
    lines: list[JsonObject] = []
    for position, change in enumerate(given):
        name = f"line_items[{position}]"
        line = known.get(change["id"]) if "id" in change else None
        if "id" in change and line is None:
            raise InvalidRequest(
                f"No such line item: '{change['id']}'", param=under(name, "id"), code="resource_missing"
            )
        if line is None:
            lines += await reader.read([change])
        elif {"price", "price_data"} & set(change):
            [other] = await reader.read([{"quantity": line["quantity"], **change}])
            lines.append({**other, "id": line["id"]})
        else:
            lines.append(await _changed(reader, line, change, name, whole_prices, trial=trial))
    return lines


async def _changed(
    reader: Lines, line: JsonObject, change: JsonObject, name: str, whole_prices: JsonObject, *, trial: bool
) -> JsonObject:
    if "adjustable_quantity" in change:
        line = {**line, "adjustable_quantity": _adjustable(change["adjustable_quantity"], name)}
    if "metadata" in change:
        line = {**line, "metadata": change["metadata"] or {}}
    if "tax_rates" in change:
        reader.rates[line["id"]] = await named_rates(
            reader.work, change["tax_rates"] or [], param=under(name, "tax_rates")
        )
    quantity = change.get("quantity", line["quantity"])
    check_quantity(line, quantity, name)
    return priced(line, quantity, whole_prices, trial=trial)


def check_quantity(item: JsonObject, quantity: int | None, name: str) -> None:
    """Hold a quantity against the bounds of its line.

    Raises:
        InvalidRequest: it is out of them.
    """
    if quantity is None:
        return
    bounds = item["adjustable_quantity"] or {}
    least, most = (bounds["minimum"], bounds["maximum"]) if bounds.get("enabled") else (1, MOST_QUANTITY)
    param = under(name, "quantity")
    if quantity < least:
        raise ParameterInvalidInteger(f"This value must be greater than or equal to {least}.", param=param)
    if quantity > most:
        raise ParameterInvalidInteger(f"This value must be less than or equal to {most}.", param=param)


def _quantity(given: JsonObject, name: str, *, metered: bool) -> int | None:
    if metered:
        if "quantity" in given:
            raise InvalidRequest("Quantity should not be specified for metered prices.", param=under(name, "quantity"))
        return None
    if "quantity" not in given:
        raise InvalidRequest(f"Quantity is required. Add `quantity` to `{name}`", param=name)
    quantity: int = given["quantity"]
    return quantity


async def _price(work: Work, given: JsonObject, name: str) -> tuple[JsonObject, JsonObject]:
    """Return the price of a line and its product, named or made on the spot."""
    if "price" in given and "price_data" in given:
        raise exclusive(under(name, "price"), under(name, "price_data"))
    if "price_data" in given:
        return await _inline_price(work, given["price_data"], under(name, "price_data"))
    if "price" not in given:
        raise MissingParameter(under(name, "price"))
    price = await work.fetch("price", given["price"], param=under(name, "price"), status=400)
    if not price["active"]:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.", param=under(name, "price")
        )
    return price, await work.fetch("product", price["product"], param=under(name, "price"), status=400)


async def _inline_price(work: Work, data: JsonObject, name: str) -> tuple[JsonObject, JsonObject]:
    if "product" in data and "product_data" in data:
        raise exclusive(under(name, "product"), under(name, "product_data"))
    if "product" in data:
        product = await work.fetch("product", data["product"], param=under(name, "product"), status=400)
    elif "product_data" in data:
        # What is described inline cannot be sold again: product and price are made inactive, and are no news.
        product = products.new(work, {**data["product_data"], "active": False})
    else:
        raise MissingParameter(under(name, "product"))
    price = prices.new(work, {**data, "product": product["id"], "active": False}, param=name)
    work.insert(price)
    return price, product


def _adjustable(given: dict[str, Any] | None, name: str) -> JsonObject | None:
    """Return whether the shopper may change the quantity, and between which bounds."""
    if given is None:
        return None
    if not given["enabled"]:
        return {"enabled": False, "maximum": None, "minimum": None}
    least, most = given.get("minimum", 0), given.get("maximum", 99)
    if least < 0 or most > MOST_QUANTITY or most < least:
        raise InvalidRequest(
            "The bounds of an adjustable quantity are from 0 to 999999, and the minimum is at most the maximum.",
            param=under(name, "adjustable_quantity"),
        )
    return {"enabled": True, "maximum": most, "minimum": least}
