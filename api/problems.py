"""Every error as RFC 9457 `application/problem+json`. No stack trace and no path of the server is in a response."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from reachproof.api.body_kind import body_of, is_json
from reachproof.api.http_error import HttpError as HttpError
from reachproof.api.request_reader import MISSHAPEN, misshapen
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
    429: "Too many",
    500: "Internal error",
    503: "Busy",
}


MOST_PROBLEMS = 100
"""Problems that a response tells; it says how many there are."""


def problem_response(
    status: int, detail: str, problems: Iterable[Problem] = (), retry_after: int | None = None
) -> Response:
    """The response for an error; `retry_after`: seconds after which to try again."""
    found = list(dict.fromkeys(problems))
    if len(found) > MOST_PROBLEMS:
        detail = f"{detail} (the first {MOST_PROBLEMS} of {len(found)} are shown)"
    details = ProblemDetails(
        type="about:blank",
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        errors=field_errors(found[:MOST_PROBLEMS]),
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
        if [each["loc"] for each in error.errors()] == [("body",)] and not is_json(request):
            found = request.headers.get("content-type") or "no content type"
            return problem_response(400, f"unsupported content type ({found}); send application/json")
        return problem_response(422, MISSHAPEN, misshapen(error.errors(), body_of(request.scope.get("route"))))

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
