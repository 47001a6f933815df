"""Exposure of each end of a report: the outside, the entire cluster, and pods that could be created.

The ports of pods that could be created are found by asking Z3 again and again for a possible pod with a port that is
not found yet. What it names is replayed by the evaluator, which also tells on which other ports the same pod is
allowed; the proof that there is no more is tried with invented pods, as for every question about possible pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import assert_never

from reachproof.documents.connectivity import Exposure, Facing, OutsideAccess, PossibleAccess, connections
from reachproof.grammar import ast
from reachproof.network.cluster import Notice, Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.intervals import EMPTY, IntervalSet, atoms
from reachproof.network.policy import Direction
from reachproof.network.ports import ALL_PORTS, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.document_parts import access_fields, end_document
from reachproof.queries.possible import described, possible_homes
from reachproof.queries.replay import spot_check
from reachproof.queries.report_nodes import End, EndKind
from reachproof.queries.service_sets import numbers_of
from reachproof.semantics.evaluate import truth
from reachproof.semantics.sentences import some_of
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.connection_matrix import Access
from reachproof.solver.decide import Absent, Found, Undecided
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import All, At, Formula, InPorts, Members, Possible, Search, Side, Wanted
from reachproof.solver.open_world.label_domains import NotModelledError
from reachproof.solver.open_world.search import search_open
from reachproof.solver.z3_backend import Prover


def known_exposure(report: Connectivity) -> Iterator[Exposure]:
    """The exposure of every end inside the cluster that the report asks about, in the order of ends.

    Of a report that is narrowed to some sources, destinations or ports, the exposure is to these, and nothing is said
    about every pod of a side that is narrowed.
    """
    matrix, request = report.matrix, report.request
    inside = {at for at, end in enumerate(report.ends) if end.kind is not EndKind.EXTERNAL}
    outside = [at for at, end in enumerate(report.ends) if end.kind is EndKind.EXTERNAL]
    sources, destinations = inside & set(matrix.sources), inside & set(matrix.destinations)
    for at in sorted(sources | destinations):
        own = [matrix.access(at, at)] if at in matrix.own else []
        received = (matrix.access(other, at) for other in sorted(sources - {at}))
        sent = (matrix.access(at, other) for other in sorted(destinations - {at}))
        come_in = _facing_outside(report, ((other, matrix.access(other, at)) for other in outside), request.source)
        go_out = _facing_outside(report, ((other, matrix.access(at, other)) for other in outside), request.destination)
        ingress = _facing(come_in, _everywhere(chain(own, received), request.source))
        egress = _facing(go_out, _everywhere(chain(own, sent), request.destination))
        yield Exposure(
            end=end_document(report.snapshot, report.ends[at]),
            ingress=ingress if at in destinations else None,
            egress=egress if at in sources else None,
        )


def _facing(outside: tuple[OutsideAccess, ...] | None, everywhere: IntervalSet | None) -> Facing:
    """One direction without the pods that could be created, which take longer."""
    entire = None if everywhere is None else connections(everywhere)
    return Facing(outside=outside, entire_cluster=entire, possible_pods=None)


def _facing_outside(
    report: Connectivity, accesses: Iterable[tuple[int, Access]], asked: ast.SetExpr | None
) -> tuple[OutsideAccess, ...] | None:
    snapshot, ends = report.snapshot, report.ends
    found = tuple(
        OutsideAccess(end=end_document(snapshot, ends[other]), **access_fields(access))
        for other, access in accesses
        if access
    )
    return found if found or asked is None else None


def _everywhere(accesses: Iterable[Access], asked: ast.SetExpr | None) -> IntervalSet | None:
    every_pod = asked is None or (isinstance(asked, ast.Pods) and not asked.filters)
    return _common(accesses) if every_pod else None


def _common(accesses: Iterable[Access]) -> IntervalSet:
    """The ports that all have for certain; none where there are none to have them."""
    found: IntervalSet | None = None
    for access in accesses:
        certain = access.ports - access.partial - access.open
        found = certain if found is None else found & certain
        if not found:
            return EMPTY
    return found or EMPTY


_SHOWN = 4


def potentials(
    encoding: Encoding,
    end: End,
    direction: Direction,
    budget: Budget,
    prover: Prover,
    *,
    within: IntervalSet = ALL_PORTS,
) -> tuple[PossibleAccess, ...]:
    """All ports of `within` on which some possible pod can reach the end (ingress), or be reached by it (egress).

    Raises OutOfBudget, NotModelledError, InternalError. Cost: one question to Z3 more than pods are named.
    """
    side, other = (Side.SOURCE, Side.DESTINATION) if direction is Direction.INGRESS else (Side.DESTINATION, Side.SOURCE)
    homes = possible_homes(encoding.snapshot, side, (ast.InPossibleNamespaces(),))
    pods = Members(encoding.universe.pods_of(pod.key for pod in end.pods) & ~encoding.universe.host_pods)
    ends = All((At(side, Possible()), homes, At(other, pods)))
    pieces = _port_pieces(encoding.snapshot, end)
    left = within
    found: dict[str, IntervalSet] = {}
    while left and pods.points:
        flow, snapshot = _one(encoding, All((ends, InPorts(left))), budget, prover)
        if flow is None or snapshot is None:
            break
        ports = IntervalSet.of(span for piece in _allowed(snapshot, flow, pieces) for span in piece & left)
        words = _words(snapshot)
        found[words] = found.get(words, EMPTY) | ports
        left = left - ports
    return tuple(PossibleAccess(connections=connections(ports), pod=words) for words, ports in found.items())


def _one(encoding: Encoding, region: Formula, budget: Budget, prover: Prover) -> tuple[Flow | None, Snapshot | None]:
    """A flow of the region that can be allowed, with the snapshot in which its invented pods exist; or none."""
    outcome = search_open(encoding, Search(region, Wanted.CAN_ALLOW), budget, prover)
    match outcome:
        case Found(flow=flow, snapshot=imagined):
            snapshot = imagined or encoding.snapshot
            if truth(snapshot, flow) is Truth.DENIED:
                raise InternalError(f"the solver says that {flow} can be allowed, the evaluator denies it; our bug")
            return flow, snapshot
        case Absent(samples=samples, attempts=attempts, imagined=imagined):
            spot_check(encoding.snapshot, samples)
            for flow in attempts if imagined is not None else ():
                if imagined is not None and truth(imagined, flow) is not Truth.DENIED:
                    raise InternalError(f"Z3 proved that no such flow can be allowed, the evaluator allows {flow}")
            return None, None
        case Undecided(reason, for_good):
            raise NotModelledError(reason) if for_good else OutOfBudget(reason)
        case _:
            assert_never(outcome)


def _words(snapshot: Snapshot) -> str:
    """The invented pod; the number behind a port name is left out, as it stands for whichever port is asked about."""
    pods = [snapshot.pod_of[key] for key in sorted(snapshot.possible)]
    return " and ".join(f"any pod{_naming(pod)} {described(snapshot, replace(pod, ports=()))}" for pod in pods)


def _naming(pod: Pod) -> str:
    names = sorted({port.name for port in pod.ports})
    return f" that names the port {' and '.join(names)}" if names else ""


def _port_pieces(snapshot: Snapshot, end: End) -> tuple[IntervalSet, ...]:
    """Ports cut wherever a number in a rule, or a named port of the end, cuts them.

    Within a piece, what some possible pod can do on one port, some possible pod can do on every other: the name of a
    port may stand for any number at a pod that does not exist yet.
    """
    cuts = [
        match.ports.numbers
        for policy in snapshot.policies
        for direction in Direction
        for rule in policy.rules(direction)
        for match in rule.matches
        if match.ports is not None
    ]
    named = {place(port.protocol, port.number) for pod in end.pods for port in pod.ports}
    cuts += [IntervalSet.single(port) for port in sorted(named)]
    return tuple(IntervalSet((piece,)) for piece in atoms(ALL_PORTS, dict.fromkeys(cuts)))


def _allowed(snapshot: Snapshot, flow: Flow, pieces: Iterable[IntervalSet]) -> Iterator[IntervalSet]:
    """The piece of the flow, and those on whose first port the same two parties are allowed as well."""
    own = place(flow.protocol, flow.port)
    for piece in pieces:
        protocol, port = protocol_port(piece.first)
        if own in piece or truth(snapshot, replace(flow, protocol=protocol, port=port)) is not Truth.DENIED:
            yield piece


def exposure(report: Connectivity, budget: Budget, prover: Prover) -> tuple[tuple[Exposure, ...], tuple[Notice, ...]]:
    """The exposures with what possible pods may do, on the ports that the report is about, and what to say about it.

    What these may do is None for a direction whose other side the report narrows down, where the report asks for ports
    by name, for an end about which a policy asks what is not modelled of possible pods (a notice EXPOSURE_UNKNOWN says
    so), and from where the budget ended on (EXPOSURE_UNFINISHED).
    """
    running, request, wanted = budget.start(), report.request, _asked_ports(report)
    asked = {Direction.INGRESS: request.source is None, Direction.EGRESS: request.destination is None}
    found = list(known_exposure(report))
    ends = {end_document(report.snapshot, end): end for end in report.ends}
    left_out: dict[tuple[Direction, str], list[str]] = defaultdict(list)
    for number, each in enumerate(found):
        for direction in (d for d in Direction if asked[d] and each.facing(d) is not None and wanted is not None):
            try:
                potential = potentials(
                    report.encoding, ends[each.end], direction, running, prover, within=wanted or EMPTY
                )
            except OutOfBudget as over:
                text = f"{over}: what possible pods may do is not known of {len(found) - number} of {len(found)} ends"
                return tuple(found), (*_left_out(left_out), Notice(code="EXPOSURE_UNFINISHED", text=text))
            except NotModelledError as limit:
                left_out[direction, str(limit)].append(str(each.end))
                continue
            found[number] = found[number].with_possible(direction, potential)
    return tuple(found), tuple(_left_out(left_out))


def _left_out(ends: Mapping[tuple[Direction, str], Sequence[str]]) -> Iterator[Notice]:
    """A notice for each reason why ends are left out, with the first of them."""
    for (direction, reason), names in ends.items():
        text = f"possible pods are left out of the {direction} exposure of {some_of(names, _SHOWN)}: {reason}"
        yield Notice(code="EXPOSURE_UNKNOWN", text=text)


def _asked_ports(report: Connectivity) -> IntervalSet | None:
    """The ports of the report; None where it asks for some by name, which each pod may give another number."""
    ports = report.request.ports
    if any(isinstance(item, ast.PortNamed) for item in ports.items):
        return None
    return numbers_of(ports) if ports.items else ALL_PORTS
