"""E-mail addresses as Stripe takes them."""

import re

from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = ["check_email"]

ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
LONGEST = 512


def check_email(address: str, *, param: str = "email") -> None:
    """Raise Stripe's error when a text is no e-mail address."""
    if len(address) > LONGEST or not ADDRESS.fullmatch(address):
        raise InvalidRequest(f"Invalid email address: {address}", code="email_invalid", param=param)
