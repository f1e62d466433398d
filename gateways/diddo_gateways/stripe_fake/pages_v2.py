"""Pages of lists as the second version of the API sends them: they are followed by URLs, not by ids of objects."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from diddo_gateways.stripe_fake.errors import ParameterRefused
from diddo_gateways.stripe_fake.lists import limit_of
from diddo_gateways.stripe_fake.operations import Call
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["InvalidPageToken", "page_v2", "place_of", "token_of"]

PREFIX = "page_"


def page_v2(call: Call, objects: Sequence[JsonObject], *, following: str | None) -> JsonObject:
    """Return a page; the URL of the next one asks for all else that the call asks for.

    Args:
        call: the call of the list.
        objects: what is on the page.
        following: where the next page begins, in any words of the caller, or None when there is none.
    """
    asked = {**call.params, "limit": limit_of(call.params), "page": None if following is None else token_of(following)}
    following_url = None if following is None else f"{call.url}?{urlencode(list(_flat(asked)))}"
    return {"data": list(objects), "next_page_url": following_url, "previous_page_url": None}


def _flat(params: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield parameters with their names in brackets form."""
    if isinstance(params, dict | list):
        steps = params.items() if isinstance(params, dict) else enumerate(params)
        for step, value in steps:
            yield from _flat(value, f"{name}[{step}]" if name else str(step))
    else:
        yield name, str(params)


def token_of(place: str) -> str:
    """Return the token of a page that begins there."""
    return PREFIX + base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(token: Any) -> str:
    """Return where the page of a token begins, in the words of who made it.

    Raises:
        ParameterRefused: it is no token.
    """
    encoded = str(token).removeprefix(PREFIX)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidPageToken(token) from error


class InvalidPageToken(ParameterRefused):
    """What is said to be the token of a page, and is not."""

    def __init__(self, token: Any) -> None:
        super().__init__(f"Invalid page token: {token}", param="page")
