"""Where it matters that isolation is per direction.

A NetworkPolicy keeps the baseline tier away from a pod in the directions in which it isolates it, and in no other. The
text of ClusterNetworkPolicy names no direction, and one implementation ends the baseline tier for both. An answer that
rests on the baseline tier for a pod that a NetworkPolicy selects in the other direction only says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.cluster import Notice, Pod
from reachproof.network.options import Cni
from reachproof.network.policy import Direction, Policy, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.trace import Trace
from reachproof.solver.decide import Blame

_SHOWN = 3


def by_witness(snapshot: Snapshot, trace: Trace) -> tuple[Notice, ...]:
    """For a flow: a direction that the baseline tier decides, for a pod that a NetworkPolicy of the other selects."""
    found: list[Notice] = []
    for side in (trace.egress, trace.ingress):
        subject = side.decider.subject
        if side.decider.tier is TierName.BASELINE and isinstance(subject, Pod):
            found += _notice(
                side.direction, [p for p in _one_way(snapshot, side.direction) if _selects(snapshot, p, subject)]
            )
    return tuple(found)


def by_proof(snapshot: Snapshot, because: Iterable[Blame]) -> tuple[Notice, ...]:
    """For a proof: a direction in which it rests on a baseline rule, while NetworkPolicies isolate in the other."""
    directions = dict.fromkeys(each.direction for each in because if each.policy.tier is TierName.BASELINE)
    return tuple(notice for direction in directions for notice in _notice(direction, _one_way(snapshot, direction)))


def _one_way(snapshot: Snapshot, direction: Direction) -> list[Policy]:
    """NetworkPolicies that isolate, but not in this direction; none where the profile has settled the question."""
    if snapshot.options.cni is not Cni.SPEC:
        return []
    return [
        p for p in snapshot.policies if p.tier is TierName.NETWORK_POLICY and p.isolates and direction not in p.isolates
    ]


def _selects(snapshot: Snapshot, policy: Policy, pod: Pod) -> bool:
    labels = snapshot.namespace_of[pod.namespace].labels
    return policy.subject.namespaces.matches(labels) and policy.subject.pods.matches(pod.labels)


def _notice(direction: Direction, policies: list[Policy]) -> list[Notice]:
    if not policies:
        return []
    names = ", ".join(str(policy.ref) for policy in policies[:_SHOWN])
    more = f" and {len(policies) - _SHOWN} more" if len(policies) > _SHOWN else ""
    text = (
        f"isolation is read per direction: {names}{more} isolates for the other direction only, so the baseline tier "
        f"still decides {direction}; with cni kube-network-policies it would not"
    )
    return [Notice(code="ISOLATION_PER_DIRECTION", text=text, origin=policies[0].origin)]
