"""Drawn objects of kinds that are not read, and which flows each can act on, told from the manifest alone."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidr
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.options import Options
from reachproof.network.policy import Action, Direction
from reachproof.network.snapshot import Snapshot
from tests.strategies.snapshots import manifests, model_options
from tests.strategies.vocabulary import NAMESPACE_SELECTORS, NAMESPACES, NETWORKS, POD_SELECTORS, Manifest

BOTH = frozenset((Action.ALLOW, Action.DENY))
DENY = frozenset((Action.DENY,))
_HOMES = st.sampled_from(NAMESPACES)
_KINDS: dict[str, tuple[str, frozenset[Action]]] = {
    "EgressFirewall": ("k8s.ovn.org/v1", BOTH),
    "Server": ("policy.linkerd.io/v1beta3", DENY),
    "NetworkPolicy": ("crd.antrea.io/v1beta1", BOTH),
    "ClusterNetworkPolicy": ("crd.antrea.io/v1beta1", BOTH),
    "SecurityGroupPolicy": ("vpcresources.k8s.aws/v1beta1", BOTH),
    "ClusterUserDefinedNetwork": ("k8s.ovn.org/v1", BOTH),
    "CiliumLocalRedirectPolicy": ("cilium.io/v2", BOTH),
    "CiliumEgressGatewayPolicy": ("cilium.io/v2", DENY),
    "CiliumEnvoyConfig": ("cilium.io/v2", BOTH),
    "SuperNetworkPolicy": ("unheard.example/v1", BOTH),
    "HTTPRoute": ("policy.linkerd.io/v1beta3", DENY),
    "FelixConfiguration": ("projectcalico.org/v3", DENY),
}
_WITHOUT_NAMESPACE = (
    *("ClusterNetworkPolicy", "ClusterUserDefinedNetwork", "CiliumEgressGatewayPolicy"),
    "FelixConfiguration",
)


_FIREWALL_RULES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("Allow", "Deny")),
        "to": st.one_of(
            st.sampled_from([{"cidrSelector": network} for network in NETWORKS]),
            st.sampled_from([{"nodeSelector": {"matchLabels": {"zone": "a"}}}, {"dnsName": "api.example.com"}]),
        ),
    },
    optional={"ports": st.sampled_from(([], [{"protocol": "TCP", "port": 80}], [{"protocol": "UDP"}]))},
)


@st.composite
def not_read_objects(draw: st.DrawFn, *, most: int = 2, kinds: tuple[str, ...] = ()) -> list[Manifest]:
    """One to `most` objects, of different names, of any kind or of these."""
    return [draw(_objects(number, kinds or tuple(sorted(_KINDS)))) for number in range(draw(st.integers(1, most)))]


@st.composite
def _objects(draw: st.DrawFn, number: int, kinds: tuple[str, ...]) -> Manifest:
    kind = draw(st.sampled_from(kinds))
    metadata = {"name": f"u{number}"}
    if kind not in _WITHOUT_NAMESPACE:
        metadata["namespace"] = draw(_HOMES)
    spec: Manifest = {}
    if kind in ("Server", "SecurityGroupPolicy"):
        spec = {"podSelector": draw(st.sampled_from(POD_SELECTORS))}
    if kind == "ClusterUserDefinedNetwork":
        spec = {"namespaceSelector": draw(st.sampled_from(NAMESPACE_SELECTORS))}
    if kind == "EgressFirewall" and draw(st.integers(0, 3)):
        spec = {"egress": draw(st.lists(_FIREWALL_RULES, max_size=3))}
    if kind == "FelixConfiguration":
        spec = {"defaultEndpointToHostAction": draw(st.sampled_from(("Drop", "Return")))}
    return {"apiVersion": _KINDS[kind][0], "kind": kind, "metadata": metadata, "spec": spec}


@st.composite
def snapshots_with(
    draw: st.DrawFn, *, most_pods: int = 5, options: Options | None = None, kinds: tuple[str, ...] = ()
) -> tuple[Snapshot, list[Manifest]]:
    """A snapshot with such objects, and the objects."""
    chosen = options or draw(model_options())
    unread = draw(not_read_objects(kinds=kinds))
    objects = draw(manifests(channel=chosen.channel, most_pods=most_pods)) + unread
    return load_objects(objects, options=chosen), unread


# ---------------------------------------------------------------- what they can do, by a second reading


def actions(snapshot: Snapshot, written: Manifest, flow: Flow, direction: Direction) -> frozenset[Action]:
    """The most that an object can do to a flow in one direction."""
    kind, home = written["kind"], written["metadata"].get("namespace", "")
    near, far = (flow.source, flow.destination) if direction is Direction.EGRESS else (flow.destination, flow.source)
    if not isinstance(near, Pod):
        return frozenset()
    out = direction is Direction.EGRESS
    leaves = not isinstance(far, Pod) or far.host_network
    at_home, to_home = near.namespace == home, isinstance(flow.destination, Pod) and flow.destination.namespace == home
    acts: dict[str, Callable[[], bool]] = {
        "EgressFirewall": lambda: out and leaves and at_home,
        "Server": lambda: not out and at_home and selects(written["spec"]["podSelector"], near.labels),
        "NetworkPolicy": lambda: at_home,
        "ClusterNetworkPolicy": lambda: True,
        "SecurityGroupPolicy": lambda: at_home and selects(written["spec"]["podSelector"], near.labels),
        "ClusterUserDefinedNetwork": lambda: selects(
            written["spec"]["namespaceSelector"], snapshot.namespace_of[near.namespace].labels
        ),
        "CiliumLocalRedirectPolicy": lambda: out and (leaves or to_home),
        "CiliumEgressGatewayPolicy": lambda: out and leaves,
        "CiliumEnvoyConfig": lambda: to_home,
        "SuperNetworkPolicy": lambda: at_home,
        "HTTPRoute": lambda: (out and at_home) or to_home,
        "FelixConfiguration": lambda: out and leaves and _may_be_own_node(near, far),
    }
    if not acts[kind]():
        return frozenset()
    if kind == "EgressFirewall" and "egress" in written["spec"]:
        return _of_firewall(snapshot, written["spec"]["egress"], flow)
    return _KINDS[kind][1]


def _of_firewall(snapshot: Snapshot, rules: list[Manifest], flow: Flow) -> frozenset[Action]:
    """The actions of the rules that may be the first to match; those of names never are for certain."""
    found: set[Action] = set()
    for rule in rules:
        if not _is_on(rule.get("ports") or [], flow) or not _leads_to(snapshot, rule["to"], flow):
            continue
        found.add(Action.ALLOW if rule["type"] == "Allow" else Action.DENY)
        if "dnsName" not in rule["to"]:
            break
    return frozenset(found)


def _leads_to(snapshot: Snapshot, to: Manifest, flow: Flow) -> bool:
    address = flow.destination_address
    if "cidrSelector" in to:
        return address in parse_cidr(to["cidrSelector"])
    if "nodeSelector" in to:
        if isinstance(flow.destination, External):
            return False
        return any(selects(to["nodeSelector"], each.labels) and address in each.addresses for each in snapshot.nodes)
    return True


def _is_on(ports: list[Manifest], flow: Flow) -> bool:
    return not ports or any(
        each["protocol"] == flow.protocol.value and each.get("port", flow.port) == flow.port for each in ports
    )


def _may_be_own_node(pod: Pod, far: Party) -> bool:
    """True if a node, or a pod on the host network, may be where the pod runs."""
    name = far.name if isinstance(far, Node) else far.node if isinstance(far, Pod) else ""
    return name != "" and (None in (pod.node, name) or pod.node == name)


def selects(selector: Manifest, labels: object) -> bool:
    """True if a selector, as written, matches labels."""
    assert isinstance(labels, dict)
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_meets(each, labels) for each in selector.get("matchExpressions") or [])


def _meets(expression: Manifest, labels: dict[str, str]) -> bool:
    has = expression["key"] in labels
    match expression["operator"]:
        case "Exists":
            return has
        case "DoesNotExist":
            return not has
        case "In":
            return has and labels[expression["key"]] in expression["values"]
        case _:
            return not has or labels[expression["key"]] not in expression["values"]
