"""What Cilium does with one flow, read from manifests alone: the slow and plain oracle of `test_cilium`.

It shares nothing with the package but the flow and the words of the options: it keeps identities as sets of labels and
collects the entries of one endpoint in one direction, with whether they match, as the agent does.

    entry   = (tier, rank, deny | allow | pass, matches, doubt)
    outcome = the first entry in that order, whatever order it was written in; then the default

A doubtful entry (requests, domain names, the API server) is tried both ways; so is whether two ends are on one node.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party

Manifest = dict[str, Any]
Labels = list[tuple[str, str, str]]
"""(source, key, value)."""

RANKS = {"deny": 0, "allow": 1, "pass": 2}
ADMIN, NORMAL, BASELINE = 100, 200, 250
HIDDEN = (
    "pod-template-hash",
    "controller-revision-hash",
    "kubernetes.io/",
    "k8s.io/",
    "statefulset.kubernetes.io/pod-name",
)
NAMESPACE = "io.kubernetes.pod.namespace"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
CLUSTER = "io.cilium.k8s.policy.cluster"


@dataclass(frozen=True)
class Far:
    """The other end: what it is (pod, host, remote-node, world), its labels, and its address."""

    sort: str
    labels: Labels
    address: str


@dataclass(frozen=True)
class Entry:
    """One rule that may match; `doubt`: it is not known whether it does."""

    tier: int
    rank: float
    action: str
    doubt: bool


@dataclass(frozen=True)
class Settings:
    """`cidrs`: what a CIDR sees besides the world. `ranked`: whether ClusterNetworkPolicy is switched on.

    `domains`: CIDRs behind names. `local`: whether selectors ask for the label of the own cluster if nobody says so.
    `shared`: whether a port name of an egress rule is looked up among the pods of the whole cluster, and conditions on
    groups of CIDRs are asked of pods and nodes too. `one_value`: whether an address has one value of a label of groups.
    """

    mode: str
    cidrs: frozenset[str]
    ranked: bool
    domains: dict[str, tuple[str, ...]]
    local: bool
    shared: bool
    one_value: bool


class Oracle:
    """One cluster, given as manifests."""

    def __init__(self, objects: list[Manifest], settings: Settings) -> None:
        self.settings = settings
        self.objects = objects
        self.spaces = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in self._of("Namespace")}
        self.pods = {
            (each["metadata"]["namespace"], each["metadata"]["name"]): each
            for each in self._of("Pod", "Deployment", "DaemonSet")
        }

    def _of(self, *kinds: str) -> list[Manifest]:
        return [each for each in self.objects if each["kind"] in kinds]

    # ------------------------------------------------------------ outcomes

    def outcomes(self, flow: Flow) -> set[str]:
        """allow, deny, or both where it is not known."""
        sides = (self._direction(flow, "egress"), self._direction(flow, "ingress"))
        return {"deny" if "deny" in pair else "allow" for pair in product(*sides)}

    def _direction(self, flow: Flow, direction: str) -> set[str]:
        party, other = (flow.source, flow.destination) if direction == "egress" else (flow.destination, flow.source)
        address = flow.destination_address if direction == "egress" else flow.source_address
        if not isinstance(party, Pod) or self._host_network(party) or self.settings.mode == "never":
            return {"allow"}
        return {
            outcome
            for far in self._far_ends(party, other, format_address(address))
            for outcome in self._decided(party, far, flow, direction)
        }

    def _decided(self, subject: Pod, far: Far, flow: Flow, direction: str) -> Iterator[str]:
        entries = sorted(self._entries(subject, far, flow, direction), key=lambda e: (e.tier, e.rank, RANKS[e.action]))
        doubtful = [entry for entry in entries if entry.doubt]
        for chosen in product((True, False), repeat=len(doubtful)):
            holds = dict(zip(map(id, doubtful), chosen, strict=True))
            tier = 0
            outcome = ""
            for entry in entries:
                if entry.tier < tier or not holds.get(id(entry), True):
                    continue
                if entry.action != "pass":
                    outcome = entry.action
                    break
                tier = entry.tier + 1
            yield from [outcome] if outcome else self._default(subject, far, direction)

    def _default(self, subject: Pod, far: Far, direction: str) -> list[str]:
        entry = any(self._selects(spec, home, subject) for spec, home in self._sections(direction))
        isolated = any(
            self._selects(spec, home, subject)
            for spec, home in self._sections(direction)
            if spec.get("enableDefaultDeny", {}).get(direction, True)
        )
        always = self.settings.mode == "always"
        if not (isolated or always):
            return ["allow"]
        if direction == "ingress" and far.sort == "host":
            if entry:
                return ["allow"]
            if always and any(self._ranked_selects(each, subject, direction) for each in self._ranked()):
                return ["allow", "deny"]
        return ["deny"]

    # ------------------------------------------------------------ who is who

    def _body(self, pod: Pod) -> Manifest:
        return _template(self.pods[pod.namespace, pod.name])

    def _host_network(self, pod: Pod) -> bool:
        return bool(self._body(pod)["spec"].get("hostNetwork"))

    def _identity(self, pod: Pod) -> Labels:
        own = self._body(pod)["metadata"].get("labels", {})
        found = [("k8s", key, value) for key, value in own.items() if not key.startswith(HIDDEN)]
        found.append(("k8s", NAMESPACE, pod.namespace))
        found.append(("k8s", ACCOUNT, self._body(pod)["spec"].get("serviceAccountName", "default")))
        found.append(("k8s", CLUSTER, self._cluster()))
        spaces = {**self.spaces[pod.namespace], "kubernetes.io/metadata.name": pod.namespace}
        return found + [("k8s", NAMESPACE_LABELS + key, value) for key, value in spaces.items()]

    def _local(self) -> bool:
        told = [each["data"]["policy-default-local-cluster"] for each in self._of("ConfigMap")]
        return bool(told[0] == "true" if told else self.settings.local)

    def _cluster(self) -> str:
        """The name of the own cluster, as its agents are told."""
        return next((str(each["data"]["cluster-name"]) for each in self._of("ConfigMap")), "default")

    def _far_ends(self, subject: Pod, party: Party, address: str) -> list[Far]:
        """The far end as the subject sees it; two of them where it is not known whether they share a node."""
        if isinstance(party, Pod) and not self._host_network(party):
            return [Far("pod", self._identity(party), address)]
        if isinstance(party, Pod | Node):
            here = self._body(subject)["spec"].get("nodeName")
            there = party.name if isinstance(party, Node) else self._body(party)["spec"].get("nodeName")
            sorts = ["host"] if here == there else ["remote-node"]
            if here is None or there is None:
                sorts = ["host", "remote-node"]
            return [Far(sort, [("reserved", sort, "")], address) for sort in sorts]
        return [Far("world", [("reserved", "world", "")], address)]

    def _sections(self, direction: str) -> Iterator[tuple[Manifest, str]]:
        """The specs that are entries of a direction, with their namespace; NetworkPolicies in the same form."""
        for each in self._of("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"):
            for spec in [*([each["spec"]] if "spec" in each else []), *each.get("specs", [])]:
                if "nodeSelector" not in spec and (spec.get(direction) or spec.get(f"{direction}Deny")):
                    yield spec, each["metadata"].get("namespace", "")
        for each in self._of("NetworkPolicy"):
            if direction in _types(each["spec"]) or each["spec"].get(direction):
                yield {"endpointSelector": each["spec"]["podSelector"]}, each["metadata"]["namespace"]

    def _selects(self, spec: Manifest, home: str, subject: Pod) -> bool:
        if home and subject.namespace != home:
            return False
        return _matches(spec["endpointSelector"], self._identity(subject))

    # ------------------------------------------------------------ entries

    def _entries(self, subject: Pod, far: Far, flow: Flow, direction: str) -> Iterator[Entry]:
        yield from self._cilium(subject, far, flow, direction)
        yield from self._network_policies(subject, far, flow, direction)
        for each in self._ranked():
            if self._ranked_selects(each, subject, direction):
                yield from self._ranked_entries(each, far, flow, direction)

    def _cilium(self, subject: Pod, far: Far, flow: Flow, direction: str) -> Iterator[Entry]:
        for spec, home in self._sections(direction):
            if not self._selects(spec, home, subject):
                continue
            for name, action in ((direction, "allow"), (f"{direction}Deny", "deny")):
                for rule in spec.get(name, []):
                    side = "to" if direction == "egress" else "from"
                    for doubt in self._rule(rule, home, far, flow, side, subject):
                        yield Entry(NORMAL, 0, action, doubt)

    def _rule(self, rule: Manifest, home: str, far: Far, flow: Flow, side: str, subject: Pod) -> Iterator[bool]:
        """One item for each way in which the rule matches: whether it is in doubt."""
        if "icmps" in rule:
            return
        fields = [name for name in rule if name not in ("toPorts", "icmps")]
        if not fields and not rule.get("toPorts"):
            return
        l3 = [False]
        if fields == ["toFQDNs"]:
            l3 = [d for item in rule["toFQDNs"] for d in self._domain(item, far, subject)]
        elif fields:
            l3 = [d for item in rule[fields[0]] for d in self._peer(fields[0], item, home, far)]
        if fields and rule.get("toPorts") and fields[0] in ("toServices", "toFQDNs"):
            l3 = self._without_backends(fields[0], rule[fields[0]], l3)
        unsure = side == "to" and self._names_are_unsure() and _is_of_everybody(fields, rule)
        l4 = {
            bool(entry.get("rules") or entry.get("serverNames")) or (unsure and not port["port"].isdigit())
            for entry in rule.get("toPorts") or ()
            for port in entry["ports"]
            if self._port(port, flow, side)
        }
        yield from (a or b for a in l3 for b in (l4 if rule.get("toPorts") else {False}))

    def _names_are_unsure(self) -> bool:
        """True if the port names of every peer depend on the rule that an agent reads first."""
        if self.settings.shared:
            return False
        rules = [
            rule
            for direction in ("ingress", "egress")
            for spec, _ in self._sections(direction)
            for rule in [*spec.get(direction, []), *spec.get(f"{direction}Deny", [])]
        ]
        sets = [item for rule in rules for side in ("from", "to") for item in rule.get(f"{side}CIDRSet", [])]
        return {"cidrGroupSelector": {}} in sets and "pod" not in self.settings.cidrs

    def _without_backends(self, field: str, items: list[Manifest], l3: list[bool]) -> list[bool]:
        """Beside ports, an empty list of these is everyone, and so are perhaps Services that stand for nobody."""
        if not items:
            return [False]
        known = field != "toServices" or any(self._stands_for_somebody(item["k8sService"]) for item in items)
        return l3 if known else [True]

    def _stands_for_somebody(self, named: Manifest) -> bool:
        named_ones = [
            each["metadata"]
            for each in self._of("Service")
            if each["metadata"]["name"] == named["serviceName"]
            and named.get("namespace") in (None, each["metadata"]["namespace"])
        ]
        slices = {
            (each["metadata"]["namespace"], each["metadata"]["labels"]["kubernetes.io/service-name"])
            for each in self._of("EndpointSlice")
        }
        selecting = [each["metadata"] for each in self._of("Service") if each["spec"].get("selector")]
        return any(each in selecting or (each["namespace"], each["name"]) in slices for each in named_ones)

    def _peer(self, field: str, item: Any, home: str, far: Far) -> Iterator[bool]:
        match field[2:] if field.startswith("to") else field[4:]:
            case "Endpoints":
                if _matches(_scoped(item, home, self._cluster() if self._local() else None), far.labels):
                    yield False
            case "Entities":
                yield from self._entity(item, far)
            case "CIDR":
                if self._in_cidr(far, item):
                    yield False
            case "CIDRSet":
                if self._has_two_values(far, item):
                    yield True
                elif self._in_set(far, item):
                    yield False
            case "Services":
                yield from self._service(item["k8sService"], far)

    def _looked_up(self, needed: str, subject: Pod) -> bool | None:
        """Whether the agent of the pod has the name: True, False, or None where it may have."""
        found: bool | None = False
        for spec, home in self._sections("egress"):
            dns = [
                each
                for rule in spec.get("egress", [])
                for entry in rule.get("toPorts", [])
                for each in entry.get("rules", {}).get("dns", [])
                if entry["ports"] and all(rule.values())
            ]
            for each in dns:
                certain = _lets_through(each, needed)
                if certain and self._selects(spec, home, subject):
                    return True
                if certain is not False:
                    found = None
        return found

    def _domain(self, item: Manifest, far: Far, subject: Pod) -> Iterator[bool]:
        """Known names are certain, and a pattern has unknown names besides, as far as they can be looked up."""
        known = self._looked_up(item.get("matchName") or item["matchPattern"], subject)
        if known is not False:
            yield from (doubt or known is None for doubt in self._behind(item, far))

    def _behind(self, item: Manifest, far: Far) -> Iterator[bool]:
        if far.sort != "world":
            return
        written = item.get("matchPattern", "")
        star = ".*" if written == "*" else "[-a-z0-9_]*"
        pattern = written.replace(".", "[.]").replace("*", star)
        known = [name for name in self.settings.domains if name == item.get("matchName") or re.fullmatch(pattern, name)]
        here = ipaddress.ip_address(far.address)
        if any(here in ipaddress.ip_network(cidr) for name in known for cidr in self.settings.domains[name]):
            yield False
        if "matchPattern" in item or not known:
            yield True

    def _entity(self, name: str, far: Far) -> Iterator[bool]:
        if name == "kube-apiserver":
            yield from [True] if far.sort != "pod" else []
        elif name == "all" or name == far.sort or (name == "cluster" and far.sort != "world"):
            yield False

    def _in_cidr(self, far: Far, cidr: str) -> bool:
        sort = "node" if far.sort in ("host", "remote-node") else far.sort
        if sort != "world" and sort not in self.settings.cidrs:
            return False
        return ipaddress.ip_address(far.address) in ipaddress.ip_network(cidr)

    def _in_set(self, far: Far, item: Manifest) -> bool:
        if item.get("cidrGroupSelector") == {} and not item.get("except"):
            return True
        seen = self._in_cidr(far, "::/0" if ":" in far.address else "0.0.0.0/0")
        if not seen and "cidrGroupSelector" in item:
            return self.settings.shared and _meets_groups(item["cidrGroupSelector"], [])
        if self._excepted(far, item):
            return False
        if "cidr" in item:
            return self._in_cidr(far, item["cidr"])
        if not seen:
            return False
        groups = self._groups_of(far)
        if "cidrGroupRef" in item:
            return any(item["cidrGroupRef"] == metadata["name"] for metadata in groups)
        return _meets_groups(item["cidrGroupSelector"], groups)

    def _excepted(self, far: Far, item: Manifest) -> bool:
        return any(ipaddress.ip_address(far.address) in ipaddress.ip_network(each) for each in item.get("except", []))

    def _groups_of(self, far: Far) -> list[Manifest]:
        return [
            group["metadata"]
            for group in self._of("CiliumCIDRGroup")
            if any(self._in_cidr(far, cidr) for cidr in group["spec"]["externalCIDRs"])
        ]

    def _has_two_values(self, far: Far, item: Manifest) -> bool:
        """Whether a value is asked of a label that two groups of the address give two values, of which one is kept."""
        if not self.settings.one_value or "cidrGroupSelector" not in item or self._excepted(far, item):
            return False
        selector = item["cidrGroupSelector"]
        keys = [*selector.get("matchLabels", {})]
        keys += [e["key"] for e in selector.get("matchExpressions", []) if e["operator"] in ("In", "NotIn")]
        labels = [metadata.get("labels", {}) for metadata in self._groups_of(far)]
        return any(len({each[key] for each in labels if key in each}) > 1 for key in keys)

    def _service(self, named: Manifest, far: Far) -> Iterator[bool]:
        for each in self._of("Service"):
            home, name = each["metadata"]["namespace"], each["metadata"]["name"]
            if name != named["serviceName"] or named.get("namespace", home) != home:
                continue
            if "selector" in each["spec"]:
                labels = {"k8s:" + NAMESPACE: home, **each["spec"]["selector"]}
                if _matches({"matchLabels": labels}, far.labels):
                    yield False
            for slice_ in self._of("EndpointSlice"):
                about = slice_["metadata"]["labels"]["kubernetes.io/service-name"] == name
                if "selector" not in each["spec"] and about and slice_["metadata"]["namespace"] == home:
                    held = [address for endpoint in slice_["endpoints"] for address in endpoint["addresses"]]
                    if any(self._in_cidr(far, address) for address in held):
                        yield False

    def _port(self, port: Manifest, flow: Flow, side: str) -> bool:
        protocol = port.get("protocol", "ANY")
        if protocol not in ("ANY", str(flow.protocol)):
            return False
        if not port["port"].isdigit():
            return self._named(port["port"].lower(), flow, side)
        low = int(port["port"])
        return low == 0 or low <= flow.port <= max(low, port.get("endPort", 0))

    def _named(self, name: str, flow: Flow, side: str) -> bool:
        """Whether this name stands for the flow's port and protocol: at the destination, or in the whole cluster."""
        if self.settings.shared and side == "to":
            declared = [_declared(_template(each)).get(name) for each in self.pods.values()]
            same = {number for number, protocol in filter(None, declared) if protocol == str(flow.protocol)}
            return same == {flow.port}
        if not isinstance(flow.destination, Pod):
            return False
        return _declared(self._body(flow.destination)).get(name) == (flow.port, str(flow.protocol))

    # ------------------------------------------------------------ the Kubernetes kinds

    def _network_policies(self, subject: Pod, far: Far, flow: Flow, direction: str) -> Iterator[Entry]:
        for each in self._of("NetworkPolicy"):
            spec, home = each["spec"], each["metadata"]["namespace"]
            if not self._selects({"endpointSelector": spec["podSelector"]}, home, subject):
                continue
            for rule in spec.get(direction, []):
                peers, ports = rule.get("to" if direction == "egress" else "from"), rule.get("ports")
                if peers and not any(self._kubernetes_peer(peer, home, far) for peer in peers):
                    continue
                unsure = direction == "egress" and not peers and self._names_are_unsure()
                side = "to" if direction == "egress" else "from"
                matching = [port for port in ports or () if self._kubernetes_port(port, flow, side)]
                for doubt in {unsure and isinstance(port.get("port"), str) for port in matching}:
                    yield Entry(NORMAL, 0, "allow", doubt)
                if not ports:
                    yield Entry(NORMAL, 0, "allow", False)

    def _kubernetes_peer(self, peer: Manifest, home: str, far: Far) -> bool:
        if "ipBlock" in peer:
            return self._in_set(far, peer["ipBlock"])
        if far.sort != "pod":
            spaces = peer.get("namespaceSelector", {})
            asks = any(spaces.get(name) for name in ("matchLabels", "matchExpressions"))
            met = self._in_spaces(spaces, far) and _matches(peer.get("podSelector", {}), far.labels)
            return asks and met and not self._local()
        if "namespaceSelector" not in peer and _first(NAMESPACE, far.labels) != home:
            return False
        return self._in_spaces(peer.get("namespaceSelector", {}), far) and _matches(
            peer.get("podSelector", {}), far.labels
        )

    def _in_spaces(self, selector: Manifest, far: Far) -> bool:
        start = len(NAMESPACE_LABELS)
        spaces = [("any", key[start:], value) for _, key, value in far.labels if key.startswith(NAMESPACE_LABELS)]
        return _matches(selector, spaces)

    def _kubernetes_port(self, port: Manifest, flow: Flow, side: str) -> bool:
        if port.get("protocol", "TCP") != str(flow.protocol):
            return False
        if "port" not in port:
            return True
        number: Any = port["port"]
        if isinstance(number, str):
            return self._named(number, flow, side)
        return bool(number <= flow.port <= port.get("endPort", number))

    def _ranked(self) -> list[Manifest]:
        return self._of("ClusterNetworkPolicy") if self.settings.ranked else []

    def _ranked_selects(self, policy: Manifest, subject: Pod, direction: str) -> bool:
        own = Far("pod", self._identity(subject), "")
        return bool(policy["spec"].get(direction)) and self._ranked_peer(policy["spec"]["subject"], own)

    def _ranked_peer(self, peer: Manifest, far: Far) -> bool:
        if "networks" in peer:
            return any(self._in_cidr(far, cidr) for cidr in peer["networks"])
        if "namespaces" in peer:
            asks = any(peer["namespaces"].get(name) for name in ("matchLabels", "matchExpressions"))
            return self._in_spaces(peer["namespaces"], far) and (asks or far.sort == "pod")
        if far.sort != "pod":
            return False
        pods = peer["pods"]
        return self._in_spaces(pods.get("namespaceSelector", {}), far) and _matches(pods["podSelector"], far.labels)

    def _ranked_entries(self, policy: Manifest, far: Far, flow: Flow, direction: str) -> Iterator[Entry]:
        spec = policy["spec"]
        tier = ADMIN if spec["tier"] == "Admin" else BASELINE
        for index, rule in enumerate(spec[direction]):
            names = [each for each in rule.get("protocols", []) if "destinationNamedPort" in each]
            for peer in rule["to" if direction == "egress" else "from"]:
                if not self._ranked_peer(peer, far):
                    continue
                numbers = [each for each in rule.get("protocols", []) if "destinationNamedPort" not in each]
                named = any(
                    self._named(each["destinationNamedPort"], flow, "to" if direction == "egress" else "from")
                    for each in names
                )
                if not rule.get("protocols") or named or any(_in_protocol(each, flow) for each in numbers):
                    action = {"Accept": "allow", "Deny": "deny", "Pass": "pass"}[rule["action"]]
                    yield Entry(tier, spec["priority"] + index / 100, action, False)


