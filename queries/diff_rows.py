"""The rows of a difference: pairs of ends with a flow that is allowed more, or less, than in another snapshot.

Pods are put together as asked; addresses outside, and nodes, where the same changes for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from reachproof.documents.connectivity import ReportEnd, connections
from reachproof.documents.diff import ChangedConnection
from reachproof.documents.words import Change
from reachproof.network.cluster import Node, Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.queries.diff_causes import MOST_CELLS, MOST_FLOWS, MOST_JUDGED, Causes, Explainer
from reachproof.queries.document_parts import end_document
from reachproof.queries.report_nodes import End, EndKind, Grouping, by_name, outside_ends
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison
from reachproof.solver.diff_matrix import Changed, Ports, changed_ends, outside_pieces
from reachproof.solver.goal import Side
from reachproof.solver.joint_slices import PointPair

MOST_ROWS = 200_000
Key = int | str | IntervalSet
"""The place of an end of pods, the name of a node, or addresses outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """A pair of ends with a flow that differs, and why."""

    src: End
    dst: End
    ports: Ports
    causes: Causes


def all_ends(before: Grouping, after: Grouping) -> tuple[End, ...]:
    """The ends of both snapshots in order; one that both have is that of the second."""
    known = set(after.ends)
    return tuple(sorted((*after.ends, *(end for end in before.ends if end not in known)), key=by_name))


def difference_rows(
    comparisons: Sequence[Comparison],
    groups: tuple[Grouping, Grouping],
    explainer: Explainer,
    budget: Budget,
) -> tuple[DiffRow, ...]:
    """All rows, in order of their ends. Raises OutOfBudget, also where there are more than MOST_ROWS.

    `groups`: the ends of either snapshot.
    """
    ends = all_ends(*groups)
    places = {end: place for place, end in enumerate(ends)}
    old, new = ({pod.key: places[end] for end in group.ends for pod in end.pods} for group in groups)

    outside = outside_pieces(each.joint for each in comparisons)

    def keys(point_pair: PointPair) -> tuple[Key, ...]:
        match point_pair.known.party:
            case Pod() as pod:
                return (old[pod.key] if point_pair.after is None else new[pod.key],)
            case Node(name=name):
                return (name,)
            case _:
                return outside[point_pair.known.addresses]

    found: list[Changed[Key]] = []
    for changed in changed_ends(comparisons, keys, budget, most_cells=MOST_CELLS):
        if len(found) == MOST_ROWS:
            raise OutOfBudget(f"more than {MOST_ROWS} pairs differ: put more pods together with `by`")
        found.append(changed)
    held = IntervalSet.of(span for each in comparisons[:1] for snapshot in each.snapshots for span in snapshot.held)
    merged = _merged(found)
    most = max(1, min(MOST_FLOWS, MOST_JUDGED // max(1, len(merged))))
    rows = []
    for one, sources, destinations in merged:
        budget.check()
        src, dst = _end(ends, sources, held), _end(ends, destinations, held)
        rows.append(DiffRow(src=src, dst=dst, ports=one.ports, causes=explainer.causes(one.cells, most)))
    return tuple(sorted(rows, key=lambda row: (_order(row.src, places), _order(row.dst, places))))


def row_document(snapshots: tuple[Snapshot, Snapshot], row: DiffRow) -> ChangedConnection:
    """The row as the JSON has it."""
    ports = row.ports
    return ChangedConnection(
        src=end_of_either(snapshots, row.src),
        dst=end_of_either(snapshots, row.dst),
        change=change_of(ports.before, ports.after),
        before=connections(ports.before),
        after=connections(ports.after),
        gained=connections(ports.gained),
        lost=connections(ports.lost),
        before_depends=connections(ports.before_open) if ports.before_open else None,
        after_depends=connections(ports.after_open) if ports.after_open else None,
        because=row.causes.rules,
        endpoints=row.causes.endpoints,
    )


def change_of(before: IntervalSet, after: IntervalSet) -> Change:
    """The change from some ports to others: ADDED where there were none, REMOVED where none are left."""
    if bool(before) is bool(after):
        return Change.CHANGED
    return Change.ADDED if after else Change.REMOVED


def end_of_either(snapshots: tuple[Snapshot, Snapshot], end: End) -> ReportEnd:
    """An end as the later snapshot has it, else as the earlier one has."""
    before, after = snapshots
    lost = end.pods and not any(after.pod_of.get(pod.key) == pod for pod in end.pods)
    return end_document(before if lost else after, end)


Group = tuple[Changed[Key], tuple[Key, ...], tuple[Key, ...]]


def _merged(found: Iterable[Changed[Key]]) -> list[Group]:
    """The pairs with their sources and destinations; those are one that differ in a node or outside addresses only."""
    groups: list[Group] = [(changed, (changed.source,), (changed.destination,)) for changed in found]
    for side in Side:
        alike: dict[Hashable, list[Group]] = defaultdict(list)
        for group in groups:
            alike[_likeness(group, side)].append(group)
        groups = [_united(each, side) for each in alike.values()]
    return groups


def _likeness(group: Group, side: Side) -> Hashable:
    """The key by which groups are put together by their end at a side."""
    changed, sources, destinations = group
    own, other = (sources, destinations) if side is Side.SOURCE else (destinations, sources)
    kind = own if isinstance(own[0], int) else type(own[0])
    content = replace(changed, source=0, destination=0, cells=())
    return kind, other, content


def _united(groups: list[Group], side: Side) -> Group:
    changed, sources, destinations = groups[0]
    cells = tuple(dict.fromkeys(pair for group in groups for pair in group[0].cells))[:MOST_CELLS]
    united = replace(changed, cells=cells)
    if side is Side.SOURCE:
        return united, tuple(key for _, own, _ in groups for key in own), destinations
    return united, sources, tuple(key for _, _, own in groups for key in own)


def _end(ends: Sequence[End], keys: tuple[Key, ...], held: IntervalSet) -> End:
    first = keys[0]
    if isinstance(first, int):
        return ends[first]
    if isinstance(first, str):
        names = sorted(str(key) for key in keys)
        return End(kind=EndKind.NODE, name=",".join(names))
    addresses = IntervalSet.of(span for key in keys if isinstance(key, IntervalSet) for span in key)
    return outside_ends((addresses,), held)[0]


def _order(end: End, places: dict[End, int]) -> tuple[int, int, str, int]:
    if end in places:
        return 0, places[end], "", 0
    return 1 if end.kind is EndKind.NODE else 2, 0, end.name, end.addresses.first if end.addresses else 0
