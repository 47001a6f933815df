"""A client of the service in this process, and what an error body looks like."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.manifests import load
from reachproof.network.snapshot import Snapshot
from tests.house.places import ROOT

EXAMPLES = ROOT / "queries" / "examples"
ISOLATED = "tenant A is isolated from tenant B"
DENIED = "BANP enforces default deny for every tenant"
MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tenant: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
status: {phase: Running, podIP: 10.244.0.5}
"""
TITLES = {
    400: "Malformed request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    405: "Method not allowed",
    408: "Request timeout",
    413: "Content too large",
    422: "Invalid request",
    429: "Too many",
    500: "Internal error",
    503: "Busy",
}


def tenants(folder: str = "tenants") -> Snapshot:
    """The example snapshot."""
    return load(EXAMPLES / folder)


def client(snapshot: Snapshot | None = None, database_url: str = "sqlite://", **limits: int) -> TestClient:
    """A client; errors of the service are answers to it, as they are to anyone.

    By default its store is in memory, and it keeps no results.
    """
    settings = Settings(database_url=SecretStr(database_url)).model_copy(update={"result_cache_entries": 0, **limits})
    return TestClient(create_app(settings, snapshot), raise_server_exceptions=False)


def error(message: str, *, file: str, line: int = 0, column: int = 0, path: str = "") -> dict[str, Any]:
    """One entry of `errors`."""
    return {"file": file, "line": line, "column": column, "path": path, "message": message}


def check_problem(response: Any, status: int, detail: str, *errors: dict[str, Any]) -> None:
    """Fails unless the response is exactly this problem."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    assert response.status_code == status
