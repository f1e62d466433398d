"""How the Diddo API answers: JSON bytes as they are, and one shape for every error."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from diddo_rules import Violation, pointer
from diddo_sandbox.errors import (
    ApiError,
    InternalServerError,
    InvalidRequest,
    InvalidValue,
    MethodNotAllowed,
    RequestTooLarge,
    RouteNotFound,
)
from diddo_sandbox.languages import ENGLISH, preferred_language

__all__ = [
    "BODY_LIMIT",
    "ERROR_RESPONSES",
    "SPOKEN",
    "ErrorBody",
    "Responses",
    "error_body",
    "error_response",
    "handle_errors",
    "json_response",
]

BODY_LIMIT = 1024 * 1024
FASTAPI_UNPARSED = "There was an error parsing the body"
UNPARSED = "The body is not JSON: it is not UTF-8, or nested too deeply."


class ErrorDetails(BaseModel):
    """Where the fault is, what to do about it, and what is known of it."""

    pointer: str
    remedy: str
    facts: dict[str, Any]


class Error(BaseModel):
    """One fault."""

    code: str
    message: str
    details: ErrorDetails | None = None


class ErrorBody(BaseModel):
    """The body of every error; the first one's status is the response's."""

    errors: list[Error]


Responses = dict[int | str, dict[str, Any]]

# Sent with all that is told in the language that was asked for.
SPOKEN = {"Vary": "Accept-Language"}

# What any route may answer: documented once.
ERROR_RESPONSES: Responses = {
    status: {"model": ErrorBody, "description": description}
    for status, description in {
        400: "The request cannot be read, or names something that does not exist",
        401: "No API key, or not one of the sandbox",
        403: "This key may not do this",
        404: "There is no such cart",
        409: "The cart is locked or submitted",
        413: "The body is too large",
        422: "A value is not acceptable",
        500: "A fault of the server or of a plugin",
        503: "The payment gateway does not answer",
    }.items()
}


def json_response(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def error_body(*violations: Violation, language: str | None = None) -> bytes:
    """Return the JSON body for what was found; it may quote any number or text that was sent, however odd."""
    return json.dumps({"errors": [violation.to_error(language) for violation in violations]}).encode()


def error_response(*violations: Violation, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for what was found; the first one's status is sent."""
    return Response(error_body(*violations), violations[0].http_status, headers, "application/json")


def handle_errors(app: FastAPI) -> None:
    """Let every failure of the application's routes answer in the one shape."""
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _failed)  # Starlette then raises it again, for the backstop to log


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  registered for it
    asked_for = preferred_language(request.headers.get("accept-language", ""), request.app.state.services.languages)
    # The sandbox's own refusals are in English only; one language speaks for the whole answer.
    language = asked_for if all(asked_for in it.translations for it in error.violations) else ENGLISH
    body = error_body(*error.violations, language=language)
    headers = SPOKEN | {"Content-Language": language}
    return Response(body, error.violations[0].http_status, headers, "application/json")


async def _unreadable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    # What cannot be read comes first: it decides the status. Each branch of a union complains: one is enough.
    faults = sorted((_fault(found, error.body) for found in error.errors()), key=lambda fault: fault.http_status)
    places: dict[str, InvalidRequest | InvalidValue] = {}
    for fault in faults:
        places.setdefault(fault.at or fault.problem, fault)
    return error_response(*places.values())


def _fault(found: Mapping[str, Any], body: Any) -> InvalidRequest | InvalidValue:
    place, *path = found["loc"]
    if found["type"] == "json_invalid":
        reason = found["ctx"]["error"]
        return InvalidRequest(at="", problem=f"The body is not JSON: {reason} at character {path[0]}.")
    if place == "body":
        path = list(_in_body(path, body, missing=found["type"] == "missing"))
    name = ".".join(str(part) for part in path) or f"the {place}"
    problem = f"{name}: {WORDINGS.get(found['type'], found['msg'])}."
    at = pointer(*path) if place == "body" else ""
    return (InvalidValue if found["type"] in OUT_OF_BOUNDS else InvalidRequest)(at=at, problem=problem)


def _in_body(path: Sequence[str | int], body: Any, *, missing: bool) -> Iterator[str | int]:
    """Yield the steps that lead through the body: the validator also names the branches of its unions."""
    for position, step in enumerate(path):
        if isinstance(body, list) and isinstance(step, int) and step < len(body):
            yield step
            body = body[step]
        elif isinstance(body, dict) and (
            key := next((one for one in (step, to_camel(str(step))) if one in body), None)
        ):
            yield step
            body = body[key]
        elif missing and position == len(path) - 1:
            yield step


# Well-typed values that are not acceptable, in the validator's terms.
OUT_OF_BOUNDS = frozenset(
    {"greater_than_equal", "less_than_equal", "too_short", "too_long", "string_too_short", "string_too_long"}
)
WORDINGS = {
    "dict_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "missing": "is missing",
    "string_type": "must be a string",
    "string_unicode": "is not Unicode text: half of a surrogate pair",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "list_type": "must be a list",
}


async def _failed(_request: Request, _error: Exception) -> Response:
    return error_response(InternalServerError(at="", problem="The sandbox failed; its log says where."))


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    path = request.url.path
    if error.status_code == 404:
        return error_response(RouteNotFound(at="", path=path))
    if error.status_code == 405:
        return error_response(MethodNotAllowed(at="", path=path, method=request.method), headers=error.headers)
    if error.status_code == 413:
        return error_response(RequestTooLarge(at="", limit=BODY_LIMIT))
    problem = UNPARSED if error.detail == FASTAPI_UNPARSED else f"{error.detail}."
    return error_response(InvalidRequest(at="", problem=problem))
