"""NetworkPolicy and GlobalNetworkPolicy of Calico, and the staged kinds, to policies of Calico's tiers.

| Field | Absent |
|---|---|
| tier | default |
| order | last in its tier |
| selector, namespaceSelector, serviceAccountSelector | every pod (of the namespace, in a NetworkPolicy) |
| types | v3: Ingress, and Egress where there are egress rules; only Egress where there are no others. crd: both |
| stagedAction | Set |

doNotTrack and preDNAT make a policy one of hosts, which no pod meets. A NetworkPolicy of Calico is named
CalicoNetworkPolicy here, since Kubernetes has a kind of the same name.

Trusted by every verdict about policies of Calico; checked by tests/manifests/test_calico.py and
tests/agreement/test_calico.py.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.calico.placement import DEFAULT, CalicoPolicy, Placement, Staged, staged
from reachproof.engines.own_tiers import calico_tier
from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.calico.entities import read_namespaces, read_predicate
from reachproof.manifests.kinds.calico.objects import GROUPS, read_order, tier_of
from reachproof.manifests.kinds.calico.peers import NAMESPACE, OF_ACCOUNT, pods_of
from reachproof.manifests.kinds.calico.rules import read_rules
from reachproof.manifests.kinds.kubernetes import network_policy as networkpolicy
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind
from reachproof.network.labels import Operator, Requirement
from reachproof.network.options import Cni
from reachproof.network.policy import Action, Direction, PodSet, Policy, PolicyRef
from reachproof.network.predicate import Needs, Predicate, both, with_prefix

_TYPES = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
_FIELDS = ("tier", "order", "selector", "serviceAccountSelector", "types", "ingress", "egress", "performanceHints")
_GLOBAL_FIELDS = ("namespaceSelector", "doNotTrack", "preDNAT", "applyOnForward")
_STAGED_ACTIONS = {"Set": Staged.SET, "Delete": Staged.DELETE, "Learn": None, "Ignore": None}
_UNUSED = Placement(tier="", order=0, ends=Action.PASS)


def lower(whole: Field, ref: PolicyRef, context: Context) -> tuple[Policy, ...]:
    """The policy; none for one that acts on hosts only, and says so."""
    spec = whole.get("spec").or_empty()
    is_staged = ref.kind.startswith("Staged")
    fields = (*_FIELDS, *(("stagedAction",) if is_staged else ()), *(() if ref.namespace else _GLOBAL_FIELDS))
    spec.only(*fields)
    if ref.kind.removeprefix("Staged") == "NetworkPolicy" and not is_staged:
        ref = replace(ref, kind="CalicoNetworkPolicy")
    action = _staged_action(spec, ref) if is_staged else None
    placement = _placement(spec, context)
    policy = Policy(
        ref=replace(ref, name=ref.name.removeprefix("default.") if placement.tier == DEFAULT.tier else ref.name),
        tier=calico_tier(placement.tier),
        priority=read_order(spec.get("order")),
        extension=CalicoPolicy(placement=placement, staged=action),
        subject=_subject(spec, ref),
        ingress=read_rules(spec, Direction.INGRESS, ref, context),
        egress=read_rules(spec, Direction.EGRESS, ref, context),
        isolates=_types(spec, whole),
        origin=whole.origin,
    )
    for_hosts = _for_hosts(spec)
    if for_hosts or (is_staged and action is None):
        return ()
    return (_masked(policy),)


def _masked(policy: Policy) -> Policy:
    """The policy without the rules of directions that its types leave out."""
    if staged(policy) is Staged.DELETE:
        return replace(policy, ingress=(), egress=(), isolates=frozenset())
    return replace(
        policy,
        ingress=policy.ingress if Direction.INGRESS in policy.isolates else (),
        egress=policy.egress if Direction.EGRESS in policy.isolates else (),
    )


def _staged_action(spec: Field, ref: PolicyRef) -> Staged | None:
    field = spec.get("stagedAction")
    words = {name: name for name in _STAGED_ACTIONS}
    word = (field.choice(words) if field.present else None) or "Set"
    spec.notice("STAGED_POLICY", "staged policies are not enforced; the option withStaged asks what if they were")
    return _STAGED_ACTIONS[word]


def _placement(spec: Field, context: Context) -> Placement:
    name = spec.get("tier").text() or ""
    found = tier_of(name, context)
    if found is None:
        spec.get("tier").report(f'tier "{name}" is not in the input; add the Tier {name}')
        return _UNUSED
    return found


def _subject(spec: Field, ref: PolicyRef) -> PodSet:
    parts: list[Predicate] = [read_predicate(spec.get("selector"))]
    if ref.namespace:
        parts.append(Needs(Requirement(NAMESPACE, Operator.IN, (ref.namespace,))))
    if spec.get("namespaceSelector").value and not ref.namespace:
        parts.append(read_namespaces(spec.get("namespaceSelector")))
    if spec.get("serviceAccountSelector").value:
        parts.append(with_prefix(read_predicate(spec.get("serviceAccountSelector")), OF_ACCOUNT))
    return pods_of(both(*parts))


def _types(spec: Field, whole: Field) -> frozenset[Direction]:
    items = spec.get("types").items()
    if items:
        chosen = [item.choice(_TYPES) for item in items]
        return frozenset(direction for direction in chosen if direction is not None)
    if str(whole.get("apiVersion").value).startswith("crd."):
        return frozenset(Direction)
    ingress, egress = (bool(spec.get(direction.value).items()) for direction in (Direction.INGRESS, Direction.EGRESS))
    found = {Direction.EGRESS} if egress else set()
    return frozenset(found | ({Direction.INGRESS} if ingress or not egress else set()))


def _for_hosts(spec: Field) -> bool:
    """True if only host endpoints meet the policy; reports flags that contradict each other."""
    untracked, early = (spec.get(name) for name in ("doNotTrack", "preDNAT"))
    forward = spec.get("applyOnForward")
    flags = [each.boolean() for each in (untracked, early, forward)]
    if flags[0] and flags[1]:
        early.report("preDNAT and doNotTrack exclude each other")
    for field, flag in zip((untracked, early), flags, strict=False):
        if flag and not flags[2]:
            field.report("needs applyOnForward: true")
    if flags[1] and spec.get("egress").items():
        spec.get("egress").report("a policy with preDNAT cannot have egress rules")
    if flags[1] or flags[0]:
        name = "preDNAT" if flags[1] else "doNotTrack"
        spec.notice("HOST_POLICY", f"with {name} it acts on hosts, which are not modelled, and on no pod")
    elif flags[2]:
        spec.notice(
            "HOST_POLICY", "applyOnForward is about hosts, which are not modelled; pods meet the policy as ever"
        )
    return flags[0] or flags[1]


def lower_staged_kubernetes(whole: Field, ref: PolicyRef, context: Context) -> tuple[Policy, ...]:
    """A staged NetworkPolicy of Kubernetes: its fields, and stagedAction."""
    spec = whole.get("spec")
    action = _staged_action(spec, ref)
    body = whole.value
    assert isinstance(body, dict)
    given = spec.value if isinstance(spec.value, dict) else {}  # anything else has been complained about
    inner = {name: value for name, value in given.items() if name != "stagedAction"}
    policy = networkpolicy.lower(Field(whole.place, {**body, "spec": inner}, line=whole.line), ref, context)
    if action is None:
        return ()
    return (_masked(replace(policy, extension=CalicoPolicy(staged=action))),)


def _kinds() -> tuple[PolicyKind, ...]:
    readers = {
        "NetworkPolicy": lower,
        "StagedNetworkPolicy": lower,
        "StagedKubernetesNetworkPolicy": lower_staged_kubernetes,
        "GlobalNetworkPolicy": lower,
        "StagedGlobalNetworkPolicy": lower,
    }
    return tuple(
        PolicyKind(
            group=group,
            version=version,
            kind=kind,
            namespaced="Global" not in kind,
            lower=reader,
            cni=Cni.CALICO,
            late=True,
        )
        for group, version in GROUPS
        for kind, reader in readers.items()
    )


KINDS = _kinds()
