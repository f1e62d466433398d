# ruff: noqa: ARG001 (checks have the signature of their hook)
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from diddo_rules import (
    Cart,
    CheckSettings,
    Context,
    Engine,
    Layer,
    Money,
    PlanError,
    PluginLoadError,
    SettingsError,
    StoreSettings,
    Violation,
    check,
    hookimpl,
)
from diddo_rules.context import POINTS, Point
from diddo_rules.hookspecs import HOOK_API, retiring
from diddo_rules.policies import IoSettings
from diddo_rules.testing import cases, installed_engine


def one_fault(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield fault(at="/stores/0", number=1) if fault.fact_names() else fault(at="/stores/0")


def two_faults(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield from (fault(at="", number=1), fault(at="", number=2))


def in_each_store(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    for position in range(len(cart.stores)):
        yield fault(at=f"/stores/{position}/store", number=position)


def crash(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    raise RuntimeError("broken on purpose")
    yield


def test_warnings_and_infos_refuse_nothing(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("warns", does=one_fault, severity="warning"),
        make_check("tells", code="TOLD", does=one_fault, severity="info"),
    ]
    report = Engine(checks).validate(cart)
    assert report.ok
    assert report.http_status == 200
    assert [it.code for it in report.warnings] == ["FAULT"]
    assert [it.code for it in report.infos] == ["TOLD"]
    assert report.violations == ()
    assert report.to_dict()["warnings"][0]["code"] == "FAULT"


def test_the_settings_say_how_severe_a_finding_is(make_check: Callable[..., Any], cart: Cart) -> None:
    for severity, refused in (("error", True), ("warning", False), ("info", False)):
        checks = {"FAULT": CheckSettings(severity=severity)}
        report = Engine([make_check("one", does=one_fault, severity="warning")], checks=checks).validate(cart)
        assert report.ok is not refused


def test_a_warning_does_not_stop_at_the_first_violation(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("warns", does=one_fault, severity="warning", priority=1),
        make_check("refuses", code="B", does=one_fault, priority=2),
        make_check("late", code="C", does=one_fault, priority=3),
    ]
    report = Engine(checks, stop="first").validate(cart)
    assert report.codes == ("B",)
    assert [it.check for it in report.skipped] == ["late:late"]


def test_a_crash_of_a_check_that_only_warns_refuses_nothing(make_check: Callable[..., Any], cart: Cart) -> None:
    report = Engine([make_check("broken", does=crash, severity="warning")]).validate(cart)
    assert report.ok
    assert [(it.check, it.blocks) for it in report.crashed] == [("broken:broken", False)]


@pytest.mark.parametrize("does", [one_fault, crash])
def test_shadow_records_and_refuses_nothing(make_check: Callable[..., Any], cart: Cart, does: Any) -> None:
    checks = [make_check("new", does=does, priority=1), make_check("old", code="OLD", does=one_fault, priority=2)]
    report = Engine(checks, checks={"FAULT": CheckSettings(mode="shadow")}).validate(cart)
    assert report.codes == ("OLD",)
    assert report.ran == ("old:old",)
    assert report.crashed == ()
    assert report.shadow is not None
    assert report.shadow.ran == ("new:new",)
    assert not report.shadow.ok


def test_what_is_only_recorded_silences_nothing(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("new", does=one_fault, priority=1),
        make_check("old", code="OLD", does=one_fault, priority=2, requires=("FAULT",)),
        make_check("newer", code="NEWER", does=one_fault, priority=3, requires=("FAULT",)),
    ]
    modes = {"FAULT": CheckSettings(mode="shadow"), "NEWER": CheckSettings(mode="shadow")}
    report = Engine(checks, checks=modes).validate(cart)
    assert report.codes == ("OLD",)
    assert report.shadow is not None
    assert report.shadow.codes == ("FAULT",)
    assert [it.reason for it in report.shadow.skipped] == ["FAULT was found"]


@given(
    case=cases(),
    codes=st.sets(st.sampled_from(sorted(installed_engine().violations))),
    stop=st.sampled_from(["first", "all"]),
)
def test_to_the_shopper_shadow_is_as_good_as_off(case: Any, codes: set[str], stop: Any) -> None:
    plugins = installed_engine().plugins
    shadowed = Engine(plugins, stop=stop, checks={code: CheckSettings(mode="shadow") for code in codes})
    without = Engine(plugins, stop=stop, disable=codes)
    said, wanted = shadowed.validate(*case), without.validate(*case)
    assert said.violations == wanted.violations
    assert said.ok == wanted.ok
    assert said.ran == wanted.ran


@given(case=cases())
def test_shadowing_all_finds_in_the_shadow_what_would_be_enforced(case: Any) -> None:
    plugins = installed_engine().plugins
    everything = {plugin.name: CheckSettings(mode="shadow") for plugin in plugins}
    shadowed = Engine(plugins, checks=everything).validate(*case)
    enforced = Engine(plugins).validate(*case)
    assert shadowed.ok
    assert shadowed.shadow is not None
    assert shadowed.shadow.violations == enforced.violations
    assert shadowed.shadow.ran == enforced.ran


def test_a_mode_is_set_at_run_time_and_wins(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("one", does=one_fault)], disable=["FAULT"])
    assert engine.validate(cart).ok
    for name in ("FAULT", "one", "one:one"):
        engine.set_mode(name, "enforce")
        assert not engine.validate(cart).ok
        engine.set_mode(name, "shadow")
        assert engine.validate(cart).shadow is not None
        engine.set_mode(name, "off")
        assert engine.validate(cart).ran == ()
    with pytest.raises(SettingsError, match=r"FALT is neither .* Did you mean FAULT\?"):
        engine.set_mode("FALT", "off")


def test_the_modes_of_a_fork_are_its_own(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("one", does=one_fault)])
    fork = engine.fork()
    fork.set_mode("FAULT", "off")
    assert fork.validate(cart).ok
    assert not engine.validate(cart).ok
    assert fork.modes == {"FAULT": "off"}
    assert engine.modes == {}


def test_the_more_precise_name_wins(make_module: Callable[..., ModuleType], cart: Cart) -> None:
    class Other(Violation):
        """Found beside."""

        code = "OTHER"
        http_status = 400
        template = "Other."
        remedy = "None."

    class Another(Violation):
        """Found beside."""

        code = "ANOTHER"
        http_status = 400
        template = "Another."
        remedy = "None."

    @check()
    def finds_two(cart: Cart) -> Iterator[Other | Another]:
        yield Other(at="")
        yield Another(at="")

    tables = {
        "twins": CheckSettings(mode="off", severity="info"),
        "twins:finds_two": CheckSettings(mode="enforce"),
        "ANOTHER": CheckSettings(severity="warning"),
    }
    report = Engine([make_module("twins", finds_two=finds_two)], checks=tables).validate(cart)
    assert [it.code for it in report.infos] == ["OTHER"]
    assert [it.code for it in report.warnings] == ["ANOTHER"]


def test_points_decide_which_checks_are_asked(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("early", does=one_fault, points=("cart",)),
        make_check("usual", code="USUAL", does=one_fault),
        make_check("late", code="LATE", does=one_fault, points=("checkout",)),
    ]
    engine = Engine(checks)
    asked = {point: engine.validate(cart, Context(point=point)).codes for point in POINTS}
    assert asked == {"cart": ("FAULT",), "checkout": ("LATE", "USUAL"), "api": ("USUAL",)}
    skipped = engine.validate(cart, Context(point="cart")).skipped
    assert {it.reason for it in skipped} == {"not asked at cart"}


def test_the_settings_of_a_point_win_and_can_ask_a_check_there(make_check: Callable[..., Any], cart: Cart) -> None:
    layer = Layer(checks={"FAULT": CheckSettings(mode="enforce", severity="warning", priority=7)})
    engine = Engine(
        [make_check("one", does=one_fault)], points={"cart": layer}, checks={"FAULT": CheckSettings(mode="shadow")}
    )
    assert [it.code for it in engine.validate(cart, Context(point="cart")).warnings] == ["FAULT"]
    assert engine.validate(cart, Context(point="checkout")).shadow is not None
    assert engine.plan_at("cart").steps[0].priority == 7
    assert engine.plan_at("api").steps[0].priority == 1000


def test_a_store_can_have_its_own_policy(make_check: Callable[..., Any], cart: Cart) -> None:
    stores = {
        "one.example": Layer(checks={"FAULT": CheckSettings(severity="warning")}),
        "two.example": Layer(checks={"each": CheckSettings(mode="shadow")}),
    }
    more = replace_stores(cart, "one.example", "two.example", "three.example")
    report = Engine([make_check("each", does=in_each_store)], stores=stores).validate(more)
    assert [it.at for it in report.warnings] == ["/stores/0/store"]
    assert [it.at for it in report.violations] == ["/stores/2/store"]
    assert report.shadow is not None
    assert [it.at for it in report.shadow.violations] == ["/stores/1/store"]


def test_what_points_behind_the_last_store_has_the_general_policy(make_check: Callable[..., Any], cart: Cart) -> None:
    def behind(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
        for position in range(len(cart.stores), len(cart.stores) + 3):
            yield fault(at=f"/stores/{position}", number=position)

    stores = {"one.example": Layer(checks={"FAULT": CheckSettings(severity="warning")})}
    report = Engine([make_check("behind", does=behind)], stores=stores).validate(cart)
    assert ([it.at for it in report.violations], report.crashed) == (["/stores/2", "/stores/3", "/stores/4"], ())


@pytest.mark.parametrize("at", ["", "/cost/total", "/stores", "/stores/0"])
def test_what_is_found_in_no_store_has_the_general_policy(cart: Cart, fault: type[Violation], at: str) -> None:
    @check(yields=(fault,))
    def anywhere(cart: Cart | None, context: Context) -> Iterator[Violation]:
        yield fault(at=at, number=1)

    stores = {"one.example": Layer(checks={"FAULT": CheckSettings(severity="warning")})}
    engine = Engine([anywhere], stores=stores)
    report = engine.validate(cart)
    assert (report.codes, report.crashed) == (() if at == "/stores/0" else ("FAULT",), ())
    assert (engine.validate(None).codes, engine.validate(None).crashed) == (("FAULT",), ())


def test_what_counts_silences_what_is_only_recorded(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("old", does=one_fault, priority=1),
        make_check("new", code="NEW", does=one_fault, priority=2, requires=("FAULT",)),
    ]
    report = Engine(checks, checks={"NEW": CheckSettings(mode="shadow")}).validate(cart)
    assert report.shadow is not None
    assert [(it.check, it.reason) for it in report.shadow.skipped] == [("new:new", "FAULT was found")]


def test_words_count_by_what_they_say(make_check: Callable[..., Any], cart: Cart) -> None:
    """Words that come from elsewhere, as from JSON, equal ours and are other objects."""
    said: dict[str, Any] = {it: it.upper().lower() for it in ("first", "error", "enforce", "shadow", "off")}
    checks = [
        make_check("one", does=two_faults, severity=said["error"], priority=1),
        make_check("two", code="B", does=one_fault, priority=2, requires=("FAULT",)),
        make_check("late", code="C", does=one_fault, priority=3),
    ]
    engine = Engine(checks, stop=said["first"])
    engine.set_mode("FAULT", said["shadow"])
    engine.set_mode("B", said["shadow"])
    report = engine.validate(cart)
    assert (report.codes, report.shadow and report.shadow.codes) == (("C",), ("FAULT", "FAULT"))
    assert report.shadow is not None
    assert [it.check for it in report.shadow.skipped] == ["two:two"]
    engine.set_mode("FAULT", said["enforce"])
    assert engine.validate(cart).codes == ("FAULT",)
    engine.set_mode("FAULT", said["off"])
    report = engine.validate(cart)
    assert (report.codes, report.shadow and report.shadow.codes) == (("C",), ("B",))


def test_a_check_can_be_on_in_one_store_alone(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine(
        [make_check("each", does=in_each_store)],
        checks={"FAULT": CheckSettings(mode="off")},
        stores={"two.example": Layer(checks={"FAULT": CheckSettings(mode="enforce")})},
    )
    assert [it.at for it in engine.validate(cart).violations] == ["/stores/1/store"]


def replace_stores(cart: Cart, *domains: str) -> Cart:
    store = cart.stores[0]
    return cart.model_copy(update={"stores": tuple(store.model_copy(update={"store": it}) for it in domains)})


class Limits(BaseModel):
    most: int = 10
    colour: str = "red"


@pytest.fixture
def limited(make_module: Callable[..., ModuleType]) -> ModuleType:
    class TooMany(Violation):
        """Lines are packed by hand."""

        code = "TOO_MANY"
        http_status = 422
        template = "More than {most}, which is {colour}."
        remedy = "Take fewer."
        most: int
        colour: str

    @check(points=POINTS)
    def few_lines(cart: Cart, settings: Limits, store_settings: StoreSettings[Limits]) -> Iterator[TooMany]:
        del settings
        for position, store in enumerate(cart.stores):
            own = store_settings[store.store]
            if sum(line.quantity for line in store.cart_lines) > own.most:
                yield TooMany(at=f"/stores/{position}", most=own.most, colour=own.colour)

    return make_module(
        "limited", few_lines=few_lines, settings_model=hookimpl(specname="settings_model")(lambda: Limits)
    )


def test_settings_differ_by_point_and_by_store(limited: ModuleType, cart: Cart) -> None:
    engine = Engine(
        [limited],
        settings={"limited": {"most": 5, "colour": "blue"}},
        points={"cart": Layer(plugins={"limited": {"most": 0}})},
        stores={"two.example": Layer(plugins={"limited": {"most": 0, "colour": "green"}})},
    )
    said = {
        point: [(it.at, it.message) for it in engine.validate(cart, Context(point=point)).violations]
        for point in POINTS
    }
    assert said["api"] == [("/stores/1", "More than 0, which is green.")]
    assert said["cart"] == [("/stores/0", "More than 0, which is blue."), ("/stores/1", "More than 0, which is green.")]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"checks": {"FALT": CheckSettings()}}, r"checks: FALT is neither .* Did you mean FAULT\?"),
        (
            {"points": {"cart": Layer(checks={"onne": CheckSettings()})}},
            r"points.cart.checks: onne .* Did you mean one",
        ),
        (
            {"stores": {"a.b": Layer(plugins={"onne": {}})}},
            r"stores.a.b.plugins: onne is no plugin. Did you mean one\?",
        ),
        ({"points": {"api": Layer(plugins={"one": {}})}}, "points.api.plugins.one: this plugin has no settings"),
        *(
            (
                {"stores": {"a.b": Layer(checks={"one": CheckSettings(**{setting: value})})}},
                f"stores.a.b.checks.one.{setting}: one store of a cart cannot have its own",
            )
            for setting, value in {"priority": 1, "before": ("B",), "after": (), "on_failure": "warn"}.items()
        ),
    ],
)
def test_a_slip_in_the_policies_is_named(make_check: Callable[..., Any], options: Any, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Engine([make_check("one")], **options)


def test_settings_put_a_check_elsewhere_and_the_plan_says_why(make_check: Callable[..., Any]) -> None:
    checks = [
        make_check("one", priority=1),
        make_check("two", code="B", priority=2),
        make_check("three", code="C", priority=3),
    ]
    tables = {"C": CheckSettings(priority=0), "FAULT": CheckSettings(after=("B",))}
    plan = Engine(checks, checks=tables).plan
    assert [step.name for step in plan.steps] == ["three:three", "two:two", "one:one"]
    assert [step.placed_by for step in plan.steps] == [("checks.C.priority",), (), ("checks.FAULT.after",)]


def test_settings_that_contradict_each_other_name_the_circle(make_check: Callable[..., Any]) -> None:
    checks = [make_check("one", before=("B",)), make_check("two", code="B")]
    with pytest.raises(
        PlanError, match=r"in a circle: .*\(before=B\).*\(before=FAULT\)|\(before=FAULT\).*\(before=B\)"
    ):
        Engine(checks, checks={"B": CheckSettings(before=("FAULT",))})


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ((HOOK_API + 1, HOOK_API + 2), "written for the versions 2 to 3 of the hook API, and this is 1"),
        ((0, HOOK_API - 1), "written for the versions"),
        ("1", "must be two numbers"),
        ((2, 1), "must be two numbers"),
    ],
)
def test_a_plugin_for_another_hook_api_is_refused(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType], declared: Any, complaint: str
) -> None:
    plugin = make_module("foreign", one=make_check("one"), DIDDO_HOOK_API=declared)
    with pytest.raises(PluginLoadError, match=complaint):
        Engine([plugin])


