"""What a fuzzing run leaves behind: files that say all, always have the same name, and can be read again."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest
from hypothesis import given
from pydantic import BaseModel

from diddo_rules import Cart, Case, Context, Engine, Violation, check, hookimpl
from diddo_rules.testing import Failure, cases, installed_engine, load_cases, load_failure
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.failures import BadFailureFile, StoredCase, failure_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "failure.schema.json"


class PriceSettings(BaseModel):
    """What the plugin of these tests is told."""

    api_key: str = "sk_live_1"
    most: int = 5


@pytest.fixture
def engine(fault: type[Violation], make_module: Callable[..., ModuleType]) -> Engine:
    """An engine with a plugin that has settings, one of which is a secret."""

    @check(yields=(fault,))
    def is_cheap(cart: Cart, settings: PriceSettings) -> Iterator[Violation]:
        if settings.most < 0:
            yield fault(at=cart.id, number=1)

    @hookimpl
    def settings_model() -> type[BaseModel]:
        return PriceSettings

    return Engine([make_module("prices", is_cheap=is_cheap, settings_model=settings_model)])


@pytest.fixture
def failure(engine: Engine, cart: Cart) -> Failure:
    """A failure of that plugin."""
    complaint = Complaint(
        property="never-crashes",
        plugin="prices",
        check="prices:is_cheap",
        code=None,
        message="KeyError: 'x'",
        case=Case(cart, Context(cart_id="cart", variant_known=lambda it: it == "variant of one.example")),
    )
    return Failure.of(complaint, engine, claim="It answers.", choices=(1, 2), seed=3)


@given(cases())
def test_a_case_that_was_stored_is_judged_as_before(case: Case) -> None:
    stored = StoredCase.of(case)
    again = StoredCase.model_validate_json(stored.model_dump_json()).case()
    assert again.cart == case.cart
    assert installed_engine().validate(*again) == installed_engine().validate(*case)


def test_a_failure_file_says_all_and_is_read_again(failure: Failure, tmp_path: Path) -> None:
    path = failure.save(tmp_path / "new" / "folder")
    assert load_failure(path) == failure
    told = json.loads(path.read_text())
    assert told["case"]["context"]["known_variants"] == ["variant of one.example"]
    assert told["plan"] == [{"check": "prices:is_cheap", "plugin": "prices", "version": None}]
    assert set(told["versions"]) == {"python", "diddo-rules", "hypothesis", "pluggy", "pydantic"}
    jsonschema.validate(told, failure_schema())


def test_a_failure_file_holds_no_secrets(failure: Failure) -> None:
    assert failure.settings == {"api_key": "…", "most": 5}


def test_the_same_failure_has_the_same_name_and_another_one_another(failure: Failure) -> None:
    name = failure.file_name()
    assert name.startswith("never-crashes-")
    assert name.endswith(".json")
    later = failure.model_copy(update={"message": "it is said otherwise", "versions": {}, "settings": {}, "plan": ()})
    assert later.file_name() == name
    assert failure.model_copy(update={"choices": (1,)}).file_name() != name
    assert failure.model_copy(update={"code": "FAULT"}).file_name().startswith("FAULT-")


def test_the_schema_is_the_published_one() -> None:
    said = json.loads(PUBLISHED.read_text())
    assert said == failure_schema(), "renew it: diddo replay --schema > docs/schemas/failure.schema.json"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is no failure file"),
        ("{}", "is no failure file: property: Field required"),
        ('{"format": 2}', "is no failure file: format"),
    ],
)
def test_what_is_no_failure_file_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "failure.json"
    path.write_text(content)
    with pytest.raises(BadFailureFile, match=complaint):
        load_failure(path)


def test_a_failure_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadFailureFile, match="No such file"):
        load_failure(tmp_path / "none.json")


@pytest.mark.parametrize(
    "line", ["{", "{}", "[]", "1", '{"cart": {"id": 1}, "codes": []}', '{"cart": null, "codes": 1}']
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"cart": null, "codes": ["CART_NOT_FOUND"]}\n' + line + "\n")
    found = load_cases(path)
    assert next(found).codes == ("CART_NOT_FOUND",)
    with pytest.raises(BadFailureFile, match="line 2"):
        next(found)
