"""The fake against recorded answers of Stripe's test mode."""

from judges.recordings.__main__ import EXPLAINED, TARGET, page
from judges.recordings.objects import Observed, differences, facts
from judges.recordings.refusals import headers, refusals
from judges.recordings.shop import observe


def test_every_difference_from_recorded_objects_is_explained() -> None:
    found = {(it.kind, it.path) for it in differences(facts(), observe())}
    assert found == set(EXPLAINED)


def test_what_was_refused_is_refused_in_the_same_way() -> None:
    assert refusals(facts()) == []


def test_headers_are_those_that_were_recorded() -> None:
    assert headers(facts()) == []


def test_the_page_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == page()


def test_a_difference_is_found() -> None:
    recorded = {
        "kinds": {"thing": {"fields": {"id": "string", "size": "integer|null", "more": "object", "more.a": "null"}}}
    }
    observed = Observed()
    observed.add({"object": "thing", "id": 5, "colour": "red", "more": {"b": 1}})
    found = {(it.path, it.what) for it in differences(recorded, observed)}
    assert found == {
        ("id", "type"), ("size", "lacks"), ("object", "adds"), ("colour", "adds"), ("more.a", "lacks"), ("more.b", "adds"),
    }  # fmt: skip
