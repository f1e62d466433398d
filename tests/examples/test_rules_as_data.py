"""The example of rules as data: the server and a real browser say the same of the same carts."""

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest
from datalogic_py import DataLogicError
from playwright.sync_api import Page, expect, sync_playwright

from diddo_rules import Engine, Report, Settings
from diddo_rules.declarative import broken_promises
from diddo_rules.declarative.logic import OPERATORS, compiled
from diddo_rules.settings import RulesSettings
from diddo_rules.testing import check_plugin, gen_any, seeded

FOLDER = Path(__file__).parents[2] / "examples" / "rules_as_data"
CARTS = 1000
EXPRESSIONS = 4000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_said: object) -> None:
        """Tests print nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(FOLDER)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page(origin: str) -> Iterator[Page]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "there is no Chromium; see CONTRIBUTING.md"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"{origin}/index.html")
        yield page
        browser.close()


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The example's rules beside those that are installed."""
    return Engine.from_settings(Settings(rules=RulesSettings(load=("./rules.json",)), directory=FOLDER))


@pytest.fixture(scope="module")
def alone() -> Engine:
    settings = Settings(rules=RulesSettings(load=("./rules.json",)), directory=FOLDER)
    return Engine.from_settings(settings, installed=())


def test_its_examples_hold() -> None:
    assert list(broken_promises(FOLDER / "rules.json")) == []


def test_its_rules_keep_the_properties_of_every_plugin() -> None:
    check_plugin(str(FOLDER / "rules.json"), count=10)


def told(report: Report, language: str) -> list[dict[str, Any]]:
    """Return what a report says as the page does, severity by severity."""
    assert not report.crashed
    return [
        {
            "code": violation.code,
            "http_status": violation.http_status,
            "severity": severity,
            "pointer": violation.at,
            "message": violation.message_in(language),
            "remedy": violation.remedy_in(language),
        }
        for severity, found in (("error", report.violations), ("warning", report.warnings))
        for violation in found
    ]


def asked(page: Page, program: str, given: Any) -> Any:
    """Run a function in the page; what goes in and out is JSON text, for Playwright takes long over deep values."""
    return json.loads(
        page.evaluate(f"async (given) => JSON.stringify(await ({program})(JSON.parse(given)))", json.dumps(given))
    )


@pytest.mark.browser
def test_the_browser_says_of_carts_what_the_server_says(page: Page, engine: Engine, alone: Engine) -> None:
    cases = [gen_any(seeded(seed), engine) for seed in range(CARTS)]
    carts = [case.cart for case in cases if case.cart is not None]
    said = asked(
        page,
        """async (carts) => {
            const { findings } = await import("./rules.js");
            const { rules } = await (await fetch("rules.json")).json();
            return carts.map((cart) => ["", "de-AT"].map((language) => findings(rules, cart, language)));
        }""",
        [cart.model_dump(mode="json") for cart in carts],
    )
    reports = [alone.validate(cart) for cart in carts]
    assert [[told(report, language) for language in ("", "de-AT")] for report in reports] == [
        [by_severity(found) for found in both] for both in said
    ]
    assert {finding["code"] for both in said for finding in both[0]} == set(alone.violations)


