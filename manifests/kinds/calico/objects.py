"""The objects that Calico's policies refer to: tiers, network sets, host endpoints, and the labels all of them have.

| Object | For a rule |
|---|---|
| Tier | `order` (absent: last) and `defaultAction` (Deny unless Pass) |
| NetworkSet | addresses with its labels, `projectcalico.org/namespace`, and those of its namespace (`pcns.`) |
| GlobalNetworkSet | addresses with its own labels and no namespace |
| HostEndpoint | its `expectedIPs`, with its own labels; traffic of the host itself is outside the model |

In the form crd.projectcalico.org/v1 the labels stand in the annotation `projectcalico.org/metadata`.

Trusted by every verdict about policies of Calico; checked by tests/manifests/test_calico.py and
tests/agreement/test_calico.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from reachproof.engines.calico.placement import ADMIN, BASELINE, BUILT_IN_TIERS, DEFAULT, Placement
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import PLAIN_ONLY, read_port_number
from reachproof.manifests.kinds.calico.by_labels import ByLabels
from reachproof.manifests.kinds.policy_kind import Context, SupportKind
from reachproof.network.address import MAPPED, parse_address, parse_cidr
from reachproof.network.cluster import ContainerPort
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Requirement, Selector
from reachproof.network.options import Cni
from reachproof.network.policy import Action, AddressPeer, Peer, PodSet, Union
from reachproof.network.ports import Protocol
from reachproof.network.predicate import (
    ACCOUNT_NAME,
    ALWAYS,
    NEVER,
    Conjunction,
    Disjunction,
    Holder,
    Needs,
    Negation,
    Predicate,
    both,
    either,
    negated,
    with_key,
)

GROUPS = (("projectcalico.org", "v3"), ("crd.projectcalico.org", "v1"))
NAMESPACE = "projectcalico.org/namespace"
ACCOUNT = "projectcalico.org/serviceaccount"
ORCHESTRATOR = "projectcalico.org/orchestrator"
OF_NAMESPACE = "pcns."
OF_ACCOUNT = "pcsa."
METADATA = "projectcalico.org/metadata"
"""The annotation with the metadata of an object in the form crd.projectcalico.org."""
_ENDS = {"Deny": Action.DENY, "Pass": Action.PASS}
# Releases 3.29 to 3.31 have these tiers in the places of kube-admin and kube-baseline.
_OLD_TIERS = {
    "adminnetworkpolicy": Placement(tier="adminnetworkpolicy", order=ADMIN.order, ends=ADMIN.ends),
    "baselineadminnetworkpolicy": Placement(
        tier="baselineadminnetworkpolicy", order=BASELINE.order, ends=BASELINE.ends
    ),
}
_FIXED = BUILT_IN_TIERS | _OLD_TIERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Addresses with labels: a network set, or a host endpoint with the ports that it names.

    `namespace` is empty for those without one.
    """

    namespace: str
    labels: Labels
    addresses: IntervalSet
    ports: tuple[ContainerPort, ...] = ()


# ---------------------------------------------------------------- reading


def _tier(whole: Field) -> Placement:
    spec = whole.get("spec")
    name = whole.get("metadata").get("name").text() or ""
    if spec.present:
        spec.only("order", "defaultAction")
    order = read_order(spec.get("order"))
    action = spec.get("defaultAction")
    ends = (action.choice(_ENDS) if action.present else None) or Action.DENY
    fixed = _FIXED.get(name)
    if fixed is None:
        return Placement(tier=name, order=order, ends=ends)
    if spec.get("order").present and order != fixed.order:
        spec.get("order").expected(f"{fixed.order:g}, the order of the built-in tier {name}")
    if action.present and ends is not fixed.ends:
        action.expected(f"{str(fixed.ends).capitalize()}, how the built-in tier {name} ends")
    return fixed


def read_order(field: Field) -> float:
    """A number; infinite where it is absent, which sorts last."""
    value = field.value
    if value is None:
        return inf
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == inf:
        field.expected("a number")
        return inf
    return float(value)


