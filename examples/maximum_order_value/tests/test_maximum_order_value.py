import maximum_order_value as plugin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart, Cost, Engine, Money, SettingsError
from diddo_rules.testing import carts_with, valid_carts

LIMITS = {"USD": 50_000, "JPY": 60_000, "KWD": 1}
ENGINE = Engine([plugin], settings={"maximum_order_value": {"limits": LIMITS}})


def cart_of(value: int, currency: str) -> Cart:
    return Cart(id="1", cost=Cost(total=Money(value=value, currency=currency)))


@given(st.sampled_from(sorted(LIMITS)), st.integers(-(10**9), 10**9))
def test_an_order_may_reach_its_limit_but_not_exceed_it(currency: str, difference: int) -> None:
    report = ENGINE.validate(cart_of(LIMITS[currency] + difference, currency))
    assert report.ok is (difference <= 0)


@given(valid_carts())
def test_a_currency_without_a_limit_has_none(cart: Cart) -> None:
    assert Engine([plugin]).validate(cart).ok


@given(valid_carts())
def test_only_the_total_matters(cart: Cart) -> None:
    assert cart.cost is not None
    total = cart.cost.total
    assert total is not None
    assert ENGINE.validate(cart).ok is (total.value <= LIMITS.get(total.currency, total.value))


@pytest.mark.parametrize("cart", [None, Cart(id="1"), Cart(id="1", cost=Cost())])
def test_what_has_no_total_is_the_business_of_other_rules(cart: Cart | None) -> None:
    assert ENGINE.validate(cart).ok


def test_the_message_says_both_amounts() -> None:
    (violation,) = ENGINE.validate(cart_of(60_001, "JPY")).violations
    assert violation.message == "The order's total of ¥60,001 exceeds the limit of ¥60,000."
    assert violation.to_error()["details"]["facts"]["limit"] == {
        "value": 60_000,
        "currency": "JPY",
        "display_value": "¥60,000",
    }


@given(carts_with(plugin.MaximumOrderValueExceeded, engine=ENGINE))
def test_the_kit_can_provoke_it(case: tuple[Cart, object]) -> None:
    assert ENGINE.validate(case[0]).codes == ("MAXIMUM_ORDER_VALUE_EXCEEDED",)


@pytest.mark.parametrize(
    "settings", [{"limit": {}}, {"limits": {"usd": 1}}, {"limits": {"USD": 0}}, {"limits": {"USD": "many"}}]
)
def test_wrong_limits_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=r"plugins\.maximum_order_value\.limit"):
        Engine([plugin], settings={"maximum_order_value": settings})
