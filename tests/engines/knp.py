"""kube-network-policies: what is drawn for it, and where its evaluators differ from the specifications.

What its data plane does by itself, exempting a pod's own node, is not in the evaluators.
"""

from __future__ import annotations

from typing import Any

from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.options import Channel, Cni, Options
from tests.engines.clusters import cluster
from tests.engines.compare import Deviation, Suite
from tests.engines.drawn import Case, Change, mapped
from tests.engines.kubernetes import NAMES, PATTERNS, admin_policy, baseline_policy, cluster_policy, network_policy
from tests.engines.words import NODES, Chance, addresses
from tests.strategies.vocabulary import Manifest

OPTIONS = Options(cni=Cni.KUBE_NETWORK_POLICIES, channel=Channel.EXPERIMENTAL)
_ADMIN = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")


def draw(seed: int) -> Case:
    """NetworkPolicies, with ClusterNetworkPolicies where the seed is even, else with the kinds of v1alpha1."""
    chance = Chance(seed)
    objects = cluster(chance)
    known = addresses(objects)
    kinds = chance.choices(_KINDS[seed % len(_KINDS)], k=chance.choice((1, 1, 1, 2, 3, 5)))
    policies = [_DRAWS[kind](chance, f"{kind}{number}", known) for number, kind in enumerate(kinds)]
    policies = list({(each["kind"], each["metadata"]["name"]): each for each in policies}.values())
    patterns = {each: [block for name in NAMES if _in(name, each) for block in NAMES[name]] for each in PATTERNS}
    return Case(seed=seed, objects=(*objects, *policies), options=OPTIONS, names=NAMES, patterns=patterns)


# One version of the admin kinds is in a cluster at a time; policies are few in most cases, so that each decides flows.
_KINDS = (("np", "cnp", "cnp"), ("np", "anp", "banp"))
_DRAWS = {"np": network_policy, "anp": admin_policy, "banp": baseline_policy, "cnp": cluster_policy}


def _in(name: str, pattern: str) -> bool:
    """A leading `*.` stands for one label or more."""
    return name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _admin_entries(change: str) -> tuple[str, ...]:
    return tuple(f"spec.{direction}[].{change}" for direction in ("ingress", "egress"))


def _any_port_of_a_name(case: Case, flow: Flow) -> list[Manifest]:
    """namedPort of v1alpha1: every port, if the destination declares the name at all."""
    pod = flow.destination
    names = {port.name for port in pod.ports} if isinstance(pod, Pod) and not pod.host_network else set()
    every = [{"portRange": {"start": 1, "end": 65535, "protocol": each}} for each in ("TCP", "UDP", "SCTP")]
    none = {"portNumber": {"port": flow.port % 65535 + 1, "protocol": flow.protocol.value}}

    def change(path: str, value: Any) -> Any:
        if path not in _admin_entries("ports"):
            return value
        found: list[Manifest] = []
        for entry in value:
            found += [entry] if "namedPort" not in entry else every if entry["namedPort"] in names else [none]
        return found

    return _in_admin_policies(case, change)


def _pods_of_nodes(case: Case, flow: Flow) -> list[Manifest]:
    """nodes of v1alpha1: the pods that run on the nodes, and not the nodes."""
    pod = flow.destination
    node = pod.node if isinstance(pod, Pod) and not pod.host_network else None
    nowhere = {"networks": ["255.255.255.255/32"]}

    def change(path: str, value: Any) -> Any:
        if path not in _admin_entries("to[]") or "nodes" not in value:
            return value
        return {"namespaces": {}} if node in _matching(case, value["nodes"]) else nowhere

    return _in_admin_policies(case, change)


def _matching(case: Case, selector: Manifest) -> set[str | None]:
    """The names of the nodes with these labels."""
    labels = {each["metadata"]["name"]: each["metadata"]["labels"] for each in case.objects if each["kind"] == "Node"}
    return {name for name in labels if _selects(selector, labels[name])}


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    tests = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, values: key in labels,
        "DoesNotExist": lambda key, values: key not in labels,
    }
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(
        tests[each["operator"]](each["key"], each.get("values", ())) for each in selector.get("matchExpressions", ())
    )


def _in_admin_policies(case: Case, change: Change) -> list[Manifest]:
    return [mapped(each, change) if each["kind"] in _ADMIN else each for each in case.objects]


def _elsewhere(case: Case, flow: Flow) -> list[Manifest]:
    """The exemption of a pod's own node is in the data plane: here every node is another one."""
    moved = {str(pod) for pod in (flow.source, flow.destination) if isinstance(pod, Pod) and not pod.host_network}
    return [
        {**each, "spec": {**each["spec"], "nodeName": _other(case, flow)}}
        if each["kind"] == "Pod" and f"{each['metadata']['namespace']}/{each['metadata']['name']}" in moved
        else each
        for each in case.objects
    ]


def _other(case: Case, flow: Flow) -> str:
    ends = {getattr(each, "node", None) or getattr(each, "name", "") for each in (flow.source, flow.destination)}
    return next(name for name in NODES if name not in ends)


SUITE = Suite(
    name="kube_network_policies",
    kinds=("NetworkPolicy", *_ADMIN, "ClusterNetworkPolicy"),
    draw=draw,
    deviations=(
        Deviation(name="own node", rewrite=_elsewhere),
        Deviation(name="namedPort of v1alpha1", rewrite=_any_port_of_a_name),
        Deviation(name="nodes of v1alpha1", rewrite=_pods_of_nodes),
    ),
    neutral=dict.fromkeys(("spec.ingress[].name", "spec.egress[].name"), "a name for people"),
    leaves_only={f"{kind} spec.egress[].to[].nodes": "it deviates: few verdicts about nodes agree" for kind in _ADMIN},
)
