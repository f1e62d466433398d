"""What a subscription bills: the lines of a period, of parts of one, and of what is added once."""

from collections.abc import Sequence
from dataclasses import replace

from diddo_gateways.stripe_fake.billing.amounts import discount_amount, line_amount
from diddo_gateways.stripe_fake.billing.discounts import coupon_of, discount_for
from diddo_gateways.stripe_fake.billing.invoice_lines import Line, lines_of
from diddo_gateways.stripe_fake.billing.metering import usage_of
from diddo_gateways.stripe_fake.billing.proration import day_of, prorated
from diddo_gateways.stripe_fake.billing.subscription_items import amount_of, cadence_of, named_rates
from diddo_gateways.stripe_fake.billing.withheld import whole
from diddo_gateways.stripe_fake.currencies import display
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.limits import under
from diddo_gateways.stripe_fake.resources import prices
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "added_lines",
    "backdated_line",
    "credit_line",
    "period_line",
    "period_of",
    "remaining_line",
    "trial_line",
    "usage_line",
]

TIMES = "\N{MULTIPLICATION SIGN}"


def period_of(subscription: JsonObject, item: JsonObject, start: int) -> tuple[int, int]:
    """Return the period of an item that begins now: up to where its cadence begins the next one."""
    return start, cadence_of(subscription, item).around(start)[1]


async def period_line(
    work: Work, subscription: JsonObject, item: JsonObject, period: tuple[int, int], *, free: bool = False
) -> Line:
    """Return the line of an item for a period that begins: all of it, or a part if the period is a short one.

    Args:
        work: the unit of work.
        subscription: the subscription.
        item: a licensed item of it.
        period: start and end.
        free: a short period costs nothing.
    """
    currency = subscription["currency"]
    amount = await amount_of(work, item, currency)
    cycle = cadence_of(subscription, item).around(period[1] - 1)
    short = period != cycle
    if short:
        amount = 0 if free else prorated(amount, period, cycle, currency)
    return replace(await _line(work, subscription, item, amount), period=period, description=await _named(work, item))


async def backdated_line(work: Work, subscription: JsonObject, item: JsonObject, span: tuple[int, int]) -> Line:
    """Return the line of an item for a span of the past, cycle by cycle."""
    currency = subscription["currency"]
    whole_period, total = await amount_of(work, item, currency), 0
    cadence = cadence_of(subscription, item)
    start = span[0]
    while start < span[1]:
        cycle = cadence.around(start)
        end = min(cycle[1], span[1])
        total += prorated(whole_period, (start, end), cycle, currency)
        start = end
    line = await _line(work, subscription, item, total)
    return replace(line, period=span, description=await _named(work, item))


async def trial_line(work: Work, subscription: JsonObject, item: JsonObject, period: tuple[int, int]) -> Line:
    """Return the line of an item for a trial, which costs nothing."""
    named = f"Free trial for {await _units(work, item, item['quantity'])}"
    line = await _line(work, subscription, item, 0)
    return replace(line, period=period, description=named, price=item["price"] | {"unit_amount_decimal": "0"})


async def usage_line(work: Work, subscription: JsonObject, item: JsonObject, period: tuple[int, int]) -> Line:
    """Return the line of a metered item for a period that is over: what was used within it."""
    used = await usage_of(work, item["price"], subscription["customer"], period)
    amount = line_amount(await whole(work, item["price"]), used, currency=subscription["currency"])
    line = await _line(work, subscription, item, amount)
    return replace(line, period=period, quantity=used, description=await _named(work, item, quantity=used))


async def credit_line(work: Work, subscription: JsonObject, item: JsonObject, at: int) -> Line:
    """Return the line that gives back what was paid for the rest of an item's period."""
    line = await _part(work, subscription, item, at, sign=-1, text="Unused time on")
    return replace(line, credited=await _debited(work, subscription, item))


async def _debited(work: Work, subscription: JsonObject, item: JsonObject) -> JsonObject | None:
    """Return which lines of the latest invoice have billed the period that an item is in, if they are on that one."""
    invoice = await work.get("invoice", subscription["latest_invoice"] or "")
    lines = [] if invoice is None else await lines_of(work, invoice)
    found = [line["id"] for line in lines if line["amount"] > 0 and _bills(line, item)]
    return {"invoice": invoice["id"], "invoice_line_items": found} if invoice is not None and found else None


def _bills(line: JsonObject, item: JsonObject) -> bool:
    details = (line["parent"] or {}).get("subscription_item_details") or {}
    return (details.get("subscription_item"), line["period"]["end"]) == (item["id"], item["current_period_end"])


async def remaining_line(work: Work, subscription: JsonObject, item: JsonObject, at: int) -> Line:
    """Return the line that bills the rest of an item's period."""
    return await _part(work, subscription, item, at, sign=1, text="Remaining time on")


