"""What a comparison of two snapshots is not about: endpoints of one snapshot only, and flows that have no counterpart.

| Code | Says |
|---|---|
| NEW_ENDPOINTS, LOST_ENDPOINTS | pods and nodes that only one snapshot has: no flow of theirs has a counterpart |
| OTHER_ADDRESSES | endpoints with an address of a family, or a node with addresses, in one snapshot only |
| PODS_RESCHEDULED | pods on other nodes than before: their flows with these nodes are not compared |
| OPEN_IN_BOTH | flows that are left open in both snapshots: they may go either way in each |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reachproof.network.address import family
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.flow import External, Party
from reachproof.queries.report_ends import End, EndKind
from reachproof.solver.compare import Comparison
from reachproof.solver.pairing import Match, Pairing

_SHOWN = 5


def one_sided(pairing: Pairing, name: str) -> Iterator[Notice]:
    """The endpoints that only one snapshot has; `name` is what the earlier one is called."""
    new, lost = workload_ends(pairing.new), workload_ends(pairing.lost)
    if new:
        known = "what a new pod can do was not allowed before, new nodes do not count"
        text = f"not in {name}: {_listed(map(str, new))}; {known}"
        yield Notice(code="NEW_ENDPOINTS", text=text)
    if lost:
        text = f"only in {name}, so nothing is compared of {_listed(map(str, lost))}"
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
    """The flows between endpoints of both snapshots that are not compared, and those that tell nothing."""
    others = sorted({str(new) for match in pairing.matches for new in _readdressed(match)})
    if others:
        text = f"an address of {_listed(others)} has no counterpart in the other snapshot: its flows are not compared"
        yield Notice(code="OTHER_ADDRESSES", text=text)
    if any(each.joint.moved for each in comparisons):
        text = "some pods run on other nodes than before: their flows with these nodes are not compared"
        yield Notice(code="PODS_RESCHEDULED", text=text)
    if any(each.open_in_both for each in comparisons):
        text = "some flows are left open in both snapshots, and may be allowed or denied in each"
        yield Notice(code="OPEN_IN_BOTH", text=text)


def _readdressed(match: Match) -> Iterator[str]:
    """Names of endpoints that have addresses of a family, or more of them, in one snapshot only."""
    for old in match.before:
        for new in match.after:
            if isinstance(old, External) or isinstance(new, External) or not (old.addresses and new.addresses):
                continue
            left, right = set(old.addresses), set(new.addresses)
            unmet = [sorted(family(each) for each in side) for side in (left - right, right - left)]
            if set(unmet[0]) != set(unmet[1]):
                yield _name(new)


def _name(party: Party) -> str:
    return f"node {party.name}" if isinstance(party, Node) else f"pod {party}"


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
