"""Checks that many parameters share: bounds, moments that must lie ahead, names inside of others, one of several."""

from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused

__all__ = ["FIVE_YEARS", "at_least", "at_most_long", "exclusive", "in_future", "under"]

FIVE_YEARS = 5 * 365 * 86400


def at_least(value: int, least: int, param: str) -> int:
    """Return a whole number that is not below `least`.

    Raises:
        ParameterRefused: it is.
    """
    if value < least:
        raise ParameterRefused(
            f"This value must be greater than or equal to {least}.", param=param, code="parameter_invalid_integer"
        )
    return value


def at_most_long(text: str, most: int, param: str) -> str:
    """Return a text of at most that many characters.

    Raises:
        ParameterRefused: it is longer.
    """
    if len(text) > most:
        shown = text if len(text) <= 16 else f"{text[:8]}...{text[-8:]}"
        raise ParameterRefused(f"Invalid string: {shown}; must be at most {most} characters", param=param)
    return text


def in_future(at: int, now: int, param: str, *, within: int | None = None) -> int:
    """Return a moment in Unix seconds that lies ahead, by no more than `within` seconds.

    Raises:
        ParameterRefused: it does not.
    """
    if at <= now:
        raise ParameterRefused(
            f"The parameter `{param}` expects a unix timestamp representing a date and time in the future. You"
            f" specified the value `{at}` which is in the past.",
            param=param,
        )
    if within is not None and at - now > within:
        raise ParameterRefused("Invalid timestamp: can be no more than five years in the future.", param=param)
    return at


def under(param: str, field: str) -> str:
    """Return the name of a field inside a parameter, in brackets form; the field's own where `param` is empty."""
    return f"{param}[{field}]" if param else field


def exclusive(*names: str) -> InvalidRequest:
    """Return the error for parameters of which only one may be given."""
    return InvalidRequest(f"You may only specify one of these parameters: {', '.join(names)}.")
