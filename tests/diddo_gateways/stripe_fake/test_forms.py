"""Form decoding: the SDK's own encoder there and back, and what other clients send."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode  # the judge: what the SDK puts on the wire

from diddo_gateways.stripe_fake import catalogue, forms
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.parameters import Parameters

KNOWN = catalogue.load()
PARAMETERS = Parameters(KNOWN)
SESSION = KNOWN.operations["POST /v1/checkout/sessions"]
NAMES = st.text(st.characters(exclude_characters="[]\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)

SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["payment", "setup"]),
        "success_url": WORDS,
        "expires_at": st.integers(-(10**17) + 1, 10**18 - 1),
        "allow_promotion_codes": st.booleans(),
        "metadata": st.dictionaries(
            st.from_regex(r"[0-9]{1,3}", fullmatch=True) | NAMES, WORDS, min_size=1, max_size=5
        ),
        "expand": st.lists(WORDS, min_size=1, max_size=12),
        "line_items": st.lists(
            st.fixed_dictionaries(
                {"quantity": st.integers(0, 9)},
                optional={
                    "price": WORDS,
                    "metadata": st.dictionaries(NAMES, WORDS, min_size=1, max_size=2),
                    "price_data": st.fixed_dictionaries(
                        {"currency": WORDS, "unit_amount": st.integers(-5, 10**9)},
                        optional={"product_data": st.fixed_dictionaries({"name": WORDS})},
                    ),
                },
            ),
            min_size=1,
            max_size=12,
        ),
    },
)


def decoded(params: dict[str, Any]) -> dict[str, Any]:
    return PARAMETERS.read(SESSION, forms.decode(urlencode(list(_api_encode(params))).encode()))


@given(SESSIONS)
def test_what_the_sdk_encodes_comes_back_as_it_was(params: dict[str, Any]) -> None:
    assert decoded(params) == params


def test_digits_are_positions_in_a_list_and_keys_in_a_map() -> None:
    assert decoded({"metadata": {"0": "a", "1": "b"}, "expand": ["x", "y"]}) == {
        "metadata": {"0": "a", "1": "b"},
        "expand": ["x", "y"],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        (b"expand[1]=b&expand[0]=a", {"expand": ["a", "b"]}),
        (b"expand%5B%5D=a%2Fb+c", {"expand": ["a/b c"]}),
        (
            b"line_items[][price]=p&line_items[][quantity]=1&line_items[][price]=q&line_items[][quantity]=2",
            {"line_items": [{"price": "p", "quantity": 1}, {"price": "q", "quantity": 2}]},
        ),
        (
            b"line_items[][price_data][currency]=usd&line_items[][price_data][unit_amount]=5&line_items[][quantity]=1",
            {"line_items": [{"price_data": {"currency": "usd", "unit_amount": 5}, "quantity": 1}]},
        ),
        (b"mode=setup&mode=payment", {"mode": "payment"}),
        (b"&&mode=payment&", {"mode": "payment"}),
        (b"", {}),
    ],
)
def test_what_other_clients_send_is_read_too(text: bytes, expected: dict[str, Any]) -> None:
    assert PARAMETERS.read(SESSION, forms.decode(text)) == expected


@pytest.mark.parametrize(
    ("text", "message", "param"),
    [
        (b"metadata=a&metadata[b]=c", "Invalid object", "metadata[b]"),
        (b"metadata[b]=c&metadata=a", "Invalid object", "metadata"),
        (b"mode=%00", "Invalid null byte in the request's parameters.", None),
        (b"mode=%ff", "Invalid UTF-8 in the request's parameters.", None),
        (b"mode" + b"[a]" * 25 + b"=1", "Parameters may be nested 20 levels deep: mode" + "[a]" * 25, None),
        (b"a=1&" * 10_001, "The request has more than 10000 parameters.", None),
    ],
)
def test_what_cannot_be_read_is_refused(text: bytes, message: str, param: str | None) -> None:
    with pytest.raises(StripeError) as refused:
        forms.decode(text)
    assert (refused.value.message, refused.value.param) == (message, param)


def outcome(text: bytes) -> int:
    """Return the HTTP status that a form would get for itself."""
    try:
        PARAMETERS.read(SESSION, forms.decode(text))
    except StripeError as error:
        return error.status
    return 200


@given(st.binary(max_size=60))
def test_no_text_is_more_than_refused(text: bytes) -> None:
    assert outcome(text) in (200, 400)


@given(st.lists(st.tuples(st.text("ab[]0", max_size=12), st.text("x1", max_size=3)), max_size=6))
def test_no_brackets_are_more_than_refused(pairs: list[tuple[str, str]]) -> None:
    renamed = [(name.replace("a", "line_items", 1).replace("b", "metadata", 1), value) for name, value in pairs]
    assert outcome("&".join(f"{name}={value}" for name, value in renamed).encode()) in (200, 400)
