"""What a request says of itself: its key, its account, its version, its parameters."""

import base64
import binascii
from typing import Any

import orjson

from diddo_gateways.stripe_fake import forms, multipart
from diddo_gateways.stripe_fake.errors import (
    AccountRefused,
    InvalidApiKey,
    InvalidRequest,
    MissingApiKey,
    ParameterRefused,
)
from diddo_gateways.stripe_fake.http import Request
from diddo_gateways.stripe_fake.versions import served
from diddo_gateways.stripe_fake.work import API_VERSION
from diddo_gateways.worlds import Key, parse_key

__all__ = ["V2", "account_of", "key_of", "parameters_of", "refused_account", "version_of"]

NEWEST = API_VERSION.encode()
FORM = b"application/x-www-form-urlencoded"
V2 = "/v2/"


def key_of(request: Request) -> Key:
    """Return the key of a request.

    Raises:
        MissingApiKey: there is none.
        InvalidApiKey: it is no test key.
    """
    text = _key_text(request)
    parsed = parse_key(text)
    if parsed is None:
        raise InvalidApiKey(text) if text else MissingApiKey
    return parsed


def _key_text(request: Request) -> str:
    """Return the key as it was sent, empty when there is none."""
    header = request.headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, given = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            return _basic_user(given.strip())
        case _:
            return ""


def account_of(request: Request) -> str | None:
    """Return the account that a request is made for, by its own words, or None for the key's own."""
    given = request.headers.get(b"stripe-account") or request.headers.get(b"stripe-context")
    return given.decode("latin-1") if given else None


def refused_account(request: Request, account: str) -> AccountRefused:
    """Return the refusal of a request for an account that its key has no access to."""
    return AccountRefused(_key_text(request), account)


def _basic_user(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1").partition(":")[0]
    except binascii.Error:
        return ""


def version_of(request: Request) -> str | None:
    """Return the version of the API that a request is made in, or None when it does not say.

    Raises:
        ParameterRefused: it is not served.
    """
    sent = request.headers.get(b"stripe-version")
    if sent == NEWEST:
        return API_VERSION
    return None if sent is None else served(sent.decode("latin-1"))


def parameters_of(request: Request, *, upload: bool) -> dict[str, Any]:
    """Return a request's parameters, undecided between lists and maps as yet.

    Args:
        request: the request.
        upload: whether it may bring a file.

    Raises:
        ParameterRefused: they cannot be read.
        InvalidRequestFormat: the body is not of the form that is asked for.
    """
    tree: dict[str, Any] = dict(forms.decode(request.query))
    if request.method != "POST":
        return tree
    content_type = request.headers.get(b"content-type", FORM)
    media_type = content_type.partition(b";")[0].strip().lower()
    if request.path.startswith(V2):
        return _json(request.body)
    if upload and media_type == multipart.MEDIA_TYPE:
        return tree | multipart.decode(request.body, content_type)
    if media_type != FORM and request.body:
        raise InvalidRequestFormat
    return forms.decode(request.body, tree)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ParameterRefused("The request's body is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise ParameterRefused("The request's body is not a JSON object.")
    return parsed


class InvalidRequestFormat(InvalidRequest):
    """A body that is not form-encoded."""

    began = False

    def __init__(self) -> None:
        super().__init__(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any"
            " questions, we can help at https://support.stripe.com/."
        )
