"""A second reading of NetworkPolicies under OVN-Kubernetes, from manifests alone: traffic between hosts and pods."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.address import family, parse_cidr
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.match import Matched
from reachproof.semantics.trace import Truth
from tests.strategies.not_read import selects
from tests.strategies.vocabulary import Manifest

NAMES = ("openshift-host-network", "ovn-host-network")
_TRUTHS = {Matched.NO: Truth.DENIED, Matched.MAYBE: Truth.EITHER, Matched.YES: Truth.ALLOWED}


def is_host(party: Party) -> bool:
    """True of nodes and pods on the host network."""
    return isinstance(party, Node) or (isinstance(party, Pod) and party.host_network)


class Oracle:
    """The truths of flows between a host and a pod on the pod network, with NetworkPolicies alone."""

    def __init__(self, snapshot: Snapshot, objects: Iterable[Manifest]) -> None:
        every = list(objects)
        self._snapshot = snapshot
        self._policies = [each for each in every if each["kind"] == "NetworkPolicy"]
        self._labels = {
            each["metadata"]["name"]: {
                **each["metadata"].get("labels", {}),
                "kubernetes.io/metadata.name": each["metadata"]["name"],
            }
            for each in every
            if each["kind"] == "Namespace"
        }

    def truth(self, flow: Flow) -> Truth:
        """The truth of a flow; one end is a pod on the pod network, the other is none."""
        out = not is_host(flow.source)
        pod, host = (flow.source, flow.destination) if out else (flow.destination, flow.source)
        assert isinstance(pod, Pod)
        assert isinstance(host, Node | Pod)
        own = _own_node(pod, host)
        if own is Matched.YES and not out:
            return Truth.ALLOWED
        found = [each for each in self._policies if self._applies(each, pod, out=out)]
        if not found:
            return Truth.ALLOWED
        rules = [(each, rule) for each in found for rule in each["spec"].get("egress" if out else "ingress") or []]
        matched = [self._rule(rule, policy, flow, host, out=out) for policy, rule in rules]
        return _TRUTHS[max([*matched, min(own, Matched.MAYBE)])]

    def _applies(self, policy: Manifest, pod: Pod, *, out: bool) -> bool:
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        selected = policy["metadata"]["namespace"] == pod.namespace and selects(spec["podSelector"], pod.labels)
        return selected and ("Egress" if out else "Ingress") in types

    def _rule(self, rule: Manifest, policy: Manifest, flow: Flow, host: Node | Pod, *, out: bool) -> Matched:
        peers = rule.get("to" if out else "from")
        if not peers:
            return Matched.YES if self._port(rule, flow) else Matched.NO
        return max(self._both(rule, self._peer(each, policy, flow, host, out=out), flow) for each in peers)

    def _both(self, rule: Manifest, peer: Matched, flow: Flow) -> Matched:
        """A peer and the ports together; a name is not looked up at a host, where it may be any port."""
        if self._port(rule, flow):
            return peer
        names = any(isinstance(each.get("port"), str) for each in rule.get("ports") or [])
        return peer if names and is_host(flow.destination) and peer is Matched.MAYBE else Matched.NO

    def _port(self, rule: Manifest, flow: Flow) -> bool:
        ports = rule.get("ports")
        return not ports or any(_meets(each, flow) for each in ports)

    def _peer(self, peer: Manifest, policy: Manifest, flow: Flow, host: Node | Pod, *, out: bool) -> Matched:
        if "ipBlock" in peer:
            return _block(peer["ipBlock"], flow, out=out)
        if "podSelector" in peer:
            home = {"matchLabels": {"kubernetes.io/metadata.name": policy["metadata"]["namespace"]}}
            address = flow.destination_address if out else flow.source_address
            chosen = (
                pod
                for pod in self._snapshot.pods
                if pod.host_network
                and selects(peer["podSelector"], pod.labels)
                and selects(peer.get("namespaceSelector", home), self._labels[pod.namespace])
            )
            return Matched.MAYBE if any(self._may_have(pod, address) for pod in chosen) else Matched.NO
        fit = self._host_namespace(peer["namespaceSelector"])
        return min(fit, Matched.MAYBE) if out else fit

    def _may_have(self, pod: Pod, address: int) -> bool:
        """True if the node of the pod has the address, or its addresses are not known."""
        nodes = [node for node in self._snapshot.nodes if node.name == pod.node]
        return not pod.addresses or address in pod.addresses or any(address in node.addresses for node in nodes)

    def _host_namespace(self, selector: Manifest) -> Matched:
        given = [selects(selector, self._labels[name]) for name in NAMES if name in self._labels]
        if given:
            asks = bool(selector.get("matchLabels")) or any(
                each["operator"] in ("In", "Exists") for each in selector.get("matchExpressions") or []
            )
            return Matched.YES if all(given) and asks else Matched.MAYBE if any(given) else Matched.NO
        named: Manifest = {"matchLabels": {}, "matchExpressions": []}
        for key, value in (selector.get("matchLabels") or {}).items():
            if key == "kubernetes.io/metadata.name":
                named["matchLabels"][key] = value
        for each in selector.get("matchExpressions") or []:
            if each["key"] == "kubernetes.io/metadata.name":
                named["matchExpressions"].append(each)
        possible = any(selects(named, {"kubernetes.io/metadata.name": name}) for name in NAMES)
        return Matched.MAYBE if possible else Matched.NO


def _own_node(pod: Pod, host: Node | Pod) -> Matched:
    name = host.name if isinstance(host, Node) else host.node
    if pod.node is None or name is None:
        return Matched.MAYBE
    return Matched.YES if pod.node == name else Matched.NO


def _block(block: Manifest, flow: Flow, *, out: bool) -> Matched:
    address = flow.destination_address if out else flow.source_address
    network, without = parse_cidr(block["cidr"]), [parse_cidr(each) for each in block.get("except") or []]
    if family(network.first) != family(address):
        return Matched.NO
    if not out:
        return Matched.YES if block["cidr"] in ("0.0.0.0/0", "::/0") and not without else Matched.MAYBE
    return Matched.YES if address in network and not any(address in each for each in without) else Matched.NO


def _meets(port: Manifest, flow: Flow) -> bool:
    if flow.protocol.value != port.get("protocol", "TCP"):
        return False
    wanted: int | str | None = port.get("port")
    if isinstance(wanted, str):
        pod = flow.destination
        return (
            isinstance(pod, Pod)
            and not pod.host_network
            and any((each.name, each.number, each.protocol) == (wanted, flow.port, flow.protocol) for each in pod.ports)
        )
    return wanted is None or wanted <= flow.port <= int(port.get("endPort", wanted))
