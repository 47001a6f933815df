"""cilium.io/v2 CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy to policies of the normal tier, and CIDR groups.

| Field | Meaning |
|---|---|
| spec, specs | one policy each |
| endpointSelector | the pods; of a CiliumNetworkPolicy always those of its namespace only |
| nodeSelector | nodes: no policy of ours, and a notice (`HOST_POLICY`) |
| ingress, ingressDeny, egress, egressDeny | at least one entry in one of them; each direction with an entry isolates |
| enableDefaultDeny | false for a direction: the policy does not isolate in it |

Trusted by every verdict; checked by tests/manifests and by tests/agreement/test_cilium.py.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.own_tiers import NORMAL
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import read_cidr
from reachproof.manifests.kinds.cilium.peers import Group
from reachproof.manifests.kinds.cilium.rules import Section, read_section
from reachproof.manifests.kinds.cilium.selectors import read_needs, read_subject
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind, SupportKind
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.options import Cni
from reachproof.network.policy import Direction, PodSet, Policy, PolicyRef

GROUP = "cilium.io"
_OWN_LABELS = "io.cilium.k8s"
"""The beginning of the labels of groups that no selector sees."""
_LISTS = ("ingress", "ingressDeny", "egress", "egressDeny")
_FIELDS = ("endpointSelector", "nodeSelector", *_LISTS, "enableDefaultDeny", "labels", "description", "log")


def lower(manifest: Field, ref: PolicyRef, context: Context) -> tuple[Policy, ...]:
    """The policies of an object: none for those of hosts."""
    spec, specs = manifest.get("spec"), manifest.get("specs")
    parts = [spec] if spec.present else []
    parts += specs.items()
    if not parts:
        manifest.report("neither spec nor specs; one of them is needed")
    found: list[Policy] = []
    for part in parts:
        own = replace(ref, part=part.path if len(parts) > 1 else "")
        policy = _policy(part, own, context)
        if policy is not None:
            found.append(policy)
    return tuple(found)


def _policy(spec: Field, ref: PolicyRef, context: Context) -> Policy | None:
    if not spec.only(*_FIELDS):
        return None
    subject = _selected(spec, ref, context)
    ingress, egress = (
        read_section(spec, direction, ref.namespace, context) for direction in (Direction.INGRESS, Direction.EGRESS)
    )
    if not (ingress.present or egress.present):
        spec.report(f"no rule; add an entry to one of {', '.join(_LISTS)} ([{{}}] isolates, [] does not)")
    isolates = _isolates(spec.get("enableDefaultDeny"), {Direction.INGRESS: ingress, Direction.EGRESS: egress})
    if subject is None:
        return None
    return Policy(
        ref=ref,
        tier=NORMAL,
        subject=subject,
        ingress=ingress.rules,
        egress=egress.rules,
        isolates=isolates,
        origin=spec.origin,
    )


def _selected(spec: Field, ref: PolicyRef, context: Context) -> PodSet | None:
    """The pods of the policy; None, with a notice, where it selects none because it is about hosts."""
    pods, nodes = spec.get("endpointSelector"), spec.get("nodeSelector")
    spec.demand_one_of("endpointSelector", "nodeSelector")
    if nodes.present:
        read_needs(nodes)
        if ref.namespace:
            nodes.report("nodeSelector is allowed only in CiliumClusterwideNetworkPolicy; use endpointSelector")
        nodes.notice(
            "HOST_POLICY", "policies of hosts are not modelled; what nodes accept and send is taken as allowed"
        )
        return None
    subject = read_subject(pods, ref.namespace, context) if pods.present else None
    if pods.present and subject is None:
        text = "it needs a reserved label, which no pod has; such endpoints are not modelled"
        pods.notice("HOST_POLICY", text)
    return subject


def _isolates(field: Field, sections: dict[Direction, Section]) -> frozenset[Direction]:
    if field.present:
        field.only("ingress", "egress")
    found = set()
    for direction, section in sections.items():
        switch = field.get(direction.value) if isinstance(field.value, dict) else None
        wanted = switch is None or not switch.present or switch.boolean()
        if wanted and section.present:
            found.add(direction)
    return frozenset(found)


def read_group(manifest: Field) -> Group:
    """A CIDR group; after a report, an empty one."""
    spec = manifest.get("spec")
    if not spec.only("externalCIDRs"):
        return Group({}, EMPTY)
    cidrs = [read_cidr(item) for item in spec.get("externalCIDRs").items()]
    given = manifest.get("metadata").get("labels").labels()
    labels = {key: value for key, value in given.items() if not key.startswith(_OWN_LABELS)}
    return Group(labels, IntervalSet.of(span for cidr in cidrs for span in cidr or EMPTY))


KINDS = tuple(
    PolicyKind(
        group=GROUP,
        version="v2",
        kind=kind,
        namespaced=namespaced,
        lower=lower,
        cni=Cni.CILIUM,
        fields=("spec", "specs"),
        late=True,
    )
    for kind, namespaced in (("CiliumNetworkPolicy", True), ("CiliumClusterwideNetworkPolicy", False))
)
SUPPORT = SupportKind(group=GROUP, versions=("v2", "v2alpha1"), kind="CiliumCIDRGroup", read=read_group, cni=Cni.CILIUM)
