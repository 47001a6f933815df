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
from tests.strategies.vocabulary import NAMESPACES

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


def floor(tier: str, **rules: Any) -> dict[str, Any]:
    """A ClusterNetworkPolicy for all pods that comes after every other of its tier."""
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": f"floor-{tier.lower()}"},
        "spec": {"tier": tier, "priority": 1000, "subject": {"namespaces": {}}} | rules,
    }


OUT = [{"action": "Deny", "to": [{"namespaces": {}}, {"networks": ["0.0.0.0/0", "::/0"]}]}]
IN = [{"action": "Deny", "from": [{"namespaces": {}}]}]
# Drawn policies seldom close much; so that claims hold for a reason, some snapshots have a floor under them.
FLOORS: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    (),
    (floor("Baseline", egress=OUT, ingress=IN),),
    (floor("Baseline", egress=OUT),),
    (floor("Admin", egress=OUT, ingress=IN),),
    tuple(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "floor", "namespace": home},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }
        for home in NAMESPACES[:2]
    ),
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Snapshot, list[ast.Query]]:
    """A snapshot with Services of every sort, and sentences about it."""
    options: Options = replace(draw(model_options()), tenant_label=TENANT_LABEL)
    drawn = draw(manifests(channel=options.channel, most_pods=4))
    snapshot = load_objects([*drawn, *draw(st.sampled_from(FLOORS)), *MORE], options=options)
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
