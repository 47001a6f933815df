"""The OpenAPI document: the routes, the shapes of documents, who may ask, and problems; and its page at /docs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any, TypedDict

from fastapi import FastAPI

from reachproof.api.access import required_role
from reachproof.api.problems import MEDIA_TYPE
from reachproof.api.security_headers import page_policy
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
        (503, "Busy, or the store is not available"),
    )
}
_DOCUMENTS: tuple[type, ...] = (
    *(Answer, Report, Connectivity, Unfinished, Diff, Findings, Completion, ProblemDetails),
    *(SnapshotSummary, SnapshotList, StoredSnapshot, NameGiven, NameHistory),
)
_ANY = {"400": "Cannot be read", "408": "Too slow", "413": "Too large", "500": "Bug", "503": "Busy, or not ready"}
_SECURED = {"401": "Unauthorized", "403": "The role is not enough"}
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


def complete_openapi(app: FastAPI, *, secured: bool, open_metrics: bool) -> None:
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
                    role = required_role(method.upper(), path, open_metrics=open_metrics) if secured else None
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


# ---------------------------------------------------------------- the page at /docs


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}h2{margin-top:2.5rem;border-top:1px solid #ccc;padding-top:1rem}code,pre{font:14px/1.45 "
    "ui-monospace,monospace}pre{background:#f4f4f4;padding:.8rem;overflow:auto}td,th{text-align:left;"
    "padding:.2rem 1rem .2rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#242424}a{color:#8ab4f8}}"
)
DOCS_POLICY = page_policy(f"sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}")
_SCHEMAS = "#/components/schemas/"


def docs_page(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>",
            '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
            *_operations(document),
            "<h2>Shapes</h2>",
            *_schemas(document),
            "</main></body></html>",
        )
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
            yield f"<p><strong>{escape(operation.get('summary', ''))}</strong></p>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"<p>Body: {_shape(content.get('schema', {}))} as <code>{escape(media_type)}</code></p>"
            yield from _responses(operation)


def _responses(operation: Mapping[str, Any]) -> Iterator[str]:
    yield "<table><thead><tr><th>Status</th><th>When</th><th>Body</th></tr></thead><tbody>"
    for status, response in operation["responses"].items():
        shapes = ", ".join(_shape(content.get("schema", {})) for content in response.get("content", {}).values())
        when = escape(response.get("description", ""))
        yield f"<tr><td>{escape(status)}</td><td>{when}</td><td>{shapes}</td></tr>"
    yield "</tbody></table>"


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><pre tabindex="0">{escape(text)}</pre>'


def _shape(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with links to those that have names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_SCHEMAS))
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_shape(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))
