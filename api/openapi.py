"""Parts of the OpenAPI document that all routes share: authentication, and the problems that any of them can have."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from reachproof.api.access import needed
from reachproof.api.problems import MEDIA_TYPE

_ANY = {"400": "Cannot be read", "408": "Too slow", "413": "Too large", "500": "Bug", "503": "Busy, or not ready"}
_SECURED = {"401": "Who asks is not known", "403": "The role is not enough"}
_SCHEME = {"type": "http", "scheme": "bearer", "description": "A token of reachproof, or a JSON Web Token."}
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}


def complete(app: FastAPI, *, secured: bool, open_metrics: bool) -> None:
    """Have the document say so. `secured`: whether anybody is asked who they are."""
    written = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        found = written()
        if is_new:
            for path, item in found["paths"].items():
                for method, operation in item.items():
                    role = needed(method.upper(), path, open_metrics=open_metrics) if secured else None
                    _complete(operation, None if role is None else role.value)
            if secured:
                found["components"]["securitySchemes"] = {"bearer": _SCHEME}
        return found

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _complete(operation: dict[str, Any], role: str | None) -> None:
    responses = operation["responses"]
    for status, description in (_ANY if role is None else _ANY | _SECURED).items():
        responses.setdefault(status, {"description": description, "content": _PROBLEM})
    operation["responses"] = dict(sorted(responses.items()))
    if role is not None:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the role {role}.".strip()
