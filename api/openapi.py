"""The OpenAPI document: the routes' own parts, the schemas of documents, who may ask, and the problems of any route."""

from __future__ import annotations

from typing import Any, TypedDict

from fastapi import FastAPI

from reachproof.api.access import needed
from reachproof.api.problems import MEDIA_TYPE
from reachproof.documents.answer import Answer
from reachproof.documents.completion import Completion
from reachproof.documents.connectivity import Connectivity, Unfinished
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.problem import ProblemDetails
from reachproof.documents.report import Report
from reachproof.documents.schema import components
from reachproof.documents.snapshots import NameGiven, NameHistory, SnapshotList, SnapshotSummary, StoredSnapshot

PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": title, "content": PROBLEM}
    for status, title in (
        (400, "Not JSON"),
        (404, "No such snapshot"),
        (413, "Too large"),
        (422, "Wrong"),
        (500, "Bug"),
        (503, "Busy, or the store cannot be used"),
    )
}
_DOCUMENTS: tuple[type, ...] = (
    *(Answer, Report, Connectivity, Unfinished, Diff, Findings, Completion, ProblemDetails),
    *(SnapshotSummary, SnapshotList, StoredSnapshot, NameGiven, NameHistory),
)
_ANY = {"400": "Cannot be read", "408": "Too slow", "413": "Too large", "500": "Bug", "503": "Busy, or not ready"}
_SECURED = {"401": "Who asks is not known", "403": "The role is not enough"}
_SCHEME = {"type": "http", "scheme": "bearer", "description": "A token of reachproof, or a JSON Web Token."}


class Sends(TypedDict):
    """The part of a route that says what it sends."""

    response_model: None
    responses: dict[int | str, dict[str, Any]]


def sends(*kinds: type, status: int = 200, several: bool = False) -> Sends:
    """Options of a route that sends a document of one of these kinds; with `several`, or a list of them."""
    shapes: list[dict[str, Any]] = [{"$ref": f"#/components/schemas/{kind.__name__}"} for kind in kinds]
    shapes += [{"type": "array", "items": shape} for shape in shapes] if several else []
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    return {"response_model": None, "responses": {status: {"content": {"application/json": {"schema": schema}}}}}


def complete(app: FastAPI, *, secured: bool, open_metrics: bool) -> None:
    """Have the document say so. `secured`: whether anybody is asked who they are."""
    written = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        found = written()
        if is_new:
            schemas = found["components"]["schemas"] | components(_DOCUMENTS, "#/components/schemas/")
            found["components"]["schemas"] = dict(sorted(schemas.items()))
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
        responses.setdefault(status, {"description": description, "content": PROBLEM})
    operation["responses"] = dict(sorted(responses.items()))
    if role is not None:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the role {role}.".strip()
