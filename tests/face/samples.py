"""Results of every kind, made from real documents, and the same with other text in the place of every name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from reachproof.documents.answer import Answer
from reachproof.documents.connectivity import Connectivity
from reachproof.documents.connectivity_matrix import connectivity_blocks, matrix_of
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.json import decoded, plain
from reachproof.documents.report import Report
from reachproof.documents.words import By
from reachproof.face.answer import answer_of
from reachproof.face.connectivity import connectivity_of
from reachproof.face.difference import diff_of
from reachproof.face.findings import findings_of
from reachproof.face.report import report_of
from reachproof.manifests import load
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.connectivity_document import connectivity_document
from reachproof.queries.difference import difference
from reachproof.queries.explain import explain
from reachproof.queries.exposure import exposure
from reachproof.queries.hygiene import lint
from reachproof.queries.packs import check, library
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
from tests.house.places import ROOT

EXAMPLES = ROOT / "queries" / "examples"
REFUTED = "no pod in tenant A can reach 10.0.0.0/8 on tcp/5432"
FIXED = frozenset(
    {
        "apiVersion",
        "form",
        "severity",
        "expected",
        "status",
        "code",
        "verdict",
        "world",
        "kind",
        "direction",
        "tier",
        "action",
        "protocol",
        "connections",
        "partial",
        "depends",
        "before",
        "after",
        "gained",
        "lost",
        "entireCluster",
        "relation",
        "by",
        "change",
        "access",
        "when",
        "edit",
        "columns",
        "truth",
    }
)
"""Keys of documents under which no text of others stands."""


@cache
def documents() -> dict[str, Any]:
    """A document of every kind, by the name of its kind, as a service would send it."""
    good, broken = (Session(load(EXAMPLES / name)) for name in ("tenants", "tenants-broken"))
    found = {
        "refuted": answer_document(broken.ask(REFUTED)),
        "proved": answer_document(good.ask(REFUTED)),
        "since": answer_document(broken.since({"main": good}).ask("nothing changed since snapshot main")),
        "list": answer_document(good.ask("which pods can reach service kube-system/kube-dns on udp/53?")),
        "explained": answer_document(explain(good, "acme-shop/front-7d9c5", "service acme-shop/db", "5432")),
        "report": check(broken.snapshot, library()).document,
        "findings": lint(broken.encoding, Budget(), Prover()),
        "connectivity": json.loads(b"".join(_connectivity(good))),
        "diff": difference(good.encoding, broken.encoding, Budget(), Prover()),
    }
    return {kind: each if kind == "connectivity" else plain(each) for kind, each in found.items()}


def _connectivity(session: Session) -> Iterable[bytes]:
    report = connectivity(session, request(By.WORKLOAD))
    exposures, _ = exposure(report, Budget(), Prover())
    return connectivity_blocks(connectivity_document(report, exposures=exposures))


_VIEWS: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
    "report": (Report, report_of),
    "findings": (Findings, findings_of),
    "connectivity": (Connectivity, lambda found: connectivity_of(matrix_of(found))),
    "diff": (Diff, diff_of),
}


def view(kind: str, document: Any) -> Any:
    """The result that a document of a kind is."""
    shape, made = _VIEWS.get(kind, (Answer, answer_of))
    return made(decoded(document, shape))


def everything(found: dict[str, Any]) -> list[Any]:
    """Every result and picture of these documents."""
    views = [view(kind, document) for kind, document in found.items()]
    connections = views[list(found).index("connectivity")]
    pictures = [connections.matrix(), connections.graph(), connections.exposure()]
    return [*views, *(each.trace for each in views if getattr(each, "trace", None)), *pictures]


def renamed(value: Any, text: str) -> Any:
    """The document with a text in the place of every name, label, sentence and place that others have written.

    Ends stay apart: the text is written once more for each, with its own number.
    """
    numbers: dict[str, int] = {}

    def change(value: Any) -> Any:
        match value:
            case dict():
                return {key: each if key in FIXED and _fixed(each) else change(each) for key, each in value.items()}
            case list():
                return [change(each) for each in value]
            case str() if value:
                return f"{text}{numbers.setdefault(value, len(numbers))}"
            case _:
                return value

    return change(value)


def _fixed(value: Any) -> bool:
    """A word or connections, not an object with names in it, such as the flow under `before`."""
    return not isinstance(value, dict) or "source" not in value
