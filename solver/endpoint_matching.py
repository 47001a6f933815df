"""Matching of the endpoints of two snapshots. Its labels and addresses may differ.

| Endpoint | is the same where it has the same |
|---|---|
| pod | namespace and name; else, where a workload made up the name, namespace and workload |
| pod that stands for a workload | namespace and workload |
| node | name |
| outside | address |

Of a workload with other pods than before, each pod without a namesake is compared with each pod of the other snapshot
that has none either, or with all of them where each has one.

Trusted by every comparison; checked by tests/solver/test_pairing.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Party
from reachproof.network.snapshot import Snapshot

Key = tuple[str, str]
OUTSIDE = External()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Endpoints that are the same: each of `before` is compared with each of `after`."""

    before: tuple[Party, ...]
    after: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointMatching:
    """The endpoints of both snapshots: `matches` are in both, the others in one only. All in order of name.

    `nodes`: whether both snapshots have nodes, so that one which is in one of them only is new or lost.
    """

    matches: tuple[Match, ...]
    lost: tuple[Pod | Node, ...]
    new: tuple[Pod | Node, ...]
    nodes: bool


def pair(before: Snapshot, after: Snapshot) -> EndpointMatching:
    """The pairing of two snapshots. The outside is in every one. Cost: linear in the objects."""
    named = [
        Match(before=(pod,), after=(after.pod_of[pod.key],))
        for pod in before.pods
        if pod.key in after.pod_of and _is_namesake(pod, after.pod_of[pod.key])
    ]
    paired = {pod.key for match in named for pod in match.before if isinstance(pod, Pod)}
    found = _of_workloads(before.pods, after.pods, paired)
    matched = {id(pod) for match in found for pod in (*match.before, *match.after)}
    nodes = [
        Match(before=(node,), after=(after.node_of[node.name],)) for node in before.nodes if node.name in after.node_of
    ]
    return EndpointMatching(
        matches=(*named, *found, *nodes, Match(before=(OUTSIDE,), after=(OUTSIDE,))),
        lost=(
            *(pod for pod in before.pods if pod.key not in paired and id(pod) not in matched),
            *(node for node in before.nodes if node.name not in after.node_of),
        ),
        new=(
            *(pod for pod in after.pods if pod.key not in paired and id(pod) not in matched),
            *(node for node in after.nodes if node.name not in before.node_of),
        ),
        nodes=bool(before.nodes and after.nodes),
    )


def stands_for_workload(pod: Pod) -> bool:
    """True if it has its name from its workload, and stands for all pods of it."""
    return pod.workload.partition("/")[2] == pod.name


def _is_namesake(one: Pod, other: Pod) -> bool:
    """True if pods of one name are the same: a Deployment is no StatefulSet of its name, and no pod."""
    if stands_for_workload(one) or stands_for_workload(other):
        return one.workload == other.workload
    return True


def _of_workloads(before: Iterable[Pod], after: Iterable[Pod], paired: set[Key]) -> list[Match]:
    """Matches of pods without a namesake, by workload."""
    old, new = _by_workload(before), _by_workload(after)
    found: list[Match] = []
    for workload in sorted(set(old) & set(new)):
        left, right = ([pod for pod in side[workload] if pod.key not in paired] for side in (old, new))
        if workload[1] and (left or right):
            found.append(Match(before=tuple(left or old[workload]), after=tuple(right or new[workload])))
    return found


def _by_workload(pods: Iterable[Pod]) -> dict[Key, list[Pod]]:
    found: dict[Key, list[Pod]] = defaultdict(list)
    for pod in pods:
        found[pod.namespace, pod.workload].append(pod)
    return found
