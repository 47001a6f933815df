"""The difference of what comes in by routes, row by row.

    gained     = ports on which some way in is more than before: there where it was none, or certain where it was open
    lost       = the other way round
    may differ = ports on which it is open in both, and rests on other routes or policies than before

Pods are compared as `solver.endpoint_matching` matches them, and put together to ends only then. A pod that stands for
proxies in one snapshot only may be another one in the other, so what differs for it may differ.

Trusted by the relation of differences of snapshots with routes; checked by tests/queries/test_diff_ways_in.py and
tests/laws/test_route_laws.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TypeAlias

from reachproof.documents.parts import Policy
from reachproof.documents.words import By, Edit, Truth
from reachproof.network.address import format_cidrs
from reachproof.network.cluster import Node, Pod
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Request
from reachproof.queries.diff_causes import Causes, Traces, causes_of, together
from reachproof.queries.document_parts import policy_part
from reachproof.queries.ingress_controller import STAND_IN
from reachproof.queries.report_nodes import End, EndKind, by_name, grouping
from reachproof.queries.ways_in import Lead, Place, WaysIn, ways_in
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Trace
from reachproof.solver.budget import Budget
from reachproof.solver.connection_matrix import Access
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import pair

Party: TypeAlias = tuple[str, str] | str | int
"""A pod by namespace and name, a node by name, or an address outside."""
Ends: TypeAlias = tuple[Party, Party]
Edits: TypeAlias = Mapping[Policy, Edit]
NOTHING = Access()
MOST_CAUSES = 8
"""As many pairs of pods of a row its causes are looked for in."""


@dataclass(frozen=True)
class Side:
    """The ways in of one snapshot between parties, and the ends that these are shown as."""

    ways: WaysIn | None
    snapshot: Snapshot
    ends: Mapping[Party, End]

    @cached_property
    def places(self) -> Mapping[Ends, Place]:
        """The numbers of the ends in the report by parties, whether policy allows something or not."""
        if self.ways is None:
            return {}
        parties = [tuple(_parties(end)) for end in self.ways.report.ends]
        between = self.ways.between
        return {ends: where for where in between for ends in product(parties[where[0]], parties[where[1]])}

    def access(self, ends: Ends | None) -> Access:
        """The connections between two parties."""
        where = self.places.get(ends) if ends else None
        return NOTHING if self.ways is None or where is None else self.ways.report.matrix.access(*where)

    def leads(self, ends: Ends | None) -> tuple[Lead, ...]:
        """The leads from one party to the other."""
        where = self.places.get(ends) if ends else None
        return () if self.ways is None or where is None else self.ways.between[where]

    def trace(self, ends: Ends | None, port: int) -> Trace | None:
        """The trace of a flow on a port; None where no route leads there."""
        where = self.places.get(ends) if ends else None
        if self.ways is None or where is None:
            return None
        flows = self.ways.report.matrix.flows(*where)
        flow = next((flow for ports, flow in flows if port in ports), None)
        return None if flow is None else evaluate(self.snapshot, flow)

    def end(self, party: Party) -> End:
        """The end that a party is shown as."""
        if not isinstance(party, int):
            return self.ends[party]
        addresses = IntervalSet.single(party)
        cidrs = format_cidrs(addresses)
        return End(kind=EndKind.EXTERNAL, name=",".join(cidrs), addresses=addresses, cidrs=cidrs)


def side_of(encoding: Encoding, budget: Budget, by: By) -> Side:
    """The ways in of a snapshot. Raises what `ways_in` does."""
    ways = ways_in(encoding, Request(by=By.POD), budget)
    place = encoding if ways is None else ways.report.encoding
    groups = grouping(place.universe, by, nodes=True)
    ends = {party: end for end in groups.ends for party in _parties(end)}
    return Side(ways=ways, snapshot=place.snapshot, ends=ends)


def _parties(end: End) -> Iterator[Party]:
    yield from (pod.key for pod in end.pods)
    if end.node is not None:
        yield end.node.name
    yield from (address for low, high in end.addresses for address in range(low, high + 1))


@dataclass(frozen=True, slots=True)
class Shown:
    """The trace of a flow, None where no route leads there, and its verdict as a way in."""

    trace: Trace | None
    truth: Truth


@dataclass(slots=True, kw_only=True)
class ChangedWay:
    """A pair of ends with all that is known of the ways in between them, while it is put together.

    `leads` are those before and after; `shown` are a flow that gains something, and one that loses, before and after.
    """

    src: End
    dst: End
    before: Access = NOTHING
    after: Access = NOTHING
    gained: IntervalSet = EMPTY
    lost: IntervalSet = EMPTY
    may_differ: IntervalSet = EMPTY
    leads: tuple[list[Lead], list[Lead]] = field(default_factory=lambda: ([], []))
    causes: list[Causes] = field(default_factory=list)
    shown: dict[str, tuple[Shown, Shown]] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """True if something is known to differ, or may."""
        return bool(self.gained or self.lost or self.may_differ)

    @property
    def why(self) -> Causes:
        """The causes, each once."""
        return together(self.causes)


def changed_ways(before: Side, after: Side, budget: Budget, edits: Edits) -> tuple[ChangedWay, ...]:
    """The rows that differ, in order of their ends. Raises OutOfBudget."""
    rows: dict[tuple[End, End], ChangedWay] = {}
    comparing = _Comparing(before=before, after=after, edits=edits)
    for old, new in _compared(before, after):
        budget.check()
        src, dst = map(after.end, new) if new else map(before.end, old or ())
        row = rows.setdefault((src, dst), ChangedWay(src=src, dst=dst))
        comparing.add(row, old, new)
    found = (row for row in rows.values() if row.differs)
    return tuple(sorted(found, key=lambda row: (by_name(row.src), by_name(row.dst))))


def _compared(before: Side, after: Side) -> Iterator[tuple[Ends | None, Ends | None]]:
    """Each pair of parties of either side with each that it is the same as in the other; None where there is none."""
    forward, backward = _matched(before.snapshot, after.snapshot)
    for ends in before.places:
        same = list(product(*(_same(forward, party) for party in ends)))
        yield from ((ends, (src, dst)) for src, dst in same)
        if not same:
            yield ends, None
    for ends in after.places:
        same = list(product(*(_same(backward, party) for party in ends)))
        yield from (((src, dst), ends) for src, dst in same if (src, dst) not in before.places)
        if not same:
            yield None, ends


def _matched(before: Snapshot, after: Snapshot) -> tuple[dict[Party, list[Party]], dict[Party, list[Party]]]:
    forward: dict[Party, list[Party]] = defaultdict(list)
    backward: dict[Party, list[Party]] = defaultdict(list)
    for match in pair(before, after).matches:
        for old, new in product(match.before, match.after):
            if isinstance(old, Pod) and isinstance(new, Pod):
                forward[old.key].append(new.key)
                backward[new.key].append(old.key)
            elif isinstance(old, Node) and isinstance(new, Node):
                forward[old.name].append(new.name)
                backward[new.name].append(old.name)
    return forward, backward


def _same(matched: Mapping[Party, list[Party]], party: Party) -> list[Party]:
    return [party] if isinstance(party, int) else matched.get(party, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparing:
    before: Side
    after: Side
    edits: Edits

    def add(self, row: ChangedWay, old: Ends | None, new: Ends | None) -> None:
        """Add what a pair of parties before and after has to its row."""
        first, second = self.before.access(old), self.after.access(new)
        row.before, row.after = _united(row.before, first), _united(row.after, second)
        row.leads[0].extend(self.before.leads(old))
        row.leads[1].extend(self.after.leads(new))
        gained, lost = _more(first, second), _more(second, first)
        if self._renamed(old, new):
            row.may_differ |= gained | lost
            return
        row.gained, row.lost = row.gained | gained, row.lost | lost
        for port in _ports(first.open & second.open):
            if self._rests_on(self.before, old, port) != self._rests_on(self.after, new, port):
                row.may_differ |= IntervalSet.single(port)
        row.may_differ |= _at_other_addresses(first, second, self.edits)
        for word, ports in (("gained", gained), ("lost", lost)):
            if ports and len(row.causes) < MOST_CAUSES:
                traces = self.before.trace(old, ports.first), self.after.trace(new, ports.first)
                truths = _truth(first, ports.first), _truth(second, ports.first)
                row.shown.setdefault(word, (Shown(traces[0], truths[0]), Shown(traces[1], truths[1])))
                row.causes.append(self._causes(traces))

    def _renamed(self, old: Ends | None, new: Ends | None) -> bool:
        """True if the source stands for proxies that the other snapshot may know by another name."""
        if self.before.ways is None or self.after.ways is None or STAND_IN.key != (new or old or ("",))[0]:
            return False
        return any(STAND_IN.key not in side.snapshot.pod_of for side in (self.before, self.after))

    def _rests_on(self, side: Side, ends: Ends | None, port: int) -> tuple[object, ...]:
        """Grounds of an open way in: doubts about its routes, the outcome of policy, and policies that changed."""
        doubts = sorted((each.route.subject, each.doubt) for each in side.leads(ends) if each.port == port)
        trace = side.trace(ends, port)
        if trace is None or not trace.depends:
            return (*doubts, trace and trace.truth)
        policies = (policy_part(ref) for step in trace.steps for ref in step.policies)
        edited = sorted(f"{side is self.after}: {each}" for each in policies if each in self.edits)
        return (*doubts, trace.truth, *dict.fromkeys(each.text for each in trace.depends), *edited)

    def _causes(self, traces: Traces) -> Causes:
        """The causes in policies; none where they let through as before, so that the routes tell it all."""
        first, second = traces
        if first is not None and second is not None and first.truth is second.truth:
            return Causes()
        return causes_of((self.before.snapshot, self.after.snapshot), traces, self.edits)


def _truth(access: Access, port: int) -> Truth:
    """The verdict of a way in on a port."""
    if port not in access.ports:
        return Truth.DENIED
    return Truth.EITHER if port in access.open else Truth.ALLOWED


def _more(first: Access, second: Access) -> IntervalSet:
    """Ports on which the second is more than the first: also where that is at some addresses of a pod only."""
    whole = second.ports - second.partial
    return (second.ports - first.ports) | ((second.ports - second.open) & first.open) | (whole & first.partial)


def _united(one: Access, other: Access) -> Access:
    return Access(ports=one.ports | other.ports, open=one.open | other.open)


def _at_other_addresses(first: Access, second: Access, edits: Edits) -> IntervalSet:
    """Ports allowed at some addresses of a pod before and after, which policies that changed may tell apart."""
    return first.partial & second.partial if edits else EMPTY


def _ports(found: IntervalSet) -> Iterator[int]:
    return (port for low, high in found for port in range(low, high + 1))
