"""What the shopper chooses on the page: quantities, optional items, a promotion code, a shipping option."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diddo_gateways.stripe_fake.checkout.content import content_of
from diddo_gateways.stripe_fake.checkout.incomplete import Incomplete
from diddo_gateways.stripe_fake.checkout.lines import check_quantity, priced
from diddo_gateways.stripe_fake.checkout.opening import apply_discount, has_trial
from diddo_gateways.stripe_fake.checkout.shipping import choose_shipping
from diddo_gateways.stripe_fake.checkout.totals import add_up
from diddo_gateways.stripe_fake.currencies import MAXIMUM, display
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.payments.errors import ParameterInvalidInteger
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Choices", "choose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is chosen; what is left out stays as it is.

    Attributes:
        quantities: of line items and of optional items, by id; an optional item of quantity 0 is not bought.
        amounts: what is paid for line items whose price leaves that to the shopper, by id, in minor units.
        promotion_code: as it was typed in; empty takes the one off that was applied.
        shipping_rate: the id of a shipping rate.
    """

    quantities: Mapping[str, int] = field(default_factory=dict)
    amounts: Mapping[str, int] = field(default_factory=dict)
    promotion_code: str | None = None
    shipping_rate: str | None = None


async def choose(work: Work, session: JsonObject, choices: Choices) -> None:
    """Write what the shopper chose into an open session and add it up anew; if it is refused the work is not to be committed.

    Raises:
        StripeError: a choice is not offered; `param` is `quantity[<id>]`, `amount[<id>]`, `promotion_code` or `shipping_rate`.
    """
    if (
        not choices.quantities
        and not choices.amounts
        and choices.promotion_code is None
        and choices.shipping_rate is None
    ):
        return
    content = await content_of(work, session)
    _set_amounts(content, choices.amounts)
    _set_quantities(content, choices.quantities)
    if choices.shipping_rate is not None:
        choose_shipping(session, choices.shipping_rate)
    if choices.promotion_code is not None:
        await _set_code(work, session, content, choices.promotion_code)
    add_up(session, content)
    work.save(content)
    work.save(session)


def _set_quantities(content: JsonObject, quantities: Mapping[str, int]) -> None:
    trial = has_trial(content["request"])
    bought = {line["id"]: line for line in content["line_items"]}
    optional = {item["id"]: item for item in content["optional_items"]}
    for line_id, quantity in quantities.items():
        name = f"quantity[{line_id}]"
        item = bought.get(line_id) or optional.get(line_id)
        if item is None:
            raise Incomplete("This item is not offered.", param=name)
        if line_id in optional and quantity == 0:
            bought.pop(line_id, None)
            continue
        if not (item["adjustable_quantity"] or {}).get("enabled") and quantity != item["quantity"]:
            raise Incomplete("The quantity of this item cannot be changed.", param=name)
        try:
            check_quantity(item, quantity, name)
        except ParameterInvalidInteger as error:
            raise Incomplete(error.message, param=name) from None
        bought[line_id] = priced(item, quantity, content["prices"], trial=trial)
    content["line_items"] = list(bought.values())
    if not content["line_items"]:
        raise Incomplete("Nothing is left to buy.", param="quantity")


def _set_amounts(content: JsonObject, amounts: Mapping[str, int]) -> None:
    """Write the amounts that the shopper has chosen over the presets of the session's own copies of the prices."""
    for line_id, amount in amounts.items():
        name = f"amount[{line_id}]"
        price = content["prices"].get(line_id)
        bounds = price and price["custom_unit_amount"]
        line = next((line for line in content["line_items"] if line["id"] == line_id), None)
        if not bounds or line is None:
            raise Incomplete("This item has a fixed price.", param=name)
        least, most = bounds["minimum"] or 0, bounds["maximum"] or MAXIMUM
        if not least <= amount <= most:
            currency = line["currency"]
            said = f"Enter an amount from {display(least, currency)} to {display(most, currency)}."
            raise Incomplete(said, param=name)
        content["prices"][line_id] = {**price, "custom_unit_amount": {**bounds, "preset": amount}}
        line |= priced(line, line["quantity"], content["prices"], trial=False)


async def _set_code(work: Work, session: JsonObject, content: JsonObject, code: str) -> None:
    if not code:
        if session["allow_promotion_codes"]:
            content["discounts"], session["discounts"] = [], []
        return
    if not session["allow_promotion_codes"]:
        raise Incomplete("Promotion codes are not accepted here.", param="promotion_code")
    # Codes are found without regard to case.
    terms = [[f"within={code.upper()}"], ["active=true"]]
    found = await work.world.page("promotion_code", limit=1, terms=terms)
    if not found:
        raise Incomplete("This code is invalid.", param="promotion_code")
    try:
        await apply_discount(work, session, content, {"promotion_code": found[0].id})
    except StripeError as error:
        raise Incomplete(error.message, param="promotion_code", code=error.code) from None
