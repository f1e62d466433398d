# ruff: noqa: ARG001, ARG005 (checks have the signature of their hook)
import inspect
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given

from diddo_rules import ApiCall, Cart, CartStatus, CheckSettings, Engine, Report
from diddo_rules.testing import cases, installed_engine


@given(case=cases())
def test_a_trace_changes_no_verdict_and_names_every_check(case: Any) -> None:
    engine = installed_engine()
    traced, said = engine.trace(*case), engine.validate(*case)
    assert traced == said
    assert traced.trace is not None
    assert [it.check for it in traced.trace] == [step.name for step in engine.plan.every_step()]
    for entry in traced.trace:
        assert (entry.verdict == "skipped") is (entry.reason is not None)
        assert (entry.verdict == "found") is bool(entry.codes)
    assert {code for it in traced.trace for code in it.codes} == set(said.codes)


def test_it_says_where_the_check_stands_and_what_it_read(cart: Cart) -> None:
    engine = installed_engine()
    entries = {it.check: it for it in engine.trace(cart).trace or ()}
    entry = entries["cost:total_is_known"]
    function = next(step.function for step in engine.plan.steps if step.name == entry.check)
    assert entry.file == inspect.getsourcefile(function)
    assert inspect.getsourcelines(function)[1] == entry.line
    assert entry.reads == ("cost.total",)
    assert entry.seconds is not None
    assert entry.version == next(it.version for it in engine.plugins if it.name == "cost")


def test_it_says_what_is_off_crashed_or_in_the_shadow(make_check: Callable[..., Any], cart: Cart) -> None:
    def crash(cart: Cart, fault: Any) -> Any:
        raise RuntimeError("broken on purpose")

    checks = [
        make_check("off", code="OFF"),
        make_check("shadowed", code="SHADOWED", does=lambda cart, fault: [fault(at="")]),
        make_check("broken", code="BROKEN", does=crash),
    ]
    modes = {"OFF": CheckSettings(mode="off"), "SHADOWED": CheckSettings(mode="shadow")}
    report = Engine(checks, checks=modes).trace(cart)
    told = {it.check: (it.verdict, it.mode, it.codes, it.reason) for it in report.trace or ()}
    assert told == {
        "off:off": ("off", "off", (), "switched off in the settings"),
        "shadowed:shadowed": ("found", "shadow", ("SHADOWED",), None),
        "broken:broken": ("crashed", "enforce", (), "RuntimeError: broken on purpose"),
    }


def test_a_trace_is_in_the_reports_json(cart: Cart) -> None:
    told = json.loads(installed_engine().trace(cart).to_json())["trace"]
    assert told[0]["check"] == "cart:cart_exists"
    assert told[0]["verdict"] == "passed"


def test_the_next_step_clears_the_first_violation(cart: Cart) -> None:
    engine = installed_engine()
    assert engine.next_step(engine.validate(cart)) == ApiCall(
        "POST", "/checkout/{cart_id}", "Opens the payment session."
    )
    nobody = engine.validate(cart.model_copy(update={"buyer_identity": None}))
    assert engine.next_step(nobody) == ApiCall("POST", "/cart/customer", "Says who buys.")
    submitted = engine.validate(cart.model_copy(update={"status": CartStatus.SUBMITTED}))
    step = engine.next_step(submitted)
    assert step is not None
    assert step.path == "/cart/status/cart"


def test_where_no_call_helps_there_is_no_next_step(make_check: Callable[..., Any], cart: Cart) -> None:
    engine = Engine([make_check("one", does=lambda cart, fault: [fault(at="", number=1)])])
    assert engine.next_step(engine.validate(cart)) is None
    assert engine.next_step(Report((), (), (), ())) is not None


def test_who_has_changed_the_cart_is_named(make_check: Callable[..., Any], cart: Cart) -> None:
    def tampers(cart: Cart, fault: Any) -> Any:
        vars(cart)["stores"] = ()
        return ()

    def spoils(cart: Cart, fault: Any) -> Any:
        vars(cart)["cost"] = object()
        return ()

    checks = [
        make_check("honest", priority=1),
        make_check("tampers", code="B", does=tampers, priority=2),
        make_check("spoils", code="C", does=spoils, priority=3),
        make_check("after", code="D", priority=4),
    ]
    reasons = {it.check: it.reason for it in Engine(checks).trace(cart).trace or ()}
    assert [name for name, reason in reasons.items() if reason] == ["tampers:tampers", "spoils:spoils"]
    assert "it has changed the cart" in str(reasons["tampers:tampers"])
