"""Stripe's errors, one class each: raised anywhere, turned into Stripe's envelope in one place."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "AccountRefused",
    "AmountTooSmall",
    "ApiError",
    "CardError",
    "EmptyParameter",
    "IdempotencyKeyInUse",
    "IdempotencyMismatch",
    "InvalidApiKey",
    "InvalidRequest",
    "MissingApiKey",
    "MissingParameter",
    "NotModelled",
    "PublishableKeyRefused",
    "ResourceMissing",
    "StripeError",
    "UnexpectedState",
    "UnknownParameters",
    "UnknownUrl",
]

JsonObject = dict[str, Any]


class StripeError(Exception):
    """An error as Stripe answers it.

    Args:
        message: what the caller reads.
        param: the parameter at fault, in brackets form (`line_items[0][price]`), or None.
        code: Stripe's short code, or None where Stripe sends none.
        extra: further fields of the error object, such as `decline_code`, `charge` or `payment_intent`.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    code: str | None = None
    # True for an error that is itself an outcome, as a decline is: what the work changed is kept.
    keeps_changes: bool = False
    # Stripe keeps no idempotency record of a request that never began to execute.
    began: bool = True

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code
        self.extra = dict(extra or {})

    def body(self, *, request_log_url: str | None) -> JsonObject:
        """Return the error object, its keys in alphabetical order, as Stripe sends it inside `{"error": …}`."""
        fields: JsonObject = {"message": self.message, "type": self.type, **self.extra}
        if self.param is not None:
            fields["param"] = self.param
        if self.code is not None:
            fields["code"] = self.code
            fields["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if request_log_url is not None:
            fields["request_log_url"] = request_log_url
        return dict(sorted(fields.items()))

    def body_v2(self) -> JsonObject:
        """Return the error object as the second version of the API sends it, where each has a code."""
        code = self.code or {404: "not_found", 500: "internal_error"}.get(self.status, "invalid_fields")
        fields: JsonObject = {"code": code, "message": self.message, "type": self.type, **self.extra}
        if self.param is not None:
            fields["param"] = self.param
        return dict(sorted(fields.items()))


class InvalidRequest(StripeError):
    """The request is at fault: 400, most often without a code."""


class ParameterRefused(InvalidRequest):
    """A parameter does not hold by itself: found before anything executes."""

    began = False


class UnknownParameters(ParameterRefused):
    """Parameters that the operation does not have."""

    code = "parameter_unknown"

    def __init__(self, names: Sequence[str]) -> None:
        noun = "parameter" if len(names) == 1 else "parameters"
        super().__init__(f"Received unknown {noun}: {', '.join(names)}", param=names[0])


class MissingParameter(ParameterRefused):
    """A required parameter is absent."""

    code = "parameter_missing"

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", param=param)


class EmptyParameter(ParameterRefused):
    """An empty string for a parameter that cannot be unset."""

    code = "parameter_invalid_empty"

    def __init__(self, param: str) -> None:
        super().__init__(
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a "
            "non-empty value.",
            param=param,
        )


class AmountTooSmall(InvalidRequest):
    """An amount below the least that the currency allows."""

    code = "amount_too_small"


class ResourceMissing(InvalidRequest):
    """There is no object of that id: 404 when the URL names it, 400 when a parameter does."""

    code = "resource_missing"

    def __init__(self, noun: str, object_id: str, *, param: str | None = "id", status: int = 404) -> None:
        super().__init__(f"No such {noun}: '{object_id}'", param=param)
        self.status = status  # type: ignore[misc]  # the one error whose status depends on where the id stood


class UnexpectedState(InvalidRequest):
    """A state table has no such edge: the object's status does not allow what was asked.

    `extra` carries the object, as `payment_intent` or `setup_intent`.
    """

    code = "payment_intent_unexpected_state"


class CardError(StripeError):
    """A decline or refused card data: HTTP 402. With `keeps_changes` the failed attempt stays on record."""

    status = 402
    type = "card_error"

    def __init__(
        self,
        message: str,
        *,
        code: str,
        param: str | None = None,
        extra: Mapping[str, Any] | None = None,
        keeps_changes: bool = False,
    ) -> None:
        super().__init__(message, param=param, code=code, extra=extra)
        self.keeps_changes = keeps_changes


class IdempotencyMismatch(StripeError):
    """A key used again with other parameters or for another operation."""

    type = "idempotency_error"
    began = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )


class IdempotencyKeyInUse(StripeError):
    """A key whose first request is still executing."""

    status = 409
    type = "idempotency_error"
    code = "idempotency_key_in_use"
    began = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later."
        )


class Unauthorized(StripeError):
    """The key does not let the caller in."""

    status = 401
    began = False


class MissingApiKey(Unauthorized):
    """No key at all."""

    def __init__(self) -> None:
        super().__init__(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication "
            "for details, or we can help at https://support.stripe.com/."
        )


class InvalidApiKey(Unauthorized):
    """A key that is no test key; the message shows it masked."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Invalid API Key provided: {masked(key)}")


class PublishableKeyRefused(Unauthorized):
    """A publishable key where a secret one is needed."""

    code = "secret_key_required"

    def __init__(self) -> None:
        super().__init__(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a "
            "list of your API keys at https://dashboard.stripe.com/account/apikeys."
        )


class AccountRefused(StripeError):
    """`Stripe-Account` names an account that the key has no access to: every other than its own."""

    status = 403
    code = "account_invalid"
    began = False

    def __init__(self, key: str, account: str) -> None:
        super().__init__(
            f"The provided key '{masked(key)}' does not have access to account '{account}' (or that account does not "
            "exist). Application access may have been revoked."
        )


class UnknownUrl(StripeError):
    """A path, or a method on a path, that Stripe does not have."""

    status = 404
    began = False

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove the trailing "
            "slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in "
            "your code. Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
        )


class ApiError(StripeError):
    """The server failed: a defect of the sandbox, logged under the request's id."""

    status = 500
    type = "api_error"


class NotModelled(StripeError):
    """Stripe has this, the sandbox does not model it yet: said plainly rather than answered with a made-up object."""

    status = 501
    type = "api_error"
    began = False

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} exists at Stripe, but this sandbox does not model it yet.")


def masked(key: str) -> str:
    """Return an API key with all but its kind and its last four characters starred, as Stripe prints it."""
    tail = key[-4:]
    prefix = next(
        (part for part in ("sk_test_", "pk_test_", "rk_test_", "sk_live_", "pk_live_") if key.startswith(part)), ""
    )
    hidden = max(len(key) - len(prefix) - len(tail), 0)
    return prefix + "*" * hidden + (tail if hidden else "*" * len(tail))
