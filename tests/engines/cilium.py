"""Cilium: what is drawn for its policy repository, and where it differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from reachproof.engines.cilium.profile import RELEASES
from reachproof.engines.registry import profile_of
from reachproof.network.address import parse_cidrs
from reachproof.network.flow import External, Flow
from reachproof.network.options import Channel, Cni, Options
from tests.engines import words
from tests.engines.clusters import cluster
from tests.engines.compare import Deviation, Suite
from tests.engines.drawn import Case, mapped
from tests.engines.kubernetes import NAMES, cluster_policy, network_policy
from tests.engines.words import NAMESPACES, PORT_NAMES, PORTS, Chance, addresses
from tests.strategies.vocabulary import Manifest

OLDER = ("1.19", "1.18")
"""Releases whose evaluators are compared too; they read no ClusterNetworkPolicy."""
_NAMESPACE = "io.kubernetes.pod.namespace"
_OF_NAMESPACES = "io.cilium.k8s.namespace.labels."
_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_CLUSTER = "io.cilium.k8s.policy.cluster"
_LABELS = {
    **words.POD_LABELS,
    "k8s:app": ("web", "db"),
    "any:tier": ("a", "b"),
    f"k8s:{_NAMESPACE}": NAMESPACES,
    _NAMESPACE: NAMESPACES,
    f"k8s:{_OF_NAMESPACES}team": ("red", "blue"),
    f"{_OF_NAMESPACES}env": ("prod", "dev"),
    f"k8s:{_ACCOUNT}": ("runner", "reader", "default"),
    _CLUSTER: ("default",),
}
_RESERVED = {f"reserved:{name}": ("",) for name in ("host", "remote-node", "init")}
_ENTITIES = ("all", "world", "cluster", "host", "remote-node", "none", "health", "init", "unmanaged", "ingress")
GROUPS = ("branch", "partner")
_GROUP_LABELS = {"site": ("north", "south"), "kind": ("office",)}


def draw(seed: int, release: str = "") -> Case:
    """CiliumNetworkPolicies, clusterwide ones, NetworkPolicies and ClusterNetworkPolicies, one to five in all.

    `release`: one of `OLDER`, which has no ClusterNetworkPolicy; empty: the newest.
    """
    chance = Chance(seed)
    objects = cluster(chance)
    known = addresses(objects)
    objects += [_group(chance, name, known) for name in GROUPS]
    drawn = [kind for kind in _DRAWS if kind != "kcnp" or not release]
    kinds = chance.choices(drawn, k=chance.choice((1, 1, 1, 2, 3, 5)))
    policies = [_DRAWS[kind](chance, f"{kind}{number}", known) for number, kind in enumerate(kinds)]
    options = Options(cni=Cni.CILIUM, release=release, channel=Channel.EXPERIMENTAL)
    return Case(seed=seed, objects=(*objects, *policies), options=options, names=NAMES)


def _group(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    blocks = list(dict.fromkeys(words.cidr(chance, known) for _ in range(chance.randint(1, 3))))
    metadata = {"name": name, "labels": words.labels(chance, _GROUP_LABELS)}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": metadata,
        "spec": {"externalCIDRs": blocks},
    }


def _namespaced(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    metadata = {"name": name, "namespace": chance.choice(NAMESPACES)}
    return _object("CiliumNetworkPolicy", metadata, _body(chance, known))


def _clusterwide(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    return _object("CiliumClusterwideNetworkPolicy", {"name": name}, _body(chance, known))


def _cluster_policy(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    """Without nodes and domain names, which Cilium does not program."""
    return cluster_policy(chance, name, known, nodes=False)


_DRAWS: dict[str, Callable[[Chance, str, Sequence[str]], Manifest]] = {
    "cnp": _namespaced,
    "ccnp": _clusterwide,
    "np": network_policy,
    "kcnp": _cluster_policy,
}


def _object(kind: str, metadata: Manifest, body: Manifest) -> Manifest:
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, **body}


def _body(chance: Chance, known: Sequence[str]) -> Manifest:
    if chance.likely(0.25):
        found: Manifest = {"specs": [_spec(chance, known) for _ in range(chance.randint(1, 2))]}
        return {**found, "spec": _spec(chance, known)} if chance.likely(0.2) else found
    return {"spec": _spec(chance, known)}


def _spec(chance: Chance, known: Sequence[str]) -> Manifest:
    """At least one list has a rule, as the agent asks."""
    spec: Manifest = {"endpointSelector": {} if chance.likely(0.4) else _subject(chance)}
    lists = chance.choice((("ingress",), ("egress",), ("ingress", "egress"), ("ingressDeny",), ("egressDeny",), None))
    for name in lists or ("ingress", "ingressDeny", "egress", "egressDeny"):
        if lists is not None or chance.likely(0.5):
            spec[name] = [_rule(chance, name, known) for _ in range(chance.choice((1, 1, 2)))]
    if len(spec) == 1:
        spec["ingress"] = [{}]
    if lists and len(lists) == 1 and lists[0].endswith("Deny") and chance.likely(0.7):
        spec["enableDefaultDeny"] = {lists[0].removesuffix("Deny"): False}  # else it denies all, whatever the rules are
    elif chance.likely(0.25):
        spec["enableDefaultDeny"] = {each: chance.likely(0.4) for each in chance.some(("ingress", "egress"), 1, 2)}
    if chance.likely(0.1):
        spec |= {
            "description": "a policy",
            "labels": [{"key": "app", "value": "web", "source": "k8s"}],
            "log": {"value": "seen"},
        }
    return spec


def _subject(chance: Chance) -> Manifest:
    return words.selector(
        chance, words.POD_LABELS if chance.likely(0.7) else {"k8s:app": ("web", "db"), "any:tier": ("a", "b")}
    )


def _rule(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    deny = name.endswith("Deny")
    rule: Manifest = (
        _peers(chance, "from" if name.startswith("ingress") else "to", known, deny) if chance.likely(0.8) else {}
    )
    if chance.likely(0.05):
        family = chance.choice((None, "IPv4", "IPv6"))
        return {**rule, "icmps": [{"fields": [{"type": 8, **({} if family is None else {"family": family})}]}]}
    if not rule or chance.likely(0.5):
        rule["toPorts"] = [_ports(chance) for _ in range(chance.choice((1, 1, 2)))]
    return rule


def _peers(chance: Chance, side: str, known: Sequence[str], deny: bool) -> Manifest:
    fields: dict[str, Callable[[], object]] = {
        f"{side}Endpoints": lambda: _selector(chance),
        f"{side}Entities": lambda: chance.choice(_ENTITIES),
        f"{side}CIDR": lambda: words.cidr(chance, known),
        f"{side}CIDRSet": lambda: _block(chance, known),
    }
    if side == "to" and not deny:
        fields["toFQDNs"] = lambda: None  # always an empty list: see the fields that are left out
    name = chance.choice([*fields, f"{side}Endpoints", f"{side}CIDRSet"])
    return {name: [] if name == "toFQDNs" else [fields[name]() for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 2)))]}


def _selector(chance: Chance) -> Manifest:
    kind = chance.random()
    if kind < 0.15:
        return words.selector(chance, _RESERVED)
    return words.selector(chance, _LABELS if kind < 0.6 else words.POD_LABELS)


def _block(chance: Chance, known: Sequence[str]) -> Manifest:
    form = chance.choice(("cidr", "cidr", "group", "labels", "labels"))
    if form == "cidr":
        return words.block(chance, known)
    if form == "group":
        found: Manifest = {"cidrGroupRef": chance.choice((*GROUPS, "missing"))}
        return {**found, "except": [words.cidr(chance, known)]} if chance.likely(0.3) else found
    chosen = words.selector(chance, _GROUP_LABELS)
    found = {"cidrGroupSelector": chosen if chosen or chance.likely(0.3) else {"matchLabels": {"site": "north"}}}
    return {**found, "except": [words.cidr(chance, known)]} if chance.likely(0.2) else found


def _ports(chance: Chance) -> Manifest:
    return {"ports": [_port(chance) for _ in range(chance.choice((1, 1, 2, 3)))]}


def _port(chance: Chance) -> Manifest:
    protocol: Manifest = chance.choice(({}, *({"protocol": each} for each in ("TCP", "UDP", "SCTP", "ANY"))))
    form = chance.random()
    if form < 0.45:
        return {"port": str(chance.choice(PORTS)), **protocol}
    if form < 0.55:
        return {"port": "0", **protocol}
    if form < 0.75:
        return {"port": chance.choice((*PORT_NAMES, "WEB")), **protocol}
    first, last = words.span(chance)
    return {"port": str(first), "endPort": last, **protocol}


_NOTHING_ASKED: Manifest = {"cidrGroupSelector": {}}


def _no_names_for_everybody(case: Case, flow: Flow) -> list[Manifest]:
    """A port name of an egress rule of every peer matches nothing: the agent read `cidrGroupSelector: {}` first."""
    other = flow.port % 65535 + 1

    def change(path: str, value: Any) -> Any:
        if _rule_of(path) not in ("egress[]", "egressDeny[]") or not _is_of_everybody(value):
            return value
        ports = [{"port": other} if isinstance(port.get("port"), str) else port for port in value.get("ports", ())]
        entries = [
            {"ports": [{"port": str(other)} if port["port"].isalpha() else port for port in entry["ports"]]}
            for entry in value.get("toPorts", ())
        ]
        return {**value, **({"ports": ports} if ports else {}), **({"toPorts": entries} if entries else {})}

    return [each if each["kind"] == "ClusterNetworkPolicy" else mapped(each, change) for each in case.objects]


def _names_for_everybody(case: Case, flow: Flow) -> list[Manifest]:
    """A port name of an egress rule of every peer is looked up: the agent read another rule of every peer first."""

    def change(path: str, value: Any) -> Any:
        if _rule_of(path) not in [f"{rule}[]" for rule in _RULES]:
            return value
        side = next((side for side in ("from", "to") if _NOTHING_ASKED in value.get(f"{side}CIDRSet", ())), None)
        if side is None:
            return value
        return {**{key: item for key, item in value.items() if key != f"{side}CIDRSet"}, f"{side}Entities": ["all"]}

    return [mapped(each, change) if each["kind"].startswith("Cilium") else each for each in case.objects]


def _rule_of(path: str) -> str:
    return path.removeprefix("specs[].").removeprefix("spec.")


def _is_of_everybody(rule: Manifest) -> bool:
    peers = [name for name in rule if name.startswith("to") and name != "toPorts" and (rule[name] or name != "toFQDNs")]
    items = [item for name in peers for item in rule[name]]
    return not any(rule[name] for name in peers if name == "to") and (
        peers in ([], ["to"]) or "all" in items or _NOTHING_ASKED in items
    )


def _one_group_per_label(case: Case, flow: Flow) -> list[Manifest]:
    """Of groups that give an address two values of a label the last one gives it, as the driver fills identities."""
    outside = [
        address
        for party, address in ((flow.source, flow.source_address), (flow.destination, flow.destination_address))
        if isinstance(party, External)
    ]
    later: set[str] = set()
    found: list[Manifest] = []
    for each in reversed(case.objects):
        if each["kind"] == "CiliumCIDRGroup" and any(
            address in parse_cidrs(each["spec"]["externalCIDRs"]) for address in outside
        ):
            own = each["metadata"]["labels"]
            each = {**each, "metadata": {**each["metadata"], "labels": {key: own[key] for key in own.keys() - later}}}
            later |= own.keys()
        found.append(each)
    return found[::-1]


_REQUESTS = "rules about requests leave a connection undetermined"
_RULES = ("ingress", "ingressDeny", "egress", "egressDeny")
_OUT = {
    "spec.nodeSelector": "policies of hosts are not modelled",
    **{f"spec.{rule}[].{side}Requires": "refused by the agent" for rule in _RULES for side in ("from", "to")},
    **{f"spec.{rule}[].{side}Groups": "a cloud knows them" for rule in _RULES for side in ("from", "to")},
    **{f"spec.{rule}[].{side}Nodes": "off by default" for rule in _RULES for side in ("from", "to")},
    **{f"spec.{rule}[].toServices": "the agent puts other peers in its place first" for rule in _RULES},
    **{f"spec.{rule}[].authentication": "not looked at" for rule in _RULES},
    **{f"spec.{rule}[].toPorts[].rules": _REQUESTS for rule in _RULES},
    **{f"spec.{rule}[].toPorts[].serverNames": _REQUESTS for rule in _RULES},
    **{f"spec.{rule}[].toPorts[].listener": "not looked at" for rule in _RULES},
    **{f"spec.{rule}[].toPorts[].terminatingTLS": "not looked at" for rule in _RULES},
    **{f"spec.{rule}[].toPorts[].originatingTLS": "not looked at" for rule in _RULES},
    "spec.egress[].toFQDNs[]": "addresses come from the DNS answers that the agent has seen",
}
_OUT_OF_CLUSTER = {"spec.egress[].to[].nodes": "not programmed", "spec.egress[].to[].domainNames": "not programmed"}
SUITE = Suite(
    name="cilium",
    release=RELEASES[-1].version,
    kinds=("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "ClusterNetworkPolicy"),
    draw=draw,
    deviations=(
        Deviation(name="port names for everybody find no pod", rewrite=_no_names_for_everybody, rare=True),
        Deviation(name="port names for everybody are looked up", rewrite=_names_for_everybody, rare=True),
    ),
    left_out={
        "CiliumNetworkPolicy": _OUT,
        "CiliumClusterwideNetworkPolicy": _OUT,
        "ClusterNetworkPolicy": _OUT_OF_CLUSTER,
    },
    neutral={
        "spec.description": "for people",
        "spec.ingress[].name": "for people",
        "spec.egress[].name": "for people",
        "spec.labels": "labels of the policy itself, which nothing selects by",
        "spec.log": "what the agent writes of flows, not what becomes of them",
        **{f"spec.{rule}[].icmps[].fields": "no question is about ICMP" for rule in _RULES},
    },
    leaves_only={
        "CiliumClusterwideNetworkPolicy": "of one type with CiliumNetworkPolicy, and read by the same code",
        **dict.fromkeys(("NetworkPolicy", "ClusterNetworkPolicy"), "all of their fields are for kube-network-policies"),
    },
)


def older(release: str) -> Suite:
    """The evaluator of an older release: as the newest, but for what it does not have."""
    kinds = tuple(kind for kind in SUITE.kinds if kind != "ClusterNetworkPolicy")
    drawing = partial(draw, release=release)
    groups = Deviation(name="the last of overlapping groups gives a label", rewrite=_one_group_per_label, rare=True)
    differs = (groups,) if profile_of(Options(cni=Cni.CILIUM, release=release)).one_value_per_label else ()
    return replace(
        SUITE, name=f"{SUITE.name}@{release}", release=release, kinds=kinds, draw=drawing, deviations=differs
    )
