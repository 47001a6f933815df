"""The law of port names of egress rules under Cilium: one number of all peers before 1.20, their own since then."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.flow import External, Flow
from reachproof.network.options import Cni, Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.choices import unchanged
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, looked_up

Declared = tuple[str, int, Protocol]
NAMES, NUMBERS, PROTOCOLS = ("web", "dns"), (80, 81), (Protocol.TCP, Protocol.UDP)
OUTSIDE = 0x08080808
PORTS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NUMBERS), st.sampled_from(PROTOCOLS)),
    max_size=2,
    unique_by=lambda port: port[0],
)


def pod(number: int, ports: list[Declared], *, host_network: bool = False) -> dict[str, Any]:
    listed = [{"name": name, "containerPort": at, "protocol": protocol.value} for name, at, protocol in ports]
    address = "192.0.2.1" if host_network else f"10.0.0.{number}"
    spec = {"hostNetwork": host_network, "containers": [{"name": "c", "image": "app", "ports": listed}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number}", "namespace": "a"},
        "spec": spec,
        "status": {"podIP": address, "podIPs": [{"ip": address}]},
    }


def policy(name: str, protocol: Protocol, *, own_kind: bool) -> dict[str, Any]:
    """A policy of every pod that lets out to a port name, of whomever."""
    if own_kind:
        ports = [{"ports": [{"port": name, "protocol": protocol.value}]}]
        spec: dict[str, Any] = {"endpointSelector": {}, "egress": [{"toEntities": ["all"], "toPorts": ports}]}
        return {
            "apiVersion": "cilium.io/v2",
            "kind": "CiliumNetworkPolicy",
            "metadata": {"name": "p", "namespace": "a"},
            "spec": spec,
        }
    spec = {"podSelector": {}, "policyTypes": ["Egress"]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {**spec, "egress": [{"ports": [{"port": name, "protocol": protocol.value}]}]},
    }


@given(
    st.lists(PORTS, min_size=3, max_size=3),
    PORTS,
    st.sampled_from(NAMES),
    st.sampled_from(PROTOCOLS),
    st.sampled_from(("1.18", "1.19", "1.20")),
    st.booleans(),
)
def test_a_port_name_of_an_egress_rule_is_one_number_before_1_20_and_the_peer_s_own_since(
    declared: list[list[Declared]],
    of_host: list[Declared],
    name: str,
    protocol: Protocol,
    release: str,
    own_kind: bool,
) -> None:
    pods = [pod(number, ports) for number, ports in enumerate(declared)]
    objects = [*pods, pod(9, of_host, host_network=True), policy(name, protocol, own_kind=own_kind)]
    snapshot = load_objects(objects, options=Options(cni=Cni.CILIUM, release=release))
    part, tables = all_flows_of(prepare(snapshot))
    own = [{number for each, number, of in ports if (each, of) == (name, protocol)} for ports in declared]
    every = set[int]().union(*own)
    one = every if len(every) == 1 else set()
    source = snapshot.pod_of["a", "p0"]
    targets: list[Pod | External] = [*(snapshot.pod_of["a", f"p{each}"] for each in (1, 2, 9)), External()]
    for place, target in enumerate(targets, start=1):
        numbers = one if release != "1.20" else own[place] if place < len(own) else set()
        for port in NUMBERS:
            flow = Flow(
                source=source,
                destination=target,
                source_address=source.addresses[0],
                destination_address=target.addresses[0] if isinstance(target, Pod) else OUTSIDE,
                protocol=protocol,
                port=port,
            )
            expected = port in numbers
            assert truth(snapshot, flow) is (Truth.ALLOWED if expected else Truth.DENIED), str(flow)
            assert looked_up(part, tables, flow) == (expected, not expected), str(flow)


def test_a_policy_whose_port_name_gets_another_number_is_not_what_it_was_before_1_20() -> None:
    def read(number: int, release: str) -> Snapshot:
        pods = [pod(0, []), pod(1, [("web", number, Protocol.TCP)])]
        objects = [*pods, policy("web", Protocol.TCP, own_kind=True)]
        return load_objects(objects, options=Options(cni=Cni.CILIUM, release=release))

    for release, same in (("1.19", False), ("1.20", True)):
        refs = {each.ref for each in read(80, release).policies}
        assert unchanged(read(80, release), read(80, release)) == refs
        assert unchanged(read(80, release), read(81, release)) == (refs if same else set())
