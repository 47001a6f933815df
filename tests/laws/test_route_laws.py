"""Laws of rows of routes: they have what the language says of each proxy, pod and port, where a route leads there.

Where a route leads is told here again, from the manifests. Every answer is decided by the sets engine and by Z3, and
replayed by the evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.connectivity import ports_of
from reachproof.documents.words import By, Relation, Verdict
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import Protocol, place
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import request
from reachproof.queries.connectivity_document import report_document
from reachproof.queries.diff_ways_in_document import whole_difference
from reachproof.queries.ingress_controller import STAND_IN
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
from tests.queries.given import Manifest, namespace, network_policy, pod, service, session

PORTS = {80: 8080, 81: 9090}
HOMES = ("shop", "bank")
NGINX = {"app.kubernetes.io/name": "ingress-nginx"}
ROUTER = {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"}
GATEWAY = {"gateway.networking.k8s.io/gateway-name": "gw"}
Lead: TypeAlias = "tuple[str, str, int]"
"""A proxy, a pod and a port."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Objects, and where their routes lead: certainly or not."""

    objects: tuple[Manifest, ...]
    leads: dict[Lead, bool]


def thing(api_version: str, kind: str, key: str, spec: Any) -> Manifest:
    home, name = key.split("/")
    metadata = {"namespace": home, "name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def proxy(name: str, address: str, labels: dict[str, str]) -> Manifest:
    made = pod(f"edge/{name}", address)
    return made | {"metadata": made["metadata"] | {"labels": labels}}


KINDS = ("Ingress", "HTTPRoute", "Route", "ApisixRoute")


@st.composite
def clusters(draw: st.DrawFn) -> Drawn:
    """Two namespaces with a Service each, proxies that may be there or not, and up to three routes."""
    there = {kind: draw(st.booleans()) for kind in ("nginx", "router", "proxy")}
    listening = draw(st.sampled_from((None, "All", "Same")))
    proxies = {
        name: proxy(name, f"10.0.9.{at}", labels)
        for at, (name, labels) in enumerate((("nginx", NGINX), ("router", ROUTER), ("proxy", GATEWAY)), start=1)
        if there[name]
    }
    objects: list[Manifest] = [namespace("edge"), *map(namespace, HOMES), *proxies.values()]
    for at, home in enumerate(HOMES):
        ports = [{"name": f"p{port}", "port": port, "targetPort": target} for port, target in PORTS.items()]
        objects += [pod(f"{home}/a", f"10.0.{at}.1", app="web"), pod(f"{home}/b", f"10.0.{at}.2", app="other")]
        objects += [service(f"{home}/web", {"app": "web"}, *ports)]
        if draw(st.booleans()):
            objects.append(draw(policies(home)))
    if listening:
        listener = {"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": listening}}}
        objects.append(
            thing(
                "gateway.networking.k8s.io/v1", "Gateway", "edge/gw", {"gatewayClassName": "c", "listeners": [listener]}
            )
        )
    leads: dict[Lead, bool] = {}
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True))
    for kind in kinds:
        home, port = draw(st.sampled_from(HOMES)), draw(st.sampled_from(tuple(PORTS)))
        objects.append(ROUTES[kind](home, port))
        targets = list(PORTS.values()) if kind == "ApisixRoute" else [PORTS[port]]
        for source, certain in _serving(kind, set(proxies), listening):
            for target in targets:
                lead = source, f"{home}/a", target
                leads[lead] = leads.get(lead, False) or certain
    return Drawn(tuple(objects), leads)


ROUTES = {
    "Ingress": lambda home, port: thing(
        "networking.k8s.io/v1",
        "Ingress",
        f"{home}/i",
        {"defaultBackend": {"service": {"name": "web", "port": {"number": port}}}},
    ),
    "HTTPRoute": lambda home, port: thing(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        f"{home}/h",
        {
            "parentRefs": [{"name": "gw", "namespace": "edge"}],
            "rules": [{"backendRefs": [{"name": "web", "port": port}]}],
        },
    ),
    "Route": lambda home, port: thing(
        "route.openshift.io/v1",
        "Route",
        f"{home}/r",
        {"to": {"kind": "Service", "name": "web"}, "port": {"targetPort": f"p{port}"}},
    ),
    "ApisixRoute": lambda home, port: thing("apisix.apache.org/v2", "ApisixRoute", f"{home}/x", {}),
}


def _serving(kind: str, known: set[str], listening: str | None) -> list[tuple[str, bool]]:
    """The proxies that serve a route, each with whether that is certain."""
    own = {"Ingress": "nginx", "HTTPRoute": "proxy", "Route": "router"}.get(kind, "")
    everyone = [*sorted(f"edge/{name}" for name in known), str(STAND_IN)]
    if kind == "HTTPRoute" and listening == "Same":
        return []
    if kind == "ApisixRoute" or (kind == "HTTPRoute" and listening is None):
        return [(name, False) for name in everyone]
    if own in known:
        return [(f"edge/{own}", True)]
    return [(name, name == str(STAND_IN)) for name in everyone]


