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
from dataclasses import dataclass
from math import inf

from reachproof.engines.calico.placement import ADMIN, BASELINE, BUILT_IN_TIERS, DEFAULT, Placement
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import PLAIN_ONLY, PROTOCOLS, read_port_number
from reachproof.manifests.kinds.policy_kind import Context, SupportKind
from reachproof.network.address import MAPPED, parse_address, parse_cidr
from reachproof.network.cluster import ContainerPort
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Labels
from reachproof.network.options import Cni
from reachproof.network.policy import Action
from reachproof.network.ports import Protocol

GROUPS = (("projectcalico.org", "v3"), ("crd.projectcalico.org", "v1"))
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
            protocol = item.get("protocol").choice(PROTOCOLS) or Protocol.TCP
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
SUPPORT = tuple(
    SupportKind(group=group, versions=(version,), kind=kind, read=read, cni=Cni.CALICO, labelled=read is not _tier)
    for group, version in GROUPS
    for kind, read in _KINDS.items()
)


def tier_of(name: str, context: Context) -> Placement | None:
    """The tier of this name, built in or given; None where there is none. An empty name is the default tier."""
    if not name or name in _FIXED:
        return _FIXED[name] if name else DEFAULT
    found = context.supporting("Tier", name)
    return found if isinstance(found, Placement) else None
