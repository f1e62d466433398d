"""Statement descriptors: what may stand on a card holder's bill."""

import re

from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = ["check_descriptor"]

LONGEST = 22
FORBIDDEN = re.compile(r"[<>\\'\"*]")
LETTER = re.compile("[A-Za-z]")


def check_descriptor(text: str, *, param: str) -> None:
    """Raise Stripe's error for a descriptor that is too long, has no letter, or has a character that may not be in it."""
    if len(text) > LONGEST:
        raise InvalidRequest(f"The {_spoken(param)} must be at most {LONGEST} characters.", param=param)
    if FORBIDDEN.search(text):
        raise InvalidRequest(f"The {_spoken(param)} contains one of the invalid characters <>\\'\"*.", param=param)
    if not LETTER.search(text):
        raise InvalidRequest(f"The {_spoken(param)} must contain at least one letter.", param=param)


def _spoken(param: str) -> str:
    return param.replace("_", " ")