@st.composite
def policies(draw: st.DrawFn, home: str) -> Manifest:
    peers = st.sampled_from(
        (
            {"namespaceSelector": {}},
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}},
            {"namespaceSelector": {"matchLabels": {"team": "x"}}},
            {"namespaceSelector": {}, "podSelector": {"matchLabels": NGINX}},
            {"ipBlock": {"cidr": "10.0.9.1/32"}},
            {"podSelector": {}},
        )
    )
    rule: Manifest = {"from": draw(st.lists(peers, min_size=1, max_size=2))}
    ports = draw(st.lists(st.sampled_from(tuple(PORTS.values())), max_size=1))
    if ports:
        rule["ports"] = [{"port": port} for port in ports]
    return network_policy(f"{home}/web", {}, ingress=[rule] if draw(st.booleans()) else [])


def rows(asking: Session) -> dict[Lead, bool]:
    """What the report says: each proxy, pod and port, and whether that is certain."""
    found = report_document(asking, request(By.POD), Budget(seconds=30)).ways_in
    said: dict[Lead, bool] = {}
    for row in (each.row for each in found or ()):
        ports, depends = ports_of(row.connections), ports_of(row.depends)
        listed = [port for port in PORTS.values() if place(Protocol.TCP, port) in ports]
        assert ports == IntervalSet.of((place(Protocol.TCP, port),) * 2 for port in listed) and row.partial is None
        for port in listed:
            lead = str(row.src), str(row.dst), port
            said[lead] = place(Protocol.TCP, port) not in depends
    return said


def judged(asking: Session, lead: Lead, certain: bool) -> bool | None:
    """What questions say of a lead: true or false for a row that is certain or not, None for no row."""
    source, pod_, port = lead
    stand_in = source == str(STAND_IN)
    name = f'"{STAND_IN.namespace}"/{STAND_IN.name}' if stand_in else source
    where = asking.with_controller if stand_in else asking
    can = where.ask(f"can pod {name} reach pod {pod_} on tcp/{port}?")
    always = where.ask(f"every pod {name} can reach every pod {pod_} on tcp/{port}")
    assert can.evidence.cross_checked
    assert can.verdict in (Verdict.REACHABLE, Verdict.UNREACHABLE)
    assert always.verdict in (Verdict.HOLDS, Verdict.VIOLATED)
    if can.verdict is Verdict.UNREACHABLE:
        return None
    return certain and always.verdict is Verdict.HOLDS


@pytest.mark.heavy
@given(clusters())
@settings(max_examples=40, deadline=None)
def test_the_rows_of_routes_are_what_questions_say_of_each_proxy_pod_and_port(drawn: Drawn) -> None:
    asking = session(*drawn.objects)
    expected = {lead: judged(asking, lead, certain) for lead, certain in drawn.leads.items()}
    assert rows(asking) == {lead: certain for lead, certain in expected.items() if certain is not None}


@pytest.mark.heavy
@given(clusters(), clusters())
@settings(max_examples=30, deadline=None)
def test_a_difference_has_what_the_rows_of_both_snapshots_have_more_and_less(old: Drawn, new: Drawn) -> None:
    """Pods of proxies that only one of them has gain or lose everything, but for the one that stands for others."""
    before, after = session(*old.objects), session(*new.objects)
    found = whole_difference(before.encoding, after.encoding, Budget(seconds=30), Prover(), by=By.POD)
    first, second = rows(before), rows(after)
    gained, lost, doubtful = set[Lead](), set[Lead](), set[Lead]()
    for row in found.ways_in or ():
        for ports, leads in ((row.gained, gained), (row.lost, lost), (row.may_differ, doubtful)):
            leads |= {
                (str(row.src), str(row.dst), port)
                for port in PORTS.values()
                if place(Protocol.TCP, port) in ports_of(ports)
            }
    level = {None: 0, False: 1, True: 2}
    steps = {each: level[second.get(each)] - level[first.get(each)] for each in first.keys() | second.keys()}
    assert {each for each, step in steps.items() if step > 0} == gained | {each for each in doubtful if steps[each] > 0}
    assert {each for each, step in steps.items() if step < 0} == lost | {each for each in doubtful if steps[each] < 0}
    assert all(each[0] == str(STAND_IN) for each in doubtful if steps[each])
    assert all(first.get(each) is second.get(each) is False for each in doubtful if not steps[each])
    if gained or lost or doubtful:
        assert found.relation not in (Relation.EQUIVALENT, Relation.LOOSER if lost else Relation.STRICTER)
    if old.objects == new.objects:
        assert (found.relation, found.ways_in or ()) == (Relation.EQUIVALENT, ())


def test_rows_of_each_kind_are_drawn() -> None:
    """The law is about something: all kinds of row come up."""
    seen: set[bool | None] = set()

    @settings(max_examples=30, deadline=None, database=None, derandomize=True)
    @given(clusters())
    def look(drawn: Drawn) -> None:
        asking = session(*drawn.objects)
        found = rows(asking)
        seen.update(found.get(lead) for lead in drawn.leads)

    look()
    assert seen == {True, False, None}
