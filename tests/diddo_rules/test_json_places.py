"""The lines and columns of values, checked by cutting them out of the text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import pointer
from diddo_rules.json_places import JsonPlaces

TEXT = """{
  "id": "cart \\"7\\": {[,]}",
  "buyerIdentity": {"address1": "a/b~c"},
  "stores": [
    {"store": null, "cartLines": [{"quantity": 2}, {"quantity": -1.5e3}]},
    {}
  ]
}"""


def cut(text: str, pointer: str) -> Any:
    region = JsonPlaces(text).region(pointer)
    lines = text.split("\n")[region.line - 1 : region.end_line]
    lines[-1] = lines[-1][: region.end_column - 1]
    lines[0] = lines[0][region.column - 1 :]
    return json.loads("\n".join(lines))


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", json.loads(TEXT)),
        ("/id", 'cart "7": {[,]}'),
        ("/buyer_identity", {"address1": "a/b~c"}),
        ("/buyer_identity/address_1", "a/b~c"),
        ("/stores/0/cart_lines/1/quantity", -1.5e3),
        ("/stores/0/store", None),
        ("/stores/1", {}),
    ],
)
def test_a_value_stands_where_its_pointer_says(pointer: str, value: Any) -> None:
    assert cut(TEXT, pointer) == value


@pytest.mark.parametrize(("pointer", "nearest"), [("/cost/total", ""), ("/stores/1/offer/x", "/stores/1")])
def test_what_is_absent_is_shown_at_what_is_nearest_above(pointer: str, nearest: str) -> None:
    places = JsonPlaces(TEXT)
    assert places.region(pointer) == places.region(nearest)


def test_lines_count_from_the_first_line_of_the_text() -> None:
    assert JsonPlaces('{"id": 1}', first_line=41).region("/id") == (41, 8, 41, 9)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_every_value_of_any_json_is_found(whole: Any, indent: int | None, plain: bool) -> None:  # noqa: FBT001 (drawn)
    text = json.dumps(whole, indent=indent, ensure_ascii=plain).replace("\u2028", "").replace("\x85", "")
    for path, value in values(json.loads(text), ()):
        assert cut(text, pointer(*path)) == value


def values(value: Any, path: tuple[Any, ...]) -> Any:
    yield path, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield from values(inner, (*path, step))
