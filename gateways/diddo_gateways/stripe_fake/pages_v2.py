"""Pages of lists as the second version of the API sends them: they are followed by URLs, not by ids of objects."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import ParameterRefused
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["InvalidPageToken", "page_v2", "place_of", "token_of"]

PREFIX = "page_"


def page_v2(url: str, objects: Sequence[JsonObject], *, limit: int, following: str | None) -> JsonObject:
    """Return a page.

    Args:
        url: the list's.
        objects: what is on the page.
        limit: how many may be.
        following: where the next page begins, in any words of the caller, or None when there is none.
    """
    following_url = None if following is None else f"{url}?limit={limit}&page={token_of(following)}"
    return {"data": list(objects), "next_page_url": following_url, "previous_page_url": None}


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