def _network_set(whole: Field) -> Labelled:
    spec = whole.get("spec")
    if spec.present:
        spec.only("nets")
    namespace = whole.get("metadata").get("namespace").text() or ""
    if whole.get("kind").text() == "NetworkSet":
        namespace = namespace or "default"
    else:
        namespace = ""
    nets = [read_net(item) for item in spec.get("nets").items()]
    addresses = IntervalSet.of(span for net in nets for span in net)
    return Labelled(namespace=namespace, labels=_labels(whole), addresses=addresses)


def _host_endpoint(whole: Field) -> Labelled:
    spec = whole.get("spec")
    spec.only("node", "interfaceName", "expectedIPs", "profiles", "ports")
    found = [read_net(item) for item in spec.get("expectedIPs").items()]
    ports: list[ContainerPort] = []
    for item in spec.get("ports").items():
        if item.only("name", "port", "protocol"):
            protocol = item.get("protocol").choice({each.value: each for each in Protocol}) or Protocol.TCP
            number, name = read_port_number(item.get("port")), item.get("name").text()
            ports.append(ContainerPort(name=name or "", number=number or 0, protocol=protocol))
    whole.notice("HOST_ENDPOINT", "traffic of the host itself is not modelled; pods see the addresses of the endpoint")
    addresses = IntervalSet.of(span for each in found for span in each)
    return Labelled(namespace="", labels=_labels(whole), addresses=addresses, ports=tuple(ports))


def read_net(field: Field) -> IntervalSet:
    """A CIDR or a single address; after a report nothing."""
    text = field.text()
    if text is None:
        if not field.present:
            field.expected("a CIDR such as 10.0.0.0/8")
        return EMPTY
    try:
        found = parse_cidr(text) if "/" in text else IntervalSet.single(parse_address(text))
    except ValueError:
        field.expected("a CIDR such as 10.0.0.0/8, or an address")
        return EMPTY
    if found <= MAPPED:  # Felix prints it as IPv4, so that it may match IPv4 addresses
        field.expected(PLAIN_ONLY)
    return found


def _labels(whole: Field) -> Labels:
    metadata = whole.get("metadata")
    kept = metadata.get("annotations").get(METADATA)
    if not (str(whole.get("apiVersion").value).startswith("crd.") and kept.present):
        return metadata.get("labels").labels()
    try:
        found = json.loads(kept.text() or "{}")
        labels = found.get("labels") or {}
        return {str(key): str(value) for key, value in labels.items()}
    except (ValueError, AttributeError):
        kept.expected("the metadata of the object as JSON, as Calico writes it")
        return {}


_KINDS = {
    "Tier": _tier,
    "NetworkSet": _network_set,
    "GlobalNetworkSet": _network_set,
    "HostEndpoint": _host_endpoint,
}
HAS_NAMESPACE = Needs(Requirement(NAMESPACE, Operator.EXISTS))
LABELLED_KINDS = ("NetworkSet", "GlobalNetworkSet", "HostEndpoint")
SUPPORT = tuple(
    SupportKind(group=group, versions=(version,), kind=kind, read=read, cni=Cni.CALICO)
    for group, version in GROUPS
    for kind, read in _KINDS.items()
)


# ---------------------------------------------------------------- what they are to a rule


def tier_of(name: str, context: Context) -> Placement | None:
    """The tier of this name, built in or given; None where there is none. An empty name is the default tier."""
    if not name or name in _FIXED:
        return _FIXED[name] if name else DEFAULT
    found = context.supporting("Tier", "", name)
    return found if isinstance(found, Placement) else None


def labelled(context: Context) -> tuple[tuple[Labelled, Labels], ...]:
    """Network sets and host endpoints, each with all labels that selectors see."""
    return context.once(_by_labels).things


def with_ports(context: Context) -> tuple[tuple[Labelled, Labels], ...]:
    """Those that name ports, in the same form."""
    return context.once(_with_ports)


def _by_labels(context: Context) -> ByLabels[Labelled]:
    found = []
    for kind in ("GlobalNetworkSet", "HostEndpoint", "NetworkSet"):
        for each in context.all_supporting(kind):
            assert isinstance(each, Labelled)
            found.append((each, _seen(each, context.namespaces)))
    return ByLabels(found)


def _with_ports(context: Context) -> tuple[tuple[Labelled, Labels], ...]:
    return tuple((each, labels) for each, labels in labelled(context) if each.ports)


