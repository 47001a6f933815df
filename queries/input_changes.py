"""Differences between the inputs of a comparison: engine, policy objects and endpoints, and the notices about them.

A policy object is the same where it says the same once it is stored, in whatever file and line: order of keys and nulls
do not count, everything else in its spec does. Of a changed one `unmodelled` names the parts that no flow shows
(`network.policy`).

| Code | Says |
|---|---|
| NEW_ENDPOINTS, LOST_ENDPOINTS | pods and nodes that only one snapshot has: their flows count as denied in the other |
| NODES_OF_ONE | only one snapshot has nodes, so flows with nodes are not compared |
| PODS_RESCHEDULED | pods on other nodes than before: their flows with these nodes are not compared |
| OPEN_IN_BOTH | flows that are left open in both snapshots: what they rest on is settled alike in both |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reachproof.documents import diff as documents
from reachproof.documents.words import Edit
from reachproof.engines.not_read import stands_apart
from reachproof.engines.policies import in_force
from reachproof.engines.registry import profile_of
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.errors import InputError, Problem
from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, DomainPeer, Policy, PolicyRef, Rule, Unmodelled, Unread
from reachproof.network.snapshot import Snapshot
from reachproof.queries.document_parts import origin_part, policy_part
from reachproof.queries.report_nodes import End, EndKind
from reachproof.semantics.match import in_pod_set
from reachproof.semantics.sentences import some_of
from reachproof.solver.compare import Comparison
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import EndpointMatching
from reachproof.solver.goal import SUBJECT, TRUE, Formula, addresses_in
from reachproof.solver.view import View

_RELEASES_FOUND = frozenset({"RELEASE_ASSUMED", "RELEASE_FOUND"})


def demand_same_engine(before: Snapshot, after: Snapshot) -> None:
    """Raise InputError where one of them is taken for that of another implementation, or release, than the other.

    One that loses its last policy of Calico would be judged as if Calico were gone too. Two that were asked for are
    compared: that is a question of its own.
    """
    first, second = profile_of(before.options), profile_of(after.options)
    given = before.options.cni_given and after.options.cni_given
    codes = {notice.code for each in (before, after) for notice in each.assumptions}
    taken = not given or (codes & _RELEASES_FOUND and first.name == second.name)
    if taken and first is not second:
        message = f"{first} in the earlier snapshot, but {second} in the later one; set the option cni"
        raise InputError([Problem(file="options", path="cni", message=message)])


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A policy that is not what it was. `origin`: where it stands now; of a removed one where it stood.

    `unmodelled` are the parts in words that differ and that flows do not tell of: those of a changed policy, and what
    is about no flow at all (`closed`). `alone`: it differs in nothing else.
    """

    policy: PolicyRef
    edit: Edit
    origin: Origin
    unmodelled: tuple[str, ...] = ()
    closed: bool = False
    alone: bool = False

    @property
    def document(self) -> documents.PolicyChange:
        """The change as the JSON has it."""
        return documents.PolicyChange(
            policy=policy_part(self.policy),
            edit=self.edit,
            unmodelled=self.unmodelled,
            origin=origin_part(self.origin),
        )

    @property
    def undetermined(self) -> str:
        """Why what it changes is not known, in words; empty where it is."""
        if not self.unmodelled:
            return ""
        what = ", ".join(self.unmodelled)
        match self.edit:
            case Edit.ADDED | Edit.REMOVED:
                return f"{self.edit} with {what}"
            case Edit.CHANGED:
                return f"differs {'only in' if self.alone else 'also in'} {what}"


def policy_changes(before: Snapshot, after: Snapshot) -> tuple[PolicyChange, ...]:
    """The policies that differ, in order of namespace, name and kind."""
    found = (*_changes(before, after), *_unread(before, after))
    return tuple(sorted(found, key=lambda each: (each.policy.namespace, each.policy.name, each.policy.kind)))


def _changes(before: Snapshot, after: Snapshot) -> Iterator[PolicyChange]:
    old = {policy.ref: policy for policy in before.policies}
    for policy in after.policies:
        known = old.pop(policy.ref, None)
        if known is None:
            yield _sole(policy, Edit.ADDED, after)
            continue
        equal = known.placeless == policy.placeless
        if not equal or known.written != policy.written or known.unmodelled != policy.unmodelled:
            parts = _differing(_parts(known, before), _parts(policy, after))
            yield PolicyChange(
                policy=policy.ref,
                edit=Edit.CHANGED,
                origin=policy.origin,
                unmodelled=_words(parts),
                closed=any(not part.open for part in parts),
                alone=equal or _nameless(known) == _nameless(policy),
            )
    for policy in old.values():
        yield _sole(policy, Edit.REMOVED, before)


def _nameless(policy: Policy) -> Policy:
    """The policy without the domain names of its peers."""

    def rule(each: Rule) -> Rule:
        matches = (replace(m, peer=DomainPeer(())) if isinstance(m.peer, DomainPeer) else m for m in each.matches)
        return replace(each, matches=tuple(matches), extension=None)

    found = policy.placeless
    return replace(found, egress=tuple(map(rule, found.egress)), ingress=tuple(map(rule, found.ingress)))


def _sole(policy: Policy, edit: Edit, snapshot: Snapshot) -> PolicyChange:
    """A policy of one snapshot: the flows tell what it does, except where it is about none."""
    closed = [part for part in _parts(policy, snapshot) if not part.open]
    return PolicyChange(
        policy=policy.ref, edit=edit, origin=policy.origin, unmodelled=_words(closed), closed=bool(closed)
    )