async def _part(
    work: Work,
    subscription: JsonObject,
    item: JsonObject,
    at: int,
    *,
    sign: int,
    text: str,
) -> Line:
    end = item["current_period_end"]
    cycle = cadence_of(subscription, item).around(end - 1)
    currency = subscription["currency"]
    whole_period = await _discounted(work, subscription, await amount_of(work, item, currency))
    amount = sign * prorated(whole_period, (at, end), cycle, currency)
    product = await _product(work, item)
    times = f"{item['quantity']} {TIMES} " if item["quantity"] != 1 else ""
    line = await _line(work, subscription, item, amount)
    return replace(
        line,
        period=(at, end),
        proration=True,
        # Its amount has been discounted.
        discountable=False,
        # A part of a period has no price of a unit.
        price=item["price"] | {"unit_amount_decimal": None},
        description=f"{text} {times}{product['name']} after {day_of(at)}",
    )


async def _discounted(work: Work, subscription: JsonObject, amount: int) -> int:
    """Return what a period costs after the subscription's discounts in percent, which hold for parts of it likewise."""
    for discount_id in subscription["discounts"]:
        coupon = await coupon_of(work, await work.fetch("discount", discount_id))
        if coupon["percent_off"] is not None:
            amount -= discount_amount(coupon, amount, currency=subscription["currency"])
    return amount


async def _line(_work: Work, subscription: JsonObject, item: JsonObject, amount: int) -> Line:
    return Line(
        amount=amount,
        currency=subscription["currency"],
        price=item["price"],
        quantity=item["quantity"],
        discounts=item["discounts"],
        tax_rates=item["tax_rates"] or (),
        subscription=subscription["id"],
        subscription_item=item["id"],
        metadata=item["metadata"],
    )


async def _named(work: Work, item: JsonObject, *, quantity: int | None = None) -> str:
    """Return what an item's line says, such as `2 x Gold (at $10.00 / month)`."""
    price = item["price"]
    recurring = price["recurring"]
    count, interval = recurring["interval_count"], recurring["interval"]
    often = interval if count == 1 else f"every {count} {interval}s"
    units = await _units(work, item, item["quantity"] if quantity is None else quantity)
    if price["unit_amount"] is None:
        return units
    return f"{units} (at {display(price['unit_amount'], price['currency'])} / {often})"


async def _units(work: Work, item: JsonObject, quantity: int | None) -> str:
    """Return how many of what, such as `2 seat x Gold`, where the product says what it is counted in."""
    product = await _product(work, item)
    label = f" {product['unit_label']}" if product.get("unit_label") else ""
    # How much is used of what is metered shows only afterwards.
    return str(product["name"]) if quantity is None else f"{quantity}{label} {TIMES} {product['name']}"


async def _product(work: Work, item: JsonObject) -> JsonObject:
    return await work.get("product", item["price"]["product"]) or {"name": item["price"]["product"]}


async def added_lines(
    work: Work, subscription: JsonObject, given: Sequence[JsonObject], *, now: int, items: Sequence[JsonObject]
) -> list[Line]:
    """Return the lines of `add_invoice_items`: what is billed once, with the next invoice.

    Raises:
        StripeError: a price or a period does not hold.
    """
    return [
        await _added(work, subscription, one, now, items, f"add_invoice_items[{position}]")
        for position, one in enumerate(given)
    ]


async def _added(
    work: Work, subscription: JsonObject, given: JsonObject, now: int, items: Sequence[JsonObject], param: str
) -> Line:
    price = await _one_time_price(work, given, param)
    quantity = given.get("quantity", 1)
    product = await work.get("product", price["product"]) or {"name": price["product"]}
    discounts = [
        await discount_for(work, one, customer=subscription["customer"], param=under(param, f"discounts][{position}"))
        for position, one in enumerate(given.get("discounts", ()))
    ]
    return Line(
        amount=line_amount(await whole(work, price), quantity, currency=subscription["currency"]),
        currency=subscription["currency"],
        description=product["name"],
        price=price,
        quantity=quantity,
        period=_period(given.get("period"), now, items),
        discountable=given.get("discountable", True),
        discounts=[discount["id"] for discount in discounts],
        tax_rates=await named_rates(work, given.get("tax_rates") or (), param=under(param, "tax_rates")),
        subscription=subscription["id"],
        metadata=given.get("metadata", {}),
    )


async def _one_time_price(work: Work, given: JsonObject, param: str) -> JsonObject:
    if "price_data" in given:
        name = under(param, "price_data")
        await work.fetch("product", given["price_data"]["product"], param=under(name, "product"), status=400)
        price = prices.new(work, given["price_data"], param=name)
        price["active"] = False
        work.insert(price)
        return price
    price = await work.fetch("price", given.get("price", ""), param=under(param, "price"), status=400)
    if price["recurring"] is not None:
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            param=under(param, "price"),
        )
    return price


def _period(given: JsonObject | None, now: int, items: Sequence[JsonObject]) -> tuple[int, int]:
    given = given or {}
    start = given.get("start", {"type": "max_item_period_start"})
    end = given.get("end", {"type": "min_item_period_end"})
    starts = {"now": now, "max_item_period_start": max(item["current_period_start"] for item in items)}
    ends = {"min_item_period_end": min(item["current_period_end"] for item in items)}
    return starts.get(start["type"], start.get("timestamp")), ends.get(end["type"], end.get("timestamp"))
