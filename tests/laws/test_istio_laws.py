"""Laws of the mesh of Istio, on drawn snapshots that hold the Kubernetes kinds too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.engines.assembly import programs
from reachproof.engines.istio import tiers as istio
from reachproof.engines.istio.membership import AMBIENT, BYPASSED, mesh_of
from reachproof.engines.own_tiers import MESH
from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.flow import External
from reachproof.network.options import AmbientPort
from reachproof.network.policy import Action, Direction, Policy, Rule
from reachproof.network.ports import Protocol
from reachproof.network.predicate import both, holds, negated
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.laws.law import ANY, WRITTEN, assert_at_least, assert_same, placed
from tests.strategies.flows import all_flows, some_flows
from tests.strategies.istio import inputs
from tests.strategies.vocabulary import Manifest

POLICIES = (
    "AuthorizationPolicy",
    "PeerAuthentication",
    "NetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
)
SOME = max(40, settings().max_examples // 4)


def mesh(snapshot: Snapshot) -> list[Policy]:
    return [policy for policy in snapshot.policies if policy.tier == MESH]


def with_other(snapshot: Snapshot, policy: Policy, other: Policy) -> Snapshot:
    return snapshot.with_policies(tuple(other if each == policy else each for each in snapshot.policies))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs())
def test_rules_and_policies_have_no_order(objects: list[Manifest]) -> None:
    snapshot = load_objects(objects)
    turned = tuple(replace(each, ingress=each.ingress[::-1]) for each in snapshot.policies if each in mesh(snapshot))
    others = tuple(each for each in snapshot.policies if each not in mesh(snapshot))
    assert_same(snapshot, snapshot.with_policies((*turned[::-1], *others)))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs())
def test_a_mesh_allows_nothing_that_the_network_denies_and_nothing_but_tcp_is_its_business(
    objects: list[Manifest],
) -> None:
    snapshot = load_objects(objects)
    network = snapshot.with_policies(tuple(each for each in snapshot.policies if each not in mesh(snapshot)))
    assert_at_least(snapshot, network)
    for flow in some_flows(snapshot, 40):
        if flow.protocol is not Protocol.TCP:
            assert truth(snapshot, flow) is truth(network, flow), str(flow)


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs(), st.data())
def test_another_rule_of_an_allow_policy_removes_nothing_and_of_a_deny_policy_adds_nothing(
    objects: list[Manifest], data: st.DataObject
) -> None:
    snapshot = load_objects(objects)
    for policy in mesh(snapshot):
        if policy.priority in (istio.ALLOW, istio.DENY) and policy.extension is None:
            action = Action.PASS if policy.priority == istio.ALLOW else Action.DENY
            rule = Rule(action=action, matches=ANY, index=9, origin=WRITTEN)
            changed = with_other(snapshot, policy, replace(policy, ingress=(*policy.ingress, rule)))
            if policy.priority == istio.ALLOW:
                assert_at_least(snapshot, changed)
            else:
                assert_at_least(changed, snapshot)


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs())
def test_an_audit_policy_changes_nothing(objects: list[Manifest]) -> None:
    audit: Manifest = {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "audit", "namespace": "istio-system"},
        "spec": {"action": "AUDIT", "rules": [{}]},
    }
    assert_same(load_objects(objects), load_objects([*objects, audit]))


@settings(max_examples=SOME)
@given(inputs())
def test_only_ingress_is_looked_at_but_for_waypoints(objects: list[Manifest]) -> None:
    snapshot = load_objects(objects)
    names = [tier.name for tier in programs(snapshot).tiers(Direction.EGRESS)]
    assert (MESH in names) is bool(mesh_of(snapshot).waypoints)


def with_policies_that_let_the_port_of_hbone_through(objects: list[Manifest], *more: int) -> list[Manifest]:
    return with_policies_that_let_through([{"port": port} for port in (15008, *more)], objects)


def with_policies_that_let_through(ports: list[Manifest], objects: list[Manifest]) -> list[Manifest]:
    """The objects with one policy per namespace in place of all that they have."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": ports}]}
    homes = sorted(each["metadata"]["name"] for each in objects if each["kind"] == "Namespace")
    return [
        *(each for each in objects if each["kind"] not in POLICIES),
        *(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "hbone", "namespace": home},
                "spec": spec,
            }
            for home in homes
        ),
    ]


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs())
def test_between_ambient_pods_the_port_of_a_policy_does_not_matter(objects: list[Manifest]) -> None:
    """Whoever lets the port of HBONE through lets every port through, and naming further ports changes nothing."""
    few = load_objects(with_policies_that_let_the_port_of_hbone_through(objects))
    many = load_objects(with_policies_that_let_the_port_of_hbone_through(objects, 80, 8080))
    for flow in all_flows(many):
        pods = (flow.source, flow.destination)
        if flow.protocol is Protocol.TCP and all(isinstance(pod, Pod) and is_ambient(many, pod) for pod in pods):
            assert truth(few, flow) is truth(many, flow), str(flow)
            assert mesh_of(many).waypoints or truth(few, flow) is Truth.ALLOWED, str(flow)


