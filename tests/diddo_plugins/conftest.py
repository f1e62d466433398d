"""The same verdict for the same commit: unless a profile is asked for, examples are drawn without chance."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from diddo_rules import Cart, Context, Engine
from diddo_rules.testing import gen_cart, register_profiles, replayed

if settings.get_current_profile_name() == "default":
    register_profiles()
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def whole() -> dict[str, Any]:
    """A valid cart of two stores with one line each, as JSON has it."""
    cart = gen_cart(replayed([0, 2, 0]))  # a plain cart, whose first line is followed by one of a new store
    assert [len(store.cart_lines) for store in cart.stores] == [1, 1]
    return cart.model_dump(mode="json")


@pytest.fixture(scope="session")
def found(diddo_engine: Engine) -> Callable[..., list[tuple[str, str]]]:
    """Return the code and the place of everything found in a cart given as JSON."""

    def found(cart: dict[str, Any] | None, **context: Any) -> list[tuple[str, str]]:
        held = None if cart is None else Cart.model_validate(cart)
        report = diddo_engine.validate(held, Context(**context))
        assert not report.crashed
        return [(violation.code, violation.at) for violation in report.violations]

    return found
