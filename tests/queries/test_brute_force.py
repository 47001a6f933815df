"""Every answered form of the language, against what its tables say of flows that are enumerated one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reachproof.grammar import ast
from reachproof.grammar.format import format_query
from reachproof.manifests.load import load_objects
from reachproof.network.options import Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.ask import answer as answer_to
from reachproof.queries.errors import QueryError
from tests.queries.meaning import Meaning, meaning
from tests.queries.sentences import TENANT_LABEL, addresses, queries
from tests.queries.world import offers_what_is_asked, world
from tests.strategies.snapshots import manifests, model_options
from tests.strategies.vocabulary import NAMESPACES, NODES

SENTENCES = 4


def service(name: str, selector: dict[str, str] | None, *ports: dict[str, Any], **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"ports": list(ports)} | ({} if selector is None else {"selector": selector}) | more
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def slice_of(name: str, *addresses: str, managed: bool = False, ready: bool = True) -> dict[str, Any]:
    """An EndpointSlice of a Service, that of the controller where `managed`; it has TCP port 8080 as `http`."""
    labels = {"kubernetes.io/service-name": name}
    if managed:
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-{managed}-{ready}".lower(), "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


MORE = (
    service(
        "app",
        {"app": "web"},
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
        {"name": "raw", "port": 9999, "targetPort": "web"},
    ),
    service("front", {"app": "web"}, {"port": 80, "targetPort": 8080, "nodePort": 30080}, type="NodePort"),
    service(
        "kept", {"app": "web"}, {"port": 80, "nodePort": 30081}, type="LoadBalancer", externalTrafficPolicy="Local"
    ),
    service("slices", None, {"name": "http", "port": 80}),
    slice_of("slices", "10.0.0.2", "192.168.0.1", "203.0.113.7"),
    service("listed", {"app": "web"}, {"name": "http", "port": 80, "targetPort": "web"}),
    slice_of("listed", "10.0.0.1", "10.0.0.4", "192.168.0.2", managed=True),
    slice_of("listed", "10.0.0.2", managed=True, ready=False),
    slice_of("listed", "203.0.113.9"),
    service("bare", {"app": "web"}, {"name": "http", "port": 80, "targetPort": 8080}, clusterIP="None"),
    slice_of("bare", "10.0.0.1", "10.0.0.2", managed=True),
    service("plain", {"app": "web"}, clusterIP="None"),
    service("four", {"app": "web"}, {"port": 80}, ipFamilies=["IPv4"]),
    service(
        "doubtful",
        {"app": "web"},
        {"name": "http", "port": 81, "targetPort": "web", "nodePort": 30082},
        type="NodePort",
    ),
    slice_of("doubtful", "10.0.0.1", managed=True),
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


FRONT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "front", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"nodeName": NODES[0], "containers": [{"name": "c", "image": "i"}]},
    "status": {"phase": "Running", "podIP": "10.0.0.60"},
}


@st.composite
def from_outside(draw: st.DrawFn) -> tuple[Snapshot, list[ast.Query]]:
    """A snapshot, and sentences about what clients outside the cluster, and others, can reach by a Service."""
    options: Options = replace(draw(model_options()), tenant_label=TENANT_LABEL)
    drawn = draw(manifests(channel=options.channel, most_pods=2))
    snapshot = load_objects([*drawn, *draw(st.sampled_from(FLOORS)), *MORE, FRONT], options=options)
    pods = ast.Pods()
    narrow = addresses("203.0.113.128/25")
    source = st.sampled_from((ast.OutsideCluster(), narrow, ast.Union((pods, narrow)), pods, ast.Nodes(), pods))
    services = [ast.ServiceNamed(ast.ObjectName("shop", name)) for name in ("front", "kept", "app", "slices", "listed")]
    destination: st.SearchStrategy[ast.SetExpr] = st.sampled_from(
        (services[0], services[0], *services, ast.Union((services[0], pods)), ast.Difference(services[0], pods))
    )
    exempt = st.sampled_from(((), (ast.Exempt(source=ast.Nodes()),), (ast.Exempt(source=narrow),)))
    quantified = st.builds(ast.Quantified, st.sampled_from(ast.Quantifier), source)
    statement = st.one_of(
        st.builds(ast.Can, quantified, st.builds(ast.Quantified, st.sampled_from(ast.Quantifier), destination)),
        st.builds(ast.No, source, destination, exceptions=exempt),
        st.builds(ast.Only, source, destination, exceptions=exempt),
        st.builds(ast.Every, source, st.builds(ast.Quantified, st.just(ast.Quantifier.EVERY), destination)),
    )
    return snapshot, draw(st.lists(statement.map(ast.Query), min_size=SENTENCES, max_size=SENTENCES))


def demand(snapshot: Snapshot, sentences: list[ast.Query]) -> None:
    """Every answer is what the language says."""
    session, flows = Session(snapshot), world(snapshot, sentences)
    for query in sentences:
        text = format_query(query)
        try:
            answer = answer_to(session.bound(query, text))
        except QueryError as refused:
            assert all("has none of these ports" in problem.message for problem in refused.problems), text
            assert not offers_what_is_asked(snapshot, query), text
            event("refused")
            continue
        assert offers_what_is_asked(snapshot, query), text
        rewritten = any(notice.code == "ARRIVES_FROM_A_NODE" for notice in answer.assumptions)
        event(f"{type(query.statement).__name__} {answer.verdict}{' vacuous' if answer.vacuous else ''}{rewritten}")
        assert Meaning(answer.verdict, answer.vacuous) == meaning(flows, query), text


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(asked())
def test_an_answer_is_what_the_language_says_of_every_flow(drawn: tuple[Snapshot, list[ast.Query]]) -> None:
    demand(*drawn)


@pytest.mark.heavy
@settings(max_examples=max(50, settings().max_examples // 2))
@given(from_outside())
def test_traffic_from_outside_may_arrive_from_any_node(drawn: tuple[Snapshot, list[ast.Query]]) -> None:
    demand(*drawn)


NODE_PORTS = (
    (30080, 30080),
    (30081, 30081),
    (30082, 30082),
    (30080, 30082),
    (30000, 32767),
    (30083, 30083),
    (80, 30080),
)


@st.composite
def at_node_ports(draw: st.DrawFn) -> tuple[Snapshot, list[ast.Query]]:
    """A snapshot, and sentences about what is sent to nodes, to addresses and to Services on node ports."""
    options: Options = replace(draw(model_options()), tenant_label=TENANT_LABEL)
    drawn = draw(manifests(channel=options.channel, most_pods=2))
    snapshot = load_objects([*drawn, *draw(st.sampled_from(FLOORS)), *MORE, FRONT], options=options)
    pods, narrow = ast.Pods(), addresses("203.0.113.128/25")
    nodes: list[ast.SetExpr] = [ast.Nodes(), *(ast.NodeNamed(ast.Name(node.name)) for node in snapshot.nodes)]
    nodes += [addresses("192.168.0.0/24"), addresses("192.168.0.2"), addresses("10.0.0.0/8")]
    services = [ast.ServiceNamed(ast.ObjectName("shop", name)) for name in ("front", "doubtful", "bare", "plain")]
    one = st.sampled_from((*nodes, *nodes, *services))
    both = st.tuples(one, st.sampled_from((*nodes, *services, pods)))
    destination = st.one_of(one, one, both.map(ast.Union), st.builds(ast.Difference, both.map(ast.Union), one))
    numbers = st.sampled_from(NODE_PORTS).map(lambda each: ast.PortNumbers(Protocol.TCP, *each))
    ports = st.builds(ast.Ports, st.lists(numbers, min_size=1, max_size=2, unique=True).map(tuple), st.booleans())
    source = st.sampled_from((ast.OutsideCluster(), narrow, pods, pods, ast.Nodes()))
    exempt = st.builds(ast.Exempt, st.one_of(st.none(), source), one, ports)
    exceptions = st.one_of(st.just(()), st.just(()), st.tuples(exempt))
    quantified = st.builds(ast.Quantified, st.sampled_from(ast.Quantifier), source)
    statement = st.one_of(
        st.builds(ast.Can, quantified, st.builds(ast.Quantified, st.sampled_from(ast.Quantifier), destination), ports),
        st.builds(ast.No, source, destination, ports, exceptions),
        st.builds(ast.Only, source, destination, ports),
        st.builds(ast.ReachOnly, source, st.tuples(st.builds(ast.Target, destination, ports)), st.booleans()),
    )
    return snapshot, draw(st.lists(statement.map(ast.Query), min_size=SENTENCES, max_size=SENTENCES))


@pytest.mark.heavy
@settings(max_examples=max(40, settings().max_examples // 4))
@given(at_node_ports())
def test_what_is_sent_to_a_node_port_is_judged_as_what_it_becomes(drawn: tuple[Snapshot, list[ast.Query]]) -> None:
    demand(*drawn)
