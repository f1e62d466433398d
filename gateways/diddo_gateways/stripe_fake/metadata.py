"""The rules of metadata: at most 50 keys of 40 characters without square brackets, values of 500 characters."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from diddo_gateways.stripe_fake.errors import ParameterRefused

__all__ = ["check", "merged"]

MOST_KEYS = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500


def check(given: dict[str, Any]) -> dict[str, Any]:
    """Hold the keys and values of a request against the rules; used inside validators. In v2 null unsets a key."""
    for key, value in given.items():
        if len(key) > LONGEST_KEY:
            raise _refused(
                f"Metadata keys can have up to {LONGEST_KEY} characters, but you passed in a key that is {len(key)}"
                f" characters. Invalid key: {key}"
            )
        if "[" in key or "]" in key:
            raise _refused(f"Metadata keys cannot contain square brackets. Invalid key: {key}")
        if value is not None and len(value) > LONGEST_VALUE:
            raise _refused(
                f"Metadata values can have up to {LONGEST_VALUE} characters, but you passed in a value that is"
                f" {len(value)} characters. Invalid value: {value}"
            )
    _check_count(given)
    return given


def merged(current: Mapping[str, str], given: Mapping[str, str] | str) -> dict[str, str]:
    """Return an object's metadata after a request: an empty value unsets its key, an empty whole unsets all.

    Raises:
        ParameterRefused: there would be more than 50 keys.
    """
    if isinstance(given, str):
        return {}
    result = {key: value for key, value in {**current, **given}.items() if value != ""}
    if len(result) > MOST_KEYS:
        raise ParameterRefused(_too_many(len(result)), param="metadata")
    return result


def _check_count(given: dict[str, Any]) -> None:
    if len(given) > MOST_KEYS:
        raise _refused(_too_many(len(given)))


def _too_many(count: int) -> str:
    return f"Metadata can have up to {MOST_KEYS} keys, but you've set {count}"


def _refused(message: str) -> PydanticCustomError:
    # The text is a value of the template: it may hold braces of the caller's.
    context: dict[str, Any] = {"message": message}
    return PydanticCustomError("metadata", "{message}", context)
