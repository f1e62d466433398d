"""Custom fields of a checkout session: how a request declares them, and what the shopper enters."""

import re
from collections.abc import Mapping

from diddo_gateways.stripe_fake.checkout.incomplete import Incomplete
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter
from diddo_gateways.stripe_fake.limits import at_most_long, under
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["custom_fields", "fill_in"]

LONGEST_KEY, LONGEST_LABEL, LONGEST_OPTION, LONGEST_VALUE = 200, 50, 100, 255
MOST_OPTIONS = 200
WORD = re.compile(r"[a-zA-Z0-9]+")


def custom_fields(given: list[JsonObject]) -> list[JsonObject]:
    """Return the session's `custom_fields` from a request's.

    Raises:
        StripeError: a key, a label, an option or a bound does not hold; `param` names it.
    """
    fields = [_field(field, f"custom_fields[{position}]") for position, field in enumerate(given)]
    keys = [field["key"] for field in fields]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise InvalidRequest(
                f"The key `{key}` is used by more than one custom field.", param=f"custom_fields[{position}][key]"
            )
    return fields


def _field(given: JsonObject, name: str) -> JsonObject:
    kind = given["type"]
    _check_word(at_most_long(given["key"], LONGEST_KEY, under(name, "key")), under(name, "key"))
    at_most_long(given["label"]["custom"], LONGEST_LABEL, f"{name}[label][custom]")
    field: JsonObject = {
        "key": given["key"],
        "label": given["label"],
        "optional": given.get("optional", False),
        "type": kind,
    }
    detail = given.get(kind, {})
    if kind == "dropdown":
        if not detail.get("options"):
            raise MissingParameter(under(name, "dropdown"))
        _check_options(detail, under(name, "dropdown"))
        return {**field, kind: {"default_value": None, "value": None, **detail}}
    _check_bounds(detail, under(name, kind))
    bounds: JsonObject = {"default_value": None, "maximum_length": None, "minimum_length": None, "value": None}
    return {**field, kind: {**bounds, **detail}}


def _check_word(text: str, param: str) -> None:
    if not WORD.fullmatch(text):
        raise InvalidRequest(f"Invalid value `{text}`: only letters and digits are allowed.", param=param)


def _check_options(detail: JsonObject, name: str) -> None:
    options = detail["options"]
    if len(options) > MOST_OPTIONS:
        raise InvalidRequest(f"You can pass at most {MOST_OPTIONS} options.", param=under(name, "options"))
    for position, option in enumerate(options):
        at = f"{name}[options][{position}]"
        at_most_long(option["label"], LONGEST_OPTION, under(at, "label"))
        _check_word(at_most_long(option["value"], LONGEST_OPTION, under(at, "value")), under(at, "value"))
    values = [option["value"] for option in options]
    if len(set(values)) < len(values):
        raise InvalidRequest("The values of the options must differ.", param=under(name, "options"))
    if "default_value" in detail and detail["default_value"] not in values:
        raise InvalidRequest("The default value is none of the options.", param=under(name, "default_value"))


def _check_bounds(detail: JsonObject, name: str) -> None:
    least, most = detail.get("minimum_length", 0), detail.get("maximum_length", LONGEST_VALUE)
    if least < 0 or most < 1 or most > LONGEST_VALUE or most < least:
        raise InvalidRequest(
            f"`minimum_length` and `maximum_length` are from 0 to {LONGEST_VALUE}, the minimum at most the maximum.",
            param=name,
        )


def fill_in(fields: list[JsonObject], values: Mapping[str, str]) -> list[JsonObject]:
    """Return the fields with what the shopper entered, by key.

    Raises:
        Incomplete: one that is required is empty, or a value does not fit; `param` is `custom_fields[<key>]`.
    """
    return [_filled(field, values.get(field["key"], "")) for field in fields]


def _filled(field: JsonObject, value: str) -> JsonObject:
    detail, label = field[field["type"]], field["label"]["custom"]
    name = f"custom_fields[{field['key']}]"
    if not value:
        if field["optional"]:
            return field
        raise Incomplete(f"{label} is required.", code="custom_field_incomplete", param=name)
    if field["type"] == "dropdown":
        if value not in {option["value"] for option in detail["options"]}:
            raise Incomplete(f"Choose one of the options for {label}.", code="custom_field_invalid", param=name)
    else:
        _check_entry(field, value, name)
    return {**field, field["type"]: {**detail, "value": value}}


def _check_entry(field: JsonObject, value: str, name: str) -> None:
    detail, label = field[field["type"]], field["label"]["custom"]
    noun = "digits" if field["type"] == "numeric" else "characters"
    if field["type"] == "numeric" and not (value.isascii() and value.isdigit()):
        raise Incomplete(f"{label} takes digits only.", code="custom_field_invalid", param=name)
    least, most = detail["minimum_length"] or 0, detail["maximum_length"] or LONGEST_VALUE
    if not least <= len(value) <= most:
        bounds = f"{least} to {most}" if least < most else str(least)
        raise Incomplete(f"{label} must have {bounds} {noun}.", code="custom_field_invalid", param=name)