def is_ambient(snapshot: Snapshot, pod: Pod) -> bool:
    where = both(AMBIENT, negated(BYPASSED))
    return not pod.host_network and holds(where, snapshot.labels_of(pod))


AMBIENT_SIGNS = ("istio.io/dataplane-mode", "networking.istio.io/tunnel", "ambient.istio.io/redirection")


def without_ambient(value: Any) -> Any:
    """The objects without what puts anything into ambient mode."""
    if isinstance(value, dict):
        return {key: without_ambient(each) for key, each in value.items() if key not in AMBIENT_SIGNS}
    return [without_ambient(each) for each in value] if isinstance(value, list) else value


@settings(max_examples=SOME)
@given(inputs(), st.sampled_from(AmbientPort))
def test_with_nothing_in_ambient_mode_the_port_of_hbone_means_nothing(
    objects: list[Manifest], port: AmbientPort
) -> None:
    snapshot = load_objects(without_ambient(objects))
    assert_same(snapshot, seeing(snapshot, port))


def seeing(snapshot: Snapshot, port: AmbientPort) -> Snapshot:
    return snapshot.with_options(replace(snapshot.options, ambient_port=port))


PORTS = st.sampled_from(([80], [15008], [80, 15008], [8080, 53]))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(inputs(), PORTS)
def test_what_is_certain_whatever_the_network_sees_is_so_if_it_sees_either_port(
    objects: list[Manifest], ports: list[int]
) -> None:
    snapshot = load_objects(with_policies_that_let_through([{"port": port} for port in ports], objects))
    unknown = seeing(snapshot, AmbientPort.UNKNOWN)
    known = [seeing(snapshot, port) for port in (AmbientPort.HBONE, AmbientPort.ORIGINAL)]
    for flow in all_flows(unknown):
        if not (isinstance(flow.source, Pod) and isinstance(flow.destination, Pod)):
            continue
        found = truth(unknown, flow)
        if found is not Truth.EITHER:
            assert [truth(each, placed(each, flow)) for each in known] == [found, found], str(flow)


@settings(max_examples=SOME)
@given(inputs())
def test_whoever_shuts_the_port_of_hbone_shuts_ambient_pods_off_from_each_other(objects: list[Manifest]) -> None:
    """All other ports are open, so whoever is not in the mesh still gets in by the pod's own port.

    Behind a waypoint nothing is certain, so there a flow may be left open.
    """
    others = [{"port": 1, "endPort": 15007}, {"port": 15009, "endPort": 65535}]
    shut = with_policies_that_let_through(others, objects)
    snapshot = load_objects(shut)
    open_there = Truth.EITHER if mesh_of(snapshot).waypoints else Truth.DENIED
    for flow in some_flows(snapshot, 200):
        source, destination = flow.source, flow.destination
        if flow.protocol is not Protocol.TCP or not isinstance(destination, Pod) or source == destination:
            continue
        if isinstance(source, Pod) and is_ambient(snapshot, source) and is_ambient(snapshot, destination):
            assert truth(snapshot, flow) in (Truth.DENIED, open_there), str(flow)
        elif isinstance(source, External) and flow.port != 15008 and not mesh_of(snapshot).waypoints:
            assert truth(snapshot, flow) is Truth.ALLOWED, str(flow)
