"""Good requests, and what each is answered: judged in this process, without the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reachproof.api.dispatch import Job, work
from reachproof.api.schemas import ConnectivityRequest, DiffRequest, ExplainRequest, LintRequest, QueryRequest, Question
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.network.snapshot import Snapshot
from tests.house.places import ROOT

TENANTS = ROOT / "queries" / "examples" / "tenants"
NAME = "prod"
SENTENCES = (
    "tenant A is isolated from tenant B",
    "can any pod in tenant A reach any pod in tenant B on tcp/5432?",
    "BANP enforces default deny for every tenant",
    "no possible pod in tenant B can reach any pod in tenant A",
    "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?",
    "every pod can reach some pod",
    "which pods can reach pods in tenant A on tcp/80?",
    "which policies decide tenant B to tenant A on tcp/441?",
    "show reachability between namespaces",
    "no verdict is ambiguous",
)
_OF_ONE_RUN = ("evidence", "snapshot", "origin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A request about the stored snapshot NAME, and its answer but for the times."""

    path: str
    body: dict[str, Any]
    expected: Any


def manifests() -> str:
    """The example cluster as one YAML text."""
    return "\n---\n".join(path.read_text(encoding="utf-8") for path in sorted(TENANTS.glob("*.yaml")))


def good_requests(snapshot: Snapshot) -> list[Good]:
    """Every kind of request about the snapshot, which the service has stored as NAME."""
    return [Good(path=path, body=body, expected=_expected(kind, body, snapshot)) for path, kind, body in _asked()]


def _asked() -> Iterator[tuple[str, type[Question], dict[str, Any]]]:
    for sentence in SENTENCES:
        yield "/query", QueryRequest, {"query": sentence, "snapshot": NAME}
    yield "/query", QueryRequest, {"queries": list(SENTENCES[:3]), "snapshot": NAME}
    yield "/query", QueryRequest, {"query": SENTENCES[1], "manifests": manifests()}
    yield "/connectivity", ConnectivityRequest, {"snapshot": NAME}
    yield "/lint", LintRequest, {"snapshot": NAME}
    yield (
        "/explain",
        ExplainRequest,
        {"source": "pods in tenant A", "destination": "pods in tenant B", "port": "tcp/5432", "snapshot": NAME},
    )
    yield "/diff", DiffRequest, {"old": {"snapshot": NAME}, "new": {"manifests": manifests()}}


def _expected(kind: type[Question], body: dict[str, Any], snapshot: Snapshot) -> Any:
    text = json.dumps(body).replace(json.dumps(NAME), json.dumps(snapshot.digest))
    request = kind.model_validate_json(text)
    job = Job(request=request, seconds=60.0, max_queries=100)
    return plain(json.loads(b"".join(work(job, SnapshotProvider(snapshot)).blocks)))


def plain(document: Any) -> Any:
    """The document without times, digests and files."""
    if isinstance(document, list):
        return [plain(each) for each in document]
    if isinstance(document, dict):
        return {name: plain(value) for name, value in document.items() if name not in _OF_ONE_RUN}
    return document
