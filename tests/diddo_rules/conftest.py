"""Checks and carts that the engine's tests make on demand."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from diddo_rules import Cart, CartLine, CartStore, Cost, Money, Offer, ShippingMethod, Variant, Violation, check


class Fault(Violation):
    """Tests need a fault that is found on demand."""

    code = "FAULT"
    http_status = 422
    template = "Fault number {number}."
    remedy = "Ask for fewer faults."
    number: int


@pytest.fixture(scope="session")
def fault() -> type[Violation]:
    return Fault


@pytest.fixture(scope="session")
def make_check() -> Callable[..., Any]:
    """Make a check that does as the test says; its violation class is made for its code."""

    def make(name: str, *, code: str = "", does: Callable[..., Any] | None = None, **options: Any) -> Any:
        violation = Fault if code in {"", "FAULT"} else made_violation(code)

        def checks(cart: Cart) -> Iterator[Violation]:
            yield from () if does is None else does(cart, violation)

        checks.__name__ = checks.__qualname__ = name
        return check(yields=(violation,), **options)(checks)

    return make


def made_violation(code: str) -> type[Violation]:
    body = {"__doc__": "Made by a test.", "code": code, "http_status": 400, "template": code, "remedy": "None."}
    return type(Violation)(code.title(), (Violation,), body)


@pytest.fixture
def cart() -> Cart:
    """A valid cart of two stores with one line each."""
    price = Money(value=1000, currency="USD")
    method = ShippingMethod(id="standard", label="Standard", price=price, total=price)
    stores = tuple(
        CartStore(
            store=domain,
            cart_lines=(CartLine(quantity=1, variant=Variant(id=f"variant of {domain}", price=price)),),
            offer=Offer(subtotal=price, shipping_methods=(method,), selected_shipping_method=method),
        )
        for domain in ("one.example", "two.example")
    )
    return Cart(id="cart", cost=Cost(total=price * 4), buyer_identity={"email": "a@b.test"}, stores=stores)


@pytest.fixture(scope="session")
def make_module() -> Callable[..., ModuleType]:
    """Make a plugin of the given name, with the given members."""

    def make(name: str, **members: Any) -> ModuleType:
        module = ModuleType(name)
        vars(module).update(members)
        return module

    return make
