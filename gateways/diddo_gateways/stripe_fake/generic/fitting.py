"""Single values of parameters as the fields of objects hold them."""

from typing import Any

from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.shapes import SCALARS

__all__ = ["NOTHING", "as_map", "choice", "scalar"]

# A value that a field cannot hold.
NOTHING: Any = object()


def scalar(form: str, value: Any, place: str) -> Any:
    """Return a value as a field of a scalar type holds it, or NOTHING; currencies must be Stripe's.

    Raises:
        InvalidCurrency: it is none.
    """
    if value in ("", None):
        return "" if form == "string" and value == "" else NOTHING
    if form in ("string", "decimal", "datetime") and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if place.rstrip("]").endswith("currency") and isinstance(value, str):
        value = check_currency(value, param=place)
    return value if SCALARS[form](value) else NOTHING


def choice(values: list[Any], given: Any) -> Any:
    """Return a value of an enum; what is requested, as an account's capability, is there at once."""
    if isinstance(given, dict):
        known = "requested" in given and {"active", "inactive"} <= {*values}
        return ("active" if given["requested"] else "inactive") if known else NOTHING
    return given if given in values else NOTHING


def as_map(value: Any) -> Any:
    """Return what a map is given, key by key: the empty string, and null in v2, unset a key or the whole."""
    if value in ("", None):
        return {}
    if not isinstance(value, dict):
        return NOTHING
    return {key: "" if element is None else element for key, element in value.items()}