def _template(found: Manifest) -> Manifest:
    template: Manifest = found["spec"]["template"] if found["kind"] != "Pod" else found
    return template


def _declared(pod: Manifest) -> dict[str, tuple[int, str]]:
    """The last number and protocol of each port name of a pod; none of one on the host network."""
    if pod["spec"].get("hostNetwork"):
        return {}
    return {
        each["name"]: (each["containerPort"], each["protocol"])
        for container in pod["spec"]["containers"]
        for each in container.get("ports", [])
    }


def _is_of_everybody(fields: list[str], rule: Manifest) -> bool:
    """True if an agent has the same selector for the rule's peers as for one that asks nothing."""
    if not fields or (fields[0] in ("toServices", "toFQDNs") and not rule[fields[0]]):
        return True
    return any(item in ("all", {"cidrGroupSelector": {}}) for item in rule[fields[0]])


def _in_protocol(entry: Manifest, flow: Flow) -> bool:
    ((name, body),) = entry.items()
    if name != str(flow.protocol).lower():
        return False
    port = body["destinationPort"]
    low, high = (port["number"],) * 2 if "number" in port else (port["range"]["start"], port["range"]["end"])
    return bool(low <= flow.port <= high)


def _types(spec: Manifest) -> list[str]:
    given = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return [each.lower() for each in given]


