"""The judges: the journeys through the official SDK for Python, and what a judge says when something is wrong."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from judges import python_judge
from judges.expectations import Unmet, hold, resolve
from judges.hook import Hook, listening
from judges.methods import call_every_method

FOLDER = Path(python_judge.__file__).parent
JOURNEYS = python_judge.read_journeys(sorted(FOLDER.glob("journeys/*.json")))


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener


@pytest.mark.parametrize("journey", JOURNEYS, ids=[journey["journey"] for journey in JOURNEYS])
def test_the_sdk_for_python_goes_on_each_journey(journey: Any, sandbox: Any, hook: Hook) -> None:
    assert python_judge.judge(journey, sandbox.url, hook) is None


def test_journeys_have_titles_of_their_own_and_say_something_of_what_they_find() -> None:
    assert len({journey["journey"] for journey in JOURNEYS}) == len(JOURNEYS)
    for journey in JOURNEYS:
        assert any({"expect", "refused", "headers"} & set(step) for step in journey["steps"]), journey["journey"]


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ({"expect": {"name": "Grace"}}, 'name should be "Grace" and is "Ada"'),
        ({"expect": {"nickname": None}}, "nickname should be null and is nothing"),
        ({"headers": {"request-id": "req_1"}}, 'request-id should be "req_1" and is "req_'),
        ({"refused": {"status": 400}}, "should be refused, and is not"),
        ({"params": {"colour": "red"}}, "refused: {"),
        ({"params": {"colour": "red"}, "refused": {"status": 404}}, "status should be 404 and is 400"),
        ({"params": {"name": "${nobody.name}"}}, "the journey names nobody.name, which is not there"),
        ({"call": "v1.customers.invent"}, "invent"),
        ({"webhooks": "whsec_x", "call": None, "expect": {"*.type": ["customer.created"]}}, "*.type should be"),
    ],
)
def test_a_judge_names_the_step_and_what_is_wrong_with_it(step: Any, wrong: str, sandbox: Any, hook: Hook) -> None:
    given = {"call": "v1.customers.create", "params": {"name": "Ada"}, **step}
    taken = {key: value for key, value in given.items() if value is not None}
    told = python_judge.judge({"steps": [{"advance": 0}, taken]}, sandbox.url, hook)
    assert told is not None
    assert told.startswith("step 2, {")
    assert wrong in told


class Refusing(stripe.HTTPClient):
    """Answers each request in the same way."""

    name = "refusing"

    def __init__(self, status: int, error: dict[str, str]) -> None:
        super().__init__()
        self.answer = json.dumps({"error": error}), status, {}

    def request(self, *_: Any, **__: Any) -> Any:
        return self.answer

    def request_stream(self, *_: Any, **__: Any) -> Any:
        body, status, headers = self.answer
        return io.BytesIO(body.encode()), status, headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, {"type": "invalid_request_error", "message": "Unrecognized request URL (GET: /v1/x)."}),
        (500, {"type": "api_error", "message": "defect"}),
        (404, {"message": "not in the way of Stripe"}),
    ],
)
def test_operations_that_are_not_there_are_lost(status: int, error: dict[str, str]) -> None:
    told = call_every_method(stripe.StripeClient("sk_test_x", http_client=Refusing(status, error)))
    assert len(told["lost"]) >= 640
    assert told["answered"] == 0


@pytest.mark.parametrize(
    ("wanted", "others"),
    [
        (1, [True, "1", 2, None]),
        (None, [0, "", False]),
        ({"$present": True}, [None]),
        ({"$starts": "a"}, ["b", None, 1]),
        ({"$at_least": 3}, [2, -4]),
        ({"$length": 2}, [[1], "abc"]),
        ({"$contains": {"a": 1}}, [[], [{"a": 2}]]),
        ({"$any_order": [1, 2]}, [[1, 2, 2], [1], [1, 3]]),
        ({"a": 1}, [{"a": 1, "b": 2}, {}]),
    ],
)
def test_what_is_not_as_expected(wanted: Any, others: list[Any]) -> None:
    for other in others:
        with pytest.raises(Unmet):
            hold({"field": other}, {"field": wanted})


def test_what_is_as_expected() -> None:
    result = {"id": "cus_1", "none": None, "data": [{"n": 1}, {"n": 2}]}
    hold(
        result,
        {
            "id": {"$starts": "cus_"},
            "none": None,
            "id.more": {"$absent": True},
            "data": {"$length": 2},
            "data.*.n": {"$any_order": [2, 1]},
            "data.1.n": 2,
            "data.*": {"$contains": {"n": 1}},
            "data.7": {"$absent": True},
            "other": {"$absent": True},
        },
    )


def test_references_keep_what_they_name() -> None:
    names = {"ada": {"id": "cus_1", "created": 5, "tags": [{"a": "b"}]}}
    given = {"a": "${ada.created}", "b": ["${ada.id}-${ada.created}"], "c": "${ada.tags.0}"}
    assert resolve(given, names) == {"a": 5, "b": ["cus_1-5"], "c": {"a": "b"}}


def test_node_runs_the_same_sdk_release_everywhere() -> None:
    wanted = json.loads((FOLDER / "node/package.json").read_text("utf-8"))["dependencies"]["stripe"]
    locked = json.loads((FOLDER / "node/package-lock.json").read_text("utf-8"))["packages"]
    assert locked["node_modules/stripe"]["version"] == wanted
    assert not [it for it in locked.values() if "resolved" in it]
