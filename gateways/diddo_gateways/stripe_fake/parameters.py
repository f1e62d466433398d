"""Strict parameters: what a request sends, held against the catalogue's types and turned into Python values.

A validator is built from the catalogue at an operation's first call and kept. Its first complaint becomes Stripe's own
error, with the parameter's name in brackets form.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError, SchemaValidator, ValidationError, core_schema

from diddo_gateways.stripe_fake import metadata
from diddo_gateways.stripe_fake.catalogue import Catalogue, Node, Operation
from diddo_gateways.stripe_fake.errors import (
    EmptyParameter,
    MissingParameter,
    ParameterRefused,
    StripeError,
    UnknownParameters,
)

__all__ = ["Parameters"]

Schema = core_schema.CoreSchema
Place = tuple[str, ...]

LONGEST_TEXT = 5000
# Marks the parts of a location that pydantic adds for the branches of a union: they are no part of a name.
BRANCH = "\0"

# The server takes these, and the SDK's types do not list them: cards (from accounts with raw card access), the client
# secret that stands beside a publishable key, and the types that are answered with an error of their own since endive.
CARD_EXTRAS: dict[Place, Node] = {
    ("payment_method_data", "card"): "#PaymentMethodCreateParamsCard",
    ("payment_method_data", "type"): "#CustomerPaymentMethodListParams.type",
}
INTENT_EXTRAS: dict[Place, Node] = CARD_EXTRAS | {
    ("client_secret",): "string",
    ("payment_method_types",): {"list": "string"},
}
BEYOND_THE_TYPES: dict[str, dict[Place, Node]] = dict.fromkeys(
    (
        "POST /v1/payment_intents",
        "POST /v1/payment_intents/{intent}",
        "POST /v1/payment_intents/{intent}/confirm",
        "POST /v1/setup_intents",
        "POST /v1/setup_intents/{intent}",
        "POST /v1/setup_intents/{intent}/confirm",
    ),
    INTENT_EXTRAS,
) | {
    "POST /v1/confirmation_tokens": CARD_EXTRAS,
    "POST /v1/payment_intents/{intent}/verify_microdeposits": {("client_secret",): "string"},
    "POST /v1/setup_intents/{intent}/verify_microdeposits": {("client_secret",): "string"},
    "POST /v1/test_helpers/confirmation_tokens": CARD_EXTRAS,
}
# The empty string takes them off, which the types do not say.
BEYOND_THE_TYPES["POST /v1/prices/{price}"] = {
    ("lookup_key",): {"emptyable": "string"},
    ("nickname",): {"emptyable": "string"},
}
BEYOND_THE_TYPES["POST /v1/coupons/{coupon}"] = {("name",): {"emptyable": "string"}}
BEYOND_THE_TYPES["POST /v1/subscriptions/{subscription_exposed_id}"] = {
    ("default_payment_method",): {"emptyable": "string"}
}
# Forms that were left empty.
BEYOND_THE_TYPES["POST /v1/customers"] = {("name",): {"emptyable": "string"}}


# Part of the URLs of further pages, that nobody writes by hand.
PAGE_TOKEN: dict[Place, Node] = {("page",): "string"}


class Parameters:
    """The parameters of every operation."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known
        self._validators: dict[str, SchemaValidator] = {}

    def read(self, operation: Operation, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters as Python values.

        Args:
            operation: whose they are.
            raw: nested dicts of strings from a form, or what was JSON.

        Raises:
            StripeError: Stripe's error for the first thing that is wrong; every unknown parameter at once.
        """
        validator = self._validators.get(operation.name)
        if validator is None:
            validator = self._validators[operation.name] = self._build(operation)
        try:
            values: dict[str, Any] = validator.validate_python(raw)
        except ValidationError as error:
            raise _refusal(error.errors(include_url=False)) from None
        return values

    def _build(self, operation: Operation) -> SchemaValidator:
        if operation.params is None:
            return SchemaValidator(core_schema.typed_dict_schema({}, extra_behavior="forbid"))
        added = BEYOND_THE_TYPES.get(operation.name, {})
        if isinstance(operation.returns, dict) and "page_v2" in operation.returns:
            added = PAGE_TOKEN
        return SchemaValidator(_Builder(self._known, added).definition(operation.params, ()))


class _Builder:
    """Turns nodes of the catalogue into pydantic's schemas."""

    def __init__(self, known: Catalogue, added: dict[Place, Node]) -> None:
        self._known = known
        self._added = added

    def definition(self, name: str, place: Place) -> Schema:
        definition = self._known.definitions[name]
        if "enum" in definition:
            return self._enum(definition["enum"])
        nodes = definition["fields"] | {at[-1]: node for at, node in self._added.items() if at[:-1] == place}
        fields = {
            field: core_schema.typed_dict_field(
                self.schema(node, (*place, field)), required=field in definition["required"]
            )
            for field, node in nodes.items()
        }
        return core_schema.typed_dict_schema(fields, extra_behavior="forbid", total=False)

    def schema(self, node: Node, place: Place) -> Schema:
        if isinstance(node, str):
            return self.definition(node[1:], place) if node.startswith("#") else SCALARS[node]
        ((form, inner),) = node.items()
        build: Callable[[Any, Place], Schema] = getattr(self, "form_" + form)
        return build(inner, place)

    def _enum(self, values: list[Any]) -> Schema:
        sentence = _alternatives([str(value) for value in values])
        return core_schema.custom_error_schema(
            core_schema.literal_schema(values),
            "choice",
            custom_error_message="{values}",
            custom_error_context={"values": sentence},
        )

    def form_enum(self, values: list[Any], _place: Place) -> Schema:
        return self._enum(values)

    def form_list(self, inner: Node, place: Place) -> Schema:
        return core_schema.no_info_before_validator_function(
            _positions, core_schema.list_schema(self.schema(inner, place))
        )

    def form_map(self, inner: Node, place: Place) -> Schema:
        values = ANY_TEXT if inner == "string" else self.schema(inner, place)
        plain = core_schema.dict_schema(core_schema.str_schema(), values, strict=True)
        if place[-1] == "metadata":
            return core_schema.no_info_after_validator_function(metadata.check, plain)
        return plain

    def form_emptyable(self, inner: Node, place: Place) -> Schema:
        return core_schema.no_info_wrap_validator_function(_emptied, self.schema(inner, place))

    def form_nullable(self, inner: Node, place: Place) -> Schema:
        return core_schema.nullable_schema(self.schema(inner, place))

    def form_any_of(self, parts: list[Node], place: Place) -> Schema:
        # A dict may only be an object, text only a scalar: so that a complaint is about the branch that was meant.
        objects = [part for part in parts if self._is_object(part)]
        scalars = [part for part in parts if not self._is_object(part)]
        choices = {
            BRANCH + tag: self._first_of(nodes, place)
            for tag, nodes in (("object", objects), ("scalar", scalars))
            if nodes
        }
        if len(choices) == 1:
            return next(iter(choices.values()))
        return core_schema.tagged_union_schema(choices, _tag)

    def _is_object(self, node: Node) -> bool:
        resolved = self._known.resolve(node)
        return isinstance(resolved, dict) and bool({"fields", "map", "list"} & set(resolved))

    def _first_of(self, nodes: list[Node], place: Place) -> Schema:
        if len(nodes) == 1:
            return self.schema(nodes[0], place)
        choices = [(self.schema(node, place), f"{BRANCH}{number}") for number, node in enumerate(nodes)]
        return core_schema.union_schema(list[Schema | tuple[Schema, str]](choices), mode="left_to_right")


def _tag(value: Any) -> str:
    return BRANCH + ("object" if isinstance(value, dict | list) else "scalar")


def _alternatives(values: Sequence[str]) -> str:
    if len(values) < 3:
        return " or ".join(values)
    return f"{', '.join(values[:-1])}, or {values[-1]}"


def _positions(value: Any) -> Any:
    """Turn `{"0": …, "1": …}` into a list."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or not all(key.isascii() and key.isdigit() for key in value):
        raise PydanticCustomError("array", "Invalid array")
    return [value[key] for key in sorted(value, key=int)]


def _emptied(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
    return "" if value == "" else validate(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 18:
        digits = value.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return int(value)
    raise PydanticCustomError("integer", "Invalid integer")


def _boolean(value: Any) -> bool:
    if value in ("true", True):
        return True
    if value in ("false", False):
        return False
    raise PydanticCustomError("boolean", "Invalid boolean")


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if number - number != 0:  # neither NaN nor infinite
        raise PydanticCustomError("decimal", "Invalid decimal")
    return number


def _decimal(value: Any) -> str:
    """Keep a decimal as the text that it came as."""
    if isinstance(value, str) and len(value) <= 40:
        whole, _, fraction = value.removeprefix("-").partition(".")
        if (whole + fraction).isascii() and (whole + fraction).isdigit():
            return value
    raise PydanticCustomError("decimal", "Invalid decimal")


def _file(value: Any) -> Any:
    """Take an uploaded file as `multipart` has read it."""
    if isinstance(value, dict) and "filename" in value:
        return value
    raise PydanticCustomError("file", "Invalid file: must be uploaded as multipart/form-data")


ANY_TEXT = core_schema.str_schema(strict=True, max_length=LONGEST_TEXT)
TEXT = core_schema.str_schema(strict=True, min_length=1, max_length=LONGEST_TEXT)
SCALARS: dict[str, Schema] = {
    "string": TEXT,
    "datetime": TEXT,
    "integer": core_schema.no_info_plain_validator_function(_integer),
    "boolean": core_schema.no_info_plain_validator_function(_boolean),
    "number": core_schema.no_info_plain_validator_function(_number),
    "decimal": core_schema.no_info_plain_validator_function(_decimal),
    "any": core_schema.any_schema(),
    "file": core_schema.no_info_plain_validator_function(_file),
}


def _refusal(complaints: list[ErrorDetails]) -> StripeError:
    unknown = [_name(complaint["loc"]) for complaint in complaints if complaint["type"] == "extra_forbidden"]
    if unknown:
        return UnknownParameters(unknown)
    complaint = complaints[0]
    name, kind, value = _name(complaint["loc"]), complaint["type"], complaint["input"]
    if kind == "missing":
        return MissingParameter(name)
    if value == "":
        return EmptyParameter(name)
    return ParameterRefused(_message(complaint, name), param=name, code=CODES.get(kind))


CODES = {"integer": "parameter_invalid_integer"}
# What Stripe says of a value of the wrong form, by pydantic's name for the complaint.
WRONG_FORM = {
    "array": "Invalid array",
    "list_type": "Invalid array",
    "dict_type": "Invalid object",
    "typed_dict_type": "Invalid object",
    "integer": "Invalid integer",
    "boolean": "Invalid boolean",
    "decimal": "Invalid decimal",
}


def _message(complaint: ErrorDetails, name: str) -> str:
    kind, value = complaint["type"], complaint["input"]
    if kind in ("metadata", "file"):
        return complaint["msg"]
    if kind == "choice" and isinstance(value, str):
        return f"Invalid {name}: must be one of {complaint['msg']}"
    if kind == "string_too_long":
        return f"Invalid string: {value[:8]}...{value[-8:]}; must be at most {LONGEST_TEXT} characters"
    text = WRONG_FORM.get(kind, "Invalid string")
    return f"{text}: {value}" if isinstance(value, str) and kind in ("integer", "boolean", "decimal") else text


def _name(location: tuple[int | str, ...]) -> str:
    first, *rest = [part for part in location if not str(part).startswith(BRANCH)] or location
    return str(first) + "".join(f"[{part}]" for part in rest)
