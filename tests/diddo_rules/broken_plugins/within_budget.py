"""Breaks the property within-budget: a loop that counts what could be multiplied."""

from collections.abc import Iterator

from diddo_rules import Cart, Violation, check


class TooManyCoins(Violation):
    """Coins are counted one by one."""

    code = "TOO_MANY_COINS"
    http_status = 422
    template = "The total is {coins} coins."
    remedy = "Pay with notes."
    measure = "coins"
    coins: int


@check()
def coins_can_be_counted(cart: Cart) -> Iterator[TooManyCoins]:
    """The total is not more coins than anybody can count."""
    coins = 0
    while cart.cost and cart.cost.total and coins < min(cart.cost.total.value * 10**6, 10**7):
        coins += 1
    if coins > 10**12:
        yield TooManyCoins(at="/cost/total", coins=coins)
