"""Law: no response to the owner of a namespace has a word or an address of somebody else's object.

The verdicts are those that everybody is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.shared_clusters import SharedCluster, shared_clusters
from tests.api.shared_service import Shared, leaked

Request = tuple[str, str, Any]
SENTENCES = (
    "can any pod reach any pod?",
    "can pods in namespace mine reach 8.8.8.8?",
    "can the internet reach pods in namespace mine on tcp/80?",
    "no pod can reach pods in namespace mine",
    "only pods in namespace mine can reach pods in namespace mine",
    "every pod in namespace mine can reach the internet",
    "BANP enforces default deny for every namespace",
    "network policies enforce default deny for every pod",
    "all namespaces are isolated",
    "pods in namespace mine can reach only nodes",
    "every pod is selected by a network policy for ingress",
    "which pods can reach pods in namespace mine?",
    "which addresses can pods in namespace mine reach on tcp/443?",
    "which addresses can reach pods?",
    "which services can pods in namespace mine reach?",
    "which policies decide pods to pods in namespace mine on tcp/80?",
    "which policies select pods?",
    "which pods are selected by no network policy?",
    "on which ports can pods reach pods in namespace mine?",
    "show reachability between namespaces on tcp/80",
    "why can pods in namespace mine reach pods?",
    "why can't pods reach pods in namespace mine?",
    "why can't pods in namespace mine reach the internet?",
    "no possible pod can reach pods in namespace mine",
    "which rules are shadowed?",
    "no policy is redundant",
    "which selectors match nothing?",
    "no verdict is ambiguous",
    "for every namespace N: no pod in namespace N can reach nodes",
    "assuming whatever network policies namespace mine writes: no pod in namespace mine can reach nodes",
    # mistakes, of which near names are told
    "can pods in namespace min reach pods?",
    "can pods in namespace qone reach pods?",
    "can pod mine/pod-9 reach pod one/pod-0?",
    "can pods labelled app=zdb reach pods?",
    "what does netpol policy-7 allow?",
    "what does netpol zqone/zqpolicy-0 allow?",
    "what does netpol mine/policy-0 allow?",
    "can pods in",
    "which pods can talk to pod-0",
)
SINCE = ("what changed since snapshot old?", "nothing is newly allowed since snapshot old")


def questions(cni: str) -> Iterator[Request]:
    """Requests over all routes that answer questions."""
    about: dict[str, Any] = {"snapshot": "now", "options": {"cni": cni}}
    for each in SENTENCES:
        yield "POST", "/query", {"query": each, **about}
    yield "POST", "/query", {"queries": list(SENTENCES[:5]), **about}
    for each in SINCE:
        yield "POST", "/query", {"query": each, "snapshots": {"old": {"snapshot": "old"}}, **about}
    for text in (
        "",
        "can ",
        "can pods in namespace ",
        "can pod ",
        "which policies ",
        "can pods labelled ",
        "why can't ",
    ):
        yield "POST", "/query/complete", {"text": text, **about}
    yield "POST", "/check", about
    pack = "define tenants by label zqteam\ninvariant a: no pod can reach the internet"
    yield "POST", "/check", {"pack": pack, **about}
    yield "POST", "/lint", about
    for by in ("pod", "workload", "namespace"):
        yield "POST", "/connectivity", {"by": by, "explain": True, "exposure": by == "workload", **about}
        yield "POST", "/diff", {"old": {"snapshot": "old"}, "new": {"snapshot": "now"}, "by": by}
        yield "POST", "/explain", {"port": "tcp/80", "truthTable": True, "by": by, **about}
    yield "POST", "/connectivity", {**about, "by": "tenant", "options": {"tenantLabel": "team", "cni": cni}}
    for ends in (("pods in namespace mine", "pods"), ("pods", "pods in namespace mine"), ("mine/pod-0", "8.8.8.8")):
        yield "POST", "/explain", {"source": ends[0], "destination": ends[1], "port": "tcp/80", **about}
    yield "POST", "/lint", {"snapshot": "now", "options": {"cni": "calico"}}


def looks() -> Iterator[Request]:
    """Requests over the other routes."""
    for path in ("", "/now", "/now?content=true", "/names/now", "/old"):
        yield "GET", f"/snapshots{path}", None
    yield "GET", "/metrics", None


def places(document: Any, *, own: bool = False) -> set[tuple[str, str, int]]:
    """The code, file and line of each finding; `own`: only of those whose subject is an object of `mine`, or that."""
    return {
        (each["code"], each["origin"]["file"], each["origin"]["line"])
        for each in document.get("findings", ())
        if not own or re.search(r"\bmine\b", each["subject"])
    }


def verdicts(document: Any) -> list[Any]:
    """The verdicts, in order."""
    if isinstance(document, list):
        return [found for each in document for found in verdicts(each)]
    if not isinstance(document, dict):
        return []
    own = [document[name] for name in ("verdict", "relation", "status") if name in document]
    return own + (verdicts(document["answers"]) if "answers" in document else [])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[SharedCluster, SharedCluster]:
    """Two states of a cluster under one implementation."""
    cni = draw(st.sampled_from(("spec", "spec", "calico", "cilium")))
    return draw(shared_clusters(cni)), draw(shared_clusters(cni))


@pytest.mark.heavy
@settings(max_examples=100)
@given(pair=pairs(), data=st.data())
def test_no_route_names_objects_of_others(pair: tuple[SharedCluster, SharedCluster], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        service = Shared(Path(folder), *pair)
        every = st.sampled_from((*questions(pair[1].cni), *looks()))
        for method, path, body in data.draw(st.lists(every, min_size=6, max_size=6)):
            everything = service.send(service.admin, method, path, json=body)
            told = service.send(service.owner, method, path, json=body)
            assert leaked(body, f"{told.text} {dict(told.headers)}") == set(), (method, path, body)
            assert told.status_code in (everything.status_code, 403)
            if path == "/lint":
                assert places(told.json()) <= places(everything.json(), own=True), body
            if method == "POST" and told.status_code == 200:
                assert verdicts(told.json()) == verdicts(everything.json())
