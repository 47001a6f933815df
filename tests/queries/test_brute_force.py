"""Every answered form of the language, against what its tables say of flows that are enumerated one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from reachproof.grammar import ast
from reachproof.grammar.format import format_query
from reachproof.manifests.load import load_objects
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.errors import QueryError
from tests.queries.meaning import Meaning, meaning
from tests.queries.sentences import TENANT_LABEL, queries
from tests.queries.world import world
from tests.strategies.snapshots import manifests, model_options

SENTENCES = 4


def service(name: str, selector: dict[str, str] | None, *ports: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"ports": list(ports)} | ({} if selector is None else {"selector": selector})
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


MORE = (
    service(
        "app",
        {"app": "web"},
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
        {"name": "raw", "port": 9999, "targetPort": "web"},
    ),
    service("slices", None, {"name": "http", "port": 80}),
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "slices-1",
            "namespace": "shop",
            "labels": {"kubernetes.io/service-name": "slices"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]} for address in ("10.0.0.2", "192.168.0.1", "203.0.113.7")],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    },
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Snapshot, list[ast.Query]]:
    """A snapshot with Services of every sort, and sentences about it."""
    options: Options = replace(draw(model_options()), tenant_label=TENANT_LABEL)
    snapshot = load_objects([*draw(manifests(channel=options.channel, most_pods=4)), *MORE], options=options)
    return snapshot, draw(st.lists(queries(snapshot), min_size=SENTENCES, max_size=SENTENCES))


@settings(max_examples=max(100, settings().max_examples))
@given(asked())
def test_an_answer_is_what_the_language_says_of_every_flow(drawn: tuple[Snapshot, list[ast.Query]]) -> None:
    snapshot, sentences = drawn
    session, flows = Session(snapshot), world(snapshot, sentences)
    for query in sentences:
        text = format_query(query)
        try:
            answer = session.answer(query, text)
        except QueryError as refused:
            assert all("has none of these ports" in problem.message for problem in refused.problems), text
            event("refused")
            continue
        event(f"{type(query.statement).__name__} {answer.verdict}{' vacuous' if answer.vacuous else ''}")
        assert Meaning(answer.verdict, answer.vacuous) == meaning(flows, query), text