def _seen(each: Labelled, namespaces: Mapping[str, Labels]) -> Labels:
    if not each.namespace:
        return each.labels
    home = {**namespaces.get(each.namespace, {}), NAMESPACE_NAME: each.namespace}
    inherited = {f"{OF_NAMESPACE}{key}": value for key, value in home.items()}
    inherited[f"{OF_NAMESPACE}projectcalico.org/name"] = each.namespace
    return {**inherited, **each.labels, NAMESPACE: each.namespace}


def addresses_of(predicate: Predicate, context: Context) -> IntervalSet:
    """The addresses of sets and host endpoints of whose labels it is true."""
    return IntervalSet.of(span for each in context.once(_by_labels).meeting(predicate) for span in each.addresses)


def in_namespaces(namespaces: Selector) -> Predicate:
    """The predicate of a `namespaces` peer of a ClusterNetworkPolicy.

    Conditions that hold where a label is absent hold for what has no namespace too. Without conditions it is about
    what has one.
    """
    needs = (replace(each, key=f"{OF_NAMESPACE}{each.key}") for each in namespaces.requirements)
    return both(*map(Needs, needs)) if namespaces.requirements else HAS_NAMESPACE


def peer_of(predicate: Predicate, context: Context) -> Peer:
    """The peer of addresses that something with such labels has: pods by their labels, and all by the CIDRs of sets."""
    pods, addresses = pods_of(predicate), addresses_of(predicate, context)
    return Union((pods, AddressPeer(addresses))) if addresses else pods


def pods_of(predicate: Predicate) -> PodSet:
    """The pods of which it is true. What Kubernetes can say stays a selector of Kubernetes."""
    resolved = _resolved(predicate)
    pods: list[Requirement] = []
    namespaces: list[Requirement] = []
    rest: list[Predicate] = []
    for item in resolved.items if isinstance(resolved, Conjunction) else (resolved,):
        match item:
            case Needs(Requirement() as test, Holder.POD):
                pods.append(test)
            case Needs(Requirement() as test, Holder.NAMESPACE):
                namespaces.append(test)
            case Negation(Needs(Requirement(key, Operator.EXISTS), Holder.POD)):
                pods.append(Requirement(key, Operator.DOES_NOT_EXIST))
            case _:
                rest.append(item)
    where = both(*rest) if rest else None
    return PodSet(Selector.of(*namespaces), Selector.of(*pods), where=where)


def _resolved(predicate: Predicate) -> Predicate:
    """The predicate about a pod, whose own labels begin with none of Calico's prefixes."""
    match predicate:
        case Needs():
            return _resolved_test(predicate)
        case Conjunction(items):
            return both(*map(_resolved, items))
        case Disjunction(items):
            return either(*map(_resolved, items))
        case Negation(item):
            return negated(_resolved(item))


def _resolved_test(needs: Needs) -> Predicate:
    test, key = needs.test, needs.test.key
    if isinstance(test, Requirement) and test.operator in (Operator.IN, Operator.NOT_IN) and not test.values:
        return NEVER if test.operator is Operator.IN else ALWAYS
    if key == ORCHESTRATOR:
        return ALWAYS if test.matches({key: "k8s"}) else NEVER
    found = needs
    if key in (NAMESPACE, f"{OF_NAMESPACE}projectcalico.org/name"):
        found = Needs(with_key(test, NAMESPACE_NAME), Holder.NAMESPACE)
    elif key == ACCOUNT:
        found = Needs(with_key(test, ACCOUNT_NAME), Holder.ACCOUNT)
    elif key.startswith(OF_NAMESPACE):
        found = Needs(with_key(test, key.removeprefix(OF_NAMESPACE)), Holder.NAMESPACE)
    elif key.startswith(OF_ACCOUNT):
        found = Needs(with_key(test, key.removeprefix(OF_ACCOUNT)), Holder.ACCOUNT)
    always_there = found.test.key == (NAMESPACE_NAME if found.of is Holder.NAMESPACE else ACCOUNT_NAME)
    exists = isinstance(test, Requirement) and test.operator is Operator.EXISTS
    return ALWAYS if exists and always_there and found.of is not Holder.POD else found