def _scoped(selector: Manifest, home: str, cluster: str | None) -> Manifest:
    """The selector with what the agent adds to it: a namespace, and the cluster, if any."""
    keys = [*selector.get("matchLabels", {}), *(each["key"] for each in selector.get("matchExpressions", []))]
    if any(key.startswith("reserved:") for key in keys):
        return selector
    bare = [key.split(":", 1)[1] if ":" in key else key for key in keys]
    expressions = [*selector.get("matchExpressions", [])]
    if NAMESPACE not in bare:
        if not home:
            expressions.append({"key": f"k8s:{NAMESPACE}", "operator": "Exists"})
        elif not any(key.startswith(NAMESPACE_LABELS) for key in bare):
            expressions.append({"key": f"k8s:{NAMESPACE}", "operator": "In", "values": [home]})
    if CLUSTER not in bare and cluster is not None:
        expressions.append({"key": f"k8s:{CLUSTER}", "operator": "In", "values": [cluster]})
    return {**selector, "matchExpressions": expressions}


def _matches(selector: Manifest, labels: Labels) -> bool:
    needs = [(key, "In", [value]) for key, value in (selector.get("matchLabels") or {}).items()]
    needs += [(e["key"], e["operator"], e.get("values", [])) for e in selector.get("matchExpressions") or []]
    return all(_met(key, operator, values, labels) for key, operator, values in needs)


