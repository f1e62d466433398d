# ruff: noqa: ARG001 (checks have the signature of their hook)
import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diddo_rules import (
    Cart,
    Case,
    Context,
    DiddoError,
    Engine,
    IoSettings,
    Money,
    PluginLoadError,
    RulesSettings,
    Settings,
    Violation,
    check,
)
from diddo_rules.testing import PROPERTIES, PluginFault, Subject, check_plugin, gen_cart, installed_engine, seeded
from diddo_rules.testing.comparing import merged, private, snapshot, value_at
from diddo_rules.testing.damage import gen_damaged
from diddo_rules.testing.limits import gen_near, limits_of
from diddo_rules.testing.properties import complaints_about
from diddo_rules.testing.trying import smallest_complaint
from diddo_rules.tracking import covers

HERE = Path(__file__).parent
BROKEN = HERE / "broken_plugins"
EXAMPLE = HERE.parents[1] / "examples" / "maximum_order_value" / "maximum_order_value.py"
FIRST_PARTY = ("buyer_identity", "cart", "cart_lines", "cost", "shipping", "stores")
CAUGHT_BY = {path.stem: path.stem.replace("_", "-") for path in sorted(BROKEN.glob("*.py"))} | {
    "hangs": "within-budget",
    "reads_in_secret": "reads",
    "wrong_way_round": "valid-passes",
}


def fresh(plugin: str) -> Subject:
    """The plugin newly loaded, so that it remembers nothing."""
    seconds = 0.3 if CAUGHT_BY[plugin] == "within-budget" else 30.0  # a busy machine is no finding
    rules = RulesSettings(load=(f"./{plugin}.py",))
    return Subject.of(plugin, Engine.from_settings(Settings(rules=rules, directory=BROKEN)), seconds=seconds)


def test_there_is_a_broken_plugin_for_each_property() -> None:
    assert set(CAUGHT_BY.values()) == {it.name for it in PROPERTIES}


@pytest.mark.parametrize("plugin", CAUGHT_BY)
def test_each_broken_plugin_is_caught_by_the_property_that_is_meant_to(plugin: str) -> None:
    (judged,) = (it for it in PROPERTIES if it.name == CAUGHT_BY[plugin])
    complaint = smallest_complaint(judged.judge, fresh(plugin), count=400, seed=1)
    assert complaint is not None
    assert (complaint.property, complaint.plugin) == (judged.name, plugin)
    assert complaint.check is None or complaint.check.startswith(f"{plugin}:")
    assert str(complaint).startswith(f"{judged.name}: {plugin}")


@pytest.mark.parametrize("plugin", CAUGHT_BY)
def test_and_by_no_other(plugin: str) -> None:
    for judged in PROPERTIES:
        if judged.name == CAUGHT_BY[plugin]:
            if judged.fundamental:
                return
            continue
        subject, pick = fresh(plugin), seeded(1)
        assert [it for _ in range(15) if (it := judged.judge(subject, pick))] == [], judged.name


@pytest.mark.parametrize("plugin", FIRST_PARTY)
def test_our_own_plugins_keep_all(plugin: str) -> None:
    check_plugin(plugin, count=25)


@pytest.mark.parametrize("limits", [{}, {"USD": 500_00}, {"JPY": 1, "USD": 10**9}])
def test_the_example_keeps_all_whatever_its_settings(limits: dict[str, int]) -> None:
    check_plugin(str(EXAMPLE), settings={"limits": limits}, count=25)


def test_a_limit_is_met_and_passed_by_one_and_missed_by_one() -> None:
    engine = Engine.from_settings(
        Settings(rules=RulesSettings(load=(str(EXAMPLE),)), plugins={EXAMPLE.stem: {"limits": {"USD": 500_00}}})
    )
    subject, pick = Subject.of(EXAMPLE.stem, engine), seeded(1)
    totals = {case.cart.cost.total for case in (subject.gen_case(pick) for _ in range(2000))}
    assert totals >= {Money(value=500_00 + it, currency="USD") for it in (-1, 0, 1)}


def test_faults_are_raised_together_and_say_all(make_check: Callable[..., Any]) -> None:
    with pytest.raises(PluginFault) as raised:
        check_plugin(make_check("never", does=lambda _cart, fault: [fault(at="/nowhere", number=1)]), count=30)
    assert [it.property for it in raised.value.complaints] == ["points-at-a-place", "valid-passes"]
    assert isinstance(raised.value, AssertionError)
    for said in ("points-at-a-place: never:never: it points at '/nowhere'", '{"cart": {"id": "cart_'):
        assert said in str(raised.value)