def test_a_plugin_that_names_this_hook_api_is_taken(
    make_check: Callable[..., Any], make_module: Callable[..., ModuleType], cart: Cart
) -> None:
    assert Engine([make_module("own", one=make_check("one"), DIDDO_HOOK_API=(HOOK_API, HOOK_API))]).validate(cart).ran


def test_a_hook_that_goes_warns_who_implements_it() -> None:
    import pluggy  # noqa: PLC0415  only here is it used by itself

    manager, spec, impl = pluggy.PluginManager("toy"), pluggy.HookspecMarker("toy"), pluggy.HookimplMarker("toy")

    class Specs:
        @spec(warn_on_impl=retiring("old_hook", gone_in="2.0", instead="new_hook"))
        def old_hook(self) -> None: ...

    class Plugin:
        @impl
        def old_hook(self) -> None: ...

    manager.add_hookspecs(Specs)
    with pytest.warns(DeprecationWarning, match=r"old_hook goes in diddo-rules 2\.0: implement new_hook instead"):
        manager.register(Plugin())


def test_amounts_in_messages_are_the_same_in_each_language() -> None:
    for violation in installed_engine().violations.values():
        assert set(violation.translations) >= {"de", "fr", "es", "ja", "ar"}
    assert str(Money(value=1, currency="USD")) == "$0.01"


