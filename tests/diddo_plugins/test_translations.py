"""What the nine errors say in other languages, and the calls that clear them."""

from collections.abc import Callable
from string import Formatter
from typing import Any

import pytest

from diddo_rules import Cart, Engine, Violation
from diddo_rules.testing import installed_engine

LANGUAGES = ("ar", "de", "es", "fr", "ja")
FIRST_PARTY = {
    code: violation
    for code, violation in sorted(installed_engine().violations.items())
    if violation.__module__.startswith("diddo_plugins.")
}


def made(violation: type[Violation]) -> Violation:
    facts: dict[str, Any] = {"str": "cart_7", "int": 2}
    return violation(at="/stores/1", **{name: facts[kind] for name, kind in violation.fact_types().items()})


def facts_in(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def test_all_nine_are_translated() -> None:
    assert len(FIRST_PARTY) == 9
    assert {code: tuple(sorted(it.translations)) for code, it in FIRST_PARTY.items()} == dict.fromkeys(
        FIRST_PARTY, LANGUAGES
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", FIRST_PARTY)
def test_a_translation_tells_the_same_facts_in_other_words(code: str, language: str) -> None:
    violation = made(FIRST_PARTY[code])
    said = violation.translations[language]
    assert facts_in(said.template) == facts_in(violation.template)
    for name, value in violation.facts.items():
        assert name not in facts_in(said.template) or str(value) in violation.message_in(language)
    assert violation.message_in(language) != violation.message
    assert violation.remedy_in(language) != violation.remedy
    assert said.remedy.endswith((".", "。"))


@pytest.mark.parametrize("code", FIRST_PARTY)
def test_the_languages_differ_from_each_other(code: str) -> None:
    violation = made(FIRST_PARTY[code])
    languages = (None, *LANGUAGES)
    assert len({violation.message_in(language) for language in languages}) == len(languages)
    assert len({violation.remedy_in(language) for language in languages}) == len(languages)


@pytest.mark.parametrize("code", FIRST_PARTY)
def test_a_remedy_names_the_same_calls_in_every_language(code: str) -> None:
    def calls(text: str) -> list[str]:
        return [word.strip(".,;、。،") for word in text.split() if word.startswith("/")]

    violation = FIRST_PARTY[code]
    for said in violation.translations.values():
        assert calls(said.remedy) == calls(violation.remedy)


@pytest.mark.parametrize("code", FIRST_PARTY)
def test_each_says_which_call_clears_it(code: str) -> None:
    call = FIRST_PARTY[code].cleared_by
    assert call is not None
    assert call.method in {"DELETE", "GET", "POST"}
    assert call.path.startswith("/cart/")
    assert call.why.endswith(".")


def test_the_next_step_is_that_of_the_first_violation(diddo_engine: Engine, whole: dict[str, Any]) -> None:
    cart = Cart.model_validate(whole | {"status": "SUBMITTED"})
    call = diddo_engine.next_step(diddo_engine.validate(cart))
    assert call is not None
    assert (call.method, call.path) == ("GET", f"/cart/status/{cart.id}")


def test_a_report_speaks_the_language_asked_for(diddo_engine: Engine, found: Callable[..., Any]) -> None:
    assert found({"id": "1"})
    told = diddo_engine.validate(Cart(id="1")).to_dict("de-AT")["violations"][0]
    assert told["message"] == "Im Warenkorb fehlen die Kundendaten."
    assert told["details"]["remedy"].startswith("Übermitteln Sie")


def test_declared_reads_are_all_that_the_first_party_checks_say() -> None:
    steps = {step.name: step.info.reads for step in installed_engine().plan.steps if step.plugin in PLUGINS}
    assert len(steps) == 9
    assert None not in steps.values()
    assert "context" in (steps["cart_lines:every_line_has_a_known_variant"] or ())


PLUGINS = {"buyer_identity", "cart", "cart_lines", "cost", "shipping", "stores"}