def test_the_same_seed_says_the_same() -> None:
    def said(seed: int) -> list[str]:
        subject = fresh("second_fault")
        return [str(smallest_complaint(it.judge, subject, count=80, seed=seed)) for it in PROPERTIES[-5:]]

    assert said(5) == said(5)


@pytest.mark.parametrize(
    ("plugin", "options", "error", "said"),
    [
        ("cost", {"without": ["purr"]}, DiddoError, "no property purr. Did you mean pure"),
        ("./nowhere.py", {}, PluginLoadError, "nowhere"),
    ],
)
def test_what_cannot_be_tried_is_refused(plugin: str, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        check_plugin(plugin, **options)
    with pytest.raises(PluginLoadError, match=r"no plugin cots\. Did you mean cost"):
        Subject.of("cots", installed_engine())


def test_a_mutator_that_fails_is_named(make_module: Callable[..., Any], fault: Any, make_check: Any) -> None:
    def mutators() -> Any:
        return {fault: lambda _cart, _context, pick: 1 // (pick(1) * 0)}

    from diddo_rules import hookimpl  # noqa: PLC0415 (the decorator marks this one function)

    module = make_module("failing", does=make_check("sound"), mutators=hookimpl(mutators))
    with pytest.raises(PluginFault) as raised:
        check_plugin(module, count=20)
    (complaint,) = raised.value.complaints
    assert complaint.property == "broken-alone"
    assert complaint.message.startswith("the mutator of FAULT failed: ZeroDivisionError")


def test_a_crash_is_told_in_one_line_with_what_pydantic_says_of_it(make_check: Callable[..., Any]) -> None:
    def changes(cart: Cart, fault: Any) -> Iterator[Violation]:
        cart.id = "mine"  # type: ignore[misc]  # which is what is wrong
        yield fault(at="")

    with pytest.raises(
        PluginFault, match=r"ValidationError: 1 validation error for Cart, id, Instance is frozen \[.*\]\n"
    ):
        check_plugin(make_check("one", does=changes), count=5)


def test_a_template_that_cannot_be_filled_in_is_named_and_stops_no_other_property() -> None:
    class Unspeakable(Violation):
        """Its number has no name."""

        code = "UNSPEAKABLE"
        http_status = 422
        template = "It is {number.name}."
        remedy = "Mend the rule."
        number: int

    @check()
    def refuses(cart: Cart) -> Iterator[Unspeakable]:
        yield Unspeakable(at="", number=len(cart.stores))

    with pytest.raises(PluginFault) as caught:
        check_plugin(refuses, count=5)
    assert [it.property for it in caught.value.complaints] == ["renders", "valid-passes"]
    assert "fails with AttributeError" in caught.value.complaints[0].message


def test_io_checks_are_judged_as_well(fault: Any) -> None:
    @check(yields=(fault,))
    async def stock_is_enough(cart: Cart) -> Any:
        await asyncio.sleep(0)
        return [fault(at="/stock", number=1)] if cart.buyer_identity is None else []

    with pytest.raises(PluginFault) as raised:
        check_plugin(stock_is_enough, count=20)
    assert [it.property for it in raised.value.complaints] == ["points-at-a-place"]


@pytest.mark.parametrize("heeds", [True, False])
def test_an_io_check_that_never_answers_is_named_by_its_hanging(fault: Any, *, heeds: bool) -> None:
    @check(yields=(fault,))
    async def never_answers(cart: Cart) -> Any:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if heeds:
                    raise

    engine = Engine([never_answers], io=IoSettings(budget=0.02))
    found = [it for _, it in complaints_about(Subject.of("never_answers", engine), count=5) if it]
    assert [(it.property, it.check, it.message) for it in found] == [
        ("within-budget", "never_answers:never_answers", "it hangs: the check took longer than 0.02 s")
    ]


def test_an_io_check_that_is_down_is_named_by_what_it_raises_and_not_by_its_circuit_breaker(fault: Any) -> None:
    @check(yields=(fault,))
    async def is_down(cart: Cart) -> Any:
        raise ConnectionError("connection refused")

    with pytest.raises(PluginFault) as raised:
        check_plugin(is_down, count=20)
    [complaint] = raised.value.complaints
    assert (complaint.property, complaint.message) == ("never-crashes", "ConnectionError: connection refused")


def test_checks_that_are_asked_elsewhere_are_judged_there(fault: Any) -> None:
    @check(yields=(fault,), points=("cart",))
    def only_while_shopping(cart: Cart) -> Iterator[Any]:
        if cart.buyer_identity is None:
            yield fault(at="/nowhere", number=1)

    with pytest.raises(PluginFault) as raised:
        check_plugin(only_while_shopping, count=30)
    (complaint,) = raised.value.complaints
    assert complaint.case.context.point == "cart"
    assert '"point": "cart"' in str(complaint)


SPARED = st.lists(st.sampled_from(["cost", "cost.total", "stores.store", "stores.offer", "buyer_identity.email"]))


@settings(max_examples=50)
@given(st.integers(0, 2**32), SPARED)
def test_damage_is_such_that_json_could_bring_it_and_spares_what_it_is_told_to(seed: int, spare: list[str]) -> None:
    pick = seeded(seed)
    cart = gen_cart(pick)
    damaged = gen_damaged(pick, cart, spare=spare)
    assert Cart.model_validate_json(damaged.model_dump_json()) == damaged
    for path in spare:
        if not covers([it for it in spare if it != path], path):
            assert values_at(damaged, path.split(".")) == values_at(cart, path.split("."))


def values_at(value: Any, names: list[str]) -> Any:
    if isinstance(value, tuple):
        return [values_at(it, names) for it in value]
    return values_at(getattr(value, names[0]), names[1:]) if names and value is not None else value


@pytest.mark.parametrize(
    "change",
    [
        lambda cart: object.__setattr__(cart.stores[0].cart_lines[0], "quantity", 77),
        lambda cart: vars(cart).update(note="seen"),
        lambda cart: vars(cart.stores[0].offer.selected_shipping_method.price).update(value=1),
        lambda cart: vars(cart).update(stores=cart.stores * 2),
    ],
)
def test_no_change_goes_unnoticed_and_none_reaches_the_original(change: Callable[[Cart], None]) -> None:
    case = Case(gen_cart(seeded(3)), Context())
    before = snapshot(case.cart)
    copy = private(case)
    assert copy == case
    change(copy.cart)
    assert snapshot(copy.cart) != before
    assert snapshot(case.cart) == before


def test_two_changes_are_merged_unless_they_are_of_the_same_thing() -> None:
    cart = gen_cart(seeded(3))
    valid = Case(cart, Context())
    without_cost = valid._replace(cart=cart.model_copy(update={"cost": None}))
    without_buyer = valid._replace(cart=cart.model_copy(update={"buyer_identity": None}))
    opened = valid._replace(context=Context(checkout_session_open=True))
    both = merged(valid, without_cost, without_buyer)
    assert (both.cart.cost, both.cart.buyer_identity, both.cart.stores) == (None, None, cart.stores)
    assert merged(valid, without_cost, opened) == Case(without_cost.cart, opened.context)
    other_cost = valid._replace(cart=cart.model_copy(update={"cost": cart.cost.model_copy(update={"tax": None})}))
    assert merged(valid, without_cost, other_cost) is None
    assert merged(valid, without_cost, valid._replace(cart=None)) is None


@pytest.mark.parametrize("pointer", ["/nothing", "/stores/99", "/stores/x", "/cost/total/value/0", "/stores/-1"])
def test_a_pointer_to_nothing_leads_nowhere(pointer: str) -> None:
    with pytest.raises(LookupError, match=pointer):
        value_at(gen_cart(seeded(3)), pointer)


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 10**9))
def test_a_cart_near_a_limit_is_valid_and_adds_up(seed: int, limit: int) -> None:
    pick = seeded(seed)
    cart = gen_near(pick, gen_cart(pick), [limit])
    assert installed_engine().validate(cart).ok
    currency = cart.cost.total.currency
    lines = [(line.variant.price, line.quantity) for store in cart.stores for line in store.cart_lines]
    assert cart.cost.subtotal == Money.total((price * quantity for price, quantity in lines), currency=currency)
    assert cart.cost.total == cart.cost.subtotal + cart.cost.tax + cart.cost.shipping


LIMIT = 41


def test_limits_are_found_in_code_and_constants(fault: Any) -> None:
    @check(yields=(fault,))
    def few(cart: Cart) -> Iterator[Any]:
        if len(cart.stores) > LIMIT or any(len(store.cart_lines) > 43 for store in cart.stores):
            yield fault(at="/stores", number=1)

    assert set(limits_of(Engine([few]).plan.steps)) >= {LIMIT, 43}


def test_what_only_warns_may_be_found_in_a_valid_cart() -> None:
    class Heavy(Violation):
        """Heavy parcels take longer."""

        code = "HEAVY"
        http_status = 400
        template = "This takes a day longer."
        remedy = "Wait."

    @check(severity="warning", reads=("stores",))
    def parcels_are_light(cart: Cart) -> Iterator[Heavy]:
        """Says so of each cart that has something in it."""
        if cart.stores:
            yield Heavy(at="/stores")

    check_plugin(parcels_are_light, count=20, without=("broken-alone", "remedied"))