def by_severity(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    plain = [{name: value for name, value in finding.items() if name != "facts"} for finding in found]
    return sorted(plain, key=lambda finding: finding["severity"] != "error")


VALUES: list[Any] = [
    *(None, True, False, 0, 1, -2, 3, 0.5, 2.5, "", "0", "1", "a", "ab", "USD", "x1", "-3", ".5", " 1", "😀", "\uff5e"),
    *([], [0], [1, 2], ["a"], {"k": 1}),
]
PLAIN = [value for value in VALUES if not isinstance(value, list | dict)]
OUTSIDE = ("a", "b", "list", "list.0", "record.k")


class Expressions:
    """Draws JSON-logic of every operator, over data of every kind."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 (test data, no secret)

    def case(self) -> tuple[Any, dict[str, Any]]:
        choose = self._random.choice
        few = [choose(VALUES) for _ in range(self._random.randrange(4))]
        data = {"a": choose(VALUES), "b": choose(VALUES), "list": few, "record": {"k": choose(VALUES)}}
        return self._logic(3, OUTSIDE), data

    def _logic(self, depth: int, names: tuple[str, ...]) -> Any:
        if depth == 0 or self._random.random() < 0.2:
            return self._random.choice([{"var": self._random.choice(names)}, self._random.choice(PLAIN)])
        operator = self._random.choice(sorted(OPERATORS - {"var"}))
        return {operator: self._arguments(operator, depth - 1, names)}

    def _arguments(self, operator: str, depth: int, names: tuple[str, ...]) -> list[Any]:
        match operator:
            case "map" | "filter" | "all" | "some" | "none":
                return [self._source(depth, names), self._logic(depth, ("", "k"))]
            case "reduce":
                inner = self._logic(depth, ("current", "current.k", "accumulator"))
                return [self._source(depth, names), inner, self._logic(depth, names)]
            case "!" | "!!":
                count = 1
            case "<" | "<=":
                count = self._random.choice([2, 3])
            case "===" | "!==" | ">" | ">=" | "-" | "/" | "%" | "in":
                count = 2
            case _:
                count = self._random.randrange(1, 5)
        return [self._logic(depth, names) for _ in range(count)]

    def _source(self, depth: int, names: tuple[str, ...]) -> Any:
        operator = self._random.choice(["filter", "map", ""]) if depth else ""
        if operator:
            return {operator: [self._source(depth - 1, names), self._logic(depth - 1, ("", "k"))]}
        return {"var": "list"} if names is OUTSIDE else [self._random.choice(PLAIN) for _ in range(3)]


def value_of(logic: Any, data: dict[str, Any]) -> Any:
    try:
        return {"value": rounded(compiled(logic).evaluate(data))}
    except DataLogicError:
        return "error"


def rounded(value: Any) -> Any:
    """Return the value with its fractions told to twelve places: sums may differ in the last bit."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


@pytest.mark.browser
def test_every_operator_means_the_same_in_the_browser(page: Page) -> None:
    drawn = Expressions(seed=1)
    cases = [drawn.case() for _ in range(EXPRESSIONS)]
    said = asked(
        page,
        """async (cases) => {
            const { evaluate } = await import("./rules.js");
            return cases.map(([logic, data]) => {
                try { return { value: evaluate(logic, data) }; } catch { return "error"; }
            });
        }""",
        cases,
    )
    differing = [
        (json.dumps(logic), data, expected, found)
        for (logic, data), found in zip(cases, said, strict=True)
        if (expected := value_of(logic, data)) != (found if found == "error" else {"value": rounded(found["value"])})
    ]
    assert differing == []
    values = [found for found in said if found != "error"]
    assert EXPRESSIONS * 0.3 < len(values) < EXPRESSIONS * 0.9  # both ends are tried


@pytest.mark.browser
def test_the_page_tells_what_is_found_while_the_shopper_types(page: Page) -> None:
    page.reload()
    entries = page.get_by_role("listitem")
    expect(entries).to_have_text(
        [
            re.compile(
                "^LINE_TOO_LARGE /stores/0/cart_lines/0/quantity: Line 1 of store 1 has 21 pieces of Hoodie. Order"
            ),
            re.compile("^SOLD_OUT /stores/0/cart_lines/0/variant: Hoodie is sold out. Remove"),
        ]
    )
    page.get_by_label("Language").select_option("Deutsch")
    expect(entries.first).to_contain_text("Position 1 von Shop 1 hat 21 Stück von Hoodie.")
    cart = page.get_by_label("Cart, as the API answers with it")
    cart.fill('{"id": "1", "stores": []}')
    expect(entries).to_have_text(["Nothing."])
    cart.fill("{")
    expect(entries.first).to_contain_text("This cannot be judged")