def test_a_report_knows_its_cart(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("one", does=one_fault)])
    assert engine.validate(cart).cart_id == cart.id
    assert replace(engine.validate(cart), cart_id=None) == engine.validate(cart)


@pytest.mark.parametrize("point", POINTS)
def test_points_at_which_the_same_holds_share_a_plan(make_check: Callable[..., Any], point: Point) -> None:
    engine = Engine([make_check("one")])
    same = engine.plan_at(point) is engine.plan_at("api")
    assert same is (point != "cart")


def test_a_mode_that_makes_a_circle_changes_nothing(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [make_check("one", before=("B",)), make_check("two", code="B", before=("FAULT",))]
    engine = Engine(checks, disable=["B"])
    with pytest.raises(PlanError, match="in a circle"):
        engine.set_mode("B", "enforce")
    assert engine.modes == {}
    assert engine.validate(cart).ran == ("one:one",)


def test_of_several_modes_that_mean_one_check_the_last_that_was_said_counts(
    make_check: Callable[..., Any], cart: Cart
) -> None:
    engine = Engine([make_check("one", does=one_fault), make_check("two", code="B")])
    for name, mode, said in (
        ("one", "off", [("one", "off")]),
        ("FAULT", "shadow", [("one", "off"), ("FAULT", "shadow")]),
        ("two", "off", [("one", "off"), ("FAULT", "shadow"), ("two", "off")]),
        ("ONE".lower(), "off", [("FAULT", "shadow"), ("two", "off"), ("one", "off")]),
        ("FAULT", "enforce", [("two", "off"), ("one", "off"), ("FAULT", "enforce")]),
    ):
        engine.set_mode(name, mode)
        assert list(engine.modes.items()) == said
        modes = {it.plugin: it.mode for it in engine.plan.every_step()}
        assert modes["two" if name == "two" else "one"] == mode
    assert engine.validate(cart).codes == ("FAULT",)


def test_io_checks_have_a_second_and_five_failures_close_a_circuit_for_half_a_minute() -> None:
    assert IoSettings().model_dump() == {"budget": 1.0, "breaker_failures": 5, "breaker_seconds": 30.0}
    for fine in ({"budget": 60}, {"budget": 0.01}, {"breaker_failures": 1}, {"breaker_seconds": 0.5}):
        IoSettings(**fine)
    for wrong in ({"budget": 0}, {"budget": 60.5}, {"breaker_failures": 0}, {"breaker_seconds": 0}):
        with pytest.raises(ValidationError):
            IoSettings(**wrong)


NAMES = ["one", "one:one", "FAULT"]


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_a_check_or_a_code_is_put_elsewhere(make_check: Callable[..., Any], name: str) -> None:
    checks = [make_check("one", priority=1), make_check("two", code="B", priority=2)]
    plan = Engine(checks, checks={name: CheckSettings(priority=3)}).plan
    assert [step.plugin for step in plan.steps] == ["two", "one"]
    assert plan.steps[1].placed_by == (f"checks.{name}.priority",)


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_a_check_or_a_code_is_asked_at_a_point(make_check: Callable[..., Any], cart: Cart, name: str) -> None:
    points: dict[Point, Layer] = {"cart": Layer(checks={name: CheckSettings(mode="enforce")})}
    engine = Engine([make_check("one", does=one_fault, points=("api",))], points=points)
    assert not engine.validate(cart, Context(point="cart")).ok
    assert engine.validate(cart, Context(point="checkout")).ok


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_a_check_or_a_code_differs_in_a_store(make_check: Callable[..., Any], cart: Cart, name: str) -> None:
    stores = {"one.example": Layer(checks={name: CheckSettings(severity="info")})}
    report = Engine([make_check("one", does=in_each_store)], stores=stores).validate(cart)
    assert ([it.at for it in report.infos], len(report.violations)) == (["/stores/0/store"], 1)