def _parts(policy: Policy, snapshot: Snapshot) -> tuple[Unmodelled, ...]:
    """Parts of a policy that flows do not show; none where it is not enforced."""
    return policy.unmodelled if in_force(policy, snapshot.options) else ()


def _differing(one: tuple[Unmodelled, ...], other: tuple[Unmodelled, ...]) -> list[Unmodelled]:
    """The parts that only one of them has; all of them where only their order differs."""
    if one == other:
        return []
    counts = Counter(one), Counter(other)
    return [*(counts[0] - counts[1]), *(counts[1] - counts[0])] or list(one)


def _words(parts: Iterable[Unmodelled]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.what for part in parts))


def _unread(before: Snapshot, after: Snapshot) -> Iterator[PolicyChange]:
    """Objects of which no policy was made."""
    old, new = _by_name(before.unread), _by_name(after.unread)
    for key in dict.fromkeys((*old, *new)):
        was, is_ = old.get(key), new.get(key)
        known = is_ or was
        if known is None or (was and is_ and was.text == is_.text):
            continue
        yield PolicyChange(
            policy=PolicyRef(kind=known.kind, namespace=known.namespace, name=known.name),
            edit=Edit.CHANGED if was and is_ else Edit.ADDED if is_ else Edit.REMOVED,
            origin=known.origin,
            unmodelled=() if known.inert else (f"what is not read ({known.what})",),
            closed=not known.inert,
            alone=True,
        )


def _by_name(found: Iterable[Unread]) -> Mapping[tuple[str, str, str], Unread]:
    return {(each.kind, each.namespace, each.name): each for each in found}


def relevant_changes(
    changes: Iterable[PolicyChange], encodings: tuple[Encoding, Encoding], regions: tuple[Formula, Formula]
) -> tuple[PolicyChange, ...]:
    """The undetermined changes that matter to flows of a region, given as a formula over either snapshot.

    A policy that selects pods, but no end of these flows, is left out.
    """
    return tuple(each for each in changes if each.undetermined and _may_matter(each.policy, encodings, regions))


def _may_matter(ref: PolicyRef, encodings: tuple[Encoding, Encoding], regions: tuple[Formula, Formula]) -> bool:
    found = [
        (encoding, region, policy)
        for encoding, region in zip(encodings, regions, strict=True)
        for policy in encoding.snapshot.policies
        if policy.ref == ref
    ]
    selected = [_selected(encoding, policy) for encoding, _, policy in found]
    if not any(selected):
        return not any(stands_apart(policy) for _, _, policy in found)
    return any(
        _meets(encoding, region, policy, points)
        for (encoding, region, policy), points in zip(found, selected, strict=True)
    )


def _selected(encoding: Encoding, policy: Policy) -> int:
    """The points of the pods that a policy selects."""
    snapshot, universe = encoding.snapshot, encoding.universe
    return universe.pods_of(pod.key for pod in snapshot.pods if in_pod_set(snapshot, policy.subject, pod))


def _meets(encoding: Encoding, region: Formula, policy: Policy, points: int) -> bool:
    """True if one of these points may be an end that the policy acts for, in a flow of the region."""
    if region == TRUE:
        return bool(points)
    view = View.of(encoding.universe, addresses_in(region))
    acting = (each for each in Direction if policy.acts(each))
    return any(view.lift(points) & view.upper_bound(region, SUBJECT[direction]) for direction in acting)


_SHOWN = 5


def one_sided(pairing: EndpointMatching, name: str) -> Iterator[Notice]:
    """The endpoints that only one snapshot has; `name` is what the earlier one is called."""
    new, lost = workload_ends(pairing.new), workload_ends(pairing.lost)
    if new:
        text = f"not in {name}: {some_of(new, _SHOWN)}; what is allowed of their connections is newly allowed"
        yield Notice(code="NEW_ENDPOINTS", text=text)
    if lost:
        text = f"only in {name}: {some_of(lost, _SHOWN)}; what was allowed of their connections is gone"
        yield Notice(code="LOST_ENDPOINTS", text=text)


def workload_ends(parties: Iterable[Pod | Node]) -> tuple[End, ...]:
    """Pods by workload, and nodes, in order of appearance."""
    found: dict[tuple[EndKind, str, str], list[Pod | Node]] = {}
    for party in parties:
        match party:
            case Pod(workload="") as pod:
                found.setdefault((EndKind.POD, pod.namespace, pod.name), []).append(pod)
            case Pod() as pod:
                found.setdefault((EndKind.WORKLOAD, pod.namespace, pod.workload), []).append(pod)
            case Node() as node:
                found.setdefault((EndKind.NODE, "", node.name), []).append(node)
    return tuple(
        End(
            kind=kind,
            namespace=namespace or None,
            name=name,
            pods=tuple(each for each in members if isinstance(each, Pod)),
            node=next((each for each in members if isinstance(each, Node)), None),
        )
        for (kind, namespace, name), members in found.items()
    )


def uncompared(comparisons: Sequence[Comparison], pairing: EndpointMatching) -> Iterator[Notice]:
    """The flows that are not compared, and those that tell nothing."""
    if not pairing.nodes and any(isinstance(each, Node) for each in (*pairing.new, *pairing.lost)):
        text = "only one of the snapshots has nodes: flows with nodes are not compared"
        yield Notice(code="NODES_OF_ONE", text=text)
    if any(each.joint.moved for each in comparisons):
        text = "some pods run on other nodes than before: their flows with these nodes are not compared"
        yield Notice(code="PODS_RESCHEDULED", text=text)
    if any(each.open_in_both for each in comparisons):
        text = (
            "some flows are undetermined in both snapshots; a condition that both share is decided the same way in both"
        )
        yield Notice(code="OPEN_IN_BOTH", text=text)
