# ruff: noqa: ARG001, ARG002, ARG005 (checks have the signature of their hook)
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from diddo_rules import (
    Cart,
    Case,
    CheckSettings,
    Context,
    Engine,
    PlanError,
    PluginLoadError,
    SettingsError,
    Violation,
    check,
    compiled,
    hookimpl,
)


def one_fault(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield fault(at="", number=1)


def two_faults(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield fault(at="/stores/0", number=1)
    yield fault(at="/stores/1", number=2)


def crash(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    raise RuntimeError("broken on purpose")
    yield


def late_crash(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
    yield fault(at="", number=1)
    raise RuntimeError("broken on purpose")


def test_a_clean_cart_is_ok(make_check: Callable[..., Any], cart: Cart) -> None:
    report = Engine([make_check("one"), make_check("two", code="B")]).validate(cart)
    assert report.ok
    assert report.http_status == 200
    assert set(report.ran) == {"one:one", "two:two"}
    assert report.violations == report.skipped == report.crashed == ()


def test_an_engine_without_checks_finds_nothing(cart: Cart) -> None:
    assert Engine().validate(cart).ok


def test_all_violations_are_reported_in_the_order_of_the_plan(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [make_check("two", does=two_faults, priority=1), make_check("quiet", code="B", priority=2)]
    report = Engine(checks).validate(cart)
    assert not report.ok
    assert report.http_status == 422
    assert [violation.number for violation in report.violations] == [1, 2]
    assert report.codes == ("FAULT", "FAULT")
    assert report.ran == ("two:two", "quiet:quiet")


def test_a_check_may_return_a_list(make_check: Callable[..., Any], cart: Cart) -> None:
    report = Engine([make_check("listed", does=lambda cart, fault: list(two_faults(cart, fault)))]).validate(cart)
    assert [violation.number for violation in report.violations] == [1, 2]


def test_stopping_at_the_first_violation_says_what_was_not_asked(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [make_check("two", does=two_faults, priority=1), make_check("quiet", code="B", priority=2)]
    report = Engine(checks, stop="first").validate(cart)
    assert [violation.number for violation in report.violations] == [1]
    assert report.ran == ("two:two",)
    assert [(it.check, it.reason) for it in report.skipped] == [
        ("quiet:quiet", "stopped at the first violation, FAULT")
    ]


def test_a_check_is_skipped_once_what_it_requires_is_known_to_be_missing(
    make_check: Callable[..., Any], cart: Cart
) -> None:
    checks = [
        make_check("ground", does=one_fault, priority=1),
        make_check("needy", code="B", priority=2, requires=("FAULT",), does=crash),
        make_check("free", code="C", priority=3),
    ]
    report = Engine(checks).validate(cart)
    assert report.codes == ("FAULT",)
    assert report.ran == ("ground:ground", "free:free")
    assert [(it.check, it.plugin, it.reason) for it in report.skipped] == [("needy:needy", "needy", "FAULT was found")]
    assert not report.crashed


@pytest.mark.parametrize("broken", [crash, late_crash])
def test_a_crash_is_isolated_and_never_taken_for_valid(make_check: Callable[..., Any], cart: Cart, broken: Any) -> None:
    checks = [
        make_check("before", code="A", priority=1),
        make_check("broken", does=broken, priority=2),
        make_check("after", code="C", priority=3),
    ]
    report = Engine(checks).validate(cart)
    assert not report.ok
    assert report.ran == ("before:before", "broken:broken", "after:after")
    crashed = report.crashed[0]
    assert (crashed.check, crashed.plugin) == ("broken:broken", "broken")
    assert (crashed.exception, crashed.message) == ("RuntimeError", "broken on purpose")
    assert len(report.crashed) == 1


def test_only_crashes_are_our_fault_and_a_violation_is_the_carts(make_check: Callable[..., Any], cart: Cart) -> None:
    assert Engine([make_check("broken", does=crash)]).validate(cart).http_status == 500
    assert Engine([make_check("broken", does=late_crash)]).validate(cart).http_status == 422


def no_results(cart: Cart, fault: type[Violation]) -> None:
    return None


class HatesText(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def raiser(error: Any) -> Any:
    def does(cart: Cart, fault: type[Violation]) -> Never:
        raise error

    return does


@pytest.mark.parametrize(
    ("does", "exception", "message"),
    [
        (raiser(SystemExit(3)), "SystemExit", "3"),
        (raiser(HatesText()), "HatesText", "<exception str() failed>"),
        (raiser(TypeError("inside")), "TypeError", "inside"),
        (lambda cart, fault: iter(["text"]), "NotAViolation", "the check yielded 'text', which is no violation"),
        (lambda cart, fault: [None], "NotAViolation", "the check yielded None, which is no violation"),
        (lambda cart, fault: iter([fault]), "NotAViolation", "which is no violation"),
    ],
)
def test_whatever_a_check_does_wrong_is_told(
    make_check: Callable[..., Any], cart: Cart, does: Any, exception: str, message: str
) -> None:
    report = Engine([make_check("wrong", does=does), make_check("next", code="Z")]).validate(cart)
    assert report.crashed[0].exception == exception
    assert message in report.crashed[0].message
    assert report.ran == ("wrong:wrong", "next:next")


@pytest.mark.parametrize("earlier", [None, one_fault])
def test_a_check_that_breaks_when_it_is_called_is_isolated_too(
    make_check: Callable[..., Any], cart: Cart, earlier: Any
) -> None:
    other = make_check("other", code="OTHER").diddo_check.yields[0]

    @check(yields=(other,), priority=2)
    def no_generator(cart: Cart) -> Any:
        raise RuntimeError("broken on purpose")

    report = Engine([make_check("earlier", does=earlier, priority=1), no_generator]).validate(cart)
    assert [(it.exception, it.message) for it in report.crashed] == [("RuntimeError", "broken on purpose")]
    assert report.ran == ("earlier:earlier", "no_generator:no_generator")


def test_what_is_no_violation_hides_none_behind_it(cart: Cart, fault: type[Violation]) -> None:
    @check(yields=(fault,))
    def mixed(cart: Cart) -> Any:
        return [None, fault(at="", number=1), "text", fault(at="", number=2)]

    report = Engine([mixed]).validate(cart)
    assert (len(report.crashed), [it.number for it in report.violations]) == (2, [1, 2])


@pytest.mark.parametrize("returned", [None, 3, object()])
def test_a_check_without_a_yield_is_told_apart(cart: Cart, fault: type[Violation], returned: Any) -> None:
    @check(yields=(fault,))
    def forgetful(cart: Cart) -> Any:
        return returned

    crashed = Engine([forgetful]).validate(cart).crashed[0]
    assert crashed.exception == "NotAViolation"
    assert "is a yield missing?" in crashed.message


def test_a_violation_that_is_not_declared_is_told(
    make_check: Callable[..., Any], cart: Cart, fault: type[Violation]
) -> None:
    report = Engine([make_check("sly", code="OTHER", does=lambda cart, _: [fault(at="", number=1)])]).validate(cart)
    assert report.crashed[0].exception == "UndeclaredViolation"
    assert "Fault, which it does not declare" in report.crashed[0].message
    assert not report.violations


def test_an_interrupt_is_not_swallowed(make_check: Callable[..., Any], cart: Cart) -> None:
    with pytest.raises(KeyboardInterrupt):
        Engine([make_check("slow", does=raiser(KeyboardInterrupt()))]).validate(cart)


BEHAVIOURS = {"quiet": None, "one": one_fault, "two": two_faults, "crash": crash, "late": late_crash}


@given(st.lists(st.sampled_from(sorted(BEHAVIOURS)), max_size=6))
def test_no_check_hides_what_another_has_to_say(make_check: Callable[..., Any], behaviours: Any) -> None:
    """Isolation: a plan of many checks reports what plans of each alone report, one after the other."""
    checks = [
        make_check(f"c{number}", does=BEHAVIOURS[behaviour], priority=number)
        for number, behaviour in enumerate(behaviours)
    ]
    cart = Cart(id="1")
    together = Engine(checks).validate(cart)
    alone = [Engine([it]).validate(cart) for it in checks]
    assert together.violations == tuple(found for report in alone for found in report.violations)
    assert together.crashed == tuple(broken for report in alone for broken in report.crashed)
    assert len(together.ran) == len(checks)


def test_a_cart_that_does_not_exist_is_shown_only_to_checks_that_take_none(
    make_check: Callable[..., Any], fault: type[Violation]
) -> None:
    @check(yields=(fault,), priority=1)
    def exists(cart: Cart | None, context: Context) -> Any:
        if cart is None:
            yield fault(at="", number=0)

    report = Engine([exists, make_check("needs_cart", code="B", does=crash)]).validate(None)
    assert report.codes == ("FAULT",)
    assert [it.reason for it in report.skipped] == ["there is no cart"]
    assert not report.crashed


def test_a_check_is_given_just_the_arguments_it_names(cart: Cart, fault: type[Violation]) -> None:
    seen = {}

    @check(yields=(fault,))
    def context_only(context: Context) -> Any:
        seen["context"] = context
        return ()

    @check(yields=(fault,))
    def both(context: Context, cart: Cart) -> Any:
        seen["both"] = (context, cart)
        return ()

    context = Context(cart_id="7")
    assert Engine([context_only, both]).validate(cart, context).ok
    assert seen == {"context": context, "both": (context, cart)}


def test_switching_by_code_and_by_plugin(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [make_check("one", does=one_fault), make_check("two", code="B")]
    assert Engine(checks, disable=["FAULT"]).validate(cart).ran == ("two:two",)
    assert Engine(checks, disable=["two"]).validate(cart).ran == ("one:one",)
    assert Engine(checks, enable=["two"]).validate(cart).ran == ("two:two",)
    assert Engine(checks, enable=["FAULT"]).validate(cart).ran == ("one:one",)
    skipped = Engine(checks, disable=["one"]).validate(cart).skipped
    assert [(it.check, it.reason) for it in skipped] == [("one:one", "switched off in the settings")]


def test_one_code_of_a_check_that_has_two_is_switched_off_alone(
    make_check: Callable[..., Any], cart: Cart, fault: type[Violation]
) -> None:
    other = make_check("other", code="OTHER").diddo_check.yields[0]

    @check(yields=(fault, other))
    def both(cart: Cart) -> Any:
        yield fault(at="", number=1)
        yield other(at="")

    assert Engine([both]).validate(cart).codes == ("FAULT", "OTHER")
    assert Engine([both], disable=["FAULT"]).validate(cart).codes == ("OTHER",)
    assert Engine([both], enable=["FAULT"]).validate(cart).codes == ("FAULT",)
    assert Engine([both], disable=["FAULT"]).validate(cart).shadow is None


def test_a_warning_of_a_check_does_not_keep_its_own_errors_back(
    make_check: Callable[..., Any], cart: Cart, fault: type[Violation]
) -> None:
    other = make_check("other", code="OTHER").diddo_check.yields[0]

    @check(yields=(fault, other))
    def both(cart: Cart) -> Any:
        yield from (other(at=""), fault(at="", number=1), fault(at="", number=2))

    report = Engine([both], stop="first", checks={"OTHER": CheckSettings(severity="warning")}).validate(cart)
    assert ([it.code for it in report.warnings], report.codes) == (["OTHER"], ("FAULT",))


def test_without_a_time_limit_nothing_is_wrapped_around_a_validation(make_check: Callable[..., Any]) -> None:
    judge = compiled.compile_plan(Engine([make_check("one")]).plan)
    assert compiled.limited(judge, None) is judge
    assert compiled.limited(judge, 1.0) is not judge


@pytest.mark.parametrize("switch", ["enable", "disable"])
@pytest.mark.parametrize(("word", "meant"), [("FALT", "FAULT"), ("onne", "one")])
def test_an_unknown_switch_is_an_error_that_offers_what_was_meant(
    make_check: Callable[..., Any], switch: str, word: str, meant: str
) -> None:
    with pytest.raises(SettingsError, match=rf"rules.{switch}: {word} .*Did you mean {meant}\?"):
        Engine([make_check("one")], **{switch: [word]})


def test_plugins_come_and_go_in_a_living_engine(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("quiet", code="B")])
    assert engine.validate(cart).ok
    engine.register(make_check("loud", does=one_fault))
    assert engine.validate(cart).codes == ("FAULT",)
    assert [plugin.name for plugin in engine.plugins] == ["loud", "quiet"]
    engine.unregister("loud")
    assert engine.validate(cart).ok
    assert [step.name for step in engine.plan.steps] == ["quiet:quiet"]
    with pytest.raises(PluginLoadError, match="Did you mean quiet"):
        engine.unregister("quite")


def test_mutators_follow_the_plugins(make_check: Callable[..., Any], make_module: Callable[..., ModuleType]) -> None:
    engine = Engine([make_check("quiet", code="B")])
    assert engine.mutators() == {}
    loud = make_check("loud")
    offered = {loud.diddo_check.yields[0]: lambda cart, context, pick: Case(cart, context)}
    offer = hookimpl(specname="mutators")(lambda: offered)
    engine.register(make_module("loud", loud=loud, mutators=offer))
    assert engine.mutators() == offered
    engine.unregister("loud")
    assert engine.mutators() == {}


def test_a_plugin_that_does_not_fit_leaves_a_living_engine_as_it_was(
    make_check: Callable[..., Any], cart: Cart
) -> None:
    engine = Engine([make_check("one", code="SAME")])
    with pytest.raises(PlanError, match="share the code SAME"):
        engine.register(make_check("two", code="SAME"))
    assert engine.validate(cart).ran == ("one:one",)
    assert [plugin.name for plugin in engine.plugins] == ["one"]


def test_a_plugin_that_is_switched_off_can_go(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("one"), make_check("two", code="B")], disable=["FAULT"])
    engine.unregister("one")
    assert engine.validate(cart).ran == ("two:two",)


class Limits(BaseModel):
    most: int = 3


@pytest.fixture
def limited(fault: type[Violation], make_module: Callable[..., ModuleType]) -> ModuleType:
    @check(yields=(fault,))
    def limit(cart: Cart, settings: Limits) -> Iterator[object]:
        if len(cart.stores) > settings.most:
            yield fault(at="", number=settings.most)

    @hookimpl
    def settings_model() -> Any:
        return Limits

    return make_module("limited", limit=limit, settings_model=settings_model)


def test_a_plugin_is_given_its_own_settings(limited: ModuleType, cart: Cart) -> None:
    assert Engine([limited]).validate(cart).ok
    report = Engine([limited], settings={"limited": {"most": 1}}).validate(cart)
    assert report.violations[0].number == 1


def test_a_plugin_can_go_and_leave_its_settings_behind(limited: ModuleType, cart: Cart) -> None:
    engine = Engine([limited], settings={"limited": {"most": 1}})
    engine.unregister("limited")
    assert engine.validate(cart).ok


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"limited": {"mots": 1}}, r"diddo.toml: plugins.limited.mots: .* Did you mean most\?"),
        ({"limited": {"most": "many"}}, r"diddo.toml: plugins.limited.most: Input should be a valid integer"),
        ({"limted": {}}, r"plugins.limted: there is no such plugin. Did you mean limited\?"),
    ],
)
def test_wrong_settings_of_a_plugin_are_refused(limited: ModuleType, settings: Any, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Engine([limited], settings=settings, origins={"plugins.limited": "diddo.toml"})


def test_settings_for_a_plugin_that_has_none_are_refused(make_check: Callable[..., Any]) -> None:
    with pytest.raises(SettingsError, match=r"plugins.one: this plugin has no settings"):
        Engine([make_check("one")], settings={"one": {"a": 1}})


def fails() -> Any:
    raise RuntimeError("no model today")


@pytest.mark.parametrize(
    ("declare", "complaint"),
    [
        (fails, "plugin limited: settings_model failed: .*no model today"),
        (lambda: {"most": 3}, "settings_model returned {'most': 3}, which is no model"),
        (lambda: int, "which is no model"),
    ],
)
def test_what_is_no_settings_model_is_refused(limited: ModuleType, declare: Any, complaint: str) -> None:
    limited.settings_model = hookimpl(specname="settings_model")(declare)
    with pytest.raises(PluginLoadError, match=complaint):
        Engine([limited])


def test_a_check_cannot_take_settings_that_nobody_declares(limited: ModuleType) -> None:
    del limited.settings_model
    with pytest.raises(PlanError, match="limit takes settings, so the plugin must implement the hook settings_model"):
        Engine([limited])


def test_a_plugin_that_implements_nothing_is_refused(make_module: Callable[..., ModuleType]) -> None:
    with pytest.raises(PluginLoadError, match=r"plugin empty .* is @check missing\?"):
        Engine([make_module("empty")])


def test_an_unknown_hook_is_refused(make_module: Callable[..., ModuleType]) -> None:
    @hookimpl
    def check_crat(cart: Cart) -> Any:
        return []

    with pytest.raises(PluginLoadError, match=r"check_crat.* Known: around_validation, check_cart, "):
        Engine([make_module("typo", check_crat=check_crat)])


def test_an_unknown_argument_is_refused(fault: type[Violation]) -> None:
    @check(yields=(fault,))
    def curious(cart: Cart, customer: Any) -> Any:
        return []

    with pytest.raises(PluginLoadError, match=r"(?s)plugin curious .*customer"):
        Engine([curious])


def test_two_plugins_of_one_name_are_refused(
    make_module: Callable[..., ModuleType], make_check: Callable[..., Any]
) -> None:
    with pytest.raises(PluginLoadError, match="same"):
        Engine([make_module("same", a=make_check("a")), make_module("same", b=make_check("b", code="B"))])


def test_an_object_can_be_a_plugin(cart: Cart, fault: type[Violation]) -> None:
    class Rules:
        @check(yields=(fault,))
        def nothing_is_right(self, cart: Cart) -> Any:
            yield fault(at="", number=9)

    assert Engine([Rules()]).validate(cart).violations[0].number == 9


def test_a_report_is_plain_json(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [
        make_check("one", does=one_fault, priority=1),
        make_check("two", code="B", priority=2, requires=("FAULT",)),
        make_check("three", code="C", priority=3, does=raiser(RuntimeError("x"))),
    ]
    report = Engine(checks).validate(cart)
    assert (
        json.loads(report.to_json())
        == report.to_dict()
        == {
            "ok": False,
            "http_status": 422,
            "violations": [{**report.violations[0].to_error(), "http_status": 422}],
            "warnings": [],
            "infos": [],
            "tolerated": [],
            "ran": ["one:one", "three:three"],
            "skipped": [{"check": "two:two", "plugin": "two", "reason": "FAULT was found"}],
            "crashed": [
                {
                    "check": "three:three",
                    "plugin": "three",
                    "exception": "RuntimeError",
                    "message": "x",
                    "blocks": True,
                }
            ],
            "shadow": None,
        }
    )


def test_a_thousand_checks_are_no_trouble(make_check: Callable[..., Any], cart: Cart) -> None:
    checks = [make_check(f"c{number}", code=f"C{number}") for number in range(1000)]
    assert len(Engine(checks).validate(cart).ran) == 1000


def test_deep_recursion_in_a_check_is_a_crash_like_any_other(make_check: Callable[..., Any], cart: Cart) -> None:
    def recurse(cart: Cart, fault: type[Violation]) -> Any:
        return recurse(cart, fault)

    limit = sys.getrecursionlimit()
    report = Engine([make_check("deep", does=recurse)]).validate(cart)
    assert report.crashed[0].exception == "RecursionError"
    assert sys.getrecursionlimit() == limit


def test_a_check_that_yields_for_ever_is_stopped_and_named(make_check: Callable[..., Any], cart: Cart) -> None:
    def yields_for_ever(cart: Cart, fault: type[Violation]) -> Iterator[Violation]:
        while True:
            yield fault(at="", number=1)

    report = Engine([make_check("endless", does=yields_for_ever)]).validate(cart)
    assert len(report.violations) == 10_000
    assert [(it.check, it.exception) for it in report.crashed] == [("endless:endless", "TooManyFindings")]