def _met(key: str, operator: str, values: list[str], labels: Labels) -> bool:
    source, bare = key.split(":", 1) if ":" in key else ("any", key)
    found = [value for at, name, value in labels if name == bare and source in ("any", at)]
    match operator:
        case "In":
            return bool(found) and found[0] in values
        case "NotIn":
            return not found or found[0] not in values
        case "Exists":
            return bool(found)
        case _:
            return not found


def _first(key: str, labels: Labels) -> str:
    return next(value for _, name, value in labels if name == key)


def _lets_through(dns: Manifest, needed: str) -> bool | None:
    """Whether a DNS rule lets requests for all names of a pattern through; None where it may be some of them."""
    given = dns.get("matchName") or dns["matchPattern"]
    if given in ("*", needed):
        return True
    one, all_of_it = (re.escape(each).replace(r"\*", "[-a-z0-9_]*") for each in (given, needed))
    if "*" not in needed:
        return re.fullmatch(one, needed) is not None
    if "*" not in given:
        return None if needed == "*" or re.fullmatch(all_of_it, given) else False
    return None


def _meets_groups(selector: Manifest, groups: list[Manifest]) -> bool:
    """Whether an address with the labels of all these groups meets every condition."""
    had = [item for metadata in groups for item in metadata.get("labels", {}).items()]
    needs = [(key, "In", [value]) for key, value in selector.get("matchLabels", {}).items()]
    needs += [(e["key"], e["operator"], e.get("values", [])) for e in selector.get("matchExpressions", [])]
    for key, operator, values in needs:
        there = any(name == key and (value in values or "Exist" in operator) for name, value in had)
        if there is (operator in ("NotIn", "DoesNotExist")):
            return False
    return True
