"""What a comparison of two snapshots rests on: endpoints of one snapshot only, and flows that are not compared.

| Code | Says |
|---|---|
| NEW_ENDPOINTS, LOST_ENDPOINTS | pods and nodes that only one snapshot has: their flows count as denied in the other |
| NODES_OF_ONE | only one snapshot has nodes, so flows with nodes are not compared |
| PODS_RESCHEDULED | pods on other nodes than before: their flows with these nodes are not compared |
| OPEN_IN_BOTH | flows that are left open in both snapshots: what they rest on is settled alike in both |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reachproof.network.cluster import Node, Notice, Pod
from reachproof.queries.report_ends import End, EndKind
from reachproof.solver.compare import Comparison
from reachproof.solver.pairing import Pairing

_SHOWN = 5


def one_sided(pairing: Pairing, name: str) -> Iterator[Notice]:
    """The endpoints that only one snapshot has; `name` is what the earlier one is called."""
    new, lost = workload_ends(pairing.new), workload_ends(pairing.lost)
    if new:
        text = f"not in {name}: {_listed(map(str, new))}; what is allowed of their connections is newly allowed"
        yield Notice(code="NEW_ENDPOINTS", text=text)
    if lost:
        text = f"only in {name}: {_listed(map(str, lost))}; what was allowed of their connections is gone"
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


def uncompared(comparisons: Sequence[Comparison], pairing: Pairing) -> Iterator[Notice]:
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


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
