"""What Calico does with one flow, written from its rules over the manifests themselves.

Nothing of what `manifests` makes of a policy is used, and nothing of `engines.calico`: a selector is asked of labels, a
rule of addresses, and tiers are walked with a loop. Of the snapshot only pods and nodes are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network

from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.snapshot import Snapshot
from tests.manifests.naive_selector import Naive
from tests.strategies.vocabulary import Manifest

Labels = dict[str, str]
Named = tuple[str, int, str]
INFINITE = float("inf")
TIERS = {"kube-admin": (1_000, "Pass"), "default": (1_000_000, "Deny"), "kube-baseline": (10_000_000, "Pass")}
PROTOCOLS = {6: "TCP", 17: "UDP", 132: "SCTP"}


class Calico:
    """One cluster: its manifests, and the pods that the loader found in them."""

    def __init__(self, objects: Iterable[Manifest], snapshot: Snapshot) -> None:
        self.objects = list(objects)
        self.snapshot = snapshot
        self.homes = {name: dict(each.labels) for name, each in snapshot.namespace_of.items()}
        self.given = {o["metadata"]["name"]: o["metadata"].get("labels", {}) for o in self._of("Namespace")}
        self.accounts = {
            (o["metadata"]["namespace"], o["metadata"]["name"]): o["metadata"].get("labels", {})
            for o in self._of("ServiceAccount")
        }
        self.tiers = TIERS | {
            o["metadata"]["name"]: (o["spec"].get("order", INFINITE), o["spec"].get("defaultAction", "Deny"))
            for o in self._of("Tier")
        }

    def _of(self, *kinds: str, api: str = "") -> list[Manifest]:
        return [o for o in self.objects if o["kind"] in kinds and o["apiVersion"].startswith(api)]

    # ------------------------------------------------------------ labels

    def pod_labels(self, pod: Pod) -> Labels:
        own = {key: value for key, value in pod.labels.items() if not key.startswith(("pcns.", "pcsa."))}
        home = {f"pcns.{key}": value for key, value in self.homes[pod.namespace].items()}
        account = self.accounts.get((pod.namespace, pod.service_account), {})
        return {
            **home,
            "pcns.projectcalico.org/name": pod.namespace,
            **{f"pcsa.{key}": value for key, value in account.items()},
            "pcsa.projectcalico.org/name": pod.service_account,
            **own,
            "projectcalico.org/namespace": pod.namespace,
            "projectcalico.org/orchestrator": "k8s",
            "projectcalico.org/serviceaccount": pod.service_account,
        }

    def owners(self, party: Party, address: str) -> Iterator[Labels]:
        """The labels of everything that has the address."""
        if isinstance(party, Pod) and not party.host_network:
            yield self.pod_labels(party)
        for each in self._of("NetworkSet", "GlobalNetworkSet"):
            if in_nets(address, each["spec"]["nets"]):
                own = each["metadata"].get("labels", {})
                if each["kind"] == "GlobalNetworkSet":
                    yield own
                else:
                    name = each["metadata"]["namespace"]
                    home = self.given.get(name, {}) if name not in self.homes else self.homes[name]
                    inherited = {f"pcns.{key}": value for key, value in home.items()}
                    inherited["pcns.kubernetes.io/metadata.name"] = name
                    inherited["pcns.projectcalico.org/name"] = name
                    yield {**inherited, **own, "projectcalico.org/namespace": name}
        for each in self._of("HostEndpoint"):
            if in_nets(address, each["spec"]["expectedIPs"]):
                yield each["metadata"].get("labels", {})

    # ------------------------------------------------------------ the algorithm

    def allows(self, flow: Flow) -> bool | None:
        """The verdict; None where it rests on which node a pod is on, which nobody knows."""
        found = [self._direction(flow, direction) for direction in ("egress", "ingress")]
        return None if None in found else all(found)

    def _direction(self, flow: Flow, direction: str) -> bool | None:
        pod = flow.source if direction == "egress" else flow.destination
        far = flow.destination if direction == "egress" else flow.source
        if not isinstance(pod, Pod) or pod.host_network:
            return True
        if direction == "ingress" and (isinstance(far, Node) or (isinstance(far, Pod) and far.host_network)):
            node = far.name if isinstance(far, Node) else far.node
            if node is None or pod.node is None:
                return None
            if node == pod.node:
                return True
        for name in sorted(self.tiers, key=lambda name: (self.tiers[name][0], name)):
            policies = [p for p in self._sorted(name) if self._selects(p, pod) and direction in self._types(p)]
            if not policies:
                continue
            action = self._walk(policies, flow, direction, pod)
            if action is None:
                action = self.tiers[name][1]
            if action in ("Allow", "Deny"):
                return action == "Allow"
        return True

    def _walk(self, policies: list[Manifest], flow: Flow, direction: str, pod: Pod) -> str | None:
        for policy in policies:
            for rule in policy["spec"].get(direction, []):
                action = self._meets(policy, rule, flow, direction)
                if action not in (None, "Log"):
                    return action
        return None

    def _sorted(self, tier: str) -> list[Manifest]:
        found: list[tuple[float, str, str, str, Manifest]] = []
        for each in self.objects:
            spec, metadata = each.get("spec", {}), each["metadata"]
            name, namespace = metadata["name"], metadata.get("namespace", "")
            calico = each["apiVersion"] == "projectcalico.org/v3"
            if calico and each["kind"] in ("NetworkPolicy", "GlobalNetworkPolicy"):
                if spec.get("doNotTrack") or spec.get("preDNAT"):
                    continue
                if (spec.get("tier") or "default") == tier:
                    found.append((spec.get("order", INFINITE), name, namespace, each["kind"], each))
            elif each["kind"] == "NetworkPolicy" and tier == "default":
                found.append((1_000, name, namespace, each["kind"], each))
            elif each["kind"] == "ClusterNetworkPolicy" and tier == f"kube-{spec['tier'].lower()}":
                found.append((spec["priority"], name, "", each["kind"], each))
        return [each for *_, each in sorted(found, key=lambda entry: entry[:4])]

    def _types(self, policy: Manifest) -> set[str]:
        spec = policy["spec"]
        if policy["kind"] == "ClusterNetworkPolicy":
            return {direction for direction in ("ingress", "egress") if spec.get(direction)}
        written = spec.get("types" if "projectcalico" in policy["apiVersion"] else "policyTypes")
        if written:
            return {each.lower() for each in written}
        if "projectcalico" not in policy["apiVersion"]:
            return {"ingress", "egress"} if spec.get("egress") else {"ingress"}
        if not spec.get("egress"):
            return {"ingress"}
        return {"ingress", "egress"} if spec.get("ingress") else {"egress"}

    # ------------------------------------------------------------ subjects

    def _selects(self, policy: Manifest, pod: Pod) -> bool:
        spec, home = policy["spec"], policy["metadata"].get("namespace")
        if policy["kind"] == "ClusterNetworkPolicy":
            return self._kubernetes_pods(spec["subject"], pod)
        if home is not None and home != pod.namespace:
            return False
        if "projectcalico" not in policy["apiVersion"]:
            return by_labels(spec.get("podSelector"), dict(pod.labels))
        labels = self.pod_labels(pod)
        return (
            says(spec.get("selector"), labels)
            and says(spec.get("namespaceSelector"), behind(labels, "pcns."))
            and says(spec.get("serviceAccountSelector"), behind(labels, "pcsa."))
        )

    def _kubernetes_pods(self, peer: Manifest, pod: Pod) -> bool:
        if "namespaces" in peer:
            return by_labels(peer["namespaces"], self.homes[pod.namespace])
        pods = peer["pods"]
        return by_labels(pods.get("namespaceSelector"), self.homes[pod.namespace]) and by_labels(
            pods.get("podSelector"), dict(pod.labels)
        )

    # ------------------------------------------------------------ rules

    def _meets(self, policy: Manifest, rule: Manifest, flow: Flow, direction: str) -> str | None:
        if policy["kind"] == "ClusterNetworkPolicy":
            return self._meets_cluster(rule, flow, direction)
        if "projectcalico" not in policy["apiVersion"]:
            return "Allow" if self._meets_kubernetes(policy, rule, flow, direction) else None
        return rule["action"] if self._meets_calico(policy, rule, flow, direction) else None

    def _meets_calico(self, policy: Manifest, rule: Manifest, flow: Flow, direction: str) -> bool:
        protocol = flow.protocol.value
        if "protocol" in rule and PROTOCOLS.get(rule["protocol"], rule["protocol"]) != protocol:
            return False
        if "notProtocol" in rule and rule["notProtocol"] == protocol:
            return False
        ends = {
            "source": (flow.source, format_address(flow.source_address)),
            "destination": (flow.destination, format_address(flow.destination_address)),
        }
        version = ip_address(ends["source"][1]).version
        written = [n for side in ends for k in ("nets", "notNets") for n in rule.get(side, {}).get(k, [])]
        if any(each != version for each in (rule.get("ipVersion", version), *(ip_network(n).version for n in written))):
            return False
        home = policy["metadata"].get("namespace")
        return all(
            self._entity(rule.get(side, {}), home, end, flow, ports=side == "destination") for side, end in ends.items()
        )

    def _entity(self, rule: Manifest, home: str | None, end: tuple[Party, str], flow: Flow, *, ports: bool) -> bool:
        """`ports`: whether the ports of a Service count."""
        party, address = end
        if "services" in rule:
            return self._service(rule["services"], address, flow, ports=ports)
        known = list(self.owners(party, address))
        positive = any(rule.get(name) for name in ("selector", "namespaceSelector", "serviceAccounts"))
        scoped = home is not None and (positive or rule.get("notSelector")) and not rule.get("namespaceSelector")
        if positive or scoped:
            if not any(
                self._known(rule, labels, home if scoped else None) and not says_not(rule, labels) for labels in known
            ):
                return False
        elif rule.get("notSelector") and any(says_not(rule, labels) for labels in known):
            return False
        if rule.get("nets") and not in_nets(address, rule["nets"]):
            return False
        if rule.get("notNets") and in_nets(address, rule["notNets"]):
            return False
        chosen = [
            named
            for labels, named in self._name_holders(party, address)
            if not (positive or scoped)
            or (self._known(rule, labels, home if scoped else None) and not says_not(rule, labels))
        ]
        return self._ports(rule, [port for named in chosen for port in named], flow)

    def _name_holders(self, party: Party, address: str) -> Iterator[tuple[Labels, list[Named]]]:
        """The labels and the named ports of every endpoint at the address."""
        if isinstance(party, Pod) and not party.host_network:
            yield self.pod_labels(party), [(port.name, port.number, port.protocol.value) for port in party.ports]
        for each in self._of("HostEndpoint"):
            if in_nets(address, each["spec"]["expectedIPs"]):
                named = [(port["name"], port["port"], port["protocol"]) for port in each["spec"].get("ports", [])]
                yield each["metadata"].get("labels", {}), named

    def _known(self, rule: Manifest, labels: Labels, home: str | None) -> bool:
        if home is not None and labels.get("projectcalico.org/namespace") != home:
            return False
        spaces = rule.get("namespaceSelector")
        has_namespace = "projectcalico.org/namespace" in labels
        if spaces == "global()":
            if has_namespace:
                return False
        elif spaces and not says(spaces, behind(labels, "pcns."), everything=has_namespace):
            return False
        accounts = rule.get("serviceAccounts", {})
        if accounts.get("names") and labels.get("projectcalico.org/serviceaccount") not in accounts["names"]:
            return False
        if not says(accounts.get("selector"), behind(labels, "pcsa.")):
            return False
        return says(rule.get("selector"), labels)

    def _ports(self, rule: Manifest, named: list[Named], flow: Flow) -> bool:
        def meets(entry: int | str) -> bool:
            return numeric(entry) or (entry, flow.port, flow.protocol.value) in named

        def numeric(entry: int | str) -> bool:
            if isinstance(entry, int):
                return entry == flow.port
            low, _, high = entry.partition(":")
            return low.isdigit() and int(low) <= flow.port <= int(high or low)

        if any(meets(each) for each in rule.get("notPorts", [])):
            return False
        return "ports" not in rule or any(meets(each) for each in rule["ports"])

    def _named(self, party: Party, name: str, flow: Flow) -> bool:
        return isinstance(party, Pod) and any(
            (port.name, port.number, port.protocol) == (name, flow.port, flow.protocol) for port in party.ports
        )

    def _service(self, wanted: Manifest, address: str, flow: Flow, *, ports: bool) -> bool:
        for each in self._of("EndpointSlice"):
            metadata = each["metadata"]
            if metadata["namespace"] != wanted["namespace"]:
                continue
            if metadata["labels"]["kubernetes.io/service-name"] != wanted["name"]:
                continue
            reached = any(address in endpoint["addresses"] for endpoint in each["endpoints"])
            known = [(port["port"], port["protocol"]) for port in each["ports"]]
            if reached and (not ports or (flow.port, flow.protocol.value) in known):
                return True
        return False

    # ------------------------------------------------------------ the Kubernetes kinds

    def _meets_kubernetes(self, policy: Manifest, rule: Manifest, flow: Flow, direction: str) -> bool:
        far, at = (flow.source, flow.source_address)
        if direction == "egress":
            far, at = flow.destination, flow.destination_address
        peers = rule.get("from" if direction == "ingress" else "to") or [None]
        home = policy["metadata"]["namespace"]
        met = any(peer is None or self._np_peer(peer, home, far, format_address(at)) for peer in peers)
        return met and any(self._np_port(port, flow) for port in rule.get("ports") or [{}, {"protocol": "UDP"}, _SCTP])

    def _np_peer(self, peer: Manifest, home: str, far: Party, address: str) -> bool:
        if "ipBlock" in peer:
            block = peer["ipBlock"]
            return in_nets(address, [block["cidr"]]) and not in_nets(address, block.get("except", []))
        if not isinstance(far, Pod) or far.host_network:
            return False
        if "namespaceSelector" not in peer and far.namespace != home:
            return False
        spaces = by_labels(peer.get("namespaceSelector"), self.homes[far.namespace])
        return spaces and by_labels(peer.get("podSelector"), dict(far.labels))

    def _np_port(self, port: Manifest, flow: Flow) -> bool:
        if port.get("protocol", "TCP") != flow.protocol.value:
            return False
        number = port.get("port")
        if number is None:
            return True
        if isinstance(number, str):
            visible = isinstance(flow.destination, Pod) and not flow.destination.host_network
            return visible and self._named(flow.destination, number, flow)
        return int(number) <= flow.port <= int(port.get("endPort") or number)

    def _meets_cluster(self, rule: Manifest, flow: Flow, direction: str) -> str | None:
        far, at = (flow.source, flow.source_address)
        if direction == "egress":
            far, at = flow.destination, flow.destination_address
        peers = rule["from" if direction == "ingress" else "to"]
        if any("nodes" in peer or "domainNames" in peer for peer in peers):
            return None if rule["action"] == "Accept" else "Deny"
        address = format_address(at)
        if not any(self._cluster_peer(peer, far, address, rule, flow, direction) for peer in peers):
            return None
        return "Allow" if rule["action"] == "Accept" else str(rule["action"])

    def _cluster_peer(
        self, peer: Manifest, far: Party, address: str, rule: Manifest, flow: Flow, direction: str
    ) -> bool:
        """A peer and the ports: those of a name are the destination's, if the policy or the peer means that pod."""
        pods = isinstance(far, Pod) and not far.host_network and "networks" not in peer
        if pods and isinstance(far, Pod) and self._kubernetes_pods(peer, far):
            return self._protocols(rule, flow, named=True)
        if "networks" in peer:
            return in_nets(address, peer["networks"]) and self._protocols(rule, flow, named=True)
        if "namespaces" not in peer or not any(
            self._in_spaces(peer["namespaces"], labels) for labels in self._not_pods(address)
        ):
            return False
        if self._protocols(rule, flow, named=direction == "ingress"):
            return True
        of_hosts = [
            (port["name"], port["port"], port["protocol"])
            for each in self._of("HostEndpoint")
            if in_nets(address, each["spec"]["expectedIPs"])
            and self._in_spaces(peer["namespaces"], each["metadata"].get("labels", {}))
            for port in each["spec"].get("ports", [])
        ]
        wanted = [
            entry["destinationNamedPort"] for entry in rule.get("protocols", []) if "destinationNamedPort" in entry
        ]
        return direction == "egress" and any((name, flow.port, flow.protocol.value) in of_hosts for name in wanted)

    def _not_pods(self, address: str) -> Iterator[Labels]:
        """The labels of sets and host endpoints that have the address."""
        return self.owners(External(), address)

    def _in_spaces(self, selector: Manifest, labels: Labels) -> bool:
        """Whether something with such labels is of namespaces that match, or of none where labels are ruled out."""
        if not any(selector.get(name) for name in ("matchLabels", "matchExpressions")):
            return "projectcalico.org/namespace" in labels
        return by_labels(selector, behind(labels, "pcns."))

    def _protocols(self, rule: Manifest, flow: Flow, *, named: bool) -> bool:
        def meets(entry: Manifest) -> bool:
            ((protocol, inner),) = entry.items()
            if protocol == "destinationNamedPort":
                visible = isinstance(flow.destination, Pod) and not flow.destination.host_network
                return named and visible and self._named(flow.destination, str(inner), flow)
            port = inner["destinationPort"]
            low = int(port.get("number") or port["range"]["start"])
            high = int(port.get("number") or port["range"]["end"])
            return protocol.upper() == flow.protocol.value and low <= flow.port <= high

        return "protocols" not in rule or any(map(meets, rule["protocols"]))


_SCTP = {"protocol": "SCTP"}


def says(text: str | None, labels: Labels, *, everything: bool = True) -> bool:
    return not text or Naive(text, labels, everything=everything).value()


def says_not(rule: Manifest, labels: Labels) -> bool:
    return bool(rule.get("notSelector")) and says(rule["notSelector"], labels)


def behind(labels: Labels, prefix: str) -> Labels:
    return {key.removeprefix(prefix): value for key, value in labels.items() if key.startswith(prefix)}


def in_nets(address: str, nets: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(net) for net in nets)


def by_labels(selector: Manifest | None, labels: Labels) -> bool:
    """A label selector of Kubernetes; one that is absent selects everything."""
    selector = selector or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for each in selector.get("matchExpressions") or []:
        there, value = each["key"] in labels, labels.get(each["key"])
        met = {
            "In": there and value in each.get("values", []),
            "NotIn": not there or value not in each.get("values", []),
            "Exists": there,
            "DoesNotExist": not there,
        }[each["operator"]]
        if not met:
            return False
    return True
