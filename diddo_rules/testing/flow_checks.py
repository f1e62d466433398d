"""What must hold after each step of the checkout machine: what the server says of carts, money and events is compared."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from diddo_rules.testing.flow_model import (
    AnswerNotPredicted,
    CartChargedTwice,
    CartModel,
    EventIdChanged,
    MoneyDoesNotAddUp,
    Payment,
    PriceDrifted,
    SubmittedCartChanged,
    TotalsDoNotAddUp,
    WebhookLost,
    require,
)

__all__ = ["check_cart", "check_charges", "check_events"]

_Json = Mapping[str, Any]


def check_cart(model: CartModel, state: _Json) -> None:
    """Hold what `GET /cart/status/:id` answers against the model."""
    if model.submitted_as is not None:
        require(state == model.submitted_as, SubmittedCartChanged, f"{model} was {model.submitted_as}, and is {state}")
        return
    cart = state["cart"]
    _check_lines(model, cart)
    _check_totals(cart)
    _check_prices(model, cart)
    _check_status(model, state)


def _check_lines(model: CartModel, cart: _Json) -> None:
    lines = {
        line["variant"]["id"]: (store["store"], line["quantity"])
        for store in cart["stores"]
        for line in store["cart_lines"]
    }
    expected = {variant: (model.goods[variant].store, pieces) for variant, pieces in model.lines.items()}
    require(lines == expected, AnswerNotPredicted, f"{model} holds {lines}, not {expected}")
    buyer = cart["buyer_identity"] or {}
    told = {name: buyer.get(name) for name in model.buyer or {}}
    require(told == (model.buyer or {}), AnswerNotPredicted, f"{model} is bought by {told}, not by {model.buyer}")


def _check_totals(cart: _Json) -> None:
    """Add up what the cart itself says: lines to subtotals, methods to taxes and shipping, all to the total."""
    cost = cart["cost"]
    subtotals = [_sum_of_lines(store) for store in cart["stores"]]
    methods = [store["offer"]["selected_shipping_method"] for store in cart["stores"]]
    complete = bool(methods) and all(methods)
    told = [store["offer"]["subtotal"]["value"] for store in cart["stores"]]
    require(told == subtotals, TotalsDoNotAddUp, f"the stores' lines cost {subtotals}, but it says {told}")
    expected = {
        "subtotal": sum(subtotals),
        "tax": sum(method["taxes"]["value"] for method in methods) if complete else None,
        "shipping": sum(method["price"]["value"] for method in methods) if complete else None,
    }
    expected["total"] = sum(part for part in expected.values() if part is not None)
    found = {name: cost[name] and cost[name]["value"] for name in expected}
    require(found == expected, TotalsDoNotAddUp, f"the cost of {cart['id']} is {found}, its parts make {expected}")
    require(cost["is_estimated"] is not complete, TotalsDoNotAddUp, f"is_estimated is {cost['is_estimated']}")


def _sum_of_lines(store: _Json) -> int:
    return sum(line["quantity"] * int(line["variant"]["price"]["value"]) for line in store["cart_lines"])


def _check_prices(model: CartModel, cart: _Json) -> None:
    """Hold each price against the catalogue, and each chosen method against what was offered."""
    for store in cart["stores"]:
        for line in store["cart_lines"]:
            good, price = model.goods[line["variant"]["id"]], line["variant"]["price"]
            told = (price["value"], price["currency"])
            require(told == (good.price, good.currency), PriceDrifted, f"{good} costs {told} in {model}")
        name, method = store["store"], store["offer"]["selected_shipping_method"]
        expected = model.offered[name][model.chosen[name]] if name in model.chosen else None
        require(method == expected, PriceDrifted, f"{name} ships by {method} in {model}, not by {expected}")


def _check_status(model: CartModel, state: _Json) -> None:
    submitted = state["status"] == "SUBMITTED"
    if model.state != "submitted":
        require(not submitted and not state["orders"], AnswerNotPredicted, f"{model} is submitted, and was not paid")
        return
    require(submitted, WebhookLost, f"{model} was paid, and is {state['status']}")
    _check_orders(model, state)
    model.submitted_as = state


def _check_orders(model: CartModel, state: _Json) -> None:
    stores = state["cart"]["stores"]
    require(all(store["is_submitted"] for store in stores), AnswerNotPredicted, f"stores of {model} are left out")
    orders = {order["id"] for order in state["orders"]}
    require(len(orders) == len(stores) == len(state["orders"]), AnswerNotPredicted, f"{model} has orders {orders}")
    payment = model.payment
    total = state["cart"]["cost"]["total"]["value"]
    require(payment and total == payment.total, PriceDrifted, f"{payment} submitted a cart of {total}")


def check_charges(payments: Sequence[Payment], charges: Iterable[_Json], *, now: int) -> None:
    """Hold what Stripe has charged and refunded against the payments; `now` is Unix seconds on the world's clock."""
    taken: dict[str, list[_Json]] = {}
    for charge in charges:
        if charge["paid"]:
            taken.setdefault(charge["metadata"].get("cart_id", "no cart"), []).append(charge)
    for cart_id, of_cart in taken.items():
        amounts = [charge["amount"] for charge in of_cart]
        require(len(of_cart) == 1, CartChargedTwice, f"{cart_id} was charged {len(of_cart)} times: {amounts}")
    complete = {payment.cart.cart_id: payment for payment in payments if payment.status == "complete"}
    require(
        taken.keys() == complete.keys(),
        MoneyDoesNotAddUp,
        f"charged were the carts {sorted(taken)}, and paid {sorted(complete)}",
    )
    for cart_id, [charge] in taken.items():
        _check_charge(complete[cart_id], charge, now)


def _check_charge(payment: Payment, charge: _Json, now: int) -> None:
    told = (charge["amount"], charge["amount_captured"], charge["currency"].upper())
    expected = (payment.total, payment.total, payment.currency)
    require(told == expected, PriceDrifted, f"{payment} was charged as {told}")
    back, expected_back = charge["amount_refunded"], payment.given_back(now)
    require(back == expected_back, MoneyDoesNotAddUp, f"of {payment} {back} was given back, not {expected_back}")


def check_events(delivered: Collection[str], known: Collection[str], *, late: Mapping[str, int], now: int) -> None:
    """Hold the ids of the events that were delivered against those that the server lists.

    `late` tells from when on (Unix seconds) an event whose delivery was made to fail must have come all the same.
    """
    strange = sorted(set(delivered) - set(known))
    require(not strange, EventIdChanged, f"delivered under ids that no event has: {strange}")
    missing = [event for event in known if event not in delivered and late.get(event, 0) <= now]
    require(not missing, WebhookLost, f"never delivered: {missing}")
