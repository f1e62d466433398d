"""How the Diddo API answers: JSON bytes as they are, and one shape for every error."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from diddo_rules import Violation, pointer
from diddo_sandbox.errors import (
    ApiError,
    InternalServerError,
    InvalidRequest,
    MethodNotAllowed,
    RequestTooLarge,
    RouteNotFound,
)

__all__ = [
    "ERROR_RESPONSES",
    "ErrorBody",
    "Responses",
    "error_body",
    "error_response",
    "handle_errors",
    "json_response",
]

BODY_LIMIT = 1024 * 1024


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


def error_body(*violations: Violation) -> bytes:
    """Return the JSON body for what was found; it may quote any number or text that was sent, however odd."""
    return json.dumps({"errors": [violation.to_error() for violation in violations]}).encode()


def error_response(*violations: Violation, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for what was found; the first one's status is sent."""
    return Response(error_body(*violations), violations[0].http_status, headers, "application/json")


def handle_errors(app: FastAPI) -> None:
    """Let every failure of the application's routes answer in the one shape."""
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _failed)  # Starlette then raises it again, for the guard to log


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  registered for it
    return error_response(*error.violations)


async def _unreadable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    return error_response(*(_invalid(found) for found in error.errors()))


def _invalid(found: Mapping[str, Any]) -> InvalidRequest:
    place, *path = found["loc"]
    if found["type"] == "json_invalid":
        reason = found["ctx"]["error"]
        return InvalidRequest(at="", problem=f"The body is not JSON: {reason} at character {path[0]}.")
    at = pointer(*path) if place == "body" else ""
    name = ".".join(str(part) for part in path) or place
    return InvalidRequest(at=at, problem=f"{name}: {found['msg']}.")


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
    return error_response(InvalidRequest(at="", problem=f"{error.detail}."))
