"""Every error as RFC 9457 `application/problem+json`. No stack trace and no path of the server is in a response."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from reachproof.api.http_error import HttpError as HttpError
from reachproof.documents.json import encoded
from reachproof.documents.problem import ProblemDetails, field_errors
from reachproof.network.errors import InputError, InternalError, Problem

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Malformed request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    413: "Content too large",
    422: "Invalid request",
    500: "Internal error",
    503: "Busy",
}


def problem_response(
    status: int, detail: str, problems: Iterable[Problem] = (), retry_after: int | None = None
) -> Response:
    """The response for an error; `retry_after`: seconds after which to try again."""
    details = ProblemDetails(
        type="about:blank",
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        errors=field_errors(dict.fromkeys(problems)),
    )
    headers = None if retry_after is None else {"retry-after": str(retry_after)}
    return Response(encoded(details), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Have the app answer every error in this form."""

    @app.exception_handler(HttpError)
    async def refused(_request: Request, error: HttpError) -> Response:
        return problem_response(error.status, error.detail, error.problems, error.retry_after)

    @app.exception_handler(InputError)
    async def wrong_input(_request: Request, error: InputError) -> Response:
        count = len(set(error.problems))
        detail = "the query or the manifests are wrong: " + ("1 problem" if count == 1 else f"{count} problems")
        return problem_response(422, detail, error.problems)

    @app.exception_handler(InternalError)
    async def our_bug(_request: Request, error: InternalError) -> Response:
        return problem_response(500, str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong_shape(request: Request, error: RequestValidationError) -> Response:
        details = error.errors()
        if [each["loc"] for each in details] == [("body",)] and not _is_json(request):
            found = request.headers.get("content-type") or "no content type"
            return problem_response(400, f"unsupported content type ({found}); send application/json")
        unreadable = any(each["type"] == "json_invalid" for each in details)
        known = _fields_of(request)
        problems = [_unreadable(each) if unreadable else _misshapen(each, known) for each in details]
        detail = "the body is not JSON" if unreadable else "the body does not match the schema"
        return problem_response(400 if unreadable else 422, detail, problems)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        response = problem_response(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == 405 and (methods := _methods(app, request.scope["path"])):
            response.headers["allow"] = ", ".join(methods)
        return response


def _methods(app: FastAPI, path: str) -> list[str]:
    """All methods of a path; the framework tells those of its first route alone (RFC 9110 section 15.5.6)."""
    fitting = (item for template, item in app.openapi()["paths"].items() if compile_path(template)[0].match(path))
    return sorted({method.upper() for item in fitting for method in item})


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _unreadable(detail: dict[str, Any]) -> Problem:
    """The message of the JSON reader, and its offset in characters."""
    return Problem(file="body", message=f"{detail['ctx']['error']} at character {detail['loc'][-1]}")


def _fields_of(request: Request) -> list[str]:
    """The fields of the body that the route takes, by their names in JSON."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None else None
    fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
    return [field.alias or name for name, field in fields.items()]


def _misshapen(detail: dict[str, Any], known: list[str]) -> Problem:
    parts = [str(part) for part in detail["loc"] if part != "body"]
    path = ".".join(parts)
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(parts[-1], known, n=1) if len(parts) == 1 else []
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return Problem(file="body", path=path, message=f"unknown field `{parts[-1]}`{hint}")
    return Problem(file="body", path=path, message=detail["msg"].removeprefix("Value error, "))
