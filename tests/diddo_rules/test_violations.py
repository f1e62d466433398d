import pickle
from typing import Any

import pytest

from diddo_rules import CheckDefinitionError, Money, Violation, pointer


class OverLimit(Violation):
    """Big orders are made by telephone."""

    code = "OVER_LIMIT"
    http_status = 422
    template = "{total.display_value} is over the limit of {limit} at {at}."
    remedy = "Buy less."
    total: Money
    limit: int


@pytest.fixture
def over_limit() -> OverLimit:
    return OverLimit(at="/cost/total", total=Money(value=1234, currency="USD"), limit=10)


def test_the_message_is_rendered_from_the_facts(over_limit: Any) -> None:
    assert over_limit.message == "$12.34 is over the limit of 10 at /cost/total."


class Unspeakable(Violation):
    """A template and a fact may be wrong in ways that show only when they are used."""

    code = "UNSPEAKABLE"
    http_status = 422
    template = "It is {what.name}."
    remedy = "Mend the rule."
    what: object


def test_a_violation_that_cannot_be_said_still_counts_and_names_its_class() -> None:
    violation = Unspeakable(at="", what=object)
    with pytest.warns(UserWarning, match=r"test_violations\.Unspeakable cannot say .*: AttributeError: .*'name'"):
        error = violation.to_error()
    assert error["message"] == "It is {what.name}."
    assert error["details"]["facts"] == {"what": "<class 'object'>"}


def test_a_violation_becomes_an_error_of_the_api(over_limit: Any) -> None:
    assert over_limit.to_error() == {
        "code": "OVER_LIMIT",
        "message": "$12.34 is over the limit of 10 at /cost/total.",
        "details": {
            "pointer": "/cost/total",
            "remedy": "Buy less.",
            "facts": {"total": {"value": 1234, "currency": "USD", "display_value": "$12.34"}, "limit": 10},
        },
    }


def test_facts_are_named_and_typed_in_the_order_of_the_class() -> None:
    assert OverLimit.fact_names() == ("total", "limit")
    assert OverLimit.fact_types() == {"total": "Money", "limit": "int"}


def test_violations_are_slotted_values(over_limit: Any) -> None:
    assert not hasattr(over_limit, "__dict__")
    same = OverLimit(at="/cost/total", total=Money(value=1234, currency="USD"), limit=10)
    assert same == over_limit
    assert hash(same) == hash(over_limit)
    assert repr(over_limit).startswith("OverLimit(at='/cost/total', total=Money(")
    assert pickle.loads(pickle.dumps(over_limit)) == over_limit  # noqa: S301 (our own bytes)


@pytest.mark.parametrize("facts", [{}, {"at": "", "limit": 1}, {"at": "", "total": None, "limit": 1, "more": 2}])
def test_a_violation_says_all_its_facts_and_no_other(facts: Any) -> None:
    with pytest.raises(TypeError):
        OverLimit(**facts)


def body(**changes: Any) -> dict[str, Any]:
    whole = {"__doc__": "Why.", "code": "A_CODE", "http_status": 400, "template": "Text.", "remedy": "Do."}
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"template": "{fact} and {other}"}, "names fact, other, which is no fact"),
        ({"template": "{total.value}"}, "names total"),
        ({"template": None}, "needs a template"),
        ({"remedy": None}, "needs a remedy"),
        ({"remedy": ""}, "needs a remedy"),
        ({"http_status": None}, "needs a http_status"),
        ({"http_status": 200}, "error status"),
        ({"code": "lower_case"}, "must be written like MISSING_STORES"),
        ({"code": "A__B"}, "must be written like MISSING_STORES"),
        ({"__doc__": None}, "needs a docstring"),
    ],
)
def test_a_violation_that_could_not_be_printed_is_refused_when_its_class_is_made(changes: Any, complaint: str) -> None:
    with pytest.raises(CheckDefinitionError, match=complaint):
        type(Violation)("Made", (Violation,), body(**changes))


def test_a_family_of_violations_may_share_facts() -> None:
    class OfStore(Violation):
        """No code of its own, so nothing is asked of it."""

        position: int

    made = type(Violation)("Closed", (OfStore,), body(template="Store {position} is closed."))
    assert made(at="/stores/0", position=1).message == "Store 1 is closed."


@pytest.mark.parametrize(
    ("path", "written"),
    [((), ""), (("stores", 0), "/stores/0"), (("a/b", "m~n"), "/a~1b/m~0n"), (("", "x"), "//x")],
)
def test_pointers_are_written_as_the_standard_says(path: Any, written: Any) -> None:
    assert pointer(*path) == written
